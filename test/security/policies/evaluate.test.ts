import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainIncoming, judgeIncoming } from '../../../src/security/policies/evaluate.ts'
import type { PolicyFacts, SignerFacts } from '../../../src/security/policies/facts.ts'
import type {
  InRuleDocument,
  MatchDocument,
  PayloadDocument,
  RequirementDocument,
} from '../../../src/security/policies/policy-document.ts'
import { compileSignaturePolicy } from '../../../src/security/policies/signature-policy.ts'
import {
  answer,
  attested,
  command,
  direct,
  document,
  edge,
  incoming,
  NOW,
  requiring,
  signer,
} from './messages.ts'

/** What rules ask for, one demand after the other. */

const reasonBy = (require: RequirementDocument, facts: PolicyFacts) =>
  judgeIncoming([requiring(require)], facts).reason ?? 'accepted'

type Row = readonly [what: string, RequirementDocument, PolicyFacts, reason: string]

function check(rows: readonly Row[]) {
  for (const [what, require, facts, reason] of rows) {
    assert.equal(reasonBy(require, facts), reason, what)
    const { outcome } = judgeIncoming([requiring(require)], facts)
    assert.equal(outcome, reason === 'accepted' ? 'accept' : 'reject', what)
  }
}

// biome-ignore format: a table
test('end to end is what its originator, or who is entitled to speak for it, has signed', () => {
  check([
    ['signed by its originator', {}, command(), 'accepted'],
    ['in another letter case', {}, command({ from: 'csms01' }), 'accepted'],
    ['by an entitled key', {}, command({ signers: [signer('alice', { isEntitled: true })] }), 'accepted'],
    ['by nobody', {}, command({ signers: [], form: 'none' }), 'unsigned'],
    ['by nobody who is known', {}, command({ signers: [], unknownKeys: 1 }), 'unknown-keys'],
    ['by somebody else', {}, command({ signers: [signer('CSMS02')] }), 'not-by-originator'],
    ['by a hop only', {}, command({ signers: [edge('CSMS01')] }), 'not-by-originator'],
    ['by a hop that is the originator', {}, command({ signers: [signer('CSMS01', { att: { by: 'CSMS01', prev: 'X', link: 'mtls', verified: [] } })] }), 'not-by-originator'],
    ['a form that is not ours', {}, command({ form: 'oca' }), 'assurance'],
    ['the legacy form', {}, command({ form: 'legacy' }), 'assurance'],
    ['signatures, and no form', {}, command({ form: 'none' }), 'assurance'],
    ['with a broken signature beside', {}, command({ problem: 'signature-invalid' }), 'signature-invalid'],
    ['a replay', {}, command({ problem: 'replayed' }), 'replayed'],
    ['asked for nothing, a broken signature is none', { assurance: 'none' }, command({ problem: 'signature-invalid' }), 'accepted'],
    ['asked for nothing, nothing is needed', { assurance: 'none' }, command({ signers: [], form: 'none' }), 'accepted'],
    ['but asked for a signer, it counts', { assurance: 'none', signers: [{ roles: 'operations' }] }, command({ problem: 'replayed' }), 'replayed'],
    ['no signer where one is asked for', { assurance: 'none', signers: [{ roles: 'operations' }] }, command({ signers: [] }), 'unsigned'],
  ])
})

// biome-ignore format: a table
test('attested is what an entitled edge saw come from its originator', () => {
  const need: RequirementDocument = { assurance: 'attested' }
  const by = (more: Partial<SignerFacts>) => attested({ signers: [edge('CS16', more)] })
  const at = (prev: string, link: 'mtls' | 'none' = 'mtls', owner = 'NN01') => ({ by: owner, prev, link, verified: [] })
  check([
    ['by an edge', need, attested(), 'accepted'],
    ['signed end to end is more', need, command(), 'accepted'],
    ['by a node that is not entitled', need, by({ isEntitled: false }), 'not-attested'],
    ['by a hop that saw another hop', need, by({ att: at('NN07') }), 'not-attested'],
    ['in the name of another node', need, by({ att: at('CS16', 'mtls', 'NN02') }), 'not-attested'],
    ['where the link proved nothing', need, by({ att: at('CS16', 'none') }), 'not-attested'],
    ['about another station', need, attested({ from: 'CS17' }), 'not-attested'],
    ['by nobody', need, attested({ signers: [] }), 'unsigned'],
    ['more is asked for', { assurance: 'oca' }, attested(), 'not-by-originator'],
    ['end to end is asked for', {}, attested(), 'not-by-originator'],
    ['this node is the edge', need, direct(), 'accepted'],
    ['the peer proved nothing', need, direct({ neighbour: { id: 'CS16', kind: 'station', proof: 'none' } }), 'unsigned'],
    ['the peer speaks for another', need, direct({ from: 'CS17' }), 'unsigned'],
    ['a node is no standard peer', need, direct({ neighbour: { id: 'CS16', kind: 'node', proof: 'mtls' } }), 'unsigned'],
    ['with what cannot be verified', need, direct({ problem: 'entries-malformed' }), 'entries-malformed'],
    ['foreign signature and edge', { assurance: 'oca' }, attested({ form: 'oca', signers: [signer('CS16'), edge('CS16')] }), 'accepted'],
    ['foreign signature without an edge', { assurance: 'oca' }, attested({ form: 'oca', signers: [signer('CS16')] }), 'assurance'],
    ['an edge without the foreign signature', { assurance: 'oca' }, attested({ form: 'oca' }), 'not-by-originator'],
    ['foreign signature alone proves nothing', { assurance: 'legacy' }, attested({ form: 'oca', signers: [signer('CS16')] }), 'assurance'],
    ['the legacy form', { assurance: 'legacy' }, command({ form: 'legacy' }), 'accepted'],
    ['the legacy form is not attested', need, command({ form: 'legacy' }), 'not-attested'],
  ])
})

// biome-ignore format: a table
test('those who have to sign are counted by person, and a hop is none of them', () => {
  const own = signer('CSMS01', { organisation: 'acme' })
  const by = (...signers: SignerFacts[]) => command({ signers: [own, ...signers] })
  const two = (...signers: SignerFacts[]) => [{ signers: [{ roles: 'owner', atLeast: 2 }] } as RequirementDocument, by(...signers)] as const
  const owner = (name: string, more: Partial<SignerFacts> = {}) => signer(name, { roles: ['owner'], ...more })
  const both: RequirementDocument = { signers: [{ roles: 'owner' }, { roles: 'operations' }] }
  check([
    ['a role', { signers: [{ roles: ['owner', 'operations'] }] }, by(), 'accepted'],
    ['another role', { signers: [{ roles: 'owner' }] }, by(), 'signers'],
    ['a kid', { signers: [{ kids: ['x', 'kid-CSMS01'] }] }, by(), 'accepted'],
    ['another kid', { signers: [{ kids: 'kid-csms01' }] }, by(), 'signers'],
    ['an owner', { signers: [{ owners: 'csms*' }] }, by(), 'accepted'],
    ['another owner', { signers: [{ owners: 'NN*' }] }, by(), 'signers'],
    ['an organisation', { signers: [{ organisations: 'acme' }] }, by(), 'accepted'],
    ['another organisation', { signers: [{ organisations: 'other' }] }, by(), 'signers'],
    ['no organisation', { signers: [{ organisations: 'acme' }] }, command(), 'signers'],
    ['all that is named', { signers: [{ roles: 'operations', organisations: 'acme', owners: 'CSMS*' }] }, by(), 'accepted'],
    ['one of it missing', { signers: [{ roles: 'operations', organisations: 'other' }] }, by(), 'signers'],
    ['one person has this, another that', { signers: [{ roles: 'owner', organisations: 'acme' }] }, by(owner('bob')), 'signers'],
    ['two of two', ...two(owner('alice'), owner('bob')), 'accepted'],
    ['one of two', ...two(owner('alice')), 'signers'],
    ['one person with two keys', ...two(owner('alice'), owner('ALICE', { kid: 'second' })), 'signers'],
    ['a hop is none of them', ...two(owner('alice'), edge('CSMS01', { roles: ['owner'] })), 'signers'],
    ['two keys where keys count', { ...two()[0], distinct: 'keys' }, by(owner('alice'), owner('alice', { kid: 'second' })), 'accepted'],
    ['one key twice where keys count', { ...two()[0], distinct: 'keys' }, by(owner('alice'), owner('alice')), 'signers'],
    ['two groups', both, by(owner('alice')), 'accepted'],
    ['one person for two groups', both, command({ signers: [signer('CSMS01', { roles: ['owner', 'operations'] })] }), 'signers'],
    ['who fits both makes room', both, command({ signers: [signer('CSMS01', { roles: ['owner', 'operations'] }), owner('alice')] }), 'accepted'],
    ['and does so in any order', both, command({ signers: [owner('alice'), signer('CSMS01', { roles: ['owner', 'operations'] })] }), 'accepted'],
    ['with three there are two of each', { signers: [{ roles: 'owner', atLeast: 2 }, { roles: 'operations' }] }, by(owner('alice'), owner('bob')), 'accepted'],
    ['all sign, the originator does not', { signers: [{ roles: 'owner' }] }, command({ signers: [owner('alice')] }), 'not-by-originator'],
  ])
})

// biome-ignore format: a table
test('signatures of other algorithms do not count', () => {
  const strong = { algorithms: ['Ed25519', 'ML-DSA-65'] } as const
  check([
    ['by a weak one', strong, command(), 'algorithm'],
    ['by both', strong, command({ signers: [signer('CSMS01'), signer('CSMS01', { algorithm: 'Ed25519', kid: 'k' })] }), 'accepted'],
    ['a strong one of somebody else', strong, command({ signers: [signer('CSMS01'), signer('bob', { algorithm: 'Ed25519' })] }), 'algorithm'],
    ['a weak edge', { ...strong, assurance: 'attested' }, attested(), 'algorithm'],
    ['a weak second signer', { ...strong, signers: [{ roles: 'owner' }] }, command({ signers: [signer('CSMS01', { algorithm: 'Ed25519' }), signer('bob', { roles: ['owner'] })] }), 'signers'],
    ['rights by a weak one', { ...strong, permitted: true }, command({ signers: [signer('CSMS01'), signer('CSMS01', { algorithm: 'Ed25519', kid: 'k', isPermitted: false })] }), 'role'],
  ])
})

// biome-ignore format: a table
test('rights, freshness, time, binding, upstream and way are demands of their own', () => {
  const denied = [signer('CSMS01', { isPermitted: false })]
  const data: RequirementDocument = { data: [{ pointer: '/tariff', ctx: 'urn:tariff', roles: 'mobility-provider' }] }
  const signed = (more: object) => command({ data: [{ pointer: '/tariff', ctx: 'urn:tariff', signers: [signer('EMP', { roles: ['mobility-provider'] })], ...more }] })
  check([
    ['permitted', { permitted: true }, command(), 'accepted'],
    ['not permitted', { permitted: true }, command({ signers: denied }), 'role'],
    ['permitted to somebody else', { permitted: true }, command({ signers: [...denied, signer('bob')] }), 'role'],
    ['answers need no rights', { permitted: true }, answer(), 'accepted'],
    ['live', { replay: 'live' }, command(), 'accepted'],
    ['queued is not live', { replay: 'live' }, command({ replay: 'queued' }), 'not-fresh'],
    ['live is more than queued', { replay: 'queued' }, command(), 'accepted'],
    ['nobody judged it', { replay: 'queued' }, command({ replay: undefined }), 'not-fresh'],
    ['answers are fresh otherwise', { replay: 'live' }, answer(), 'accepted'],
    ['just in time', { maxAgeS: 10 }, command({ nowS: NOW + 10 }), 'accepted'],
    ['too late', { maxAgeS: 10 }, command({ nowS: NOW + 11 }), 'not-recent'],
    ['a little ahead', { maxAgeS: 10 }, command({ nowS: NOW - 30 }), 'accepted'],
    ['far ahead', { maxAgeS: 10 }, command({ nowS: NOW - 31 }), 'not-recent'],
    ['no clock there', { maxAgeS: 10 }, command({ iat: 0 }), 'not-recent'],
    ['no clock here', { maxAgeS: 10 }, command({ nowS: undefined }), 'not-recent'],
    ['no time at all', { maxAgeS: 10 }, command({ iat: undefined }), 'not-recent'],
    ['no number', { maxAgeS: 10 }, command({ nowS: Number.NaN }), 'not-recent'],
    ['an answer to an open request', {}, answer(), 'accepted'],
    ['an answer to none', {}, answer({ isReplyBound: false }), 'not-bound'],
    ['an error to none', {}, answer({ kind: 'CALLERROR', isReplyBound: false }), 'not-bound'],
    ['where binding is not asked for', { replyBinding: false }, answer({ isReplyBound: false }), 'accepted'],
    ['the primary upstream', { primaryUpstream: true }, command({ isPrimaryUpstream: true }), 'accepted'],
    ['another upstream', { primaryUpstream: true }, command(), 'not-primary-upstream'],
    ['only these', { path: { only: 'NN*' } }, command(), 'accepted'],
    ['also others', { path: { only: 'NN*' } }, command({ path: ['CSMS01', 'EVIL', 'NN01'] }), 'path'],
    ['through one', { path: { through: ['NN01', 'NN02'] } }, command(), 'accepted'],
    ['not through one', { path: { through: 'NN02' } }, command(), 'path'],
    ['the originator is not passed', { path: { through: 'CSMS01' } }, command(), 'path'],
    ['not through that one', { path: { not: 'NN01' } }, command(), 'path'],
    ['data signed', data, signed({}), 'accepted'],
    ['data not signed', data, command(), 'data-unsigned'],
    ['data elsewhere', data, signed({ pointer: '/other' }), 'data-unsigned'],
    ['other data', data, signed({ ctx: 'urn:ticket' }), 'data-unsigned'],
    ['data by nobody', data, signed({ signers: [] }), 'data-unsigned'],
    ['data by another role', data, signed({ signers: [signer('EMP')] }), 'data-unsigned'],
    ['data by a hop', data, signed({ signers: [edge('EMP', { roles: ['mobility-provider'] })] }), 'data-unsigned'],
  ])
})

// biome-ignore format: a table
test('the first rule that matches decides, and what no rule matches is rejected', () => {
  const match = (one: MatchDocument, facts = command()) => {
    const { reason, rule } = judgeIncoming([incoming({ match: one, refuse: true })], facts)
    return [reason === 'refused-by-rule', rule?.index === 0 ? rule.index : rule?.index]
  }
  const rows: [MatchDocument, boolean, PolicyFacts?][] = [
    [{}, true], [{ kinds: 'CALL' }, true], [{ kinds: ['SEND', 'CALL'] }, true], [{ kinds: 'SEND' }, false],
    [{ actions: 'Reset' }, true], [{ actions: 'reset' }, false], [{ actions: ['A', 'Re*'] }, true], [{ actions: 'Re' }, false],
    [{ actions: '*' }, true, command({ action: '' })], [{ actions: 'R*' }, false, command({ action: '' })],
    [{ to: 'cs01' }, true], [{ to: 'CS0*' }, true], [{ to: 'CS02' }, false],
    [{ toGroup: false }, true], [{ toGroup: true }, false], [{ toGroup: true }, true, command({ to: '*all' })],
    [{ from: 'csms*' }, true], [{ from: 'NN01' }, false],
    [{ origin: ['local', 'node'] }, true], [{ origin: 'csms' }, false],
    [{ neighbour: { kinds: 'node' } }, true], [{ neighbour: { kinds: 'station' } }, false],
    [{ neighbour: { ids: 'nn*' } }, true], [{ neighbour: { ids: 'CSMS01' } }, false], [{ neighbour: { kinds: 'station', ids: 'NN01' } }, false],
    [{ payload: [{ pointer: '/type', equals: 'Immediate' }] }, true], [{ payload: [{ pointer: '/type', equals: 'OnIdle' }] }, false],
    [{ payload: [{ pointer: '/type', equals: 'Immediate' }, { pointer: '/evseId', equals: 1 }] }, false],
    [{ payload: [{ pointer: '/a/*', lessThan: 1 }] }, true, command({ payload: { a: [5, 0] } })], [{ payload: [{ pointer: '/a/*', lessThan: 1 }] }, false, command({ payload: { a: [] } })],
  ]
  for (const [one, expected, facts] of rows) {
    assert.deepEqual(match(one, facts), [expected, expected ? 0 : undefined], JSON.stringify(one))
  }
  const rules: InRuleDocument[] = [{ match: { actions: 'Re*' }, require: {} }, { match: { actions: 'Reset' }, refuse: true }, { match: {}, refuse: true, onFailure: 'drop' }]
  assert.deepEqual(judgeIncoming([incoming(...rules)], command()), { outcome: 'accept', reason: undefined, rule: { policy: 'p', version: 1, list: 'in', index: 0 } })
  assert.deepEqual(judgeIncoming([incoming(...rules)], command({ action: 'Heartbeat' })), { outcome: 'drop', reason: 'refused-by-rule', rule: { policy: 'p', version: 1, list: 'in', index: 2 } })
  assert.deepEqual(judgeIncoming([incoming()], command()), { outcome: 'reject', reason: 'no-rule', rule: { policy: 'p', version: 1, list: 'in', index: undefined } })
  assert.deepEqual(judgeIncoming([], command()), { outcome: 'reject', reason: 'no-rule', rule: undefined })
})

test('a rule that looks into a payload that cannot be read lets no other rule decide', () => {
  const payload: PayloadDocument[] = [{ pointer: '/type', equals: 'OnIdle' }]
  const looks: InRuleDocument = { match: { actions: 'Reset', payload }, refuse: true, onFailure: 'allow-and-alert', until: '2099-01-01T00:00:00Z' } // biome-ignore format: one line
  const policy = incoming(looks, { match: {}, require: {} })
  assert.equal(judgeIncoming([policy], command()).outcome, 'accept')
  const unreadable = judgeIncoming([policy], command({ payload: undefined }))
  assert.deepEqual([unreadable.outcome, unreadable.reason], ['reject', 'payload-unreadable'])
  assert.equal(judgeIncoming([policy], command({ action: 'X', payload: undefined })).outcome, 'accept') // biome-ignore format: one line
})

test('what fails is rejected, dropped or quarantined as the rule says', () => {
  const by = (more: Partial<InRuleDocument>, facts = command({ signers: [] })) =>
    judgeIncoming([incoming({ match: {}, require: {}, ...more })], facts)
  assert.deepEqual([by({}).outcome, by({}).reason], ['reject', 'unsigned'])
  assert.equal(by({ onFailure: 'reject' }).outcome, 'reject')
  assert.equal(by({ onFailure: 'drop' }).outcome, 'drop')
  assert.equal(by({ onFailure: 'quarantine' }).outcome, 'quarantine')
  assert.equal(by({ onFailure: 'quarantine' }, command()).outcome, 'accept')
})

test('allow-and-alert ends when it was said to end', () => {
  const until = new Date((NOW + 100) * 1_000).toISOString()
  const at = (nowS: number | undefined) => {
    const policy = incoming({ match: {}, require: {}, onFailure: 'allow-and-alert', until })
    const { outcome, reason } = judgeIncoming([policy], command({ signers: [], nowS }))
    assert.equal(reason, 'unsigned')
    return outcome
  }
  assert.equal(at(NOW), 'allow-and-alert')
  assert.equal(at(NOW + 99), 'allow-and-alert')
  assert.equal(at(NOW + 100), 'reject')
  assert.equal(at(NOW + 1_000_000), 'reject')
  assert.equal(at(Number.NaN), 'reject')
  assert.equal(at(undefined), 'reject', 'without a clock it is over')
})

test('of several policies the strictest outcome counts, of equal ones the first', () => {
  const until = '2099-01-01T00:00:00Z'
  const named = (name: string, rule: Partial<InRuleDocument>) =>
    compileSignaturePolicy(document({ name, in: [{ match: {}, ...rule }] }))
  const policies = [
    named('reject', { refuse: true }),
    named('drop', { refuse: true, onFailure: 'drop' }),
    named('quarantine', { refuse: true, onFailure: 'quarantine' }),
    named('alert', { refuse: true, onFailure: 'allow-and-alert', until }),
    named('accept', { require: {} }),
  ]
  const by = (...list: typeof policies) => judgeIncoming(list, command()).rule?.policy
  for (const [i, strict] of policies.entries()) {
    for (const mild of policies.slice(i)) {
      assert.equal(by(strict, mild), strict.name)
      assert.equal(by(mild, strict), strict.name)
    }
  }
  assert.equal(by(named('one', { refuse: true }), named('two', { refuse: true })), 'one')
})

test('an explanation shows each rule that was looked at, and comes to the same decision', () => {
  const rules: InRuleDocument[] = [
    { match: { kinds: 'SEND' }, refuse: true },
    { match: { actions: ['Set*', 'Get*'] }, refuse: true },
    { match: { from: 'NN*' }, refuse: true },
    { match: { payload: [{ pointer: '/type', equals: 'OnIdle' }] }, refuse: true },
    { name: 'by two', match: { actions: 'Reset' }, require: { signers: [{ roles: 'owner' }] } },
    { match: {}, require: {} },
  ]
  const policies = [incoming(...rules), incoming()]
  const { decision, steps } = explainIncoming(policies, command())
  assert.deepEqual(decision, judgeIncoming(policies, command()))
  assert.deepEqual(steps, [
    'CALL Reset from CSMS01 (node) to CS01, by NN01 (mtls): assurance e2e, signed by CSMS01 [operations]',
    'p in/0 is not for it: not so that kind is SEND',
    'p in/1 is not for it: not so that action is Set* or Get*',
    'p in/2 is not for it: not so that from is NN*',
    'p in/3 is not for it: not so that /type is "OnIdle"',
    'p in/4 (by two) is for it: reject, signers: signatures of those who have to sign are missing',
    'p: no rule is for it, and what no rule is for is rejected',
  ])
  const attack = explainIncoming([requiring({})], command({ signers: [], problem: 'replayed' }))
  assert.match(attack.steps.at(-1) ?? '', /is for it: reject, replayed$/)
  assert.match(attack.steps[0] ?? '', /assurance none, signed by nobody known$/)
})
