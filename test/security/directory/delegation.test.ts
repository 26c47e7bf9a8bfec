import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { NodeId } from '../../../src/primitives/ids.ts'
import { systemRandomness } from '../../../src/primitives/randomness.ts'
import { signData } from '../../../src/security/data-statement.ts'
import { publicKeyOf } from '../../../src/security/jwk.ts'
import { KeyDirectory } from '../../../src/security/keys/key-directory.ts'
import { KEY_RECORD, type KeyRecord, keyRecordPayload, REVOCATION_LIST, readKeyRecord } from '../../../src/security/keys/key-record.ts' // biome-ignore format: one line
import { createMemorySigner } from '../../../src/security/signer.ts'
import type { JsonObject } from '../../../src/wire/payload.ts'

/** Whoever may hand a user role on does so for a while, and within what is his. */

const NOW = 1_800_000_000
const HOUR = 3_600
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
type PrivateKey = ReturnType<typeof newKey>
const [ADMIN, LEAD, ANNA, OTHER] = [newKey(), newKey(), newKey(), newKey()]
const SPAN = { notBefore: NOW - HOUR, notAfter: NOW + 100 * HOUR }
const usages = ['sign-message', 'sign-data'] as const
const admin: KeyRecord = { key: publicKeyOf(ADMIN), owner: 'OWNER01' as NodeId, usages: ['sign-policy'], roles: ['owner'], ...SPAN } // biome-ignore format: one line
const lead: KeyRecord = { key: publicKeyOf(LEAD), owner: 'LEAD' as NodeId, usages, roles: ['technician', 'operations'], delegable: ['technician'], ...SPAN } // biome-ignore format: one line
const anna: KeyRecord = { key: publicKeyOf(ANNA), owner: 'LEAD.anna' as NodeId, usages, roles: ['technician'], delegatedBy: lead.key.kid, notBefore: NOW, notAfter: NOW + 8 * HOUR } // biome-ignore format: one line

const sign = (record: KeyRecord, ...keys: PrivateKey[]) =>
  signData(keyRecordPayload(record), KEY_RECORD, keys.map(createMemorySigner), { nowS: NOW, random: systemRandomness }) // biome-ignore format: one line
async function add(change: Partial<KeyRecord> = {}, signers = [ANNA, LEAD], known = [admin, lead]) {
  const directory = new KeyDirectory(known)
  const added = directory.add(await sign({ ...anna, ...change }, ...signers), NOW)
  return { directory, outcome: added.status === 'added' ? 'added' : added.problem }
}
const statusAt = (directory: KeyDirectory, atS: number) => {
  const found = directory.find(anna.key.kid, 'sign-message', atS)
  return found.status === 'usable' ? 'usable' : found.problem
}

test('a role that may be handed on counts for whoever got it, until it ends', async () => {
  const { directory, outcome } = await add()
  assert.equal(outcome, 'added')
  assert.equal(statusAt(directory, NOW + HOUR), 'usable')
  assert.equal(statusAt(directory, NOW + 9 * HOUR), 'no-longer-valid')
  assert.deepEqual(directory.chainOf(anna.key.kid), [anna.key.kid, lead.key.kid])
})

// biome-ignore format: a table
const REFUSED: readonly (readonly [string, Partial<KeyRecord>, (PrivateKey[] | undefined)?, KeyRecord[]?])[] = [
  ['a role that may not be handed on', { roles: ['operations'] }],
  ['a role that it has not itself', { roles: ['admin'] }],
  ['the name of somebody else', { owner: 'CSMS01' as NodeId }],
  ['a name that only begins like its own', { owner: 'LEADER' as NodeId }],
  ['longer than it counts itself', { notAfter: SPAN.notAfter + 1 }],
  ['from before it counted itself', { notBefore: SPAN.notBefore - 1 }],
  ['to say what others obey', { usages: ['sign-policy'] }],
  ['without its own signature', {}, [ANNA]],
  ['in the name of another key', {}, [ANNA, OTHER]],
  ['by a key that has ended', {}, undefined, [admin, { ...lead, notAfter: NOW - 1 }]],
  ['by a key that may hand nothing on', {}, undefined, [admin, { ...lead, delegable: [] }]],
]
for (const [what, change, signers, known] of REFUSED) {
  test(`a key hands nothing on: ${what}`, async () => {
    const { outcome } = await add(change, signers, known)
    assert.equal(outcome, 'not-endorsed')
  })
}

test('what was handed on is not handed on again, nor replaced by another key', async () => {
  for (const more of [{ delegable: ['technician'] }, { replaces: OTHER.export({ format: 'jwk' }).x as string }])
    assert.match(String(readKeyRecord(keyRecordPayload({ ...anna, ...more }))), /neither handed on again nor replaced/) // biome-ignore format: one line
  const { directory } = await add()
  const next: KeyRecord = { ...anna, key: publicKeyOf(OTHER), notAfter: NOW + 50 * HOUR }
  const { delegatedBy: _, ...rest } = next
  const successor = await sign({ ...rest, replaces: anna.key.kid }, OTHER, ANNA)
  const added = directory.add(successor, NOW)
  assert.equal(added.status === 'refused' && added.problem, 'not-endorsed')
})

test('the role owner is never handed on, and no role that the key itself has not', () => {
  const said = (more: Partial<KeyRecord>) => String(readKeyRecord(keyRecordPayload({ ...lead, ...more }))) // biome-ignore format: one line
  assert.match(said({ roles: ['owner'], delegable: ['owner'] }), /owner cannot be handed on/)
  assert.match(said({ delegable: ['metrology'] }), /no list of its own roles/)
})

test('with the key that handed it on ends what was handed on', async () => {
  const { directory } = await add()
  const list = { version: 1, revoked: [{ kid: lead.key.kid, since: NOW + HOUR, reason: 'lost' }], nextUpdate: NOW + HOUR } // biome-ignore format: one line
  const signed = await signData(list as unknown as JsonObject, REVOCATION_LIST, [createMemorySigner(ADMIN)], { nowS: NOW, random: systemRandomness }) // biome-ignore format: one line
  assert.equal(directory.revoke(signed, NOW).status, 'revoked')
  assert.equal(statusAt(directory, NOW + 1), 'usable', 'what was signed before counts')
  assert.equal(statusAt(directory, NOW + HOUR), 'revoked')
})

test('who may not hand on any more has handed nothing on', async () => {
  const { directory } = await add()
  const { delegable: _, ...without } = lead
  assert.equal(directory.add(await sign(without, LEAD, ADMIN), NOW + 1).status, 'added')
  assert.equal(statusAt(directory, NOW + 2), 'not-endorsed')
})

test('what an administrator has signed as well stands on its own', async () => {
  const { directory, outcome } = await add({}, [ANNA, LEAD, ADMIN], [{ ...admin, roles: ['owner'] }, lead]) // biome-ignore format: one line
  assert.equal(outcome, 'added')
  assert.deepEqual(directory.chainOf(anna.key.kid), [anna.key.kid])
})
