import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import type { NodeId } from '../../../src/primitives/ids.ts'
import { putSignatures, signedBytes } from '../../../src/security/carriers.ts'
import { publicKeyOf, sha256 } from '../../../src/security/jwk.ts'
import { KeyDirectory } from '../../../src/security/keys/key-directory.ts'
import {
  KEY_RECORD,
  type KeyRecord,
  keyRecordPayload,
  REVOCATION_LIST,
  type Revocation,
  readKeyRecord,
} from '../../../src/security/keys/key-record.ts'
import { createMemorySigner } from '../../../src/security/signer.ts'
import { signStatement } from '../../../src/security/statement.ts'
import type { JsonObject } from '../../../src/wire/payload.ts'
import { dataFields } from '../keys.ts'

/** Whose keys are, what for, and who says so. Times are seconds since 1970. */

const NOW = 1_800_000_000
const DAY = 86_400
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ADMIN = newKey()
const STATION = newKey()

function record(key: KeyObject, more: Partial<KeyRecord> = {}): KeyRecord {
  return { key: publicKeyOf(key), owner: 'CS01' as NodeId, usages: ['sign-message'], roles: [], notBefore: NOW - DAY, notAfter: NOW + DAY, ...more } // biome-ignore format: one line
}

const anchor = record(ADMIN, { owner: 'CSMS01' as NodeId, usages: ['sign-policy', 'sign-message'], roles: ['admin'] }) // biome-ignore format: one line

async function signed(payload: JsonObject, ctx: string, keys: readonly KeyObject[], iat = NOW): Promise<JsonObject> {
  const bytes = signedBytes(payload)
  const fields = { ...dataFields(sha256(bytes)), ctx, iat }
  const entries = await Promise.all(keys.map((key) => signStatement(bytes, fields, createMemorySigner(key)))) // biome-ignore format: one line
  return putSignatures(payload, entries, 'top') as JsonObject
} // biome-ignore format: the head is one line

const signedRecord = (of: KeyRecord, keys: readonly KeyObject[], iat?: number) =>
  signed(keyRecordPayload(of), KEY_RECORD, keys, iat)
const list = (version: number, revoked: readonly Revocation[], keys: readonly KeyObject[] = [ADMIN], nextUpdate = NOW + DAY) =>
  signed({ version, revoked, nextUpdate } as unknown as JsonObject, REVOCATION_LIST, keys) // biome-ignore format: the head is one line
const kidOf = (key: KeyObject) => publicKeyOf(key).kid
const whyNot = (found: { status: string; problem?: string }) => found.problem ?? found.status

async function withStation() {
  const directory = new KeyDirectory([anchor])
  const added = directory.add(await signedRecord(record(STATION), [STATION, ADMIN]), NOW)
  assert.equal(added.status, 'added')
  return directory
}

test('a record that its own key and an administrator have signed is found by its kid, for what it is for', async () => {
  const directory = await withStation()
  const find = (usage: 'sign-message' | 'sign-data', atS: number) => whyNot(directory.find(kidOf(STATION), usage, atS)) // biome-ignore format: one line

  assert.equal(find('sign-message', NOW), 'usable')
  assert.equal(find('sign-data', NOW), 'usage-not-allowed')
  assert.equal(find('sign-message', NOW - DAY - 1), 'not-valid-yet')
  assert.equal(find('sign-message', NOW + DAY), 'usable')
  assert.equal(find('sign-message', NOW + DAY + 1), 'no-longer-valid')
  assert.equal(whyNot(directory.find('nobody', 'sign-message', NOW)), 'unknown-key')
  assert.equal(directory.keyOf(kidOf(STATION))?.kid, kidOf(STATION))
})

test('nobody enters a key that is not his, or that nobody who may has endorsed', async () => {
  const directory = await withStation()
  const other = newKey()
  const add = async (of: KeyRecord, ...keys: KeyObject[]) => whyNot(directory.add(await signedRecord(of, keys), NOW)) // biome-ignore format: one line

  assert.equal(await add(record(other), ADMIN), 'not-proved', 'the key itself has not signed')
  assert.equal(await add(record(other), other), 'not-endorsed')
  assert.equal(await add(record(other), other, STATION), 'not-endorsed', 'a station is no administrator') // biome-ignore format: one line
  assert.equal(await add(record(other), other, newKey()), 'not-endorsed', 'nor is somebody unknown')
  assert.equal(await add(record(STATION, { owner: 'CS02' as NodeId }), STATION, ADMIN), 'known-otherwise') // biome-ignore format: one line
  const auditor = newKey()
  const policy = record(auditor, { owner: 'AUDIT' as NodeId, usages: ['sign-policy'], roles: ['transparency'] }) // biome-ignore format: one line
  assert.equal(await add(policy, auditor, ADMIN), 'added')
  assert.equal(await add(record(other), other, auditor), 'not-endorsed', 'another role is not enough') // biome-ignore format: one line
  assert.equal(await add(record(other), other, ADMIN), 'added')
})

test('a record that was changed after signing, or is signed as something else, is refused', async () => {
  const directory = new KeyDirectory([anchor])
  const good = await signedRecord(record(STATION), [STATION, ADMIN])
  assert.equal(whyNot(directory.add({ ...good, roles: ['admin'] }, NOW)), 'not-signed')
  const asList = await signed(keyRecordPayload(record(STATION)), REVOCATION_LIST, [STATION, ADMIN])
  assert.equal(whyNot(directory.add(asList, NOW)), 'not-signed')
  assert.equal(whyNot(directory.add({ ...good, power: 1 }, NOW)), 'malformed')
})

test('a key hands on to its successor what it may do, and nothing more', async () => {
  const directory = await withStation()
  const next = newKey()
  const add = async (more: Partial<KeyRecord>, by = STATION) =>
    whyNot(directory.add(await signedRecord(record(next, more), [next, by]), NOW))
  const replaces = kidOf(STATION)

  assert.equal(await add({}), 'not-endorsed', 'it does not say whose place it takes')
  assert.equal(await add({ replaces, owner: 'CS02' as NodeId }), 'not-endorsed')
  assert.equal(await add({ replaces, usages: ['sign-message', 'sign-policy'] }), 'not-endorsed')
  assert.equal(await add({ replaces, roles: ['admin'] }), 'not-endorsed')
  assert.equal(await add({ replaces, organisation: 'another' }), 'not-endorsed')
  assert.equal(await add({ replaces }, newKey()), 'not-endorsed')
  assert.equal(await add({ replaces, notAfter: NOW + 365 * DAY }), 'added')
  for (const kid of [replaces, kidOf(next)]) {
    assert.equal(
      whyNot(directory.find(kid, 'sign-message', NOW)),
      'usable',
      'for a time both count',
    )
  }
})

test('a key that is no longer valid, or was revoked, endorses nobody', async () => {
  const directory = await withStation()
  const next = newKey()
  const successor = await signedRecord(record(next, { replaces: kidOf(STATION) }), [next, STATION])
  assert.equal(whyNot(directory.add(successor, NOW + DAY + 1)), 'not-endorsed')
  directory.revoke(await list(1, [{ kid: kidOf(STATION), since: NOW - 10, reason: 'stolen' }]), NOW)
  assert.equal(whyNot(directory.add(successor, NOW)), 'not-endorsed')
  const again = await signedRecord(record(STATION), [STATION, ADMIN])
  assert.equal(whyNot(directory.add(again, NOW)), 'revoked')
})

test('an older record of a key does not take the place of a newer one', async () => {
  const directory = new KeyDirectory([anchor])
  const wide = await signedRecord(record(STATION, { roles: ['technician'] }), [STATION, ADMIN], NOW - 10) // biome-ignore format: one line
  const narrow = await signedRecord(record(STATION), [STATION, ADMIN], NOW)
  assert.equal(directory.add(wide, NOW).status, 'added')
  assert.equal(directory.add(narrow, NOW).status, 'added')
  assert.equal(whyNot(directory.add(wide, NOW)), 'old-version')
  const found = directory.find(kidOf(STATION), 'sign-message', NOW)
  assert.deepEqual(found.status === 'usable' && found.record.roles, [])
})

test('what was signed before a key was revoked still counts as of its time', async () => {
  const directory = await withStation()
  const revoked = directory.revoke(await list(1, [{ kid: kidOf(STATION), since: NOW - 10, reason: 'stolen' }]), NOW) // biome-ignore format: one line
  assert.equal(revoked.status, 'revoked')
  assert.equal(whyNot(directory.find(kidOf(STATION), 'sign-message', NOW - 11)), 'usable')
  assert.equal(whyNot(directory.find(kidOf(STATION), 'sign-message', NOW - 10)), 'revoked')
})

test('revocation lists come from administrators, in rising versions, and take nothing back', async () => {
  const directory = await withStation()
  const revocation = { kid: kidOf(STATION), since: NOW, reason: 'stolen' }
  const revoke = async (...of: Parameters<typeof list>) => whyNot(directory.revoke(await list(...of), NOW)) // biome-ignore format: one line

  assert.equal(await revoke(1, [revocation], [STATION]), 'not-endorsed')
  assert.equal(await revoke(1, [revocation], [newKey()]), 'not-signed')
  assert.equal(await revoke(1, [revocation], [ADMIN], NOW + DAY + 1), 'malformed', 'it holds for a day at most') // biome-ignore format: one line
  assert.equal(await revoke(2, [revocation]), 'revoked')
  assert.equal(await revoke(2, [revocation]), 'old-version')
  assert.equal(await revoke(3, []), 'malformed', 'what was revoked stays revoked')
  assert.equal(await revoke(3, [{ ...revocation, since: NOW + 5 }]), 'malformed')
  assert.equal(await revoke(3, [{ ...revocation, since: NOW - 5 }]), 'revoked')
})

test('a list that is dated ahead, whose time is over, or that takes all versions there are, is refused', async () => {
  const directory = await withStation()
  const revoke = async (version: number, nextUpdate: number, iat = NOW) => {
    const payload = { version, revoked: [], nextUpdate } as unknown as JsonObject
    return whyNot(directory.revoke(await signed(payload, REVOCATION_LIST, [ADMIN], iat), NOW))
  }
  assert.equal(await revoke(1, NOW + DAY, NOW + 31), 'not-valid-yet')
  assert.equal(await revoke(1, NOW, NOW - DAY), 'no-longer-valid')
  assert.equal(await revoke(Number.MAX_SAFE_INTEGER, NOW + DAY), 'malformed')
  assert.equal(await revoke(1_000_000, NOW + DAY), 'revoked')
  assert.equal(await revoke(2_000_001, NOW + DAY), 'malformed')
  assert.equal(await revoke(1_000_001, NOW + DAY), 'revoked')
})

test('a record that is dated ahead is refused: no later one could take its place', async () => {
  const directory = new KeyDirectory([anchor])
  const ahead = await signedRecord(record(STATION), [STATION, ADMIN], NOW + 31)
  assert.equal(whyNot(directory.add(ahead, NOW)), 'not-valid-yet')
})

test('without a new list revocations are stale after a day, and overdue a week later', async () => {
  const directory = await withStation()
  assert.equal(directory.revocations(NOW), 'none')
  directory.revoke(await list(1, []), NOW)
  const at = (days: number, seconds = 0) => directory.revocations(NOW + days * DAY + seconds)
  assert.deepEqual([at(1), at(1, 1), at(8), at(8, 1)], ['current', 'stale', 'stale', 'overdue'])
})

test('what is no key record is refused with what is wrong', () => {
  const good = keyRecordPayload(record(STATION))
  assert.notEqual(typeof readKeyRecord(good), 'string')
  const wrong: [JsonObject, RegExp][] = [
    [{ jwk: undefined as never }, /^jwk is missing/],
    [{ jwk: { ...(good.jwk as JsonObject), d: 'AA' } }, /private/],
    [{ kid: kidOf(ADMIN) }, /^kid is not the thumbprint/],
    [{ owner: 'not an id\u0000' }, /^owner/],
    [{ usages: [] }, /^usages/],
    [{ usages: ['sign-everything'] }, /^usages/],
    [{ roles: 'admin' }, /^roles/],
    [{ notAfter: NOW - 2 * DAY }, /span of time/],
    [{ notBefore: 0.5 }, /span of time/],
    [{ replaces: 7 }, /^replaces/],
    [{ organisation: '' }, /^organisation/],
    [{ mayEverything: true }, /^mayEverything is no member/],
  ]
  for (const [change, problem] of wrong) assert.match(String(readKeyRecord({ ...good, ...change })), problem) // biome-ignore format: one line
})
