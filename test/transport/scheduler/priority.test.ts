import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBench, shipment } from './carriers.ts'

test('control overtakes command, and command everything else that waits', () => {
  const bench = createBench()
  bench.block()
  bench.outcomes([
    shipment('telemetry'),
    shipment('transaction', { priority: 'transaction' }),
    shipment('command', { priority: 'command' }),
    shipment('control', { priority: 'control', kind: 'send' }),
    shipment('answer to a command', { priority: 'command', kind: 'answer' }),
  ])
  bench.drainAll()
  const { texts } = bench.carrier
  assert.deepEqual(texts.slice(0, 3), ['control', 'command', 'answer to a command'])
  assert.equal(texts.length, 5)
})

test('the three fair classes share the link 4 : 2 : 1 while each has something to send', () => {
  const bench = createBench()
  bench.block()
  for (let i = 0; i < 5000; i++) {
    for (const priority of ['transaction', 'telemetry', 'bulk'] as const) {
      bench.scheduler.enqueue(shipment(priority, { priority, size: 400, source: `${priority}-1` }))
    }
  }
  while (bench.carrier.sent.length < 4900) {
    bench.drain()
    const ping = bench.carrier.pings.at(-1)
    if (ping) bench.scheduler.pong(ping)
  }
  const count = (one: string) =>
    bench.carrier.texts.slice(0, 4900).filter((text) => text === one).length
  assert.ok(Math.abs(count('transaction') - 2800) < 280, `${count('transaction')}`)
  assert.ok(Math.abs(count('telemetry') - 1400) < 140, `${count('telemetry')}`)
  assert.ok(Math.abs(count('bulk') - 700) < 140, `${count('bulk')}`)
})

/** Lets a flood of commands run against others for `seconds` on a link of 1 000 000 bytes per second. */
async function flood(seconds: number, others: (tick: number) => Parameters<typeof shipment>[]) {
  const bench = createBench({ assumedBytesPerSecond: 1_000_000 })
  const waits = new Map<string, number[]>()
  const bytesBySource = new Map<string, number>()
  const waitsOf = (name: string) => {
    const list = waits.get(name) ?? []
    waits.set(name, list)
    return list
  }
  bench.block()
  const fill = () => {
    while ((bench.scheduler.statistics().classes.command.frames ?? 0) < 2000) {
      bench.scheduler.enqueue(
        shipment('flood', { priority: 'command', source: 'ATTACKER', size: 500 }),
      )
    }
  }
  fill()
  for (let tick = 0; tick < seconds * 1000; tick++) {
    const { transaction } = bench.scheduler.statistics().classes
    for (const [text, facts] of transaction.frames > 1000 ? [] : others(tick)) {
      bench.scheduler.enqueue(shipment(`${text} ${bench.clock.now()}`, facts))
    }
    if (tick % 100 === 0) fill()
    // 1000 bytes a millisecond leave; the carrier is always nearly full.
    bench.carrier.queuedBytes = Math.min(bench.carrier.queuedBytes, 64 * 1024) - 1000
    bench.scheduler.drained()
    for (const text of bench.carrier.texts) {
      const [name = '', at] = text.split(' ')
      bytesBySource.set(name, (bytesBySource.get(name) ?? 0) + 500)
      if (at) waitsOf(name).push(bench.clock.now() - Number(at))
    }
    bench.carrier.sent.length = 0
    await bench.clock.advance(1)
  }
  return { waits, bytesBySource }
}

test('a flood of commands from one source starves neither telemetry nor the commands of others', async () => {
  const { waits, bytesBySource } = await flood(10, (tick) => [
    ...(tick % 10 === 0
      ? [['telemetry', { source: 'CS02', size: 500 }] as Parameters<typeof shipment>]
      : []),
    ...(tick % 50 === 0
      ? [
          ['command', { source: 'CSMS', priority: 'command', size: 500 }] as Parameters<
            typeof shipment
          >,
        ]
      : []),
  ])
  // The first second of the flood is what its bucket held; from then on telemetry gets its share.
  const telemetry = waits.get('telemetry') ?? []
  assert.ok(telemetry.length > 980, `${telemetry.length} of 1000`)
  assert.ok(Math.max(...telemetry.slice(200)) < 100, `${Math.max(...telemetry.slice(200))} ms`)
  const commands = waits.get('command') ?? []
  assert.equal(commands.length, 200)
  assert.ok(Math.max(...commands) <= 5, `${Math.max(...commands)} ms`)
  // Nothing else wants the link, so the flood has the rest of it.
  assert.ok((bytesBySource.get('flood') ?? 0) > 9_000_000)
})

test('a source beyond its share is not dropped but takes its turn among transactions', async () => {
  const { bytesBySource } = await flood(20, () => [
    ['transaction', { source: 'CS02', priority: 'transaction', size: 500 }],
    ['transaction', { source: 'CS02', priority: 'transaction', size: 500 }],
  ])
  // 20 % are urgent; of the remaining 80 % the flood and CS02 get half each.
  const share = (bytesBySource.get('flood') ?? 0) / 20_000_000
  assert.ok(share > 0.54 && share < 0.66, `${share}`)
})

test('after a pause the commands of a source are urgent again', async () => {
  const bench = createBench({ assumedBytesPerSecond: 100_000 })
  bench.block()
  const command = (text: string) =>
    shipment(text, { priority: 'command', source: 'CSMS', size: 1000 })
  for (let i = 0; i < 60; i++) bench.scheduler.enqueue(command('old'))
  for (let i = 0; i < 400; i++)
    bench.scheduler.enqueue(shipment('transaction', { priority: 'transaction', size: 1000 }))
  for (let i = 0; i < 4; i++) bench.drain()
  const { texts } = bench.carrier
  // A full bucket holds a second of 20 %: 20 000 bytes. Then both take turns.
  assert.equal(texts.indexOf('transaction'), 20)
  const old = texts.slice(20).filter((text) => text === 'old').length
  assert.ok(Math.abs(old - (texts.length - 20) / 2) <= 2, `${old} of ${texts.length - 20}`)
  while (bench.carrier.texts.filter((text) => text === 'old').length < 60) bench.drain()
  await bench.clock.advance(2000)
  bench.carrier.sent.length = 0
  bench.block()
  bench.scheduler.enqueue(command('new'))
  bench.drain()
  assert.equal(bench.carrier.texts[0], 'new')
})
