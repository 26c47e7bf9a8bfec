import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chunk, createBench, MIB, shipment } from './carriers.ts'

const LIMITS = { queueBytes: MIB, memoryLimitBytes: 2 * MIB }
const SIZE = 10_000

/** A blocked link whose ordinary part of the queue is full of telemetry. */
function createFull() {
  const bench = createBench(LIMITS)
  bench.block()
  let count = 0
  while (bench.scheduler.enqueue(shipment('call', { size: SIZE })).outcome === 'queued') count++
  return { ...bench, count }
}

test('a CALL that does not fit is congested, with a time to try again from what is before it and the rate', () => {
  const bench = createFull()
  // Three quarters of 1 MiB, in frames of 10 000 bytes and what it costs to keep them.
  assert.ok(bench.count >= 70 && bench.count <= 78, `${bench.count}`)
  const again = (text: string, facts = {}) =>
    bench.scheduler.enqueue(shipment(text, { size: SIZE, ...facts }))
  const bytes = bench.count * SIZE + bench.carrier.queuedBytes
  const retryAfterMs = Math.ceil((bytes / 1_250_000) * 1000)
  assert.deepEqual(again('telemetry'), { outcome: 'congested', retryAfterMs })
  // A command is only behind what the carrier has.
  const shorter = Math.ceil((bench.carrier.queuedBytes / 1_250_000) * 1000)
  assert.deepEqual(again('command', { priority: 'command' }), {
    outcome: 'congested',
    retryAfterMs: shorter,
  })
  const { classes } = bench.scheduler.statistics()
  assert.equal(classes.telemetry.congested, 2)
  assert.equal(classes.command.congested, 1)
  assert.equal(bench.scheduler.held?.count, bench.count)
})

test('the time to try again is between 100 ms and 60 s', () => {
  const slow = createBench({ ...LIMITS, assumedBytesPerSecond: 1 })
  slow.block()
  const fast = createBench({ ...LIMITS, assumedBytesPerSecond: 1e12 })
  fast.block()
  for (const [bench, expected] of [
    [slow, 60_000],
    [fast, 100],
  ] as const) {
    let admission = bench.scheduler.enqueue(shipment('call', { size: SIZE }))
    while (admission.outcome === 'queued') {
      admission = bench.scheduler.enqueue(shipment('call', { size: SIZE }))
    }
    assert.deepEqual(admission, { outcome: 'congested', retryAfterMs: expected })
  }
})

test('answers, control and SENDs that must not be dropped are admitted when CALLs are not', () => {
  const bench = createFull()
  assert.deepEqual(
    bench.outcomes([
      shipment('result', { kind: 'answer', size: SIZE }),
      shipment('bulk result', { kind: 'answer', priority: 'bulk', size: SIZE }),
      shipment('credit', { kind: 'send', priority: 'control', size: SIZE }),
      shipment('control call', { priority: 'control', size: SIZE }),
      shipment('event', { kind: 'send', size: SIZE }),
      shipment('event', { kind: 'send', isDroppable: true, size: SIZE }),
      shipment('call', { size: SIZE }),
    ]),
    ['queued', 'queued', 'queued', 'queued', 'queued', 'dropped', 'congested'],
  )
})

test('what must be admitted is, far beyond the limit of the others, up to the memory limit; then it overflows', () => {
  const bench = createFull()
  let count = 0
  let outcome = ''
  for (; outcome !== 'overflow'; count++) {
    ;({ outcome } = bench.scheduler.enqueue(shipment('result', { kind: 'answer', size: SIZE })))
  }
  assert.ok((bench.count + count) * SIZE > 1.8 * MIB, `${count} answers`)
  assert.ok((bench.count + count) * SIZE < 2 * MIB)
  // Nothing of the refused frame was kept, and each further one says the same.
  assert.equal(bench.scheduler.held?.count, bench.count + count - 1)
  assert.deepEqual(
    bench.outcomes([
      shipment('control', { kind: 'send', priority: 'control', size: SIZE }),
      shipment('event', { kind: 'send', size: SIZE }),
      shipment('call', { size: SIZE }),
    ]),
    ['overflow', 'overflow', 'congested'],
  )
})

test('answers that have filled the queue leave no room for CALLs, and room comes back when they are sent', () => {
  const bench = createBench(LIMITS)
  bench.block()
  for (let i = 0; i < 110; i++)
    bench.scheduler.enqueue(shipment('result', { kind: 'answer', size: SIZE }))
  assert.equal(bench.scheduler.enqueue(shipment('call')).outcome, 'congested')
  bench.drainAll()
  bench.block()
  assert.equal(bench.scheduler.enqueue(shipment('call')).outcome, 'queued')
})

test('many small frames are bounded by the memory they take, not by their bytes', () => {
  const bench = createBench(LIMITS)
  bench.block()
  let count = 0
  while (bench.scheduler.enqueue(shipment('x', { source: `CS${count}` })).outcome === 'queued')
    count++
  assert.ok(count < 1200, `${count}`)
})

test('bulk that fills its part of the queue leaves room for CALLs', () => {
  const bench = createBench(LIMITS)
  bench.block()
  const bulk = () =>
    bench.scheduler.enqueue(shipment('report', { priority: 'bulk', size: SIZE })).outcome
  while (bulk() === 'queued');
  assert.equal(bulk(), 'congested')
  assert.equal(bench.scheduler.enqueue(shipment('call', { size: SIZE })).outcome, 'queued')
})

test('a full bulk queue drops the newest chunk of its fullest stream', () => {
  const bench = createBench(LIMITS)
  bench.block()
  const sizes: [string, number][] = [
    ['large', 25],
    ['small', 5],
  ]
  for (const [order, count] of sizes) {
    for (let i = 0; i < count; i++) bench.scheduler.enqueue(chunk(`${order} ${i}`, order, SIZE))
  }
  // 30 of about 36 are in. The next of the small stream push out the newest of the large one.
  for (let i = 5; i < 14; i++) {
    assert.equal(bench.scheduler.enqueue(chunk(`small ${i}`, 'small', SIZE)).outcome, 'queued')
  }
  const dropped = bench.dropped.map(({ token }) => token)
  assert.ok(dropped.length >= 2, dropped.join())
  assert.deepEqual(
    dropped,
    ['large 24', 'large 23', 'large 22', 'large 21', 'large 20'].slice(0, dropped.length),
  )
  // A newcomer of the fullest stream is itself the newest.
  assert.equal(bench.scheduler.enqueue(chunk('large 25', 'large', SIZE)).outcome, 'dropped')
  assert.equal(bench.dropped.length, dropped.length)
  assert.equal(bench.scheduler.statistics().classes.bulk.dropped, dropped.length + 1)
})

test('of two streams with the same the newcomer is dropped, and an end of the queue that holds none', () => {
  const bench = createBench(LIMITS)
  bench.block()
  const bulk = (text: string, order: string) => chunk(text, order, SIZE)
  let count = 0
  while (bench.scheduler.enqueue(bulk('a', 'a')).outcome === 'queued') count++
  for (let i = 0; i < count; i++) bench.scheduler.enqueue(bulk('b', 'b'))
  const kept = { a: 0, b: 0 }
  for (const { token } of bench.scheduler.close()) kept[token as 'a' | 'b']++
  assert.ok(Math.abs(kept.a - kept.b) <= 1, JSON.stringify(kept))
})

test('CALLs, answers and SENDs that must not be dropped never make room for a chunk', () => {
  const bench = createBench(LIMITS)
  bench.block()
  const facts = { priority: 'bulk', size: SIZE, order: 'file' } as const
  bench.scheduler.enqueue(shipment('droppable', { ...facts, kind: 'send', isDroppable: true }))
  bench.scheduler.enqueue(shipment('answer', { ...facts, kind: 'answer', isDroppable: true }))
  bench.scheduler.enqueue(shipment('send', { ...facts, kind: 'send' }))
  while (
    bench.scheduler.enqueue(shipment('call', { ...facts, isDroppable: true })).outcome === 'queued'
  );
  assert.equal(bench.scheduler.enqueue(chunk('other', 'other', 30_000)).outcome, 'dropped')
  assert.equal(bench.scheduler.enqueue(chunk('other', 'other', 9000)).outcome, 'queued')
  assert.deepEqual(
    bench.dropped.map(({ token }) => token),
    ['droppable'],
  )
  assert.equal(bench.scheduler.enqueue(chunk('other', 'other', 9000)).outcome, 'dropped')
})

test('nothing of the bounds stops the straight way', () => {
  const bench = createBench(LIMITS)
  const huge = shipment('huge', { size: 3 * MIB })
  assert.equal(bench.scheduler.enqueue(huge).outcome, 'sent')
  assert.equal(bench.scheduler.enqueue(huge).outcome, 'congested')
})
