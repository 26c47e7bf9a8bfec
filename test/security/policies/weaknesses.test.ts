import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DEFAULT_POLICY,
  INSECURE_POLICY,
  withUnprovedPeers,
} from '../../../src/security/policies/default-policy.ts'
import type {
  ForwardRuleDocument,
  InRuleDocument,
} from '../../../src/security/policies/policy-document.ts'
import { compileSignaturePolicy } from '../../../src/security/policies/signature-policy.ts'
import { areInsecure, weaknessesOf } from '../../../src/security/policies/weaknesses.ts'
import { document, NOW } from './messages.ts'

/** Which rules turn off what the default policy asks for, and why. */

const LATER = new Date((NOW + 100) * 1_000).toISOString()
const REFUSE_REST: InRuleDocument = { match: {}, refuse: true }

const ruled = (inRules: InRuleDocument[], forward: ForwardRuleDocument[] = []) =>
  compileSignaturePolicy(document({ in: inRules, forward }))

/** Place, reason and, of commands, one of them. */
const found = (inRules: InRuleDocument[], forward: ForwardRuleDocument[] = [], nowS = NOW) =>
  weaknessesOf([ruled(inRules, forward)], nowS).map(
    ({ rule: { list, index }, why }) => `${list}/${index} ${why}`,
  )

test('the default policy is not insecure; one that takes stations without a credential says which rule does', () => {
  const [usual, unproved] = [DEFAULT_POLICY, withUnprovedPeers(DEFAULT_POLICY)].map((one) =>
    weaknessesOf([compileSignaturePolicy(one)], NOW).map(({ name, why }) => `${name}: ${why}`),
  )
  assert.deepEqual(usual, [])
  assert.deepEqual(unproved, ['2 from a station that shows no credential: takes-unsigned'])
  const insecure = weaknessesOf([compileSignaturePolicy(INSECURE_POLICY)], NOW)
  assert.deepEqual(insecure, [{ rule: { policy: 'insecure', version: 1, list: 'in', index: 0 }, name: 'everything', why: 'takes-unsigned' }]) // biome-ignore format: one line
  assert.match(INSECURE_POLICY.description ?? '', /^INSECURE/)
})

test('policies are insecure where each of them takes what is unsigned', () => {
  const open: InRuleDocument = { match: { actions: 'Heartbeat' }, require: { assurance: 'none' } }
  const closed: InRuleDocument[] = [
    { match: {}, require: { permitted: true } },
    REFUSE_REST,
    { match: {}, require: { assurance: 'none', signers: [{ roles: 'owner' }] } },
    { match: {}, require: { assurance: 'none', permitted: true } },
    { match: {}, require: { assurance: 'none', replay: 'queued' } },
    { match: {}, require: { assurance: 'none', maxAgeS: 60 } },
    { match: {}, require: { assurance: 'none', data: [{ pointer: '/a', ctx: 'c' }] } },
    { match: {}, require: { assurance: 'legacy' } },
  ]
  const [some, strict, insecure] = [ruled([...closed, open]), ruled(closed), compileSignaturePolicy(INSECURE_POLICY)] // biome-ignore format: one line
  assert.equal(areInsecure([some], NOW), true)
  assert.equal(areInsecure([insecure, some], NOW), true)
  assert.equal(areInsecure([strict], NOW), false)
  assert.equal(areInsecure([insecure, strict], NOW), false)
  assert.equal(areInsecure([], NOW), false)
})

test('a rule that lets through what fails it is told with its end, and no more once that has come', () => {
  const alerting = { match: { actions: 'Heartbeat' }, require: {}, onFailure: 'allow-and-alert', until: LATER } as const // biome-ignore format: one line
  const [weak, ...more] = weaknessesOf([ruled([alerting, REFUSE_REST])], NOW)
  assert.deepEqual([weak?.why, weak?.untilS, weak?.rule.index, more], ['lets-through', NOW + 100, 0, []]) // biome-ignore format: one line
  assert.deepEqual(found([alerting, REFUSE_REST], [], NOW + 99), ['in/0 lets-through'])
  assert.deepEqual(found([alerting, REFUSE_REST], [], NOW + 100), [])
  assert.deepEqual(found([{ match: {}, refuse: true, onFailure: 'allow-and-alert', until: LATER }]), ['in/0 lets-through']) // biome-ignore format: one line
})

test('between nodes the default refuses nothing, so letting through there is only told of standard peers', () => {
  const passing = (match: ForwardRuleDocument['match']) =>
    found([REFUSE_REST], [{ match, treat: 'verify', onFailure: 'allow-and-alert', until: LATER }])
  assert.deepEqual(passing({}), ['forward/0 lets-through'])
  assert.deepEqual(passing({ neighbour: { ids: 'CS*' } }), ['forward/0 lets-through'])
  assert.deepEqual(passing({ neighbour: { kinds: ['node', 'station'] } }), ['forward/0 lets-through']) // biome-ignore format: one line
  assert.deepEqual(passing({ neighbour: { kinds: 'csms' } }), ['forward/0 lets-through'])
  assert.deepEqual(passing({ neighbour: { kinds: ['node', 'local'] } }), [])
})

// biome-ignore format: a table
test('a rule that takes commands of nodes below end to end, or of any key that is known, is told with one of them', () => {
  const rows: [string, InRuleDocument['match'], NonNullable<InRuleDocument['require']>, string[]][] = [
    ['as the default', {}, { permitted: true }, []],
    ['roles off', {}, {}, ['in/0 commands-of-everybody']],
    ['roles off for nodes', { origin: ['station', 'node'] }, { replay: 'live' }, ['in/0 commands-of-everybody']],
    ['roles off for standard peers only', { origin: ['station', 'csms', 'local'] }, {}, []],
    ['named signers', {}, { signers: [{ owners: 'CSMS01' }] }, []],
    ['attested is enough', {}, { assurance: 'attested', permitted: true }, ['in/0 commands-not-e2e']],
    ['foreign signatures are enough', {}, { assurance: 'oca', permitted: true }, ['in/0 commands-not-e2e']],
    ['below end to end by named signers', {}, { assurance: 'none', signers: [{ roles: 'owner' }] }, ['in/0 commands-not-e2e']],
    ['one command', { actions: 'Reset' }, {}, ['in/0 commands-of-everybody']],
    ['what changes rules', { actions: '*SignaturePolic*' }, {}, ['in/0 commands-of-everybody']],
    ['some senders', { actions: 'Set*', from: 'CSMS*' }, {}, ['in/0 commands-of-everybody']],
    ['what no CSMS asks for', { actions: ['StatusNotification', 'MeterValues'] }, {}, []],
    ['answers', { kinds: ['CALLRESULT', 'CALLERROR'] }, {}, []],
  ]
  for (const [what, match, require, expected] of rows) {
    assert.deepEqual(found([{ match, require }, REFUSE_REST]), expected, what)
  }
})

test('commands that an earlier rule takes for sure are not those of a later one', () => {
  const anybody: InRuleDocument = { match: { origin: 'node' }, require: {} }
  const before = (match: InRuleDocument['match']) => found([{ match, require: { permitted: true } }, anybody]) // biome-ignore format: one line
  assert.deepEqual(before({}), [])
  assert.deepEqual(before({ origin: ['node', 'local'] }), [])
  const weak = ['in/1 commands-of-everybody']
  assert.deepEqual(before({ actions: 'Reset' }), weak)
  assert.deepEqual(before({ origin: 'station' }), weak)
  assert.deepEqual(before({ kinds: 'SEND' }), weak)
  assert.deepEqual(before({ from: 'CSMS01' }), weak)
  assert.deepEqual(before({ payload: [{ pointer: '/type', equals: 'OnIdle' }] }), weak)
  const [one] = weaknessesOf([ruled([{ match: { actions: 'S*' }, refuse: true }, anybody])], NOW)
  assert.ok(one?.action !== undefined && !one.action.startsWith('S'), one?.action)
})
