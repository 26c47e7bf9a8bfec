import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { wildcard } from '../../../src/primitives/wildcard.ts'
import type { FilterMatch, FilterRule, FilterSubject, Replacement } from '../../../src/routing/filters/rule.ts' // biome-ignore format: one line
import { KINDS } from '../../../src/wire/frame.ts'
import { PROPERTY } from '../../seed.ts'
import { judgeSlowly } from './reference.ts'
import { bytesOf, compiled, effectOf, textOf } from './subjects.ts'

// Few words, so that rules and frames often meet.
const kind = fc.constantFrom(...Object.values(KINDS))
const id = fc.constantFrom('A', 'a', 'AB', 'abc', 'B*', 'S', '\u017f')
const action = fc.constantFrom('Reset', 'ResetAll', 'reset', 'Get')
const name = fc.constantFrom('a', 'b', '0', '1', '*')
const pointer = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`)
const scalar = fc.constantFrom('x', 'X', 'xy', '5', '7.5', 5, 7.5, 10, true, null)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

function oneOrMore<T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> {
  return fc.oneof(one, fc.array(one, { minLength: 1, maxLength: 3 }))
}
const ids = oneOrMore(fc.oneof(id, fc.constantFrom('a*', '*B', '*b*', 'a*c', '?')))
const comparison = fc.oneof(
  scalar.map((equals) => ({ equals })),
  fc.array(scalar, { minLength: 1, maxLength: 3 }).map((choice) => ({ in: choice })),
  fc.constantFrom('x', 'X*', '?', '*y', '??').map((matches) => ({ matches })),
  fc.constantFrom(4, 5, 7).map((greaterThan) => ({ greaterThan })),
  fc.constantFrom({ greaterThan: 4, lessThan: 6 }, { lessThan: 7.5 }),
  fc.boolean().map((exists) => ({ exists })),
)
const payloadCondition = fc.tuple(pointer, comparison).map(([p, c]) => ({ pointer: p, ...c }))
const anyMatch = fc.record(
  {
    kind: oneOrMore(kind),
    action: oneOrMore(fc.oneof(action, fc.constantFrom('Re*', '*All', '*'))),
    source: ids,
    via: ids,
    destination: ids,
    from: ids,
    to: ids,
    payload: fc.array(payloadCondition, { minLength: 1, maxLength: 2 }),
    largerThan: fc.constantFrom(10, 20),
  },
  { requiredKeys: [] },
)
// Of all members at most three: rules with more hardly ever match.
const sparse = anyMatch.chain((match: FilterMatch) => {
  const members = Object.entries(match)
  const some = fc.subarray(members, { maxLength: Math.min(3, members.length) })
  return some.map((entries): FilterMatch => Object.fromEntries(entries))
})
const replacement: fc.Arbitrary<Replacement> = fc.oneof(
  fc.record({ pointer, value }),
  fc.record({ pointer, remove: fc.constant(true as const) }),
)
const rule: fc.Arbitrary<Omit<FilterRule, 'name'>> = fc.oneof(
  // The kind alone keeps a deny rule from being refused as one that meets everything.
  fc.record({ effect: fc.constantFrom('reject' as const, 'drop' as const), match: fc.tuple(sparse, kind).map(([match, k]) => ({ kind: k, ...match, largerThan: match.largerThan ?? 1 })) }), // biome-ignore format: one line
  fc.record({ effect: fc.constant('replace' as const), match: sparse, replace: fc.array(replacement, { minLength: 1, maxLength: 2 }) }), // biome-ignore format: one line
  fc.record({ effect: fc.constant('forward' as const), match: sparse }),
)
const rules = fc
  .array(rule, { maxLength: 6 })
  .map((list) => list.map((one, i): FilterRule => ({ name: `rule ${i}`, ...one })))

const readable = fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true })
const frame: fc.Arbitrary<{ subject: FilterSubject; payload: unknown }> = fc
  .record({
    kind,
    action: fc.oneof(action, fc.constant('')),
    source: id,
    hops: fc.array(id, { maxLength: 2 }),
    destination: id,
    from: id,
    to: id,
    bytes: fc.constantFrom(5, 15, 25),
    content: fc.oneof({ weight: 5, arbitrary: readable }, { weight: 1, arbitrary: fc.constantFrom('{"a":1,"a":2}', '{') }), // biome-ignore format: one line
    isBinary: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    // Without a mark the new payload is just what the reference makes of it.
    protocol: fc.constant('ocpp1.6' as const),
  })
  .map(({ hops, content, ...rest }) => ({
    subject: { ...rest, networkPath: [rest.source, ...hops], payload: bytesOf(content) },
    payload: typeof content === 'string' || rest.isBinary ? undefined : content,
  }))

const MORE = { ...PROPERTY, numRuns: PROPERTY.numRuns * 20 }

test('compiled rules judge as the plainest implementation does', () => {
  const seen = new Map<string, number>()
  const property = fc.property(rules, frame, (list, { subject, payload }) => {
    const expected = judgeSlowly(list, subject, payload)
    const verdict = compiled(...list).judge(subject, 0)
    const effect = verdict?.effect ?? 'forward'
    seen.set(effect, (seen.get(effect) ?? 0) + 1)
    assert.equal(effect, expected.effect)
    if (verdict?.effect === 'replace' && expected.effect === 'replace') {
      assert.deepEqual(JSON.parse(textOf(verdict.payload)), expected.payload)
    } else if (verdict?.effect === 'reject' || verdict?.effect === 'drop') {
      assert.equal(verdict.rule, 'rule' in expected && expected.rule)
    }
  })
  fc.assert(property, MORE)
  // Else it would prove little.
  for (const effect of ['forward', 'replace', 'reject', 'drop']) {
    assert.ok((seen.get(effect) ?? 0) > 20, `${effect}: ${seen.get(effect)}`)
  }
})

test('another rule never lets pass what was denied', () => {
  const property = fc.property(rules, rule, fc.nat(), frame, (list, added, at, { subject }) => {
    const before = effectOf(compiled(...list), subject)
    if (before !== 'reject' && before !== 'drop') return
    const more = list.toSpliced(at % (list.length + 1), 0, { name: 'added', ...added })
    assert.match(effectOf(compiled(...more), subject), /^(reject|drop)$/)
  })
  fc.assert(property, MORE)
})

const rate = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  perSeconds: fc.constantFrom(1, 2),
  by: fc.constantFrom('source' as const, 'from' as const, 'destination' as const, 'rule' as const),
})
const limited = fc
  .array(fc.tuple(rule, fc.option(rate)), { minLength: 1, maxLength: 5 })
  .map((list) => list.map(([one, r], i): FilterRule => ({ name: `rule ${i}`, ...one, match: { ...one.match, ...(r && { rate: r }) } }))) // biome-ignore format: one line
const waits = fc.array(fc.tuple(frame, fc.integer({ min: 0, max: 900 })), { maxLength: 15 })

test('in any order of the rules the same frames are denied, over time and with rates', () => {
  const shuffled = limited.chain((list) =>
    fc.shuffledSubarray(list, { minLength: list.length }).map((other) => [list, other] as const),
  )
  const property = fc.property(shuffled, waits, ([list, other], frames) => {
    const [one, two] = [compiled(...list), compiled(...other)]
    let now = 0
    for (const [{ subject }, waitMs] of frames) {
      now += waitMs
      const isDenied = [one, two].map((filters) => /reject|drop/.test(effectOf(filters, subject, now))) // biome-ignore format: one line
      assert.equal(isDenied[0], isDenied[1])
    }
    const matched = (filters: typeof one) => filters.statistics().map((s) => `${s.rule} ${s.matched}`).sort() // biome-ignore format: one line
    assert.deepEqual(matched(one), matched(two))
  })
  fc.assert(property, PROPERTY)
})

test('an explanation comes to the verdict of a judgement, over time and with rates', () => {
  const property = fc.property(limited, waits, (list, frames) => {
    const [judging, explaining] = [compiled(...list), compiled(...list)]
    let now = 0
    for (const [{ subject }, waitMs] of frames) {
      now += waitMs
      assert.deepEqual(explaining.explain(subject, now).verdict, judging.judge(subject, now))
    }
    assert.deepEqual(explaining.statistics(), judging.statistics())
  })
  fc.assert(property, PROPERTY)
})

test('judging leaves the bytes of the payload alone, and what it decided once it decides again', () => {
  const property = fc.property(rules, frame, (list, { subject }) => {
    const before = Uint8Array.from(subject.payload)
    const filters = compiled(...list)
    const verdict = filters.judge(subject, 0)
    assert.deepEqual(subject.payload, before)
    assert.deepEqual(filters.judge(subject, 0), verdict)
  })
  fc.assert(property, PROPERTY)
})

test('any pattern matches as a regular expression says', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?', '\n', '\u{1f50c}'), maxLength: 12 }) // biome-ignore format: one line
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 })
  const property = fc.property(pattern, text, fc.boolean(), (p, t, hasOne) => {
    const expression = p.replace(/[.?*]/g, (sign) => (sign === '*' ? '[^]*' : sign === '?' && hasOne ? '[^]' : `\\${sign}`)) // biome-ignore format: one line
    assert.equal(wildcard(p, hasOne)(t), new RegExp(`^${expression}$`).test(t))
  })
  fc.assert(property, MORE)
})
