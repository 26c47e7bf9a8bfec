import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CONTEXT_FINDINGS, type ContextFinding } from '../../src/security/context/context-facts.ts'
import { DEFAULT_POLICY, INSECURE_POLICY } from '../../src/security/policies/default-policy.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import {
  demandWords,
  matchWords,
  permissionWords,
  signWords,
  treatmentWords,
} from '../../web/rules/rule-words.ts'

test('each rule that is shipped is told in words, none of them empty or unknown', () => {
  for (const policy of [DEFAULT_POLICY, INSECURE_POLICY]) {
    const told = [
      ...policy.in.map((rule) => [...matchWords(rule.match), ...demandWords(rule)]),
      ...policy.out.map((rule) => [...matchWords(rule.match), ...signWords(rule)]),
      ...policy.forward.map((rule) => [...matchWords(rule.match), ...treatmentWords(rule)]),
    ]
    for (const phrases of told) {
      assert.ok(phrases.length >= 2 && phrases.every((phrase) => phrase.trim() !== ''), String(phrases)) // biome-ignore format: one line
      assert.equal(new Set(phrases).size, phrases.length, 'each is said once')
      assert.doesNotMatch(phrases.join(), /undefined|\[object/)
    }
  }
  for (const { allow, deny = [] } of PRESET_ROLES) {
    for (const permission of [...allow, ...deny]) {
      const { actions, to, only } = permissionWords(permission)
      assert.ok([actions, to, ...only].every((phrase) => phrase !== '' && !phrase.includes('undefined'))) // biome-ignore format: one line
    }
  }
})

test('what a rule matches is told by its members, and no member is left out', () => {
  const match = { actions: ['Set*', 'Reset'], kinds: 'CALL', from: 'CSMS*', to: ['CS01', 'CS02'], toGroup: true, origin: 'station', neighbour: { kinds: 'node', ids: 'NN*' }, payload: [{ pointer: '/type', equals: 'Immediate' }, { pointer: '/limit', greaterThan: 3, lessThan: 9 }] } as const // biome-ignore format: one line
  assert.deepEqual(matchWords(match), [
    'Set* or Reset',
    'CALL',
    'from CSMS*',
    'to CS01 or CS02',
    'to a group',
    'its originator is a plain station',
    'it comes over the link of a node NN*',
    '/type is Immediate',
    '/limit is above 3, is below 9',
  ])
  assert.deepEqual(matchWords({}), ['every message'])
  assert.deepEqual(matchWords({ toGroup: false }), ['not to a group'])
})

test('whatever can be found has words of its own', () => {
  const told = Object.keys(CONTEXT_FINDINGS).map((not) => demandWords({ match: {}, require: { context: { not: not as ContextFinding } } }).join()) // biome-ignore format: one line
  assert.equal(new Set(told).size, told.length)
  for (const [i, finding] of Object.keys(CONTEXT_FINDINGS).entries()) {
    assert.ok(!told[i]?.includes(finding) && !told[i]?.includes('undefined'), finding)
  }
})

test('what has to be plausible is told, of rules for what comes and for what passes', () => {
  const context = { not: ['double-start', 'counter-backwards'], maxPowerW: 22_000, rate: { atMost: 3, perS: 60 }, limit: { leastW: 4_200, step: { atMostW: 5_000, perS: 30 } }, maxClockOffS: 5 } as const // biome-ignore format: one line
  const said = [
    'nothing speaks against it (two transactions at one place or a register that runs backwards)',
    'it tells no more power than 22000 W',
    'its originator says this at most 3 times in 60 s',
    'it limits nobody below 4200 W',
    'within 30 s a limit changes by at most 5000 W',
    'the clock of its signer is at most 5 s off',
  ]
  assert.deepEqual(demandWords({ match: {}, require: { context } }).slice(-6), said)
  assert.deepEqual(treatmentWords({ match: {}, treat: 'verify', context }).slice(-6), said)
})

test('what is demanded is told with each restriction, and what becomes of the rest', () => {
  const require = { assurance: 'attested', signers: [{ roles: ['owner', 'operations'], atLeast: 2 }, { kids: 'K1', owners: 'DESK' }], distinct: 'keys', algorithms: 'ES256', maxAgeS: 30, replay: 'live', replyBinding: false, permitted: true, primaryUpstream: true, path: { only: 'NN*', through: 'NN01', not: ['NN02'] }, data: [{ pointer: '/tariff', ctx: 'urn:x', roles: 'mobility' }] } as const // biome-ignore format: one line
  const told = demandWords({ match: {}, require, onFailure: 'allow-and-alert', until: '2027-01-01T00:00:00Z' }) // biome-ignore format: one line
  assert.deepEqual(told, [
    'is attested by an edge, or signed end to end',
    'has 2 signatures of the user role owner or operations',
    'has a signature of the key K1, DESK',
    'each key counts, also those of one owner',
    'by ES256',
    'was signed at most 30 s ago',
    'is fresh',
    'answers need no open request',
    'a user role of its originator permits it',
    'it comes from the primary upstream of the station',
    'passed NN* only',
    'passed NN01',
    'did not pass NN02',
    'what stands at /tariff is signed as urn:x by mobility',
    'else it passes with an alert until 2027-01-01T00:00:00Z',
  ])
  assert.deepEqual(demandWords({ match: {}, require: {} }), ['is signed end to end'])
  assert.deepEqual(demandWords({ match: {}, refuse: true }), ['is refused'])
})

test('a permission is told with its parameters and variables; without any it always counts', () => {
  const told = permissionWords({ actions: 'SetVariables', to: 'CS*', parameters: [{ pointer: '/a', in: [1, 2], optional: true }], variables: [{ component: 'X*', variable: '*', evse: [1, 2], attribute: 'Target', access: ['read', 'write'] }] }) // biome-ignore format: one line
  assert.deepEqual(told, {
    actions: 'SetVariables',
    to: 'CS*',
    only: ['/a is one of 1, 2, where it is there', 'read or set * of X* at EVSE 1,2 (Target)'],
  })
  assert.deepEqual(permissionWords({ actions: '*' }), { actions: '*', to: 'anybody', only: ['always'] }) // biome-ignore format: one line
  const many = permissionWords({ actions: Array.from({ length: 30 }, (_, i) => `A${i}`) })
  assert.equal(many.actions, 'A0, A1, A2, A3, A4, A5 and 24 others')
})
