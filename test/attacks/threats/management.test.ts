import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalize } from '../../../src/security/canonical.ts'
import { putSignatures, signedBytes } from '../../../src/security/carriers.ts'
import { sha256 } from '../../../src/security/jwk.ts'
import { REVOCATION_LIST } from '../../../src/security/keys/key-record.ts'
import { INSECURE_POLICY } from '../../../src/security/policies/default-policy.ts'
import { signStatement } from '../../../src/security/statement.ts'
import type { JsonObject } from '../../../src/wire/payload.ts'
import { until } from '../../end-to-end/processes.ts'
import { callTo, obeyedThenRefused, timesDone } from './both-sides.ts'
import { KEYS } from './keys.ts'
import { deliver, type FrameArray, type Side, sidesOf } from './site.ts'

/** Who changes whom a node obeys: keys, roles and policies, over the network. */

const theSides = sidesOf()

/** What an owner says confirms a change only when he has signed it in a later second. */
const LATER_S = 5

/** A CALL to the node at the edge; without a name nobody signs it. */
async function callToNode(
  name: string | undefined,
  action: string,
  payload: object,
): Promise<FrameArray> {
  const { keys } = await theSides()
  const from = name === undefined ? 'OWNER01' : (KEYS[name]?.owner ?? name)
  if (name === undefined) return callTo('NN01', action, payload, from)
  const iat = Math.floor(Date.now() / 1_000) + (name === 'OWNER' ? LATER_S : 0)
  const fields = { OCPPAction: action, to: 'NN01', from, ocpp: 'ocpp2.1', ctx: `urn:wattweave:ocpp2.1:${action}:request`, iat, exp: iat + 60 } as const // biome-ignore format: one line
  return callTo('NN01', action, { ...payload, signatures: await keys.sign([name], payload, fields) }, from) // biome-ignore format: one line
}

interface Answer {
  readonly status?: string
  readonly problem?: string
  readonly documents?: readonly Known[]
  readonly userRoles?: readonly Known[]
  readonly signaturePolicies?: readonly Known[]
}

interface Known {
  readonly name: string
  readonly digest?: string
}

/** What an owner is answered. */
async function askedByOwner(side: Side, action: string, payload: object): Promise<Answer> {
  const frame = await callToNode('OWNER', action, payload)
  deliver(side, frame)
  const answer = await until('an answer', () => side.middle.recorded.find(({ frame: one }) => one.type > 2 && one.messageId === frame[3])) // biome-ignore format: one line
  const told = new TextDecoder().decode(answer.frame.payload)
  assert.equal(answer.frame.type, 3, told)
  return JSON.parse(told) as Answer
}

async function knownAt(side: Side, name: string): Promise<Known | undefined> {
  const { userRoles = [] } = await askedByOwner(side, 'GetUserRoles', {})
  const { signaturePolicies = [] } = await askedByOwner(side, 'GetSignaturePolicies', {})
  return [...userRoles, ...signaturePolicies].find((one) => one.name === name)
}

const roleOf = (name: string) => ({ userRole: { name, version: 1, allow: [{ actions: '*' }] } })
const policyOf = (name: string) => ({ signaturePolicy: { ...INSECURE_POLICY, name } })

// biome-ignore format: a table
const CHANGES: readonly (readonly [string, string | undefined, string, (name: string) => object, string])[] = [
  ['T18: the middle adds a role that may do everything', undefined, 'AddUserRole', roleOf, 'unsigned'],
  ['T18: a technician adds a role that may do everything', 'GUEST', 'AddUserRole', roleOf, 'role'],
  ['T18: a key of operations adds a role that may do everything', 'CSMS01', 'AddUserRole', roleOf, 'role'],
  ['T18: the middle adds a policy that asks for nothing', undefined, 'AddSignaturePolicy', policyOf, 'unsigned'],
  ['T18: a technician adds a policy that asks for nothing', 'GUEST', 'AddSignaturePolicy', policyOf, 'role'],
]

for (const [index, [what, name, action, payload, reason]] of CHANGES.entries()) {
  test(`${what}: ${reason}`, async () => {
    const document = `intruder-${index}`
    const frame = await callToNode(name, action, payload(document))
    await obeyedThenRefused(await theSides(), { frame, reason, isDone: async (side) => (await knownAt(side, document)) !== undefined }) // biome-ignore format: one line
  })
}

test('T19: an owner is answered Accepted where the change can be read back with the digest that he was told', async () => {
  const { strict } = await theSides()
  const { userRole } = {
    userRole: { name: 'night-shift', version: 1, allow: [{ actions: 'Reset' }] },
  }
  const { status, documents = [] } = await askedByOwner(strict, 'AddUserRole', { userRole })
  assert.equal(status, 'Accepted')
  assert.equal(documents[0]?.digest, sha256(canonicalize(userRole)))
  assert.equal((await knownAt(strict, 'night-shift'))?.digest, documents[0]?.digest)
})

test('T19: a change that is not made is not answered Accepted, and one that was only tried is not there', async () => {
  const { strict } = await theSides()
  const late = await askedByOwner(strict, 'UpdateUserRole', { ...roleOf('technician'), expectedVersion: 7 }) // biome-ignore format: one line
  assert.equal(late.status, 'Rejected')
  await askedByOwner(strict, 'AddUserRole', { ...roleOf('only-tried'), dryRun: true })
  assert.equal(await knownAt(strict, 'only-tried'), undefined)
})

/** A list that says since when the key of the technician is lost. */
async function revocationOf(name: string, sinceS: number): Promise<JsonObject> {
  const { keys } = await theSides()
  const payload = { version: 1, revoked: [{ kid: keys.signer(name).kid, since: sinceS, reason: 'lost' }], nextUpdate: sinceS + 3_600 } as unknown as JsonObject // biome-ignore format: one line
  const bytes = signedBytes(payload)
  const fields = { ocpp: 'ocpp2.1', ctx: REVOCATION_LIST, id: sha256(bytes), iat: sinceS, nonce: 'AAECAwQFBgcICQoLDA0ODw' } as const // biome-ignore format: one line
  return putSignatures(payload, [await signStatement(bytes, fields, keys.signer('OWNER'))], 'top') as JsonObject // biome-ignore format: one line
}

test('T15: a key is revoked while the processes run, and what it signs from then on is refused', async () => {
  const sides = await theSides()
  const reset = async () => {
    const payload = { type: 'Soft' }
    const signatures = await sides.keys.sign(['GUEST'], payload, { OCPPAction: 'Reset', to: 'CS01', from: 'GUEST' }) // biome-ignore format: one line
    return callTo('CS01', 'Reset', { ...payload, signatures }, 'GUEST')
  }
  deliver(sides.strict, await reset())
  await until('the technician to be obeyed', () => timesDone(sides.strict, 'Reset') === 1)
  const list = await revocationOf('GUEST', Math.floor(Date.now() / 1_000))
  for (const side of [sides.strict, sides.open]) {
    const { status, problem } = await askedByOwner(side, 'UpdateRevocationList', { revocationList: list }) // biome-ignore format: one line
    assert.equal(status, 'Accepted', problem)
  }
  const done = new Map([sides.strict, sides.open].map((side) => [side, timesDone(side, 'Reset')]))
  const isDone = (side: Side) => timesDone(side, 'Reset') > (done.get(side) ?? 0)
  await obeyedThenRefused(sides, { frame: await reset(), reason: 'unknown-keys', isDone })
})
