import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FilterMatch, FilterSubject, PayloadCondition } from '../../../src/routing/filters/rule.ts' // biome-ignore format: one line
import { bytesOf, compiled, effectOf, rejecting, subject, UNREADABLE } from './subjects.ts'

type Case = [string, FilterMatch, Partial<FilterSubject>]

// biome-ignore format: a table
const MET: Case[] = [
  ['the kind', { kind: 'CALL' }, {}],
  ['one of several kinds', { kind: ['SEND', 'CALL'] }, {}],
  ['the action', { action: 'Reset' }, {}],
  ['an action with a wildcard', { action: 'Re*' }, {}],
  ['one of several actions', { action: ['Get*', 'Reset'] }, {}],
  ['the action that an answer answers', { action: 'Reset' }, { kind: 'CALLRESULT' }],
  ['an answer whose action nobody knows', { action: 'Reset' }, { kind: 'CALLERROR', action: '' }],
  ['the source', { source: 'CSMS01' }, {}],
  ['the source in another case', { source: 'csms01' }, { source: 'CsMs01' }],
  ['a source with a wildcard in another case', { source: 'csms*' }, {}],
  ['the source as somebody on the path', { via: 'CSMS01' }, {}],
  ['a node on the path', { via: 'nn*' }, {}],
  ['the destination', { destination: ['CS02', 'cs01'] }, {}],
  ['a service of any operator', { destination: '*/CSMS' }, { destination: 'acme/csms' }],
  ['the CSMS, whatever the version of the station calls it', { destination: 'CSMS' }, { destination: 'CentralSystem' }],
  ['the CSMS, whichever operator stands before it', { destination: 'CentralSystem' }, { destination: 'acme/csms' }],
  ['an id that has a star itself', { destination: 'DE*ABC*1' }, { destination: 'de*abc*1' }],
  ['the link it came in on', { from: 'nn01' }, {}],
  ['a connection in the name of a station', { to: 'CS01@*' }, { to: 'cs01@backend' }],
  ['a frame that is larger', { largerThan: 99 }, {}],
  ['all members of a match', { kind: 'CALL', action: 'Reset', via: 'NN01', to: 'CS01' }, {}],
]

for (const [what, match, changes] of MET) {
  test(`a rule matches ${what}`, () => {
    assert.equal(effectOf(rejecting(match), subject(changes)), 'reject')
  })
}

// biome-ignore format: a table
const NOT_MET: Case[] = [
  ['another kind', { kind: 'CALL', action: '*' }, { kind: 'SEND' }],
  ['another action', { action: 'Reset' }, { action: 'ResetAll' }],
  ['the action in another case', { action: 'Reset' }, { action: 'reset' }],
  ['an action of which the name is a part', { action: '*set' }, { action: 'Reset2' }],
  ['the source as a mere hop', { source: 'NN01' }, {}],
  ['a source that only looks alike', { source: 'CSMS01' }, { source: 'C\u017fMS01' }],
  ['a letter that only other rules fold', { source: 'K1' }, { source: '\u212a1' }],
  ['a question mark as a wildcard in an id', { source: 'CSMS0?' }, {}],
  ['the destination on the path', { via: 'CS01' }, {}],
  ['another link', { from: 'CS01' }, {}],
  ['a frame of just that size', { largerThan: 100 }, {}],
  ['when one member of a match is not met', { kind: 'CALL', action: 'Reset', via: 'NN02' }, {}],
]

for (const [what, match, changes] of NOT_MET) {
  test(`a rule does not match ${what}`, () => {
    assert.equal(effectOf(rejecting(match), subject(changes)), 'forward')
  })
}

// biome-ignore format: a table
const PAYLOAD: [condition: Omit<PayloadCondition, 'pointer'>, met: unknown[], notMet: unknown[]][] = [
  [{ equals: 'Anna' }, ['Anna', 'ANNA', 'anna'], ['Ann', 'anna ', 'a\u0144na', null, ['Anna'], { anna: 'Anna' }]],
  [{ equals: 5 }, [5, 5.0], [5.1, '5', true, null, [5]]],
  [{ equals: true }, [true], [false, 1, 'true', null]],
  [{ equals: null }, [null], [0, '', false, {}]],
  [{ equals: 0 }, [0, -0], [false, '', null]],
  [{ in: ['a', 1] }, ['A', 'a', 1], ['b', '1', 2, []]],
  [{ matches: 'DE*-0?' }, ['DE-01', 'de*ABC-07', 'DExxxx-0-0x'], ['DE-0', 'DE-012x', 'xDE-01', 7, null]],
  [{ greaterThan: 32 }, [32.1, 1e300, '33', '3.3e1', '1e999'], [32, 31, '32', '0x40', '', ' 33', 'many', true, null, [33], {}]],
  [{ lessThan: 0 }, [-0.1, '-5', '-1.5e3'], [0, -0, '0', '', 'less', null]],
  [{ greaterThan: 10, lessThan: 20 }, [15, '15'], [10, 20, 5, 25]],
  [{ exists: true }, [0, '', false, null, [], {}], []],
  [{ exists: false }, [], [0, '', false, null, [], {}]],
]

for (const [condition, met, notMet] of PAYLOAD) {
  test(`a payload member is compared: ${JSON.stringify(condition)}`, () => {
    const filters = rejecting({ payload: [{ pointer: '/v', ...condition }] })
    for (const v of met) assert.equal(effectOf(filters, subject({ payload: { v } })), 'reject', JSON.stringify(v)) // biome-ignore format: one line
    for (const v of notMet) assert.equal(effectOf(filters, subject({ payload: { v } })), 'forward', JSON.stringify(v)) // biome-ignore format: one line
    const isAbsence = condition.exists === false
    assert.equal(effectOf(filters, subject({ payload: {} })), isAbsence ? 'reject' : 'forward')
  })
}

test('a value written with escapes is the same value', () => {
  const filters = rejecting({ payload: [{ pointer: '/type', equals: 'Immediate' }] })
  const payload = bytesOf('{"\\u0074ype":"\\u0049mmediate"}')
  assert.equal(effectOf(filters, subject({ payload })), 'reject')
})

// biome-ignore format: a table
const POINTERS: [string, unknown, boolean][] = [
  ['/a/b', { a: { b: 1 } }, true],
  ['/a/0', { a: [1] }, true],
  ['/a/0', { a: { 0: 1 } }, true],
  ['/a/1', { a: [0, 1] }, true],
  ['/a~1b/c~0d', { 'a/b': { 'c~d': 1 } }, true],
  ['/~01', { '~1': 1 }, true],
  ['/', { '': 1 }, true],
  ['/a/*', { a: [0, 0, 1] }, true],
  ['/a/*/b/*', { a: [{ b: [] }, { b: [0, 1] }] }, true],
  ['/a/*', { a: { '*': 1 } }, true],
  ['/a/*', { a: { b: 1 } }, false],
  ['/a/*', { a: [] }, false],
  ['/a/00', { a: [1] }, false],
  ['/a/01', { a: [0, 1] }, false],
  ['/a/-', { a: [1] }, false],
  ['/a/-1', { a: [1] }, false],
  ['/a/length', { a: [1] }, false],
  ['/a/0', { a: '1' }, false],
  ['/constructor/name', {}, false],
  ['/a/b/c', { a: { b: 1 } }, false],
]

for (const [pointer, payload, isMet] of POINTERS) {
  test(`${pointer} ${isMet ? 'leads' : 'does not lead'} to 1 in ${JSON.stringify(payload)}`, () => {
    const filters = rejecting({ payload: [{ pointer, equals: 1 }] })
    assert.equal(effectOf(filters, subject({ payload })), isMet ? 'reject' : 'forward')
  })
}

test('a range is met by one value, not by two that each meet an end of it', () => {
  const filters = rejecting({ payload: [{ pointer: '/a/*', greaterThan: 10, lessThan: 20 }] })
  assert.equal(effectOf(filters, subject({ payload: { a: [5, 25] } })), 'forward')
  assert.equal(effectOf(filters, subject({ payload: { a: [5, 15, 25] } })), 'reject')
})

for (const [what, changes] of UNREADABLE) {
  test(`a deny rule with a condition on the payload denies ${what}`, () => {
    for (const condition of PAYLOAD.map(([one]) => one)) {
      for (const effect of ['reject', 'drop'] as const) {
        const match = { action: 'Reset', payload: [{ pointer: '/type', ...condition }] }
        const filters = compiled({ name: 'deny', effect, match })
        assert.equal(effectOf(filters, subject(changes)), effect)
        assert.equal(effectOf(filters, subject({ ...changes, action: 'Heartbeat' })), 'forward')
      }
    }
  })

  test(`rules that ask nothing of the payload let ${what} pass`, () => {
    const filters = rejecting({ action: 'Reset', source: 'CS02' })
    assert.equal(filters.judge(subject(changes), 0), undefined)
  })
}

test('a pattern made to be slow is answered in steps that grow with the text alone', () => {
  const filters = rejecting({ payload: [{ pointer: '/v', matches: `${'*a'.repeat(49)}*b` }] })
  // One that goes back to every `*` would not be done before the sun is out.
  assert.equal(effectOf(filters, subject({ payload: { v: 'a'.repeat(200_000) } })), 'forward')
})

test('the payload is looked at once, and only for a rule whose other conditions are met', () => {
  let looks = 0
  const frame = (action: string): FilterSubject => ({
    ...subject({ action }),
    get payload() {
      looks++
      return bytesOf({ type: 'Immediate' })
    },
  })
  const payload = [
    { pointer: '/type', equals: 'Immediate' },
    { pointer: '/type', exists: true },
  ]
  const filters = compiled(
    { name: 'elsewhere', effect: 'reject', match: { source: 'CS99', payload } },
    { name: 'resets', effect: 'reject', match: { action: 'Reset', payload } },
    { name: 'again', effect: 'drop', match: { action: 'Reset', payload } },
  )

  assert.equal(effectOf(filters, frame('Heartbeat')), 'forward')
  assert.equal(looks, 0)
  assert.equal(effectOf(filters, frame('Reset')), 'reject')
  assert.equal(looks, 1)
})

test('nothing of a frame that no rule concerns is read but its kind and action', () => {
  const filters = rejecting({ kind: 'CALL', action: 'Reset', source: 'CSMS01' })
  const untouchable = (kind: string, action: string) =>
    new Proxy({ kind, action } as FilterSubject, {
      get(target, name) {
        if (name === 'kind' || name === 'action') return target[name]
        throw new Error(`${String(name)} was read`)
      },
    })
  assert.equal(filters.judge(untouchable('CALL', 'Heartbeat'), 0), undefined)
  assert.equal(filters.judge(untouchable('CALLRESULT', 'Reset'), 0), undefined)
  assert.throws(() => filters.judge(untouchable('CALL', 'Reset'), 0), /source was read/)
})
