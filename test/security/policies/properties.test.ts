import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  explainIncoming,
  judgeForwarded,
  judgeIncoming,
} from '../../../src/security/policies/evaluate.ts'
import type {
  DataFacts,
  ForwardFacts,
  PolicyDecision,
  PolicyFacts,
  SignerFacts,
} from '../../../src/security/policies/facts.ts'
import type {
  ForwardRuleDocument,
  InRuleDocument,
  MatchDocument,
  RequirementDocument,
  SignersDocument,
} from '../../../src/security/policies/policy-document.ts'
import { compileSignaturePolicy } from '../../../src/security/policies/signature-policy.ts'
import { PROPERTY } from '../../seed.ts'
import { document, incoming, NOW, requiring } from './messages.ts'

/** What holds of all policies and all messages. Few names, so that rules and messages meet. */

const NODES = ['CSMS01', 'CS01', 'NN01', 'NN02'] as const
const ACTIONS = ['Reset', 'SetVariables', 'GetVariables', 'Heartbeat', ''] as const
const KINDS = ['CALL', 'CALLRESULT', 'CALLERROR', 'SEND'] as const
const UNTIL = ['2000-01-01T00:00:00Z', '2099-01-01T00:00:00Z'] as const
const node = fc.constantFrom(...NODES)
const role = fc.constantFrom('owner', 'operations')
const peerKind = fc.constantFrom('node' as const, 'station' as const, 'csms' as const)
const proof = fc.constantFrom('mtls' as const, 'none' as const)
const optional = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined })
/** Members that may be left out, as a document leaves them out. */
const some = <T extends object>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(members, { requiredKeys: [] }) // biome-ignore format: one line

const att = fc.record({ by: node, prev: node, link: proof, verified: fc.constant([]) })
const signerFacts: fc.Arbitrary<SignerFacts> = fc.record({
  kid: fc.constantFrom('k1', 'k2', 'k3', 'k4'), owner: node, roles: fc.uniqueArray(role),
  algorithm: fc.constantFrom('ES256' as const, 'Ed25519' as const),
  isEntitled: fc.boolean(), isPermitted: fc.boolean(), att,
}, { requiredKeys: ['kid', 'owner', 'roles', 'algorithm'] }) // biome-ignore format: a table
const dataFacts: fc.Arbitrary<DataFacts> = fc.record({ pointer: fc.constant('/a'), ctx: fc.constant('c'), signers: fc.array(signerFacts, { maxLength: 2 }) }) // biome-ignore format: one line

// biome-ignore format: a table
const message: fc.Arbitrary<ForwardFacts> = fc.record({
  kind: fc.constantFrom(...KINDS), action: fc.constantFrom(...ACTIONS), from: node, to: fc.constantFrom(...NODES, '*all'),
  origin: peerKind, neighbour: fc.record({ id: node, kind: peerKind, proof }), link: fc.record({ id: node, kind: peerKind, proof }),
  path: fc.array(node, { minLength: 1, maxLength: 3 }), payload: optional(fc.record({ a: fc.constantFrom(0, 1, 2) })),
  form: fc.constantFrom('statement' as const, 'statement' as const, 'oca' as const, 'legacy' as const, 'none' as const),
  signers: fc.array(signerFacts, { maxLength: 4 }), unknownKeys: fc.nat(1),
  problem: fc.option(fc.constantFrom('signature-invalid' as const, 'replayed' as const), { nil: undefined, freq: 4 }),
  replay: fc.constantFrom('live' as const, 'queued' as const, undefined), isReplyBound: fc.boolean(), isPrimaryUpstream: fc.boolean(),
  iat: fc.constantFrom(NOW, NOW - 100, undefined), nowS: fc.constantFrom(NOW, undefined), data: fc.array(dataFacts, { maxLength: 2 }),
})

const oneOrTwo = <T>(one: fc.Arbitrary<T>) => fc.uniqueArray(one, { minLength: 1, maxLength: 2 })
const kinds = oneOrTwo(fc.constantFrom(...KINDS))
const actions = oneOrTwo(fc.constantFrom('Reset', 'SetVariables', 'Heartbeat', 'Get*', '*Variables', '*')) // biome-ignore format: one line
const payload = fc.array(fc.record({ pointer: fc.constant('/a'), equals: fc.constantFrom(0, 1) }), { minLength: 1, maxLength: 1 }) // biome-ignore format: one line
const match: fc.Arbitrary<MatchDocument> = some<MatchDocument>({ kinds, actions, from: node, origin: peerKind, payload }) // biome-ignore format: one line
const group: fc.Arbitrary<SignersDocument> = fc.record({ roles: role, atLeast: fc.constantFrom(1, 2) }) // biome-ignore format: one line
const requirement: fc.Arbitrary<RequirementDocument> = some<RequirementDocument>({
  assurance: fc.constantFrom('none', 'legacy', 'attested', 'oca', 'e2e'), signers: fc.array(group, { minLength: 1, maxLength: 2 }),
  distinct: fc.constantFrom('owners', 'keys'), algorithms: fc.constantFrom('ES256', 'Ed25519'), maxAgeS: fc.constant(60),
  replay: fc.constantFrom('live', 'queued'), replyBinding: fc.boolean(), permitted: fc.constant(true), primaryUpstream: fc.constant(true),
  path: fc.record({ only: node }), data: fc.constant([{ pointer: '/a', ctx: 'c', roles: 'owner' }]),
}) // biome-ignore format: a table
const failure = fc.oneof(
  fc.record({ onFailure: fc.constantFrom('reject' as const, 'drop' as const, 'quarantine' as const) }),
  fc.record({ onFailure: fc.constant('allow-and-alert' as const), until: fc.constantFrom(...UNTIL) }),
) // biome-ignore format: two lines
const rule: fc.Arbitrary<InRuleDocument> = fc.tuple(match, requirement, failure, fc.nat(9)).map(
  ([match, require, failure, i]) => i === 0 ? { match, refuse: true, ...failure } : { match, require, ...failure },
) // biome-ignore format: two lines
const rules = fc.array(rule, { maxLength: 8 })
const runs = { ...PROPERTY, numRuns: PROPERTY.numRuns * 4 }

const ORDER = ['accept', 'allow-and-alert', 'quarantine', 'drop', 'reject']
const strictness = ({ outcome }: PolicyDecision) => ORDER.indexOf(outcome)

test('the same input comes to the same decision, explained or not', () => {
  const property = fc.property(fc.array(rules, { maxLength: 3 }), message, (lists, facts) => {
    const before = JSON.stringify(facts)
    const policies = lists.map((list) => incoming(...list))
    const decision = judgeIncoming(policies, facts)
    assert.deepEqual(judgeIncoming(policies, facts), decision)
    assert.deepEqual(judgeIncoming(lists.map((list) => incoming(...list)), structuredClone(facts)), decision)
    assert.deepEqual(explainIncoming(policies, facts).decision, decision)
    assert.equal(JSON.stringify(facts), before, 'facts are left as they were')
    assert.equal(decision.reason === undefined, decision.outcome === 'accept')
  }) // biome-ignore format: the head is one line
  fc.assert(property, runs)
})

/** Whether a rule is for a message, told anew and in the plainest way. */
function isFor({ kinds, actions, from, origin, payload }: MatchDocument, facts: PolicyFacts) {
  const list = (value: unknown) => (Array.isArray(value) ? value : [value])
  const isLike = (pattern: string) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(facts.action) // biome-ignore format: one line
  if (kinds !== undefined && !list(kinds).includes(facts.kind)) return false
  if (actions !== undefined && !list(actions).some(isLike)) return false
  if (from !== undefined && from !== facts.from) return false
  if (origin !== undefined && origin !== facts.origin) return false
  if (payload === undefined) return true
  return facts.payload ? facts.payload.a === payload[0]?.equals : 'unreadable'
}

test('rules found by their index decide as rules asked one after the other', () => {
  const property = fc.property(rules, message, (list, facts) => {
    const found = judgeIncoming([incoming(...list)], facts)
    const index = list.findIndex(({ match }) => isFor(match, facts) !== false)
    const first = list[index]
    assert.equal(found.rule?.index, first && index)
    if (!first) return assert.equal(found.reason, 'no-rule')
    if (isFor(first.match, facts) === 'unreadable') return assert.equal(found.reason, 'payload-unreadable')
    const alone = judgeIncoming([incoming({ ...first, match: {} })], facts)
    assert.deepEqual([found.outcome, found.reason], [alone.outcome, alone.reason])
  }) // biome-ignore format: the head is one line
  fc.assert(property, runs)
})

test('a message that no rule is for is rejected, whatever the other policies say', () => {
  const property = fc.property(fc.array(rules, { maxLength: 3 }), rules, message, (lists, list, facts) => {
    const others = list.filter(({ match }) => isFor(match, facts) === false)
    const decision = judgeIncoming([...lists, others].map((one) => incoming(...one)), facts)
    assert.equal(decision.outcome, 'reject')
    assert.equal(judgeIncoming([], facts).outcome, 'reject')
  }) // biome-ignore format: the head is one line
  fc.assert(property, runs)
})

test('taking a signature away never makes a decision milder', () => {
  const property = fc.property(fc.array(rules, { minLength: 1, maxLength: 2 }), message, fc.nat(3), (lists, facts, at) => {
    const policies = lists.map((list) => incoming(...list))
    const fewer = { ...facts, signers: facts.signers.toSpliced(at, 1) }
    assert.ok(strictness(judgeIncoming(policies, fewer)) >= strictness(judgeIncoming(policies, facts)))
  }) // biome-ignore format: the head is one line
  fc.assert(property, runs)
})

test('nothing but an open rule accepts what nobody signed and nobody saw', () => {
  const property = fc.property(requirement, message, (require, facts) => {
    const bare: PolicyFacts = { ...facts, signers: [], data: [], neighbour: { id: 'NN01', kind: 'node', proof: 'mtls' } }
    if (judgeIncoming([requiring(require)], bare).outcome === 'accept') assert.equal(require.assurance, 'none')
  }) // biome-ignore format: the head is one line
  fc.assert(property, runs)
})

test('a further policy never makes a decision milder', () => {
  const property = fc.property(fc.array(rules, { maxLength: 2 }), rules, message, (lists, more, facts) => {
    const policies = lists.map((list) => incoming(...list))
    const before = strictness(judgeIncoming(policies, facts))
    if (policies.length === 0) return assert.equal(before, ORDER.length - 1)
    assert.ok(strictness(judgeIncoming([...policies, incoming(...more)], facts)) >= before)
    assert.ok(strictness(judgeIncoming([incoming(...more), ...policies], facts)) >= before)
  }) // biome-ignore format: the head is one line
  fc.assert(property, runs)
})

test('what passes through is judged by the same laws', () => {
  const treat = fc.constantFrom('pass' as const, 'verify' as const, 'attest' as const, 'block-unsigned' as const, 'quarantine' as const, 'refuse' as const) // biome-ignore format: one line
  const forwardRule: fc.Arbitrary<ForwardRuleDocument> = fc.record({ match, treat })
  const forward = fc.array(forwardRule, { maxLength: 4 }).map((list) => compileSignaturePolicy(document({ forward: list }))) // biome-ignore format: one line
  const property = fc.property(forward, forward, message, fc.nat(3), (policy, more, facts, at) => {
    const decision = judgeForwarded([policy], facts)
    assert.deepEqual(judgeForwarded([policy], structuredClone(facts)), decision)
    const fewer = { ...facts, signers: facts.signers.toSpliced(at, 1) }
    assert.ok(strictness(judgeForwarded([policy], fewer)) >= strictness(decision))
    const both = judgeForwarded([policy, more], facts)
    assert.ok(strictness(both) >= strictness(decision))
    assert.ok(!both.attest || both.outcome === 'accept')
  }) // biome-ignore format: the head is one line
  fc.assert(property, runs)
})

test('of a thousand rules only those are asked that may be for an action', () => {
  const list: InRuleDocument[] = Array.from({ length: 1_000 }, (_, i) => ({ match: { actions: i % 100 === 0 ? `A${i}*` : `A${i}` }, require: {} })) // biome-ignore format: one line
  const { in: rules } = incoming(...list)
  const asked = (action: string, kind: 'CALL' | 'SEND' = 'CALL') => rules.index.candidates(kind, action).map(({ reference }) => reference.index) // biome-ignore format: one line
  assert.deepEqual(asked('A77'), [77])
  assert.deepEqual(asked('A200'), asked('nobody'), 'a name with a wildcard is no name')
  assert.deepEqual(asked('A301'), [301])
  assert.deepEqual(asked('A205', 'SEND'), [205])
  assert.equal(asked('nobody').length, 10)
})
