import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OverviewView, RuleEvent } from '../../src/http/live-api.ts'
import { keysValue } from '../../web/annunciator/keys-window.ts'
import { formatSelection, parseSelection } from '../../web/navigation/address.ts'
import { withBefore } from '../../web/rules/history.ts'
import { lineOf } from '../../web/rules/json-place.ts'
import { type DiffLine, diffLines } from '../../web/rules/line-diff.ts'

const JSON_TEXT = `{
  "name": "a/b: {\\"x\\"}", "version": 2,
  "in": [
    {"match": {},
     "require": {"maxAgeS": 3}},
    {
      "match": {"a/b": 1, "c~d": [1,
        2]}
    }
  ]
}`

for (const [pointer, line] of [
  ['', 1],
  ['/name', 2],
  ['/version', 2],
  ['/in', 3],
  ['/in/0', 4],
  ['/in/0/require/maxAgeS', 5],
  ['/in/1', 6],
  ['/in/1/match/a~1b', 7],
  ['/in/1/match/c~0d/1', 8],
  ['/in/7/match', 3],
  ['/in/1/match/missing', 7],
  ['/out', 1],
  ['/version/0', 2],
] as const) {
  test(`what "${pointer}" points to stands on line ${line}`, () => {
    assert.equal(lineOf(JSON_TEXT, pointer), line)
  })
}

const told = (lines: readonly DiffLine[]) => lines.map((one) => one.is === 'skipped' ? `… ${one.count}` : `${{ same: ' ', added: '+', removed: '-' }[one.is]}${one.line}`) // biome-ignore format: one line

test('the difference of two texts names what was put in and taken away, and folds what is alike', () => {
  const lines = (...names: string[]) => names.join('\n')
  const many = Array.from({ length: 10 }, (_, i) => `l${i}`)
  assert.deepEqual(told(diffLines(lines('a', 'b', 'c'), lines('a', 'x', 'c'))), [' a', '-b', '+x', ' c']) // biome-ignore format: one line
  assert.deepEqual(told(diffLines(lines(...many), lines(...many, 'new'))), ['… 8', ' l8', ' l9', '+new']) // biome-ignore format: one line
  assert.deepEqual(told(diffLines('a', 'a')), ['… 1'])
  assert.deepEqual(told(diffLines(lines('a', 'b', 'b', 'c'), lines('b', 'c', 'a'))), ['-a', ' b', '-b', ' c', '+a']) // biome-ignore format: one line
})

test('putting in and taking away what a difference says makes one text of the other', () => {
  const random = (seed: number) => () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed
  }
  const next = random(7)
  for (let round = 0; round < 200; round++) {
    const text = () => Array.from({ length: next() % 12 }, () => 'abc'[next() % 3])
    const [before, after] = [text(), text()]
    const found = diffLines(before.join('\n'), after.join('\n'))
    const count = (is: DiffLine['is']) => found.filter((one) => one.is === is).length
    const skipped = found.reduce((sum, one) => sum + (one.is === 'skipped' ? one.count : 0), 0)
    const lines = (of: readonly unknown[]) => Math.max(1, of.length)
    assert.equal(count('same') + skipped + count('removed'), lines(before))
    assert.equal(count('same') + skipped + count('added'), lines(after))
  }
})

test('texts too long to compare line by line are told apart as a whole', () => {
  const text = (name: string) => Array.from({ length: 2_500 }, (_, i) => `${name}${i}`).join('\n')
  const found = diffLines(text('a'), text('b'))
  assert.deepEqual([found.length, found[0]?.is, found.at(-1)?.is], [5_000, 'removed', 'added'])
})

test('a change is compared with what held before, and not with what was undone', () => {
  const document = (version: number) => ({ name: 'night', version })
  const changed = (seq: number, version: number): RuleEvent => ({ seq, time: '', event: 'changed', version, document: document(version) }) // biome-ignore format: one line
  const entries: RuleEvent[] = [
    changed(1, 1),
    { seq: 2, time: '', event: 'confirmed', version: 1 },
    changed(3, 2),
    { seq: 4, time: '', event: 'rolled-back', version: 2 },
    changed(5, 3),
    { seq: 6, time: '', event: 'changed' },
    { seq: 7, time: '', event: 'rolled-back' },
    changed(8, 4),
  ]
  const found = withBefore(entries.toReversed()).map(({ entry, before }) => [entry.seq, before?.version]) // biome-ignore format: one line
  assert.deepEqual(found.toReversed(), [[1, undefined], [2, undefined], [3, 1], [4, undefined], [5, 1], [6, 3], [7, undefined], [8, 3]]) // biome-ignore format: one line
})

const asOf = '2026-01-05T11:00:00.000Z'
const in_ = (seconds: number) => new Date(Date.parse(asOf) + seconds * 1_000).toISOString()
const DAY = 86_400

for (const [what, keys, value, tone] of [
  ['all is well', { ownKeyEndsAt: in_(31 * DAY), revocations: 'current' }, '', false],
  ['the list is out of date', { ownKeyEndsAt: in_(31 * DAY), revocations: 'stale' }, 'list out of date', 'warn'], // biome-ignore format: one row
  ['there never was a list', { ownKeyEndsAt: in_(31 * DAY), revocations: 'none', lacksRevocations: true }, 'no revocation list', 'warn'], // biome-ignore format: one row
  ['the own key ends soon', { ownKeyEndsAt: in_(29 * DAY), revocations: 'none' }, 'own key ends in 29 d 0 h', 'warn'], // biome-ignore format: one row
  [
    'the own key has ended',
    { ownKeyEndsAt: in_(-1), revocations: 'none' },
    'own key ended',
    'alarm',
  ],
  ['the list is overdue', { ownKeyEndsAt: in_(DAY), revocations: 'overdue', trialEndsAt: in_(9) }, 'list overdue', 'alarm'], // biome-ignore format: one row
  ['rules are on trial', { ownKeyEndsAt: in_(DAY), revocations: 'none', trialEndsAt: in_(43) }, 'on trial 43 s', 'warn'], // biome-ignore format: one row
  ['frames are held', { ownKeyEndsAt: in_(DAY), revocations: 'none', trialEndsAt: in_(43), held: 2 }, '2 held', 'warn'], // biome-ignore format: one row
  ['nothing is signed', undefined, '', false],
] as const) {
  test(`the window for keys where ${what}`, () => {
    const overview = { asOf, ...(keys && { keys: { held: 0, ...keys } }) } as Pick<
      OverviewView,
      'keys' | 'asOf'
    >
    const found = keysValue(overview)
    assert.deepEqual([found.value.replaceAll('\u202f', ' '), found.tone], [value, tone])
  })
}

test('an address names a key, and nothing else by it', () => {
  const key = { type: 'key', id: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' } as const
  assert.deepEqual(parseSelection(new URLSearchParams({ open: formatSelection(key) })), key)
  assert.equal(parseSelection(new URLSearchParams({ open: 'key:' })), undefined)
})
