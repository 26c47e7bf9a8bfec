import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IndexedHeap } from '../../../src/transport/scheduler/indexed-heap.ts'
import { LinkEstimate } from '../../../src/transport/scheduler/link-estimate.ts'
import { TokenBuckets } from '../../../src/transport/scheduler/token-bucket.ts'
import { PROPERTY } from '../../seed.ts'

test('a heap always knows its least item, whatever came, changed and went', () => {
  const step = fc.tuple(fc.nat(15), fc.option(fc.nat(100)))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const items = Array.from({ length: 16 }, () => ({ rank: 0, heapIndex: -1 }))
      const heap = new IndexedHeap<(typeof items)[number]>()
      const ranks = new Map<number, number>()
      for (const [at, rank] of steps) {
        const item = items[at]
        if (!item) continue
        if (rank === null) {
          heap.delete(item)
          ranks.delete(at)
        } else {
          heap.set(item, rank)
          ranks.set(at, rank)
        }
        assert.equal(heap.size, ranks.size)
        const least = ranks.size === 0 ? undefined : Math.min(...ranks.values())
        assert.equal(heap.first?.rank, least)
      }
    }),
    PROPERTY,
  )
})

test('a bucket gives what its rate allows, and never more than a burst at once', () => {
  const buckets = new TokenBuckets(() => 100_000)
  let now = 0
  let taken = 0
  for (; now < 60_000; now++) while (buckets.take('CS01', 1000, now)) taken += 1000
  assert.ok(Math.abs(taken - 6_100_000) < 20_000, `${taken}`)
  now += 3_600_000
  for (taken = 0; buckets.take('CS01', 1000, now); ) taken += 1000
  assert.equal(taken, 100_000)
})

test('a frame larger than the bucket may go, and the debt is paid back', () => {
  const buckets = new TokenBuckets(() => 1000)
  assert.equal(buckets.take('CS01', 100_000, 0), true)
  assert.equal(buckets.take('CS01', 1, 0), false)
  assert.equal(buckets.take('CS02', 1, 0), true)
  const readyAt = buckets.readyAt('CS01', 0)
  assert.ok(readyAt > 83_000 && readyAt < 85_000, `${readyAt}`)
  assert.equal(buckets.take('CS01', 1, readyAt - 2), false)
  assert.equal(buckets.take('CS01', 1, readyAt), true)
})

test('a clock set back fills no bucket', () => {
  const buckets = new TokenBuckets(() => 1000)
  while (buckets.take('CS01', 1000, 1_000_000));
  for (const now of [0, 1_000_000, 0, 1_000_000]) {
    const ready = buckets.readyAt('CS01', now)
    assert.ok(ready >= now)
  }
})

test('buckets that are full again are forgotten when many come', () => {
  const buckets = new TokenBuckets(() => 1_000_000)
  for (let i = 0; i < 100_000; i++) buckets.take(`CS${i}`, 100, i)
  assert.ok(buckets.size <= 1024, `${buckets.size}`)
})

test('a rate is the largest of lately; what a sender with little to say reaches does not count', () => {
  const estimate = new LinkEstimate()
  estimate.addRoundTrip(40, true, 0)
  estimate.addRate(1000, true, 0)
  estimate.addRate(500, true, 100)
  estimate.addRate(10, false, 100)
  assert.equal(estimate.bytesPerSecond, 1000)
  for (let now = 1000; now < 5000; now += 100) estimate.addRate(10, false, now)
  assert.equal(estimate.bytesPerSecond, 1000)
  estimate.addRate(2000, false, 5000)
  assert.equal(estimate.bytesPerSecond, 2000)
  for (let now = 5000; now < 8000; now += 100) estimate.addRate(300, true, now)
  assert.equal(estimate.bytesPerSecond, 300)
})

test('the least round trip begins with a bare ping, falls at once, and rises slowly', () => {
  const estimate = new LinkEstimate()
  estimate.addRoundTrip(30, false, 0)
  assert.equal(estimate.leastRoundTripMs, undefined)
  assert.equal(estimate.isRoundTripStale(0), true)
  estimate.addRoundTrip(40, true, 0)
  estimate.addRoundTrip(90, false, 10)
  assert.equal(estimate.leastRoundTripMs, 40)
  estimate.addRoundTrip(25, false, 10)
  assert.equal(estimate.leastRoundTripMs, 25)
  assert.equal(estimate.isRoundTripStale(10_010), false)
  assert.equal(estimate.isRoundTripStale(10_011), true)
  assert.equal(estimate.isRoundTripStale(9), true)
  estimate.addRoundTrip(5000, true, 10_011)
  assert.equal(estimate.leastRoundTripMs, 50)
  estimate.addRoundTrip(-3, true, 10_012)
  assert.equal(estimate.leastRoundTripMs, 50)
  estimate.addRoundTrip(0, true, 10_013)
  assert.equal(estimate.leastRoundTripMs, 1)
})
