import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WrongSignatures } from '../../src/node/wrong-signatures.ts'

/** How many wrong signatures are looked at, whatever names stand in a path. */

/** How many of so many wrong messages are looked at within one second. */
function lookedAt(wrong: WrongSignatures, count: number, pathOf: (i: number) => readonly string[]) {
  let looked = 0
  for (let i = 0; i < count; i++) {
    const path = pathOf(i)
    const nowMs = 1_000_000 + (i * 1_000) / count
    if (!wrong.allows(path, nowMs)) continue
    looked++
    wrong.note(path, nowMs)
  }
  return looked
}

test('of one originator a thousand are looked at, then three hundred a second', () => {
  const looked = lookedAt(new WrongSignatures(), 10_000, () => ['NN66'])
  assert.ok(looked >= 1_000 && looked <= 1_302, `${looked}`)
})

for (const [what, pathOf] of [
  ['invents names', (i) => [`N${i % 5_000}`, 'NN66']],
  ['invents whole ways', (i) => [`N${i}`, `A${i % 77}`, `B${i % 13}`, 'NN66']],
] as const satisfies readonly (readonly [string, (i: number) => string[]])[]) {
  test(`a neighbour that ${what} has no more looked at than a few thousand`, () => {
    const looked = lookedAt(new WrongSignatures(), 50_000, pathOf)
    assert.ok(looked >= 1_000 && looked <= 3_202, `${looked}`)
  })

  test(`behind an honest node, one that ${what} does not keep others behind it from being heard`, () => {
    const wrong = new WrongSignatures()
    lookedAt(wrong, 50_000, (i) => [...pathOf(i), 'LC01'])
    const nowMs = 1_001_000
    assert.equal(wrong.allows(['N1', 'NN66', 'LC01'], nowMs - 1_000), false)
    assert.equal(wrong.allows(['CS01', 'NN01', 'LC01'], nowMs), true)
    assert.equal(wrong.allows(['CS02', 'LC01'], nowMs), true)
  })
} // biome-ignore format: a table

test('who has signed wrongly a few times is heard again, and is forgotten', () => {
  const wrong = new WrongSignatures()
  for (let i = 0; i < 1_000; i++) wrong.note(['CS01', 'NN01'], 0)
  assert.equal(wrong.allows(['CS01', 'NN01'], 0), false)
  assert.equal(wrong.allows(['CS01', 'NN01'], 1_000), true)
})
