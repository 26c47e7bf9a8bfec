import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { RemoteError } from '../../src/errors.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { systemRandomness } from '../../src/primitives/randomness.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import type { KeyRecord } from '../../src/security/keys/key-record.ts'
import { signSuccessor, successorOf } from '../../src/security/keys/rotation.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import { overlay } from '../support/memory-overlay.ts'
import { managedSecurityOf, reasonsAt, securityOf, signedRecord, signedRevocations, signerOf, usualRecordOf } from '../support/secured.ts' // biome-ignore format: one line

/** An owner and a technician, and a station that is told whose keys count. GUEST may be an admin. */

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const recordOf = (key: ReturnType<typeof newKey>, owner: string, more: Partial<KeyRecord> = {}): KeyRecord => ({ key: publicKeyOf(key), owner: owner as NodeId, usages: ['sign-message'], roles: [], notBefore: 0, notAfter: 4e9, ...more }) // biome-ignore format: one line

async function park(t: TestContext, guest: 'technician' | 'admin' = 'technician') {
  const net = overlay(t)
  const { clock } = net
  const roles = { GUEST: [guest] }
  const accept = () => ({ status: 'Accepted' })
  const handlers = { 'ocpp2.1': { Reset: accept } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const { trust, ...own } = managedSecurityOf('CS01', clock, roles)
  await net.node('CS01', { handlers, security: { ...own, trust } })
  await net.node('CSMS01', { hasDefaultRoute: false })
  const nodeOf = (id: string) => net.node(id, { security: securityOf(id, undefined, roles) })
  const [owner, other] = [await nodeOf('OWNER01'), await nodeOf('GUEST')]
  for (const id of ['CS01', 'OWNER01', 'GUEST']) net.connect(id, 'CSMS01')
  await net.wait(61)
  const told = <T>(asked: Promise<T>): Promise<T> => net.over(asked)
  const add = async (keyRecord: Parameters<typeof trust.addRecord>[0], by = owner) => told(by.call('CS01', 'ocpp2.1', 'AddKeyRecord', { keyRecord })) // biome-ignore format: one line
  const revoke = async (revocationList: Parameters<typeof trust.revoke>[0], by = owner) => told(by.call('CS01', 'ocpp2.1', 'UpdateRevocationList', { revocationList })) // biome-ignore format: one line
  const reset = () => told(other.call('CS01', 'ocpp2.1', 'Reset', { type: 'Immediate' }))
  const events = (name: string) => (net.events.get('CS01') ?? []).filter((one) => one.name === name)
  return { net, clock, trust, owner, other, told, add, revoke, reset, events }
}

const problemOf = (answer: { status: string; problem?: string }) => answer.problem ?? answer.status

test('a record that the owner has endorsed makes a key known, and told again it stays as it is', async (t) => {
  const { add, clock, trust, events, owner, told } = await park(t)
  const key = newKey()
  const record = recordOf(key, 'CS09', { roles: ['operations'] })
  const signed = await signedRecord(record, [createMemorySigner(key), signerOf('OWNER01')], clock)
  const { kid } = record.key
  assert.deepEqual(await add(signed), { status: 'Accepted', kid })
  assert.deepEqual(await add(signed), { status: 'Accepted', kid })
  assert.equal(trust.signedRecords().length, 1)
  assert.deepEqual(trust.ownStatements(), [], 'what others have pushed is not pushed on')
  assert.equal(events('key.added').length, 2)
  const { keyRecords } = await told(owner.call('CS01', 'ocpp2.1', 'GetKeyRecords', { owner: 'cs09' })) // biome-ignore format: one line
  assert.deepEqual(keyRecords, [{ kid, status: 'usable', keyRecord: signed }])
})

test('a record that nobody has endorsed who may is refused, whoever brings it', async (t) => {
  const { add, clock, trust, events } = await park(t)
  const key = newKey()
  const own = createMemorySigner(key)
  const record = recordOf(key, 'GUEST', { roles: ['owner'] })
  assert.equal(problemOf(await add(await signedRecord(record, [own], clock))), 'not-endorsed')
  assert.equal(problemOf(await add(await signedRecord(record, [own, signerOf('GUEST')], clock))), 'not-endorsed') // biome-ignore format: one line
  assert.equal(problemOf(await add(await signedRecord(record, [signerOf('OWNER01')], clock))), 'not-proved') // biome-ignore format: one line
  assert.equal(problemOf(await add({})), 'malformed')
  assert.deepEqual(trust.signedRecords(), [])
  assert.equal(events('trust.refused').length, 4)
})

test('an administrator can make nobody an owner, itself least of all', async (t) => {
  const { add, clock, trust, other } = await park(t, 'admin')
  const key = newKey()
  const signers = [createMemorySigner(key), signerOf('GUEST')]
  const of = (roles: readonly string[]) => signedRecord(recordOf(key, 'GUEST', { roles }), signers, clock) // biome-ignore format: one line
  assert.equal(problemOf(await add(await of(['owner']), other)), 'not-endorsed')
  assert.deepEqual(trust.signedRecords(), [])
  assert.equal(problemOf(await add(await of(['admin']), other)), 'Accepted')
})

test('a key that is revoked orders nothing from then on', async (t) => {
  const { revoke, reset, clock, net, events, owner, told } = await park(t)
  assert.equal((await reset()).status, 'Accepted')
  const list = await signedRevocations(1, [signerOf('GUEST').kid], clock)
  assert.deepEqual(await revoke(list), { status: 'Accepted', version: 1 })
  assert.deepEqual(await revoke(list), { status: 'Accepted', version: 1 })
  await assert.rejects(reset(), RemoteError)
  assert.deepEqual(reasonsAt(net, 'CS01'), ['unknown-keys'])
  assert.equal(problemOf(await revoke(await signedRevocations(1, [], clock))), 'old-version')
  assert.equal(problemOf(await revoke(await signedRevocations(2, [], clock))), 'malformed')
  assert.equal(problemOf(await revoke(await signedRevocations(2, [signerOf('GUEST').kid], clock, signerOf('CSMS01')))), 'not-endorsed') // biome-ignore format: one line
  assert.equal(events('keys.revoked').length, 2)
  const known = await told(owner.call('CS01', 'ocpp2.1', 'GetRevocationList', {}))
  assert.deepEqual(known, { state: 'current', revocationList: list })
  const { keyRecords } = await told(owner.call('CS01', 'ocpp2.1', 'GetKeyRecords', { kid: signerOf('GUEST').kid })) // biome-ignore format: one line
  assert.deepEqual(keyRecords.map(({ status, isAnchor }) => [status, isAnchor]), [['revoked', true]]) // biome-ignore format: one line
})

test('nobody takes the last owner away: not by a revocation, and not by a newer record', async (t) => {
  const { revoke, add, clock, trust, other, events } = await park(t, 'admin')
  const admin = signerOf('GUEST')
  const owner = signerOf('OWNER01')
  const later = (seconds: number) => ({ now: () => clock.now() + seconds * 1_000 })
  for (const at of [clock, later(60)]) {
    const list = await signedRevocations(1, [owner.kid], at, admin)
    assert.equal(problemOf(await revoke(list, other)), 'locks-out-owners')
  }
  const usual = usualRecordOf('OWNER01')
  const now = Math.floor(clock.now() / 1_000)
  for (const less of [
    { roles: [] },
    { usages: ['sign-policy'] as const },
    { notBefore: now + 9 },
    { notAfter: now - 9 },
  ]) {
    // biome-ignore format: one line
    const signed = await signedRecord({ ...usual, ...less }, [owner, admin], clock)
    assert.equal(problemOf(await add(signed, other)), 'locks-out-owners', JSON.stringify(less))
  }
  assert.equal(trust.directory.find(owner.kid, 'sign-message', now).status, 'usable')
  assert.equal(events('trust.refused').length, 6)
})

test('once there is another owner the first may go', async (t) => {
  const { revoke, add, clock } = await park(t)
  const key = newKey()
  const second = recordOf(key, 'OWNER02', { roles: ['owner'] })
  const signed = await signedRecord(second, [createMemorySigner(key), signerOf('OWNER01')], clock)
  assert.equal(problemOf(await add(signed)), 'Accepted')
  assert.equal(problemOf(await revoke(await signedRevocations(1, [signerOf('OWNER01').kid], clock))), 'Accepted') // biome-ignore format: one line
})

test('an owner whose key has ended does not keep the rules in the place of another', async (t) => {
  const { revoke, add, clock, net } = await park(t)
  const key = newKey()
  const second = recordOf(key, 'OWNER02', { roles: ['owner'], notAfter: Math.floor(clock.now() / 1_000) + 5 }) // biome-ignore format: one line
  assert.equal(problemOf(await add(await signedRecord(second, [createMemorySigner(key), signerOf('OWNER01')], clock))), 'Accepted') // biome-ignore format: one line
  await net.wait(6)
  assert.equal(problemOf(await revoke(await signedRevocations(1, [signerOf('OWNER01').kid], clock))), 'locks-out-owners') // biome-ignore format: one line
})

test('an owner whose key stands on another one goes with it, and the last does not', async (t) => {
  const { revoke, add, clock } = await park(t)
  const [first, second] = [newKey(), newKey()]
  const record = recordOf(first, 'OWNER02', { roles: ['owner'] })
  const [old, fresh] = [createMemorySigner(first), createMemorySigner(second)]
  assert.equal(problemOf(await add(await signedRecord(record, [old, signerOf('OWNER01')], clock))), 'Accepted') // biome-ignore format: one line
  const nowS = Math.floor(clock.now() / 1_000)
  const successor = successorOf(record, publicKeyOf(second), { nowS, lifetimeS: 86_400 })
  const at = { nowS, random: systemRandomness }
  assert.equal(problemOf(await add(await signSuccessor(successor, { old, fresh }, at))), 'Accepted')
  const both = [signerOf('OWNER01').kid, old.kid]
  assert.equal(problemOf(await revoke(await signedRevocations(1, both, clock))), 'locks-out-owners')
  assert.equal(problemOf(await revoke(await signedRevocations(1, both.slice(0, 1), clock))), 'Accepted') // biome-ignore format: one line
})

test('an administrator takes the role of no owner away, also where there are others', async (t) => {
  const { add, clock, other } = await park(t, 'admin')
  const key = newKey()
  const second = recordOf(key, 'OWNER02', { roles: ['owner'] })
  assert.equal(problemOf(await add(await signedRecord(second, [createMemorySigner(key), signerOf('OWNER01')], clock))), 'Accepted') // biome-ignore format: one line
  const less = { ...second, roles: [] }
  const byAdmin = await signedRecord(less, [createMemorySigner(key), signerOf('GUEST')], clock)
  assert.equal(problemOf(await add(byAdmin, other)), 'not-endorsed')
  const byOwner = await signedRecord(less, [createMemorySigner(key), signerOf('OWNER01')], clock)
  assert.equal(problemOf(await add(byOwner, other)), 'Accepted')
})

test('many keys are told page by page, each once', async (t) => {
  const { clock, trust, owner, told } = await park(t)
  for (let i = 0; i < 120; i++) {
    const key = newKey()
    const record = recordOf(key, `CS-${i}`)
    const signers = [createMemorySigner(key), signerOf('OWNER01')]
    assert.equal(trust.addRecord(await signedRecord(record, signers, clock)).status, 'added')
  }
  const kids: string[] = []
  let after: string | undefined
  let pages = 0
  do {
    const page = await told(owner.call('CS01', 'ocpp2.1', 'GetKeyRecords', after === undefined ? {} : { after })) // biome-ignore format: one line
    kids.push(...page.keyRecords.map(({ kid }) => kid))
    after = page.next
    pages++
  } while (after !== undefined)
  assert.ok(pages > 1)
  assert.deepEqual(kids, trust.directory.records().map(({ key }) => key.kid).sort()) // biome-ignore format: one line
})
