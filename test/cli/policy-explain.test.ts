import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainFrame } from '../../src/cli/commands/policy-explain.ts'
import { canonicalize } from '../../src/security/canonical.ts'
import type { MessageFields } from '../../src/security/header.ts'
import { KeyDirectory } from '../../src/security/keys/key-directory.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { signStatement } from '../../src/security/statement.ts'
import { signerOf, usualRecordOf } from '../support/secured.ts'

/** What a node called CSMS01 says of frames that it received. */

const config = { nodeId: 'CSMS01', role: 'csms' } as const
const trust = {
  directory: new KeyDirectory(['CSMS01', 'NN01', 'OWNER01', 'GUEST'].map(usualRecordOf)),
  rules: { policies: [DEFAULT_POLICY], roles: PRESET_ROLES },
}
const explain = (frame: readonly unknown[], more: object = {}) => explainFrame(Buffer.from(JSON.stringify(frame)), { config, trust, protocol: 'ocpp2.1', ...more }) // biome-ignore format: one line

async function signed(
  by: string,
  action: string,
  payload: object = {},
  more: Partial<MessageFields> = {},
) {
  // biome-ignore format: one line
  const fields = { ocpp: 'ocpp2.1', ctx: `urn:wattweave:ocpp2.1:${action}:request`, OCPPAction: action, OCPPMessageTypedId: 2, id: '01890a5d-ac96-774b-bcce-b302099a8057', from: by, to: 'CSMS', iat: 1_795_000_000, exp: 1_795_000_060, nonce: 'AAAAAAAAAAAAAAAAAAAAAA', ...more } as MessageFields // biome-ignore format: one line
  return { ...payload, signatures: [await signStatement(canonicalize(payload), fields, signerOf(by))] } // biome-ignore format: one line
}

test('what an owner asks for is accepted by the rule that is for it, and each rule before is said not to be', async () => {
  const { decision, steps } = explain([2, 'CSMS', ['OWNER01'], 'm1', 'AddUserRole', await signed('OWNER01', 'AddUserRole')]) // biome-ignore format: one line
  assert.deepEqual([decision.outcome, decision.rule?.index], ['accept', 0])
  assert.match(steps[0] ?? '', /^CALL AddUserRole from OWNER01 \(node\) to CSMS, .*assurance e2e, signed by OWNER01 \[owner\]/) // biome-ignore format: one line
  assert.match(steps.at(-1) ?? '', /default in\/0 \(1 keys, policies.*is for it: accept/)
})

test('what a technician may not ask for names the user role that does not permit it', async () => {
  const { decision, steps } = explain([2, 'CSMS', ['GUEST'], 'm1', 'AddUserRole', await signed('GUEST', 'AddUserRole')]) // biome-ignore format: one line
  assert.deepEqual([decision.outcome, decision.reason], ['reject', 'role'])
  assert.match(steps.at(-1) ?? '', /^user roles of GUEST: .*technician.*does not allow it/)
})

test('of several variables of which a role permits some the others are named', async () => {
  const item = (component: string) => ({ component: { name: component }, variable: { name: 'X' }, attributeValue: '1' }) // biome-ignore format: one line
  const payload = { setVariableData: [item('SecurityCtrlr'), item('EVSE')] }
  const { decision, steps } = explain([2, 'CSMS', ['CSMS01'], 'm1', 'SetVariables', await signed('CSMS01', 'SetVariables', payload)]) // biome-ignore format: one line
  assert.equal(decision.outcome, 'accept')
  assert.equal(steps.at(-1), 'without SecurityCtrlr/X, which no user role permits: accept')
})

// biome-ignore format: a table
const REFUSED: readonly [string, () => Promise<readonly unknown[]>, string][] = [
  ['nobody signed', async () => [2, 'CSMS', ['OWNER01'], 'm1', 'AddUserRole', {}], 'unsigned'],
  ['was changed', async () => [2, 'CSMS', ['OWNER01'], 'm1', 'AddUserRole', { ...(await signed('OWNER01', 'AddUserRole')), dryRun: true }], 'signature-invalid'],
  ['was signed for somebody else', async () => [2, 'CSMS', ['OWNER01'], 'm1', 'AddUserRole', await signed('OWNER01', 'AddUserRole', {}, { to: 'NN01' })], 'not-this-message'],
  ['comes in the name of another', async () => [2, 'CSMS', ['GUEST'], 'm1', 'AddUserRole', await signed('OWNER01', 'AddUserRole')], 'not-this-message'],
  ['was signed by a key nobody knows', async () => [2, 'CSMS', ['CS01'], 'm1', 'Heartbeat', await signed('CS01', 'Heartbeat', {}, { from: 'CS01' })], 'unknown-keys'],
]
for (const [what, make, reason] of REFUSED) {
  test(`of a frame that ${what} the reason is ${reason}`, async () => {
    const { decision } = explain(await make())
    assert.deepEqual([decision.outcome, decision.reason], ['reject', reason])
  })
}

test('what is for somebody else is judged by the rules for what passes', () => {
  const { decision, steps } = explain([
    2,
    'CS01',
    ['OWNER01'],
    'm1',
    'Reset',
    { type: 'Immediate' },
  ])
  assert.deepEqual([decision.outcome, decision.rule?.list], ['accept', 'forward'])
  assert.ok(steps.some((step) => step === 'it is for CS01, so this node only passes it on'))
})

test('what a frame does not say has to be given, and what is none is told', () => {
  assert.throws(() => explain([2, 'm1', 'Heartbeat', {}]), /give --source ID/)
  assert.throws(() => explain([2, 'm1', 'Heartbeat', {}], { source: '' }), /is not a legal id/)
  assert.throws(() => explain([3, 'CSMS', ['CS01'], 'm1', {}]), /give --answers ACTION/)
  assert.throws(() => explain([2, 'm1', 'Heartbeat', {}], { source: 'CS01', protocol: 'ocpp9' }), /--protocol must be one of/) // biome-ignore format: one line
  assert.throws(() => explain([9]), { code: 'ERR_WIRE_MESSAGE_TYPE' })
  assert.throws(() => explain([2, 'CSMS', ['CS01'], 'm1', 'Heartbeat', { signatures: {} }]), /refused before any policy/) // biome-ignore format: one line
})

test('a plain station with a password is heard and commands nobody', () => {
  assert.equal(explain([2, 'm1', 'Heartbeat', {}], { source: 'CS01' }).decision.outcome, 'accept')
  assert.equal(explain([2, 'm1', 'Reset', {}], { source: 'CS01' }).decision.reason, 'refused-by-rule') // biome-ignore format: one line
})
