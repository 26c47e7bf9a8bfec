import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUuidV7, randomFraction, seededRandomness } from '../../src/primitives/randomness.ts'

test('a seed repeats its bytes, another seed gives others', () => {
  const bytes = (seed: number) => Buffer.from(seededRandomness(seed)(64)).toString('hex')
  assert.equal(bytes(7), bytes(7))
  assert.notEqual(bytes(7), bytes(8))
})

test('fractions lie in [0, 1) and spread evenly', () => {
  const random = seededRandomness(1)
  const tenths = new Array<number>(10).fill(0)
  for (let i = 0; i < 10_000; i++) {
    const fraction = randomFraction(random)
    assert.ok(fraction >= 0 && fraction < 1)
    const tenth = Math.floor(fraction * 10)
    tenths[tenth] = (tenths[tenth] ?? 0) + 1
  }
  for (const count of tenths) assert.ok(count > 850 && count < 1_150, `${tenths}`)
  assert.ok(randomFraction(() => Uint8Array.of(255, 255, 255, 255)) < 1)
})

test('UUIDv7 are well-formed, carry the time and never repeat', () => {
  const now = Date.UTC(2026, 0, 1)
  const create = createUuidV7(() => now, seededRandomness(3))
  const ids = Array.from({ length: 5_000 }, create)

  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), now)
  }
})

test('a clock with fractions of a millisecond makes ids of the usual form', () => {
  const next = createUuidV7(() => 1_767_225_600_000.7)
  assert.match(next(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
