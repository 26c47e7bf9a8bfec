import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OverlayError } from '../../../src/errors.ts'
import { compileFilters } from '../../../src/routing/filters/filters.ts'
import type { FilterRule } from '../../../src/routing/filters/rule.ts'

const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)])
const match = { action: 'Reset' }
const replace = (replacement: unknown) => ({ name: 'r', effect: 'replace', match, replace: [replacement] }) // biome-ignore format: one line
const payload = (condition: unknown) => ({ name: 'r', effect: 'drop', match: { payload: [condition] } }) // biome-ignore format: one line
const reject = (conditions: unknown) => ({ name: 'r', effect: 'reject', match: conditions })

// biome-ignore format: a table
const REFUSED: [what: string, rule: unknown, path: string, problem: RegExp][] = [
  ['no object', 'Reset', '', /must be an object/],
  ['no name', { effect: 'drop', match }, 'name', /1 to 50 printable/],
  ['an empty name', { name: '', effect: 'drop', match }, 'name', /1 to 50 printable/],
  ['a name of 51 characters', { name: 'n'.repeat(51), effect: 'drop', match }, 'name', /1 to 50 printable/],
  ['a name with a line feed', { name: 'a\nb', effect: 'drop', match }, 'name', /1 to 50 printable/],
  ['an unknown effect', { name: 'r', effect: 'allow', match }, 'effect', /must be one of reject, drop, replace, forward/],
  ['an effect that objects inherit', { name: 'r', effect: 'constructor', match }, 'effect', /must be one of/],
  ['an unknown member', { name: 'r', effect: 'drop', match, when: 1 }, 'when', /is not known here/],
  ['an unknown condition', reject({ sorce: 'CS01', action: 'Reset' }), 'match.sorce', /is not known here; there are kind, action, source/],
  ['no match on a deny rule', { name: 'r', effect: 'drop' }, 'match', /would cut off everything/],
  ['an empty match on a deny rule', reject({}), 'match', /reject would cut off everything/],
  ['a match for everything on a deny rule', reject({ source: '*', via: ['A', '**'] }), 'match', /would cut off everything/],
  ['all kinds on a deny rule', reject({ kind: ['CALL', 'CALLRESULT', 'CALLERROR', 'CALLRESULTERROR', 'SEND'] }), 'match', /would cut off everything/],
  ['a match that is no object', reject(['Reset']), 'match', /must be an object/],
  ['an unknown kind', reject({ kind: 'CALLS' }), 'match.kind', /must be of CALL, CALLRESULT/],
  ['an empty list', reject({ action: [] }), 'match.action', /is an empty list/],
  ['an action that is no text', reject({ action: 7 }), 'match.action', /must be a text or a list of texts/],
  ['an empty id', reject({ source: [''] }), 'match.source', /must be a text/],
  ['an id that is not NFC', reject({ source: 'u\u0308' }), 'match.source', /cannot be an id/],
  ['an id that nobody can have', reject({ to: 'CS01 ' }), 'match.to', /names "CS01 ", which cannot be an id/],
  ['a size of nothing', reject({ largerThan: 0 }), 'match.largerThan', /whole number of bytes/],
  ['a size as text', reject({ largerThan: '10' }), 'match.largerThan', /whole number of bytes/],
  ['a rate of 0', reject({ rate: { count: 0, perSeconds: 1, by: 'rule' } }), 'match.rate.count', /from 1 to 1000000; to refuse every frame leave the rate out/],
  ['a rate of half a frame', reject({ rate: { count: 0.5, perSeconds: 1, by: 'rule' } }), 'match.rate.count', /whole number/],
  ['a rate in no time', reject({ rate: { count: 1, perSeconds: 0, by: 'rule' } }), 'match.rate.perSeconds', /must be a number from/],
  ['a rate over all time', reject({ rate: { count: 1, perSeconds: Infinity, by: 'rule' } }), 'match.rate.perSeconds', /must be a number from/],
  ['a rate in no number', reject({ rate: { count: 1, perSeconds: Number.NaN, by: 'rule' } }), 'match.rate.perSeconds', /must be a number from/],
  ['a rate by something else', reject({ rate: { count: 1, perSeconds: 1, by: 'payload' } }), 'match.rate.by', /must be one of source, from/],
  ['a rate with a slip', reject({ rate: { count: 1, perSecond: 1, by: 'rule' } }), 'match.rate.perSecond', /is not known here/],
  ['a rate that is none', reject({ rate: 5 }), 'match.rate', /must be an object/],
  ['an empty payload list', reject({ payload: [] }), 'match.payload', /is an empty list/],
  ['a payload condition that is none', payload('/a'), 'match.payload.0', /must be an object/],
  ['a condition without a pointer', payload({ equals: 1 }), 'match.payload.0.pointer', /names the whole payload; name a member/],
  ['a pointer without a slash', payload({ pointer: 'a/b', equals: 1 }), 'match.payload.0.pointer', /must begin with \//],
  ['a pointer with a lone tilde', payload({ pointer: '/a~', equals: 1 }), 'match.payload.0.pointer', /has a ~ that is neither/],
  ['a pointer with an unknown escape', payload({ pointer: '/a~2', equals: 1 }), 'match.payload.0.pointer', /has a ~ that is neither/],
  ['a pointer of 33 names', payload({ pointer: '/a'.repeat(33), equals: 1 }), 'match.payload.0.pointer', /more than 32 names/],
  ['a pointer to __proto__', payload({ pointer: '/a/__proto__/b', equals: 1 }), 'match.payload.0.pointer', /names __proto__/],
  ['a condition that compares with nothing', payload({ pointer: '/a' }), 'match.payload.0', /compares with nothing; give one of equals, in/],
  ['a regular expression', payload({ pointer: '/a', pattern: '^a+$' }), 'match.payload.0.pattern', /is not known here/],
  ['a comparison with an object', payload({ pointer: '/a', equals: {} }), 'match.payload.0.equals', /must be a text, a number/],
  ['a comparison with no number', payload({ pointer: '/a', equals: Number.NaN }), 'match.payload.0.equals', /must be a text, a number/],
  ['an empty choice', payload({ pointer: '/a', in: [] }), 'match.payload.0.in', /must be a list of values/],
  ['a choice that is none', payload({ pointer: '/a', in: 'ab' }), 'match.payload.0.in', /must be a list of values/],
  ['an empty pattern', payload({ pointer: '/a', matches: '' }), 'match.payload.0.matches', /1 to 100 characters/],
  ['a pattern of 101 characters', payload({ pointer: '/a', matches: '*'.repeat(101) }), 'match.payload.0.matches', /1 to 100 characters/],
  ['a limit as text', payload({ pointer: '/a', greaterThan: '5' }), 'match.payload.0.greaterThan', /must be a number/],
  ['a limit that is none', payload({ pointer: '/a', lessThan: Infinity }), 'match.payload.0.lessThan', /must be a number/],
  ['existence as text', payload({ pointer: '/a', exists: 'no' }), 'match.payload.0.exists', /must be true or false/],
  ['a comparison with what is missing', payload({ pointer: '/a', exists: false, equals: 1 }), 'match.payload.0.exists', /leaves nothing to compare/],
  ['a reason where nobody is told', { name: 'r', effect: 'drop', match, reason: 'so' }, 'reason', /only by the effect reject/],
  ['an empty reason', { name: 'r', effect: 'reject', match, reason: '' }, 'reason', /1 to 255 characters/],
  ['a reason of 256 characters', { name: 'r', effect: 'reject', match, reason: 'r'.repeat(256) }, 'reason', /1 to 255 characters/],
  ['replace without a list', { name: 'r', effect: 'replace', match }, 'replace', /must be a list that says what to change/],
  ['replace with an empty list', { name: 'r', effect: 'replace', match, replace: [] }, 'replace', /must be a list/],
  ['a list on a rule that replaces nothing', { name: 'r', effect: 'drop', match, replace: [{ pointer: '/a', value: 1 }] }, 'replace', /only with the effect replace/],
  ['a replacement that is none', replace('/a'), 'replace.0', /must be an object/],
  ['a replacement of everything', replace({ pointer: '', value: {} }), 'replace.0.pointer', /names the whole payload/],
  ['a replacement of __proto__', replace({ pointer: '/__proto__', value: {} }), 'replace.0.pointer', /names __proto__/],
  ['a replacement by nothing', replace({ pointer: '/a' }), 'replace.0', /either value or remove/],
  ['a replacement by two things', replace({ pointer: '/a', value: 1, remove: true }), 'replace.0', /either value or remove/],
  ['a removal that is none', replace({ pointer: '/a', remove: false }), 'replace.0.remove', /must be true/],
  ['a value that is no JSON', replace({ pointer: '/a', value: Infinity }), 'replace.0.value', /nothing that JSON can say/],
  ['a value that is a function', replace({ pointer: '/a', value: () => 1 }), 'replace.0.value', /nothing that JSON can say/],
  ['a value that is undefined inside', replace({ pointer: '/a', value: { b: undefined } }), 'replace.0.value', /nothing that JSON can say/],
  ['a value that others could not read', replace({ pointer: '/a', value: 2 ** 60 }), 'replace.0.value', /nothing that JSON can say/],
  ['a value with half a surrogate pair', replace({ pointer: '/a', value: '\ud800' }), 'replace.0.value', /nothing that JSON can say/],
  ['a value nested deeper than 16', replace({ pointer: '/a', value: deep(17) }), 'replace.0.value', /nothing that JSON can say/],
]

for (const [what, rule, path, problem] of REFUSED) {
  test(`a rule with ${what} is refused, and where it is wrong is said`, () => {
    const sound = { name: 'sound', effect: 'drop', match: { source: 'X' } }
    const error = refusalOf([sound, rule] as FilterRule[])
    assert.match(String(error.details.problem), problem)
    assert.deepEqual(error.details.path, ['1', ...path.split('.').filter((name) => name !== '')])
    assert.ok(error.message.includes(`${error.details.problem}`))
  })
}

test('two rules of one name are refused', () => {
  const rule: FilterRule = { name: 'twice', effect: 'drop', match }
  const { details } = refusalOf([rule, rule])
  assert.deepEqual(details.path, ['1', 'name'])
  assert.match(String(details.problem), /name of another rule/)
})

test('a refusal names the rule, or its number where it has no name', () => {
  const named = refusalOf([{ name: 'night', effect: 'drop', match: {} }])
  assert.match(named.message, /^filter rule night: match is met by every frame, so drop would cut off everything: say which$/) // biome-ignore format: one line
  assert.match(refusalOf([{ effect: 'drop' } as FilterRule]).message, /^filter rule #1: name must/)
})

test('what only counts or changes may match everything, and so may what a rate limits', () => {
  compileFilters([{ name: 'count', effect: 'forward' }], 'NN02')
  compileFilters([{ name: 'all', effect: 'replace', replace: [{ pointer: '/a', remove: true }] }], 'NN02') // biome-ignore format: one line
  const rate = { count: 1000, perSeconds: 1, by: 'from' } as const
  compileFilters([{ name: 'flood', effect: 'drop', match: { source: '*', rate } }], 'NN02')
})

function refusalOf(rules: FilterRule[]): OverlayError {
  try {
    compileFilters(rules, 'NN02')
  } catch (error) {
    assert.ok(error instanceof OverlayError)
    assert.equal(error.code, 'ERR_FILTER_RULE')
    return error
  }
  assert.fail('it was accepted')
}
