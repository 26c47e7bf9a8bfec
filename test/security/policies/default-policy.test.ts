import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actionsOf } from '../../../src/messages/actions.ts'
import { PROTOCOLS } from '../../../src/messages/protocols.ts'
import { DEFAULT_POLICY, INSECURE_POLICY } from '../../../src/security/policies/default-policy.ts'
import { judgeForwarded, judgeIncoming } from '../../../src/security/policies/evaluate.ts'
import type { PolicyFacts } from '../../../src/security/policies/facts.ts'
import { planOutgoing } from '../../../src/security/policies/outgoing.ts'
import { compileSignaturePolicy } from '../../../src/security/policies/signature-policy.ts'
import { answer, attested, command, direct, edge, leaving, passing, signer } from './messages.ts'

/** What holds where nobody says anything else. */

const standard = [compileSignaturePolicy(DEFAULT_POLICY)]
const insecure = [compileSignaturePolicy(INSECURE_POLICY)]

const decide = (facts: PolicyFacts) => {
  const { outcome, reason, rule } = judgeIncoming(standard, facts)
  return [DEFAULT_POLICY.in[rule?.index ?? -1]?.name?.slice(0, 1), reason ?? outcome]
}

const stripped = { signers: [], form: 'none' } as const
const byOther = { signers: [signer('EVIL')] }
const withoutRights = { signers: [signer('CSMS01', { isPermitted: false })] }

// biome-ignore format: a table
test('rule 1: whom the network obeys, and what is laid through it, needs an entitled key', () => {
  for (const action of ['UpdateSignaturePolicy', 'AddUserRole', 'DeleteUserRole', 'AddKeyRecord', 'SendRevocationList', 'SetGridLimit', 'SendFile', 'StreamOpen', 'SetRoute']) {
    assert.deepEqual(decide(command({ action })), ['1', 'accept'], action)
    assert.deepEqual(decide(command({ action, ...stripped })), ['1', 'unsigned'], action)
    assert.deepEqual(decide(command({ action, ...byOther })), ['1', 'not-by-originator'], action)
    assert.deepEqual(decide(command({ action, ...withoutRights })), ['1', 'role'], action)
    assert.deepEqual(decide(command({ action, replay: 'queued' })), ['1', 'not-fresh'], action)
    assert.deepEqual(decide(command({ action, kind: 'SEND', ...stripped })), ['1', 'unsigned'], action)
    assert.deepEqual(decide(answer({ action, ...stripped })), ['1', 'unsigned'], action)
    assert.deepEqual(decide(attested({ action, isPrimaryUpstream: true })), ['1', 'not-by-originator'], 'no edge vouches for that')
    assert.deepEqual(decide(direct({ action, isPrimaryUpstream: true })), ['1', 'unsigned'], action)
  }
})

// biome-ignore format: a table
test('rule 3: DataTransfer between nodes takes a role, for it may be any command; what stations say to their CSMS takes none', () => {
  const action = 'DataTransfer'
  assert.deepEqual(decide(command({ action })), ['3', 'accept'])
  assert.deepEqual(decide(command({ action, ...withoutRights })), ['3', 'role'])
  for (const to of ['CSMS', 'CentralSystem', 'acme/CSMS', 'csms']) assert.deepEqual(decide(command({ action, to, ...withoutRights })), ['3', 'accept'], to)
  for (const to of ['CSMS01', 'CS01', 'xCSMS', 'CSMS/x']) assert.deepEqual(decide(command({ action, to, ...withoutRights })), ['3', 'role'], to)
  assert.deepEqual(decide(command({ action, to: 'CSMS', ...stripped })), ['3', 'unsigned'])
})

test('no action of OCPP is taken for one of ours', () => {
  const { actions } = DEFAULT_POLICY.in[0]?.match ?? {}
  assert.ok(actions)
  for (const action of PROTOCOLS.flatMap((protocol) => [...actionsOf(protocol).keys()])) {
    assert.notEqual(decide(command({ action }))[0], '1', action)
  }
})

// biome-ignore format: a table
test('rule 2: an entitled edge vouches for a standard peer, which commands only from the primary upstream', () => {
  assert.deepEqual(decide(attested()), ['2', 'accept'])
  assert.deepEqual(decide(direct()), ['2', 'accept'])
  assert.deepEqual(decide(attested({ kind: 'CALLRESULT', isReplyBound: true })), ['2', 'accept'])
  assert.deepEqual(decide(attested({ kind: 'CALLRESULT' })), ['2', 'not-bound'])
  assert.deepEqual(decide(attested({ ...stripped })), ['2', 'unsigned'])
  assert.deepEqual(decide(attested({ signers: [edge('CS16', { isEntitled: false })] })), ['2', 'not-attested'])
  assert.deepEqual(decide(attested({ signers: [edge('CS17')] })), ['2', 'not-attested'])
  assert.deepEqual(decide(attested({ problem: 'replayed' })), ['2', 'replayed'])
  assert.deepEqual(decide(direct({ neighbour: { id: 'CS16', kind: 'station', proof: 'none' } })), ['2', 'unsigned'])

  const upstream = { from: 'BACKEND', origin: 'csms', action: 'Reset', to: 'CS16', signers: [edge('BACKEND')] } as const
  assert.deepEqual(decide(attested({ ...upstream, isPrimaryUpstream: true })), ['2', 'accept'])
  assert.deepEqual(decide(attested(upstream)), ['2', 'not-primary-upstream'])
  assert.deepEqual(decide(attested({ ...upstream, kind: 'SEND' })), ['2', 'not-primary-upstream'])
  assert.deepEqual(decide(attested({ ...upstream, action: 'DataTransfer' })), ['2', 'not-primary-upstream'], 'it may hide a command')
  assert.deepEqual(decide(attested({ ...upstream, action: 'Unheard' })), ['2', 'not-primary-upstream'])
  assert.deepEqual(decide(attested({ ...upstream, kind: 'CALLRESULT', action: 'Heartbeat', isReplyBound: true })), ['2', 'accept'])
  assert.deepEqual(decide(attested({ ...upstream, isPrimaryUpstream: true, ...stripped })), ['2', 'unsigned'])
})

test('rule 2: a standard station commands nobody, whoever vouches for it', () => {
  const commands = PROTOCOLS.flatMap((protocol) =>
    [...actionsOf(protocol)].filter(([, { from }]) => from === 'csms').map(([action]) => action),
  )
  assert.ok(commands.length > 60)
  for (const action of commands) {
    assert.deepEqual(decide(attested({ action, isPrimaryUpstream: true })), ['2', 'refused-by-rule'], action) // biome-ignore format: one line
  }
})

// biome-ignore format: a table
test('rule 3: a node commands by an entitled key, end to end', () => {
  for (const origin of ['node', 'local'] as const) {
    const is = (more: Partial<PolicyFacts> = {}) => decide(command({ origin, ...more }))
    assert.deepEqual(is(), ['3', 'accept'])
    assert.deepEqual(is({ action: 'SetVariables', ...stripped }), ['3', 'unsigned'])
    assert.deepEqual(is({ signers: [], unknownKeys: 2 }), ['3', 'unknown-keys'])
    assert.deepEqual(is(byOther), ['3', 'not-by-originator'])
    assert.deepEqual(is(withoutRights), ['3', 'role'])
    assert.deepEqual(is({ replay: 'queued' }), ['3', 'not-fresh'])
    assert.deepEqual(is({ problem: 'expired' }), ['3', 'expired'])
    assert.deepEqual(is({ signers: [edge('CSMS01')] }), ['3', 'not-by-originator'], 'no edge vouches for a node')
    assert.deepEqual(is({ form: 'oca' }), ['3', 'assurance'])
    assert.deepEqual(is({ form: 'legacy' }), ['3', 'assurance'])
    assert.deepEqual(is({ ...stripped, isPrimaryUpstream: true }), ['3', 'unsigned'])
  }
})

// biome-ignore format: a table
test('rule 4: between nodes everything is signed end to end, both ways', () => {
  const event = (more: Partial<PolicyFacts> = {}) => command({ action: 'TransactionEvent', from: 'CS01', to: 'CSMS01', replay: 'queued', signers: [signer('CS01', { isPermitted: false })], ...more })
  assert.deepEqual(decide(event()), ['4', 'accept'])
  assert.deepEqual(decide(event(stripped)), ['4', 'unsigned'])
  assert.deepEqual(decide(event(byOther)), ['4', 'not-by-originator'])
  assert.deepEqual(decide(event({ replay: undefined })), ['4', 'not-fresh'])
  assert.deepEqual(decide(event({ signers: [edge('CS01')] })), ['4', 'not-by-originator'], 'whoever strips a node does not make it a station')
  assert.deepEqual(decide(answer()), ['4', 'accept'])
  assert.deepEqual(decide(answer(stripped)), ['4', 'unsigned'])
  assert.deepEqual(decide(answer({ isReplyBound: false })), ['4', 'not-bound'])
  for (const kind of ['CALLERROR', 'CALLRESULTERROR'] as const) {
    assert.deepEqual(decide(answer({ kind })), ['4', 'accept'])
    assert.deepEqual(decide(answer({ kind, ...stripped })), ['4', 'unsigned'])
  }
  assert.deepEqual(decide(answer({ to: 'CS16', action: 'BootNotification' })), ['4', 'accept'], 'also for a standard peer')
})

test('rule 5: everything else is refused, also what has no action', () => {
  const unknown = { origin: 'stranger' as 'node' }
  assert.deepEqual(decide(command(unknown)), ['5', 'refused-by-rule'])
  assert.deepEqual(decide(command({ action: '', ...stripped })), ['4', 'unsigned'])
})

test('what leaves is signed, and what a standard peer gets is stripped', () => {
  const to = (kind: 'node' | 'station' | 'csms' | 'local') =>
    planOutgoing(standard, leaving({ link: { id: 'X', kind, proof: 'mtls' } }))
  for (const [kind, carrier] of Object.entries({ node: 'members', local: 'members', station: 'strip', csms: 'strip' })) {
    const plan = to(kind as 'node')
    assert.ok(plan.outcome === 'send', kind)
    assert.deepEqual([plan.carrier, plan.representation, plan.lifetimeS, plan.signatures.length], [carrier, 'json', 60, 1], kind)
  } // biome-ignore format: the head is one line
})

test('an edge vouches for its standard peers, and nodes in the middle pass things on', () => {
  const from = (kind: 'node' | 'station' | 'csms', more: object = {}) =>
    judgeForwarded(standard, passing({ neighbour: { id: 'X', kind, proof: 'mtls' }, ...more }))
  assert.deepEqual([from('station').outcome, from('station').attest], ['accept', true])
  assert.deepEqual([from('csms').outcome, from('csms').attest], ['accept', true])
  assert.deepEqual([from('node').outcome, from('node').attest], ['accept', false])
  const wrong = from('station', { problem: 'signature-invalid' })
  assert.deepEqual([wrong.outcome, wrong.attest], ['reject', false])
})

test('the insecure preset takes, sends and passes everything, and says so', () => {
  const all = [command(), command({ ...stripped, problem: 'signature-invalid' }), command({ problem: 'replayed', replay: undefined, iat: undefined, nowS: undefined }), answer({ ...stripped, isReplyBound: false }), attested(byOther), direct({ action: 'Reset' })] // biome-ignore format: one line
  for (const facts of all) assert.equal(judgeIncoming(insecure, facts).outcome, 'accept')
  assert.deepEqual(judgeForwarded(insecure, passing(stripped)).outcome, 'accept')
  const plan = planOutgoing(insecure, leaving())
  assert.ok(plan.outcome === 'send' && plan.signatures.length === 0)
  assert.match(INSECURE_POLICY.description ?? '', /INSECURE/)
})

test('the same bytes take effect under the insecure preset and are refused by default', () => {
  const attack = command({ action: 'SetVariables', ...stripped })
  assert.equal(judgeIncoming(insecure, attack).outcome, 'accept')
  assert.deepEqual(decide(attack), ['3', 'unsigned'])
  assert.equal(judgeIncoming([...insecure, ...standard], attack).outcome, 'reject')
})
