import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  explainForwarded,
  judgeForwarded,
  judgeIncoming,
} from '../../../src/security/policies/evaluate.ts'
import { explainOutgoing, planOutgoing } from '../../../src/security/policies/outgoing.ts'
import type {
  ForwardRuleDocument,
  MatchDocument,
  OutRuleDocument,
  SignDocument,
} from '../../../src/security/policies/policy-document.ts'
import { compileSignaturePolicy } from '../../../src/security/policies/signature-policy.ts'
import { attested, direct, document, edge, leaving, NOW, passing } from './messages.ts'

/** What passes through, and what leaves. */

const forwarding = (...forward: ForwardRuleDocument[]) =>
  compileSignaturePolicy(document({ forward }))
const sending = (...out: OutRuleDocument[]) => compileSignaturePolicy(document({ out }))
const unsigned = { signers: [], form: 'none' } as const
const link = { id: 'CS01', kind: 'node', proof: 'mtls' } as const

// biome-ignore format: a table
test('each treatment of what passes through', () => {
  const by = (treat: ForwardRuleDocument['treat'], facts = passing()) => {
    const { outcome, reason, attest } = judgeForwarded([forwarding({ match: {}, treat })], facts)
    return [outcome, reason, attest]
  }
  const wrong = passing({ problem: 'signature-invalid' })
  assert.deepEqual(by('pass'), ['accept', undefined, false])
  assert.deepEqual(by('pass', wrong), ['accept', undefined, false])
  assert.deepEqual(by('verify'), ['accept', undefined, false])
  assert.deepEqual(by('verify', wrong), ['reject', 'signature-invalid', false])
  assert.deepEqual(by('verify', passing(unsigned)), ['accept', undefined, false], 'that nobody signed it is not wrong')
  assert.deepEqual(by('attest'), ['accept', undefined, true])
  assert.deepEqual(by('attest', passing(unsigned)), ['accept', undefined, true])
  assert.deepEqual(by('attest', wrong), ['reject', 'signature-invalid', false])
  assert.deepEqual(by('block-unsigned'), ['accept', undefined, false])
  assert.deepEqual(by('block-unsigned', wrong), ['reject', 'signature-invalid', false])
  assert.deepEqual(by('block-unsigned', passing(unsigned)), ['reject', 'unsigned', false])
  assert.deepEqual(by('block-unsigned', passing({ ...unsigned, unknownKeys: 1 })), ['reject', 'unknown-keys', false])
  assert.deepEqual(by('block-unsigned', passing({ signers: [edge('NN09')] })), ['reject', 'not-by-originator', false])
  assert.deepEqual(by('block-unsigned', { ...attested(), link }), ['accept', undefined, false])
  assert.deepEqual(by('block-unsigned', { ...direct(), link }), ['accept', undefined, false])
  assert.deepEqual(by('quarantine'), ['quarantine', 'refused-by-rule', false])
  assert.deepEqual(by('refuse'), ['reject', 'refused-by-rule', false])
  assert.deepEqual(judgeForwarded([], passing()), { outcome: 'reject', reason: 'no-rule', rule: undefined, attest: false })
  assert.equal(judgeForwarded([forwarding()], passing()).reason, 'no-rule')
})

test('what fails on its way is treated as the rule says, and is attested only when it goes on', () => {
  const until = new Date((NOW + 100) * 1_000).toISOString()
  const by = (more: Partial<ForwardRuleDocument>, nowS = NOW) => {
    const facts = passing({ problem: 'signature-invalid', nowS })
    const { outcome, attest } = judgeForwarded([forwarding({ match: {}, treat: 'attest', ...more })], facts) // biome-ignore format: one line
    return [outcome, attest]
  }
  assert.deepEqual(by({ onFailure: 'drop' }), ['drop', false])
  assert.deepEqual(by({ onFailure: 'quarantine' }), ['quarantine', false])
  assert.deepEqual(by({ onFailure: 'allow-and-alert', until }), ['allow-and-alert', true])
  assert.deepEqual(by({ onFailure: 'allow-and-alert', until }, NOW + 100), ['reject', false])
})

test('any policy may ask for an attestation, and any may refuse', () => {
  const [pass, attest, refuse] = (['pass', 'attest', 'refuse'] as const).map((treat) => forwarding({ match: {}, treat })) // biome-ignore format: one line
  assert.ok(pass && attest && refuse)
  assert.deepEqual([judgeForwarded([pass, attest], passing()).attest, judgeForwarded([attest, pass], passing()).attest], [true, true]) // biome-ignore format: one line
  assert.deepEqual(judgeForwarded([attest, refuse], passing()).attest, false)
})

// biome-ignore format: a table
test('rules for what passes know both links', () => {
  const is = (match: MatchDocument) => judgeForwarded([forwarding({ match, treat: 'pass' })], passing()).outcome === 'accept'
  assert.ok(is({ link: { kinds: 'node', ids: 'CS*' }, neighbour: { ids: 'NN01' }, from: 'CSMS01', actions: 'Reset' }))
  assert.ok(!is({ link: { kinds: 'station' } }))
  assert.ok(!is({ link: { ids: 'NN01' } }))
  assert.ok(!is({ neighbour: { ids: 'CS01' } }))
  const { steps } = explainForwarded([forwarding({ match: { link: { ids: 'NN01' } }, treat: 'pass' }, { match: {}, treat: 'refuse' })], passing())
  assert.match(steps.join('\n'), /forward\/0 is not for it: not so that the link is NN01\np forward\/1 is for it: reject, refused-by-rule/)
})

const sign = (more: Partial<SignDocument> = {}): SignDocument => ({ key: { usage: 'sign-message' }, lifetimeS: 60, ...more }) // biome-ignore format: one line

// biome-ignore format: a table
test('what leaves is signed as the first rule says that is for it', () => {
  const rules: OutRuleDocument[] = [
    { name: 'no resets', match: { actions: 'Reset', to: '*all' }, refuse: true },
    { match: { actions: 'Reset', link: { kinds: 'node' } }, carrier: 'signed', sign: sign({ key: { usage: 'sign-message', role: 'operations' }, claim: 'operations', representation: 'opaque' }) },
    { match: { link: { kinds: 'station' } }, carrier: 'strip' },
    { match: { kinds: ['CALLRESULT', 'CALLERROR'] }, carrier: 'members', sign: sign() },
  ]
  const plan = (more = {}) => planOutgoing([sending(...rules)], leaving(more))
  assert.deepEqual(plan(), { outcome: 'send', signatures: [{ key: { usage: 'sign-message', role: 'operations' }, claim: 'operations' }], representation: 'opaque', carrier: 'signed', lifetimeS: 60, rules: [{ policy: 'p', version: 1, list: 'out', index: 1 }] })
  assert.deepEqual(plan({ to: '*all' }), { outcome: 'reject', reason: 'refused-by-rule', rule: { policy: 'p', version: 1, list: 'out', index: 0 } })
  assert.deepEqual(plan({ action: 'Heartbeat' }), { outcome: 'reject', reason: 'no-rule', rule: { policy: 'p', version: 1, list: 'out', index: undefined } })
  assert.deepEqual(plan({ action: 'Heartbeat', link: { id: 'CS16', kind: 'station', proof: 'none' } }), { outcome: 'send', signatures: [], representation: 'json', carrier: 'strip', lifetimeS: undefined, rules: [{ policy: 'p', version: 1, list: 'out', index: 2 }] })
  assert.equal(plan({ kind: 'CALLERROR', action: 'Heartbeat' }).outcome, 'send')
  assert.deepEqual(planOutgoing([], leaving()), { outcome: 'reject', reason: 'no-rule', rule: undefined })
  const { decision, steps } = explainOutgoing([sending(...rules)], leaving())
  assert.deepEqual(decision, plan())
  assert.deepEqual(steps, [
    'CALL Reset to CS01, by NN01',
    'p out/0 (no resets) is not for it: not so that to is *all',
    'p out/1 is for it: signed by a key for sign-message of the role operations, as opaque, for 60 s, carrier signed',
  ])
})

// biome-ignore format: a table
test('several policies add their signatures, for the shortest lifetime, or nothing leaves', () => {
  const one = sending({ match: {}, carrier: 'members', sign: sign({ lifetimeS: 600 }) })
  const role = sending({ match: {}, carrier: 'members', sign: sign({ key: { usage: 'sign-message', role: 'owner' } }) })
  const both = planOutgoing([one, role, one], leaving())
  assert.ok(both.outcome === 'send')
  assert.deepEqual([both.lifetimeS, both.signatures.map(({ key }) => key.role)], [60, [undefined, 'owner']])
  const reasonOf = (...policies: (typeof one)[]) => {
    const plan = planOutgoing(policies, leaving())
    return plan.outcome === 'reject' && plan.reason
  }
  const strip = sending({ match: {}, carrier: 'strip' })
  assert.equal(reasonOf(one, strip), 'policies-disagree')
  assert.equal(reasonOf(one, sending({ match: {}, carrier: 'signed', sign: sign() })), 'policies-disagree')
  assert.equal(reasonOf(sending({ match: {}, carrier: 'signed', sign: sign() }), sending({ match: {}, carrier: 'signed', sign: sign({ representation: 'binary' }) })), 'policies-disagree')
  assert.equal(reasonOf(one, sending({ match: {}, refuse: true })), 'refused-by-rule')
  assert.equal(reasonOf(one, sending()), 'no-rule')
  assert.equal(reasonOf(strip, strip), false)
  assert.match(explainOutgoing([one, strip], leaving()).steps.at(-1) ?? '', /different forms/)
})

test('a rule of one list decides nothing in another', () => {
  const policy = forwarding({ match: {}, treat: 'pass' })
  assert.equal(judgeIncoming([policy], passing()).reason, 'no-rule')
  assert.equal(planOutgoing([policy], leaving()).outcome, 'reject')
})
