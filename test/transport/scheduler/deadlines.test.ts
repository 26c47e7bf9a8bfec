import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chunk, createBench, shipment } from './carriers.ts'

test('a CALL whose deadline passes while it waits is never sent, and reported at that moment', async () => {
  const bench = createBench()
  bench.block()
  const now = bench.clock.now()
  bench.outcomes([
    shipment('late', { expiresAt: now + 1000 }),
    shipment('first', { expiresAt: now + 500 }),
    shipment('later', { expiresAt: now + 60_000 }),
    shipment('patient'),
  ])
  await bench.clock.advance(499)
  assert.deepEqual(bench.expired, [])
  await bench.clock.advance(1)
  assert.deepEqual(
    bench.expired.map(({ token }) => token),
    ['first'],
  )
  await bench.clock.advance(500)
  assert.deepEqual(
    bench.expired.map(({ token }) => token),
    ['first', 'late'],
  )
  bench.drainAll()
  assert.deepEqual(bench.carrier.texts, ['later', 'patient'])
  assert.equal(bench.scheduler.statistics().classes.telemetry.expired, 2)
  assert.equal(bench.clock.pendingTimers, 0)
})

test('a carrier that drains at the very moment of the deadline does not get the frame', () => {
  const bench = createBench()
  bench.block()
  bench.outcomes([shipment('late', { expiresAt: bench.clock.now() + 10 })])
  const now = bench.clock.now() + 10
  bench.clock.now = () => now
  bench.drain()
  assert.deepEqual(bench.carrier.texts, [])
  assert.equal(bench.expired.length, 1)
})

test('a frame that comes too late is not sent, also where nothing waits', () => {
  const bench = createBench()
  const { clock, scheduler, carrier, expired } = bench
  assert.equal(scheduler.enqueue(shipment('late', { expiresAt: clock.now() })).outcome, 'expired')
  assert.equal(scheduler.enqueue(shipment('old', { expiresAt: 0 })).outcome, 'expired')
  assert.deepEqual([carrier.sent.length, expired.length], [0, 0])
  assert.equal(scheduler.statistics().classes.telemetry.expired, 2)
})

test('a deadline far away sets no timer that the system cannot hold', async () => {
  const bench = createBench()
  bench.block()
  bench.outcomes([shipment('patient', { expiresAt: bench.clock.now() + 40 * 86_400_000 })])
  await bench.clock.advance(30 * 86_400_000)
  assert.equal(bench.expired.length, 0)
  await bench.clock.advance(10 * 86_400_000)
  assert.equal(bench.expired.length, 1)
})

test('who is told of an expired frame may send, retract or close', async () => {
  for (const reaction of ['send', 'retract', 'close'] as const) {
    const bench = createBench()
    bench.block()
    const other = bench.scheduler.enqueue(shipment('other'))
    bench.outcomes([shipment('late', { expiresAt: bench.clock.now() + 10 })])
    bench.expired.push = () => {
      if (reaction === 'send') bench.scheduler.enqueue(shipment('timeout', { kind: 'answer' }))
      else if (reaction === 'close') bench.scheduler.close()
      else if (other.outcome === 'queued') assert.equal(bench.scheduler.retract(other.frame), true)
      return 0
    }
    bench.carrier.queuedBytes = 0
    await bench.clock.advance(10)
    bench.drainAll()
    const expected = { send: ['other', 'timeout'], retract: [], close: [] }[reaction]
    assert.deepEqual(bench.carrier.texts, expected, reaction)
    assert.equal(bench.clock.pendingTimers, 0)
  }
})

test('a frame that waits can be taken back once; one that left cannot', () => {
  const bench = createBench()
  bench.block()
  const first = bench.scheduler.enqueue(shipment('first', { expiresAt: bench.clock.now() + 10 }))
  const second = bench.scheduler.enqueue(shipment('second'))
  assert.ok(first.outcome === 'queued' && second.outcome === 'queued')
  assert.equal(bench.scheduler.retract(first.frame), true)
  assert.equal(bench.scheduler.retract(first.frame), false)
  assert.equal(bench.clock.pendingTimers, 0)
  bench.drain()
  assert.equal(bench.scheduler.retract(second.frame), false)
  assert.deepEqual(bench.carrier.texts, ['second'])
})

test('what another scheduler queued, or nobody, cannot be taken back here', () => {
  const bench = createBench()
  const other = createBench()
  bench.block()
  other.block()
  const here = bench.scheduler.enqueue(shipment('here'))
  const there = other.scheduler.enqueue(shipment('there'))
  assert.ok(here.outcome === 'queued' && there.outcome === 'queued')
  assert.equal(bench.scheduler.retract({ ...here.frame }), false)
  assert.equal(bench.scheduler.retract(there.frame), false)
  assert.equal(bench.scheduler.held?.count, 1)
  assert.equal(other.scheduler.held?.count, 1)
})

test('the end gives back everything that was never sent, once, the oldest first', async () => {
  const bench = createBench()
  bench.block()
  const texts = ['telemetry', 'command', 'chunk 0', 'chunk 1', 'transaction']
  for (const [at, one] of [
    shipment('telemetry', { expiresAt: bench.clock.now() + 5000 }),
    shipment('command', { priority: 'command', source: 'CSMS' }),
    chunk('chunk 0', 'file'),
    chunk('chunk 1', 'file'),
    shipment('transaction', { priority: 'transaction', kind: 'answer' }),
  ].entries()) {
    assert.equal(bench.scheduler.enqueue(one).outcome, 'queued', texts[at])
    await bench.clock.advance(1)
  }
  const frames = bench.scheduler.close()
  assert.deepEqual(
    frames.map(({ token }) => token),
    texts,
  )
  assert.deepEqual(
    frames.map(({ kind }) => kind),
    ['request', 'request', 'send', 'send', 'answer'],
  )
  assert.deepEqual(bench.scheduler.close(), [])
  bench.drainAll()
  assert.equal(bench.carrier.sent.length, 0)
  assert.equal(bench.scheduler.enqueue(shipment('more')).outcome, 'closed')
  assert.equal(bench.clock.pendingTimers, 0)
  await bench.clock.advance(10_000)
  assert.deepEqual(bench.expired, [])
})

test('frames that came in the same millisecond are given back in the order in which they came', () => {
  const bench = createBench()
  bench.block()
  const priorities = ['bulk', 'telemetry', 'command', 'control'] as const
  const texts = Array.from({ length: 40 }, (_, i) => `frame ${i}`)
  const tickets = texts.map((text, i) =>
    bench.scheduler.enqueue(
      shipment(text, { source: `CS${i % 3}`, priority: priorities[i % 4] ?? 'bulk' }),
    ),
  )
  for (const at of [0, 7, 39]) {
    const ticket = tickets[at]
    assert.ok(ticket?.outcome === 'queued' && bench.scheduler.retract(ticket.frame))
  }
  assert.deepEqual(
    bench.scheduler.close().map(({ token }) => token),
    texts.filter((_, i) => ![0, 7, 39].includes(i)),
  )
})

test('ten thousand sources leave nothing behind, whatever way their frames went', async () => {
  const bench = createBench({ queueBytes: 64 * 1024 * 1024, memoryLimitBytes: 64 * 1024 * 1024 })
  const { scheduler } = bench
  const PRIORITIES = ['control', 'command', 'transaction', 'telemetry', 'bulk'] as const
  for (const way of ['sent', 'expired', 'retracted', 'closed']) {
    bench.block()
    for (let i = 0; i < 10_000; i++) {
      const admission = scheduler.enqueue(
        shipment(`frame ${i}`, {
          source: `CS${i}`,
          priority: PRIORITIES[i % 5] ?? 'bulk',
          order: `order ${i}`,
          ...(way === 'expired' ? { expiresAt: bench.clock.now() + 10 } : {}),
        }),
      )
      assert.ok(admission.outcome === 'queued')
      if (way === 'retracted') scheduler.retract(admission.frame)
    }
    if (way !== 'retracted') assert.ok(scheduler.statistics().stateEntries > 10_000, way)
    if (way === 'expired') await bench.clock.advance(10)
    if (way === 'closed') scheduler.close()
    while (way === 'sent' && scheduler.held) {
      bench.drain()
      const ping = bench.carrier.pings.at(-1)
      if (ping) scheduler.pong(ping)
    }
    assert.equal(scheduler.held, undefined)
    assert.equal(scheduler.statistics().stateEntries, 0, way)
    assert.equal(bench.clock.pendingTimers, 0, way)
  }
})

test('a source that has used up its bucket leaves nothing behind either', () => {
  for (const way of ['sent', 'closed']) {
    const bench = createBench({ assumedBytesPerSecond: 100_000 })
    bench.block()
    for (let i = 0; i < 100; i++) {
      bench.scheduler.enqueue(shipment(`command ${i}`, { priority: 'command', size: 1000 }))
    }
    for (let i = 0; i < 3; i++) bench.drain()
    assert.ok(bench.scheduler.statistics().stateEntries >= 4, 'stream, lane, bucket, demotion')
    if (way === 'sent') bench.drainAll()
    else bench.scheduler.close()
    assert.equal(bench.scheduler.statistics().stateEntries, 0, way)
  }
})

test('statistics tell what waits, how long, and what became of it', async () => {
  const bench = createBench()
  bench.block()
  const startedAt = bench.clock.now()
  bench.outcomes([shipment('a', { size: 100 })])
  await bench.clock.advance(300)
  bench.outcomes([shipment('b', { size: 50 }), shipment('c', { priority: 'transaction' })])
  await bench.clock.advance(200)
  const waiting = bench.scheduler.statistics().classes
  assert.deepEqual(
    { ...waiting.telemetry },
    {
      frames: 2,
      bytes: 150,
      oldestWaitMs: 500,
      waitedFrames: 0,
      waitedMs: 0,
      dropped: 0,
      expired: 0,
      congested: 0,
    },
  )
  assert.equal(waiting.transaction.oldestWaitMs, 200)
  assert.equal(waiting.command.oldestWaitMs, 0)
  assert.deepEqual(bench.scheduler.held, { count: 3, since: startedAt })
  bench.drainAll()
  const after = bench.scheduler.statistics().classes
  assert.deepEqual([after.telemetry.frames, after.telemetry.bytes], [0, 0])
  assert.deepEqual([after.telemetry.waitedFrames, after.telemetry.waitedMs], [2, 700])
  assert.equal(bench.scheduler.held, undefined)
})
