import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SequenceWindow, WINDOW } from '../../../src/security/freshness/sequence-window.ts'
import { PROPERTY } from '../../seed.ts'

test('a window takes each number once, and none that is 64 or more behind the newest', () => {
  const step = fc.oneof(fc.integer({ min: -80, max: 80 }), fc.integer({ min: -3, max: 3 }), fc.constantFrom(-64, -63, -32, -31, 31, 32, 33, 63, 64, 65, 2 ** 40)) // biome-ignore format: one line
  const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const window = new SequenceWindow()
    const taken = new Set<number>()
    let newest = -1
    for (const by of steps) {
      const number = newest + by
      const isTooOld = number < 0 || number <= newest - WINDOW
      const expected = isTooOld ? 'too-old' : taken.has(number) ? 'repeated' : 'new'
      assert.equal(window.take(number), expected, `${number} after ${newest}`)
      if (expected === 'new') taken.add(number)
      newest = Math.max(newest, expected === 'new' ? number : -1)
    }
  })
  fc.assert(property, PROPERTY)
})

test('what is no number of a counter is too old', () => {
  const window = new SequenceWindow()
  for (const number of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.equal(window.take(number), 'too-old')
  }
  assert.equal(window.take(0), 'new')
})
