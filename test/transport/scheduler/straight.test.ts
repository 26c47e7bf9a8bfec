import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../../src/primitives/clock.ts'
import { resolveSchedulerOptions } from '../../../src/transport/scheduler/options.ts'
import {
  MAX_UNCLASSIFIED_BYTES,
  SendScheduler,
} from '../../../src/transport/scheduler/send-scheduler.ts'
import {
  CHUNK,
  chunk,
  createBench,
  MIB,
  PlainCarrier,
  padded,
  shipment,
  textOf,
} from './carriers.ts'

const RECEIVER = { expired() {}, dropped() {} }

test('a frame on a link that keeps up goes straight to the carrier: the same bytes, no clock, no timer', () => {
  const clock: Clock = {
    now: () => assert.fail('the clock was read'),
    monotonic: () => assert.fail('the clock was read'),
    setTimer: () => assert.fail('a timer was set'),
  }
  const seen: [Uint8Array, boolean][] = []
  const carrier = {
    queuedBytes: CHUNK - 1,
    send: (...sent: [Uint8Array, boolean]) => seen.push(sent),
    ping() {},
  }
  const scheduler = new SendScheduler(carrier, RECEIVER, { clock })
  const bytes = padded('[2,…]')

  assert.equal(scheduler.isIdle, true)
  assert.equal(scheduler.trySend(bytes, false), true)
  assert.equal(scheduler.trySend(bytes, true), true)
  scheduler.drained()

  assert.deepEqual(
    seen.map(([, isBinary]) => isBinary),
    [false, true],
  )
  assert.ok(seen.every(([sent]) => sent === bytes))
  assert.equal(scheduler.held, undefined)
})

test('bulk is marked as not to be compressed, whether it goes straight or has waited; nothing else is', () => {
  const { clock } = createBench()
  const seen: [string, boolean | undefined][] = []
  const carrier = {
    queuedBytes: 0,
    send: (bytes: Uint8Array, _: boolean, asIs?: boolean) => seen.push([textOf(bytes), asIs]),
    ping() {},
  }
  const scheduler = new SendScheduler(carrier, RECEIVER, { clock })
  scheduler.enqueue(shipment('bulk', { priority: 'bulk' }))
  scheduler.enqueue(shipment('telemetry'))
  carrier.queuedBytes = CHUNK
  scheduler.enqueue(shipment('late bulk', { priority: 'bulk' }))
  scheduler.enqueue(shipment('late command', { priority: 'command' }))
  carrier.queuedBytes = 0
  scheduler.drained()
  scheduler.trySend(padded('small'), false)
  scheduler.trySend(padded('small bulk'), false, true)
  assert.deepEqual(seen, [['bulk', true], ['telemetry', false], ['late command', false], ['late bulk', true], ['small', false], ['small bulk', true]]) // biome-ignore format: one line
})

test('a straight frame costs no memory', () => {
  const carrier = { queuedBytes: 0, send() {}, ping() {} }
  const { clock } = createBench()
  const scheduler = new SendScheduler(carrier, RECEIVER, { clock })
  const bytes = padded('x', 300)
  for (let i = 0; i < 20_000; i++) scheduler.trySend(bytes, false)
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 100_000; i++) scheduler.trySend(bytes, false)
  const perFrame = (process.memoryUsage().heapUsed - before) / 100_000
  assert.ok(perFrame < 8, `${perFrame} bytes per frame`)
})

test('the straight way is closed when the carrier is behind, when anything waits, for large frames, after the end', () => {
  const bench = createBench()
  const { scheduler, carrier } = bench
  const small = padded('small')
  carrier.queuedBytes = CHUNK
  assert.equal(scheduler.isIdle, false)
  assert.equal(scheduler.trySend(small, false), false)
  scheduler.enqueue(shipment('waits'))
  carrier.queuedBytes = 0
  assert.equal(scheduler.trySend(small, false), false)
  bench.drainAll()
  assert.equal(scheduler.trySend(padded('large', MAX_UNCLASSIFIED_BYTES + 1), false), false)
  assert.equal(scheduler.trySend(padded('large', MAX_UNCLASSIFIED_BYTES), false), true)
  scheduler.close()
  assert.equal(scheduler.trySend(small, false), false)
  assert.deepEqual(carrier.texts, ['waits', 'large'])
})

test('a classified frame goes straight too while only bulk waits, and its bytes are not copied', () => {
  const clock = createBench().clock
  const seen: Uint8Array[] = []
  const carrier = { queuedBytes: 0, send: (bytes: Uint8Array) => seen.push(bytes), ping() {} }
  const scheduler = new SendScheduler<string>(carrier, RECEIVER, { clock })
  for (let i = 0; i < 4; i++) scheduler.enqueue(chunk(`chunk ${i}`, 'file'))
  assert.equal(scheduler.held?.count, 2)
  const one = shipment('large', { size: 100_000 })
  assert.deepEqual(scheduler.enqueue(one), { outcome: 'sent' })
  assert.ok(seen.at(-1) === one.bytes)
  assert.equal(scheduler.held?.count, 2)
})

test('a frame that waits keeps its own copy of the bytes', () => {
  const bench = createBench()
  bench.block()
  const one = shipment('first', { isBinary: true })
  assert.equal(bench.scheduler.enqueue(one).outcome, 'queued')
  one.bytes.fill(0)
  bench.drain()
  assert.deepEqual(bench.carrier.texts, ['first'])
})

test('on a link that is assumed or measured to be slow, less is handed to the carrier', () => {
  const carrier = new PlainCarrier()
  const { clock } = createBench()
  const scheduler = new SendScheduler(carrier, RECEIVER, { clock, assumedBytesPerSecond: 10_000 })
  assert.equal(scheduler.chunkBytes, 16 * 1024)
  carrier.queuedBytes = 16 * 1024
  assert.equal(scheduler.isIdle, false)
  carrier.queuedBytes--
  assert.equal(scheduler.isIdle, true)
})

test('options out of range are refused', () => {
  const { clock } = createBench()
  for (const bad of [
    { queueBytes: 0 },
    { queueBytes: Number.NaN },
    { reservedShare: 1 },
    { reservedShare: -0.1 },
    { memoryLimitBytes: 16 * MIB - 1 },
    { commandShare: 0 },
    { commandShare: 1.1 },
    { assumedBytesPerSecond: 0 },
    { assumedBytesPerSecond: Number.POSITIVE_INFINITY },
    { slowChunkBytes: 0 },
    { chunkBytes: 1024 },
  ]) {
    assert.throws(() => resolveSchedulerOptions({ clock, ...bad }), TypeError, JSON.stringify(bad))
  }
})
