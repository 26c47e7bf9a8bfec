import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BulkWindow } from '../../../src/transport/scheduler/bulk-window.ts'
import { PROPERTY } from '../../seed.ts'
import { CHUNK, chunk, createBench, MIB, shipment } from './carriers.ts'

/** The payload of a ping or pong of the window. */
function windowPayload(count: bigint): Uint8Array {
  const bytes = new Uint8Array(9)
  bytes[0] = 0x77
  new DataView(bytes.buffer).setBigUint64(1, count)
  return bytes
}

/** Two chunks are on their way, four wait. */
function createTransfer() {
  const bench = createBench()
  bench.outcomes(Array.from({ length: 6 }, (_, i) => chunk(`chunk ${i}`, 'file')))
  bench.drain()
  bench.drain()
  assert.equal(bench.carrier.sent.length, 2)
  return bench
}

test('a bare ping measures the way, then each chunk is followed by a ping with all bulk bytes so far', () => {
  const { carrier } = createTransfer()
  assert.deepEqual(
    carrier.pings.map((ping) => Buffer.from(ping).toString('hex')),
    ['770000000000000000', '770000000000010000', '770000000000020000'],
  )
})

test('a pong acknowledges everything up to its count and lets the next chunks go', () => {
  const bench = createTransfer()
  assert.equal(bench.scheduler.statistics().unacknowledgedBytes, 2 * CHUNK)
  assert.equal(bench.scheduler.pong(windowPayload(BigInt(2 * CHUNK))), true)
  bench.drainAll()
  assert.equal(bench.carrier.sent.length, 4)
  assert.equal(bench.scheduler.statistics().unacknowledgedBytes, 2 * CHUNK)
})

test('pongs that nobody asked for change nothing', () => {
  const bench = createTransfer()
  const { scheduler, carrier } = bench
  const chunkBytes = BigInt(CHUNK)
  assert.equal(scheduler.pong(windowPayload(chunkBytes)), true)
  bench.drainAll()
  const before = JSON.stringify([scheduler.statistics(), carrier.sent.length, carrier.pings.length])
  const bad: [string, Uint8Array][] = [
    ['repeated', windowPayload(chunkBytes)],
    ['backwards', windowPayload(0n)],
    ['between two pings', windowPayload(chunkBytes + 1n)],
    ['more than was sent', windowPayload(1000n * chunkBytes)],
    ['the most a count can say', windowPayload(2n ** 64n - 1n)],
    ['as far as a double can say', windowPayload(2n ** 53n)],
    ['empty', new Uint8Array(0)],
    ['too short', windowPayload(2n * chunkBytes).subarray(0, 8)],
    ['too long', new Uint8Array([...windowPayload(2n * chunkBytes), 0])],
    ['for liveness', Uint8Array.from([0x6c, ...windowPayload(2n * chunkBytes).subarray(1)])],
    ['of a capital letter', Uint8Array.from([0x57, ...windowPayload(2n * chunkBytes).subarray(1)])],
  ]
  for (const [what, payload] of bad) {
    assert.equal(scheduler.pong(payload), false, what)
    bench.drain()
    assert.equal(
      JSON.stringify([scheduler.statistics(), carrier.sent.length, carrier.pings.length]),
      before,
      what,
    )
  }
})

test('no pong before anything was sent means anything', () => {
  const { scheduler } = createBench()
  for (const count of [0n, 1n, BigInt(CHUNK)])
    assert.equal(scheduler.pong(windowPayload(count)), false)
})

test('whatever pongs come, nothing is raised and no more is on its way than the window allows', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('pong'), bytes: fc.uint8Array({ maxLength: 12 }) }),
    fc.record({ do: fc.constant('count'), count: fc.bigInt(0n, 2n ** 64n - 1n) }),
    fc.record({
      do: fc.constant('near'),
      chunks: fc.nat(12),
      off: fc.integer({ min: -1, max: 1 }),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = createBench()
      bench.outcomes(Array.from({ length: 40 }, () => chunk('chunk', 'file')))
      for (const one of steps) {
        const known = BigInt(bench.carrier.sent.length * CHUNK)
        if (one.do === 'pong') bench.scheduler.pong(one.bytes)
        else if (one.do === 'count' && one.count > known) {
          assert.equal(bench.scheduler.pong(windowPayload(one.count)), false)
        } else if (one.do === 'near') {
          const count = BigInt(Math.max(0, one.chunks * CHUNK + one.off))
          const isTrue = bench.scheduler.pong(windowPayload(count))
          if (isTrue) assert.ok((count <= known && one.off === 0) || count === 0n)
        }
        bench.drainAll()
        const {
          unacknowledgedBytes,
          measuredBytesPerSecond = 0,
          leastRoundTripMs = 0,
        } = bench.scheduler.statistics()
        const path = (measuredBytesPerSecond * leastRoundTripMs) / 1000
        assert.ok(unacknowledgedBytes <= path + 2 * CHUNK)
      }
    }),
    PROPERTY,
  )
})

test('pongs that never come stop bulk and nothing else, and pings do not pile up', async () => {
  const bench = createTransfer()
  for (let second = 0; second < 300; second++) {
    await bench.clock.advance(1000)
    bench.carrier.queuedBytes = 0
    bench.scheduler.drained()
    bench.scheduler.enqueue(shipment(`telemetry ${second}`))
    bench.scheduler.enqueue(shipment(`command ${second}`, { priority: 'command' }))
  }
  const texts = bench.carrier.texts
  assert.equal(texts.filter((text) => text.startsWith('chunk')).length, 2)
  assert.equal(texts.filter((text) => text.startsWith('telemetry')).length, 300)
  assert.equal(texts.filter((text) => text.startsWith('command')).length, 300)
  assert.equal(bench.scheduler.held?.count, 4)
  // 250 ms, doubling up to 30 s: about eight, then two a minute; all say the same.
  const repeated = bench.carrier.pings.slice(3)
  assert.ok(repeated.length >= 10 && repeated.length <= 20, `${repeated.length}`)
  for (const ping of repeated) assert.deepEqual(ping, windowPayload(BigInt(2 * CHUNK)))
  // The peer comes back.
  bench.scheduler.pong(windowPayload(BigInt(2 * CHUNK)))
  bench.drainAll()
  assert.equal(bench.carrier.sent.length, 604)
})

test('a drain is awaited while the carrier is behind, and not while bulk waits for a pong', () => {
  const bench = createTransfer()
  const { scheduler, carrier } = bench
  assert.deepEqual([scheduler.held?.count, scheduler.awaitsDrain], [4, false])
  bench.block()
  assert.equal(scheduler.awaitsDrain, true)
  scheduler.enqueue(shipment('telemetry'))
  assert.equal(scheduler.awaitsDrain, true)
  bench.drain()
  assert.equal(scheduler.awaitsDrain, false)
  scheduler.close()
  carrier.queuedBytes = MIB
  assert.equal(scheduler.awaitsDrain, false)
})

test('a bulk frame larger than the window goes alone', () => {
  const bench = createBench()
  bench.outcomes([chunk('huge', 'file', MIB), chunk('next', 'file')])
  bench.drainAll()
  assert.deepEqual(bench.carrier.texts, ['huge'])
  bench.scheduler.pong(windowPayload(BigInt(MIB)))
  bench.drainAll()
  assert.deepEqual(bench.carrier.texts, ['huge', 'next'])
})

test('a huge frame waits until all before it is acknowledged, and does not keep a small one of others', () => {
  const bench = createBench()
  bench.outcomes([chunk('first', 'file'), chunk('huge', 'file', MIB)])
  bench.drainAll()
  bench.outcomes([shipment('telemetry'), shipment('command', { priority: 'command' })])
  assert.deepEqual(bench.carrier.texts, ['first', 'telemetry', 'command'])
  bench.scheduler.pong(windowPayload(BigInt(CHUNK)))
  bench.drainAll()
  assert.equal(bench.carrier.texts.at(-1), 'huge')
})

test('with the carrier behind no chunk is added to it', () => {
  const bench = createBench()
  bench.carrier.queuedBytes = CHUNK
  bench.outcomes([chunk('chunk', 'file')])
  bench.scheduler.drained()
  assert.equal(bench.carrier.sent.length, 0)
  bench.carrier.queuedBytes--
  bench.scheduler.drained()
  assert.equal(bench.carrier.sent.length, 1)
})

test('a rate counts from the last delivery known when its frame was sent, not from the sending', () => {
  const window = new BulkWindow({
    chunkBytes: CHUNK,
    slowChunkBytes: CHUNK,
    assumedBytesPerSecond: 1,
  })
  window.frameSent(100, true, 0, 100)
  window.frameSent(1000, true, 10, 1100)
  window.pong(windowPayload(100n), 100)
  window.frameSent(1000, true, 110, 2100)
  window.pong(windowPayload(1100n), 300)
  window.pong(windowPayload(2100n), 310)
  // 2000 bytes between 100 and 310 ms.
  assert.equal(Math.round(window.bytesPerSecond), 9524)
})

test('a bare ping that this node kept waiting opens the window no further than the link is long', () => {
  const options = { chunkBytes: CHUNK, slowChunkBytes: CHUNK, assumedBytesPerSecond: 1 }
  const roundTripAfter = (sampleMs: number, linkRoundTripMs?: number) => {
    const window = new BulkWindow(options)
    window.barePingSent(0, 0)
    window.pong(windowPayload(0n), sampleMs, linkRoundTripMs)
    return window.leastRoundTripMs
  }
  assert.equal(roundTripAfter(90), 90)
  assert.equal(roundTripAfter(90, 43), 43)
  assert.equal(roundTripAfter(40, 43), 40)
})

test('a link that becomes slow is noticed also when only one chunk at a time waits for it', async () => {
  const bench = createBench()
  const { scheduler, carrier } = bench
  const run = async (count: number, ms: number) => {
    for (let i = 0; i < count; i++) {
      while (!scheduler.held) {
        scheduler.enqueue(chunk('chunk', 'file'))
        carrier.queuedBytes = 0
      }
      await bench.clock.advance(ms)
      const acknowledged = carrier.sent.length * CHUNK - scheduler.statistics().unacknowledgedBytes
      scheduler.pong(windowPayload(BigInt(acknowledged + CHUNK)))
      bench.drainAll()
    }
    return scheduler.statistics().measuredBytesPerSecond ?? 0
  }
  assert.ok((await run(30, 10)) > 5_000_000)
  assert.ok((await run(60, 100)) < 1_000_000)
})

test('a clock that is set back or forward does not stop a transfer or let it run away', async () => {
  const bench = createBench()
  let offsetMs = 0
  const now = bench.clock.now.bind(bench.clock)
  bench.clock.now = () => now() + offsetMs
  bench.outcomes(Array.from({ length: 60 }, () => chunk('chunk', 'file')))
  for (let i = 0; bench.scheduler.held && i < 500; i++) {
    if (i === 10) offsetMs = -3_600_000
    if (i === 25) offsetMs = 3_600_000
    if (i === 40) offsetMs = 0
    bench.drain()
    await bench.clock.advance(20)
    const { unacknowledgedBytes, leastRoundTripMs = 0 } = bench.scheduler.statistics()
    assert.ok(unacknowledgedBytes <= 5 * CHUNK && leastRoundTripMs < 200)
    const ping = bench.carrier.pings.at(-1)
    if (ping) bench.scheduler.pong(ping)
  }
  assert.equal(bench.scheduler.held, undefined)
})
