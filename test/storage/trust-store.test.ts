import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { OverlayError } from '../../src/errors.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { systemRandomness } from '../../src/primitives/randomness.ts'
import { signData } from '../../src/security/data-statement.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import { ENTITLEMENT } from '../../src/security/keys/entitlement.ts'
import { KEY_RECORD, type KeyRecord, keyRecordPayload, REVOCATION_LIST } from '../../src/security/keys/key-record.ts' // biome-ignore format: one line
import type { RuleChange } from '../../src/security/policies/activation.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { PolicyFacts } from '../../src/security/policies/facts.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import { TrustStore } from '../../src/storage/trust-store.ts'
import type { JsonObject } from '../../src/wire/payload.ts'

const NOW_S = 1_800_000_000
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const OWNER = newKey()
const NODE = newKey()

function record(key: KeyObject, owner: string, roles: readonly string[]): KeyRecord {
  const usages = roles.includes('owner') ? (['sign-message', 'sign-policy'] as const) : (['sign-message'] as const) // biome-ignore format: one line
  return { key: publicKeyOf(key), owner: owner as NodeId, usages, roles, notBefore: 0, notAfter: 4e9 } // biome-ignore format: one line
}

const signedBy = (payload: JsonObject, ctx: string, ...keys: KeyObject[]) =>
  signData(payload, ctx, keys.map(createMemorySigner), { nowS: NOW_S, random: systemRandomness })
const signedRecord = () =>
  signedBy(keyRecordPayload(record(NODE, 'NN01', ['edge'])), KEY_RECORD, NODE, OWNER)
const revocation = (version: number) =>
  signedBy({ version, revoked: [{ kid: publicKeyOf(NODE).kid, since: NOW_S, reason: 'stolen' }], nextUpdate: NOW_S + 3_600 } as unknown as JsonObject, REVOCATION_LIST, OWNER) // biome-ignore format: one line

/** Stores in one folder, one after the other. */
function stores(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'wattweave-trust-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const clock = new VirtualClock(NOW_S * 1_000)
  const open = () =>
    new TrustStore({
      folder,
      clock,
      anchors: [record(OWNER, 'CSMS01', ['owner'])],
      rules: { policies: [DEFAULT_POLICY], roles: PRESET_ROLES },
    })
  return { folder, clock, open }
}

const kid = publicKeyOf(NODE).kid
const isUsable = (store: TrustStore) => store.directory.find(kid, 'sign-message', NOW_S).status
const OWNERS = { nodeId: 'CSMS01', confirmWithinS: 60, owners: [{ kid: publicKeyOf(OWNER).kid, owner: 'CSMS01', roles: ['owner'], algorithm: 'ES256' as const }] } // biome-ignore format: one line
const night = (version: number): RuleChange => ({ kind: 'role', name: 'night', expectedVersion: version - 1, document: { name: 'night', version, allow: [{ actions: 'Reset' }] } }) // biome-ignore format: one line
const contact = (store: TrustStore, iat: number): PolicyFacts => ({
  kind: 'CALL',
  action: 'Heartbeat',
  from: 'CSMS01',
  to: 'NN01',
  origin: 'node',
  neighbour: { id: 'CSMS01', kind: 'node', proof: 'basic' },
  path: ['CSMS01'],
  payload: {},
  form: 'statement',
  signers: OWNERS.owners,
  unknownKeys: 0,
  problem: undefined,
  replay: 'live',
  isReplyBound: false,
  isPrimaryUpstream: false,
  iat,
  nowS: store.rules.trial?.sinceS,
  data: [],
})

test('a key that was taken is known after a restart, and one that was revoked stays so', async (t) => {
  const { open } = stores(t)
  const first = open()
  assert.equal(isUsable(first), 'unusable')
  assert.equal(first.addRecord(await signedRecord()).status, 'added')
  assert.equal(isUsable(open()), 'usable')
  assert.equal(open().revoke(await revocation(1)).status, 'revoked')
  assert.equal(isUsable(open()), 'unusable')
  assert.equal(
    open().revoke(await revocation(1)).status,
    'refused',
    'versions rise, restarts or not',
  )
  assert.equal(open().addRecord(await signedRecord()).status, 'refused')
})

test('what is refused is not kept', async (t) => {
  const { open, folder } = stores(t)
  const unsigned = await signedBy(keyRecordPayload(record(NODE, 'NN01', [])), KEY_RECORD, NODE)
  assert.equal(open().addRecord(unsigned).status, 'refused')
  assert.deepEqual(readdirSync(folder), [])
})

test('changed rules hold at once, and after their time the former ones, whatever was restarted between', async (t) => {
  const { open, clock } = stores(t)
  assert.equal(open().change([night(1)], OWNERS).status, 'on-trial')
  assert.ok(open().book.roles.has('night'))
  await clock.advance(59_000)
  assert.ok(open().book.roles.has('night'))
  await clock.advance(1_000)
  assert.ok(!open().book.roles.has('night'))
  assert.equal(open().rules.trial, undefined)
  const again = open().change([night(1)], OWNERS)
  assert.equal(
    again.status === 'refused' && again.problem,
    'version-not-rising',
    'also above what went',
  )
})

test('a later word of an owner that the new rules accept ends their trial for good', async (t) => {
  const { open, clock } = stores(t)
  open().change([night(1)], OWNERS)
  const store = open()
  store.noteAccepted(contact(store, NOW_S))
  assert.ok(store.rules.trial, 'that may have been the change itself')
  store.noteAccepted(contact(store, NOW_S + 1))
  await clock.advance(3_600_000)
  assert.ok(open().book.roles.has('night'))
})

test('how a trial ended is told once, also when nobody listened or the node was off', async (t) => {
  const { open, clock } = stores(t)
  const first = open()
  const told: unknown[] = []
  const stop = first.onTrialEnd((end) => told.push(end))
  const changed = first.change([night(1)], OWNERS)
  const documents = changed.status === 'on-trial' && changed.documents
  first.noteAccepted(contact(first, NOW_S + 1))
  assert.deepEqual(told, [{ outcome: 'confirmed', documents }])
  stop()
  await clock.advance(2_000)
  const next = first.change([night(2)], OWNERS)
  await clock.advance(60_000)
  const later = open()
  assert.equal(later.rules.trial, undefined)
  const heard: unknown[] = []
  later.onTrialEnd((end) => heard.push(end))
  later.onTrialEnd((end) => heard.push(end))
  assert.deepEqual(heard, [{ outcome: 'rolled-back', documents: next.status === 'on-trial' && next.documents }]) // biome-ignore format: one line
  assert.equal(told.length, 1)
})

test('trying a change changes nothing, on disk neither', (t) => {
  const { open, folder } = stores(t)
  const store = open()
  const tried = store.tryChange([night(1)], OWNERS)
  assert.equal(tried.status, 'on-trial')
  assert.equal(store.rules.trial, undefined)
  assert.deepEqual(readdirSync(folder), [])
})

test('whoever was endorsed by a key whose record was renewed, or that may less by now, is known after a restart', async (t) => {
  const { open, clock } = stores(t)
  const [admin, node] = [newKey(), newKey()]
  const later = async (what: Promise<JsonObject>) => {
    await clock.advance(1_000)
    assert.equal(open().addRecord(await what).status, 'added')
  }
  const nowS = () => Math.floor(clock.now() / 1_000)
  const sign = (of: KeyRecord, ...keys: KeyObject[]) => signData(keyRecordPayload(of), KEY_RECORD, keys.map(createMemorySigner), { nowS: nowS(), random: systemRandomness }) // biome-ignore format: one line
  const administrator = { ...record(admin, 'ADMIN01', ['admin']), usages: ['sign-message', 'sign-policy'] as const } // biome-ignore format: one line
  await later(sign(administrator, admin, OWNER))
  await later(sign(record(node, 'NN07', []), node, admin))
  await later(sign({ ...administrator, roles: [] }, admin, OWNER))
  const { directory } = open()
  assert.equal(directory.find(publicKeyOf(node).kid, 'sign-message', nowS()).status, 'usable')
  const found = directory.find(publicKeyOf(admin).kid, 'sign-message', nowS())
  assert.deepEqual(found.status === 'usable' && found.record.roles, [])
})

test('what an administrator has said who was one then is known after a restart, whatever became of him', async (t) => {
  const { clock, open } = stores(t)
  const first = open()
  const admin = newKey()
  const rank = async (roles: readonly string[], nowS: number) => {
    const mayEndorse = { ...record(admin, 'ADMIN', roles), usages: ['sign-message', 'sign-policy'] } as KeyRecord // biome-ignore format: one line
    return signData(keyRecordPayload(mayEndorse), KEY_RECORD, [admin, OWNER].map(createMemorySigner), { nowS, random: systemRandomness }) // biome-ignore format: one line
  }
  assert.equal(first.addRecord(await rank(['admin'], NOW_S)).status, 'added')
  const entitlement = await signedBy({ node: 'NN01', ids: ['CS*'], notBefore: NOW_S, notAfter: NOW_S + 3_600 }, ENTITLEMENT, admin) // biome-ignore format: one line
  assert.equal(first.entitle(entitlement).status, 'entitled')
  const list = { version: 1, revoked: [{ kid: publicKeyOf(NODE).kid, since: NOW_S, reason: 'x' }], nextUpdate: NOW_S + 3_600 } as unknown as JsonObject // biome-ignore format: one line
  assert.equal(first.revoke(await signedBy(list, REVOCATION_LIST, admin)).status, 'revoked')
  await clock.advance(1_000)
  assert.equal(first.addRecord(await rank([], NOW_S + 1)).status, 'added')
  const second = open()
  assert.equal(second.directory.entitlements.mayVouch('NN01' as NodeId, 'CS01' as NodeId, NOW_S), true) // biome-ignore format: one line
  assert.equal(second.directory.revocations(NOW_S), 'current')
  const lost = { version: 2, revoked: [...(list.revoked as object[]), { kid: publicKeyOf(admin).kid, since: NOW_S - 600, reason: 'stolen' }], nextUpdate: NOW_S + 3_600 } as unknown as JsonObject // biome-ignore format: one line
  assert.equal(second.revoke(await signedBy(lost, REVOCATION_LIST, OWNER)).status, 'revoked')
  const third = open()
  assert.equal(third.directory.entitlements.mayVouch('NN01' as NodeId, 'CS01' as NodeId, NOW_S), undefined, 'it was not he') // biome-ignore format: one line
})

test('what is pushed to others is what was not pushed here, records first', async (t) => {
  const { open } = stores(t)
  const own = await signedRecord()
  const other = newKey()
  const pushed = await signedBy(keyRecordPayload(record(other, 'NN02', [])), KEY_RECORD, other, OWNER) // biome-ignore format: one line
  const list = await revocation(1)
  const store = open()
  store.addRecord(pushed, 'CSMS02')
  store.addRecord(own)
  store.addRecord(own)
  store.revoke(list)
  const statements = [{ kind: 'keyRecord', payload: own }, { kind: 'revocationList', payload: list }] // biome-ignore format: one line
  assert.deepEqual(store.ownStatements(), statements)
  assert.deepEqual(open().ownStatements(), statements)
  assert.deepEqual(open().signedRecords(), [pushed, own])
  assert.equal(open().revoke(list).status, 'revoked', 'the same list again is no news')
  open().revoke(await revocation(2), 'CSMS02')
  assert.deepEqual(open().ownStatements(), statements.slice(0, 1))
})

test('shipped rules that nobody has changed are those of this version, not those of the file', (t) => {
  const { open, folder } = stores(t)
  open().change([night(1)], OWNERS)
  const written = readFileSync(join(folder, 'rules.json'), 'utf8')
  assert.ok(!written.includes('operations'), 'only what differs is kept')
})

for (const [what, name, text] of [
  ['is cut off', 'records', '[{"payload":'],
  [
    'holds a record that nobody has signed',
    'records',
    JSON.stringify([{ payload: keyRecordPayload(record(NODE, 'NN01', ['owner'])), atS: NOW_S }]),
  ],
  ['is a list of revocations that is none', 'revocations', '{"payload":{},"atS":1}'],
] as const) {
  test(`a file that ${what} stops the start: nobody knows what was revoked`, (t) => {
    const { open, folder } = stores(t)
    writeFileSync(join(folder, `${name}.json`), text)
    assert.throws(open, (error) => error instanceof OverlayError && error.code === 'ERR_STORE_DAMAGED') // biome-ignore format: one line
  }) // biome-ignore format: a table
}
