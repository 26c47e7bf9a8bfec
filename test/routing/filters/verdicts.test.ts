import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rpcKindOf } from '../../../src/errors.ts'
import { rpcCode } from '../../../src/messages/rpc-codes.ts'
import { createValidator } from '../../../src/messages/validation.ts'
import { denialError } from '../../../src/routing/filters/filters.ts'
import type { FilterRule, FilterVerdict, Replacement } from '../../../src/routing/filters/rule.ts'
import { compiled, effectOf, subject, textOf, UNREADABLE } from './subjects.ts'

const match = { action: 'Reset' }
const RULES = {
  reject: { name: 'reject', effect: 'reject', match },
  drop: { name: 'drop', effect: 'drop', match },
  replace: { name: 'replace', effect: 'replace', match, replace: [{ pointer: '/type', value: 'OnIdle' }] }, // biome-ignore format: one line
  forward: { name: 'forward', effect: 'forward', match },
} as const satisfies Record<string, FilterRule>

const replacing = (...replace: Replacement[]) => compiled({ ...RULES.replace, replace })

/** The new payload as an object, without the mark. */
function payloadOf(verdict: FilterVerdict): unknown {
  assert.equal(verdict?.effect, 'replace')
  const { customData: _, ...payload } = JSON.parse(textOf(verdict.payload))
  return payload
}

test('without rules everything goes on', () => {
  assert.equal(compiled().judge(subject(), 0), undefined)
})

test('deny wins over replace and forward, wherever it stands', () => {
  for (const deny of [RULES.reject, RULES.drop]) {
    const { effect } = deny
    assert.equal(effectOf(compiled(deny, RULES.replace, RULES.forward), subject()), effect)
    assert.equal(effectOf(compiled(RULES.replace, RULES.forward, deny), subject()), effect)
  }
})

test('of reject and drop the first listed wins', () => {
  assert.equal(effectOf(compiled(RULES.reject, RULES.drop), subject()), 'reject')
  assert.equal(effectOf(compiled(RULES.drop, RULES.reject), subject()), 'drop')
})

test('a forward rule is no permit', () => {
  const wide: FilterRule = { name: 'all', effect: 'reject', match: { kind: 'CALL' } }
  assert.equal(effectOf(compiled(RULES.forward, wide), subject()), 'reject')
})

test('the sender of a rejected frame is told the reason, or the name of the rule', () => {
  const reason = 'not before midnight'
  const told = compiled({ ...RULES.reject, reason }).judge(subject(), 0)
  assert.deepEqual(told, { effect: 'reject', rule: 'reject', reason })
  const named = compiled(RULES.reject).judge(subject(), 0)
  assert.equal(named?.effect === 'reject' && named.reason, 'not allowed by the rule "reject"')
})

test('a rejected frame is answered Filtered or SecurityError, a dropped one not at all', () => {
  const rejected = denialError({ effect: 'reject', rule: 'r', reason: 'because' })
  assert.equal(rejected.code, 'ERR_FILTERED')
  assert.deepEqual(rejected.details, { rule: 'r', problem: 'because' })
  const kind = rpcKindOf(rejected.code)
  assert.equal(kind && rpcCode(kind, 'ocpp2.1', 'overlay'), 'Filtered')
  assert.equal(kind && rpcCode(kind, 'ocpp1.6', 'standard'), 'SecurityError')
  const dropped = denialError({ effect: 'drop', rule: 'r' })
  assert.equal(dropped.code, 'ERR_FILTER_DROPPED')
  assert.equal(rpcKindOf(dropped.code), undefined)
})

for (const [what, changes] of UNREADABLE) {
  test(`a replace rule rejects ${what}`, () => {
    const verdict = compiled(RULES.replace).judge(subject(changes), 0)
    const reason = 'its payload cannot be read'
    assert.deepEqual(verdict, { effect: 'reject', rule: 'replace', reason })
  })
}

// biome-ignore format: a table
const REPLACEMENTS: [Replacement, before: unknown, after: unknown][] = [
  [{ pointer: '/a', value: 2 }, { a: 1 }, { a: 2 }],
  [{ pointer: '/a', value: [{ b: null }] }, { a: 1 }, { a: [{ b: null }] }],
  [{ pointer: '/new', value: 2 }, { a: 1 }, { a: 1, new: 2 }],
  [{ pointer: '/a/b', value: 2 }, { a: { c: 1 } }, { a: { c: 1, b: 2 } }],
  [{ pointer: '/a/*/b', value: 2 }, { a: [{ b: 1 }, 7, { c: 1 }] }, { a: [{ b: 2 }, 7, { c: 1, b: 2 }] }],
  [{ pointer: '/a/1', value: 2 }, { a: [0, 1] }, { a: [0, 2] }],
  [{ pointer: '/a/*', value: 2 }, { a: [0, 1] }, { a: [2, 2] }],
  [{ pointer: '/a', remove: true }, { a: 1, b: 2 }, { b: 2 }],
  [{ pointer: '/a/0', remove: true }, { a: [0, 1] }, { a: [1] }],
  [{ pointer: '/a/*', remove: true }, { a: [0, 1, 2] }, { a: [] }],
  [{ pointer: '/a/*/b', remove: true }, { a: [{ b: 1 }, { b: 2 }, { c: 3 }] }, { a: [{}, {}, { c: 3 }] }],
  [{ pointer: '/constructor', value: 2 }, {}, { constructor: 2 }],
]

for (const [replacement, before, after] of REPLACEMENTS) {
  const { pointer } = replacement
  const how = 'value' in replacement ? `set to ${JSON.stringify(replacement.value)}` : 'removed'
  test(`${pointer} is ${how} in ${JSON.stringify(before)}`, () => {
    assert.deepEqual(
      payloadOf(replacing(replacement).judge(subject({ payload: before }), 0)),
      after,
    )
  })
}

// biome-ignore format: a table
const WITHOUT_EFFECT: [Replacement, unknown][] = [
  [{ pointer: '/a', value: 1 }, { a: 1 }],
  [{ pointer: '/a/b', value: 1 }, {}],
  [{ pointer: '/a/b', value: 1 }, { a: 'text' }],
  [{ pointer: '/a/2', value: 1 }, { a: [0, 1] }],
  [{ pointer: '/a/-', value: 1 }, { a: [0, 1] }],
  [{ pointer: '/a/length', value: 0 }, { a: [0, 1] }],
  [{ pointer: '/a/*', remove: true }, { a: [] }],
  [{ pointer: '/b', remove: true }, { a: 1 }],
  [{ pointer: '/toString', remove: true }, { a: 1 }],
]

for (const [replacement, payload] of WITHOUT_EFFECT) {
  test(`${JSON.stringify(payload)} goes on untouched and uncounted by ${JSON.stringify(replacement)}`, () => {
    const filters = replacing(replacement)
    assert.equal(filters.judge(subject({ payload }), 0), undefined)
    assert.equal(filters.statistics()[0]?.replaced, 0)
    assert.equal(filters.statistics()[0]?.matched, 1)
  })
}

test('several replace rules apply in order, and all of them see what came in', () => {
  const payload = [{ pointer: '/type', equals: 'Immediate' }]
  const filters = compiled(
    { name: 'one', effect: 'replace', match: { payload }, replace: [{ pointer: '/type', value: { a: 1 } }] },
    { name: 'two', effect: 'replace', match: { payload }, replace: [{ pointer: '/type/a', value: 2 }] },
    { name: 'idle', effect: 'replace', match: { payload }, replace: [{ pointer: '/none', remove: true }] },
  ) // biome-ignore format: a list
  for (let i = 0; i < 2; i++) {
    const verdict = filters.judge(subject(), 0)
    // The second time too: no rule changes the value of another.
    assert.deepEqual(payloadOf(verdict), { type: { a: 2 } })
    assert.deepEqual(verdict?.effect === 'replace' && verdict.rules, ['one', 'two'])
  }
})

test('a replaced payload names the node and the rules, and is still valid', () => {
  const filters = compiled(RULES.replace, { ...RULES.replace, name: 'evse', replace: [{ pointer: '/evseId', value: 1 }] }) // biome-ignore format: one line
  const verdict = filters.judge(subject(), 0)
  assert.equal(verdict?.effect, 'replace')
  assert.equal(verdict.marked, true)
  const payload = JSON.parse(textOf(verdict.payload))
  const replaced = [{ by: 'NN02', rule: 'replace' }, { by: 'NN02', rule: 'evse' }] // biome-ignore format: one line
  assert.deepEqual(payload.customData, { vendorId: 'wattweave', replaced })
  assert.deepEqual(createValidator().validate('ocpp2.0.1', 'Reset', 'request', payload), [])
})

// biome-ignore format: a table
const MARKS: [string, customData: unknown, after: unknown][] = [
  ['our own mark of a node before', { vendorId: 'wattweave', replaced: [{ by: 'A', rule: 'x' }] }, { vendorId: 'wattweave', replaced: [{ by: 'A', rule: 'x' }, { by: 'NN02', rule: 'replace' }] }],
  ['our own, of something else', { vendorId: 'wattweave', form: 'standard' }, { vendorId: 'wattweave', form: 'standard', replaced: [{ by: 'NN02', rule: 'replace' }] }],
  ['one of no vendor', { note: 1 }, { note: 1, vendorId: 'wattweave', replaced: [{ by: 'NN02', rule: 'replace' }] }],
  ['a mark that is no list', { vendorId: 'wattweave', replaced: 'me' }, { vendorId: 'wattweave', replaced: [{ by: 'NN02', rule: 'replace' }] }],
]

for (const [what, customData, after] of MARKS) {
  test(`the mark joins a customData that is ${what}`, () => {
    const verdict = compiled(RULES.replace).judge(subject({ payload: { type: 'Immediate', customData } }), 0) // biome-ignore format: one line
    assert.equal(verdict?.effect, 'replace')
    assert.deepEqual(JSON.parse(textOf(verdict.payload)), { type: 'OnIdle', customData: after })
    assert.equal(verdict.marked, true)
  })
}

for (const customData of [{ vendorId: 'acme' }, { vendorId: 'Wattweave' }, { vendorId: null }, 'x', null, []]) {
  test(`a customData that is not ours stays as it is: ${JSON.stringify(customData)}`, () => {
    const filters = compiled(RULES.replace)
    const verdict = filters.judge(subject({ payload: { type: 'Immediate', customData } }), 0)
    assert.equal(verdict?.effect, 'replace')
    assert.deepEqual(JSON.parse(textOf(verdict.payload)), { type: 'OnIdle', customData })
    assert.equal(verdict.marked, false)
    assert.equal(filters.statistics()[0]?.replaced, 1)
  })
} // biome-ignore format: a list

for (const protocol of ['ocpp1.6', undefined] as const) {
  test(`a payload of ${protocol ?? 'a version nobody knows'} is replaced without a mark and counted`, () => {
    const filters = compiled(RULES.replace)
    const verdict = filters.judge(subject({ protocol, payload: { type: 'Hard' } }), 0)
    assert.equal(verdict?.effect, 'replace')
    assert.equal(textOf(verdict.payload), '{"type":"OnIdle"}')
    assert.equal(verdict.marked, false)
    assert.equal(filters.statistics()[0]?.replaced, 1)
  })
}

test('each rule counts what it matched, the deciding ones what they did', () => {
  const filters = compiled(
    RULES.reject,
    { ...RULES.drop, match: { source: 'CSMS01' } },
    { ...RULES.replace, match: { kind: 'CALL' } },
    { ...RULES.forward, match: {} },
  )
  filters.judge(subject(), 0)
  filters.judge(subject({ action: 'Heartbeat' }), 0)
  filters.judge(subject({ action: 'Heartbeat', source: 'CS01' }), 0)
  filters.judge(subject({ action: 'Heartbeat', source: 'CS01', isBinary: true }), 0)
  filters.judge(subject({ kind: 'SEND', action: 'Heartbeat', source: 'CS01' }), 0)
  assert.deepEqual(filters.statistics(), [
    { rule: 'reject', effect: 'reject', matched: 1, rejected: 1, dropped: 0, replaced: 0 },
    { rule: 'drop', effect: 'drop', matched: 2, rejected: 0, dropped: 1, replaced: 0 },
    { rule: 'replace', effect: 'replace', matched: 4, rejected: 1, dropped: 0, replaced: 1 },
    { rule: 'forward', effect: 'forward', matched: 5, rejected: 0, dropped: 0, replaced: 0 },
  ])
})

test('an explanation names the condition that failed and comes to the verdict of a judgement', () => {
  const filters = compiled({ ...RULES.reject, match: { kind: 'CALL', source: ['CS01', 'CS02'], action: 'Reset' } }, RULES.drop) // biome-ignore format: one line
  const { verdict, rules } = filters.explain(subject(), 0)
  assert.deepEqual(verdict, { effect: 'drop', rule: 'drop' })
  assert.equal(rules[0]?.matches, false)
  assert.deepEqual(rules[0]?.checks.at(-1), { words: 'source is CS01 or CS02', holds: false, actual: 'CSMS01' }) // biome-ignore format: one line
  assert.equal(rules[1]?.matches, true)
})
