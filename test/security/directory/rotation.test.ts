import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId } from '../../../src/primitives/ids.ts'
import { systemRandomness } from '../../../src/primitives/randomness.ts'
import { signData } from '../../../src/security/data-statement.ts'
import { publicKeyOf } from '../../../src/security/jwk.ts'
import { KeyDirectory } from '../../../src/security/keys/key-directory.ts'
import { type KeyRecord, REVOCATION_LIST } from '../../../src/security/keys/key-record.ts'
import { signSuccessor, successorOf } from '../../../src/security/keys/rotation.ts'
import { createMemorySigner } from '../../../src/security/signer.ts'
import type { JsonObject } from '../../../src/wire/payload.ts'
import { PROPERTY } from '../../seed.ts'

/** One key takes over from another, and for a while both count. */

const NOW = 1_800_000_000
const DAY = 86_400
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const [OLD, FRESH] = [newKey(), newKey()]
const old: KeyRecord = { key: publicKeyOf(OLD), owner: 'CSMS01' as NodeId, organisation: 'acme', usages: ['sign-message', 'sign-data'], roles: ['operations'], notBefore: NOW - DAY, notAfter: NOW + DAY } // biome-ignore format: one line
const at = { nowS: NOW, random: systemRandomness }
const signers = { old: createMemorySigner(OLD), fresh: createMemorySigner(FRESH) }

test('a successor has the rights of the key that it replaces, and the directory takes it while both count', async () => {
  const record = successorOf(old, publicKeyOf(FRESH), { nowS: NOW, lifetimeS: 30 * DAY })
  assert.deepEqual(record, { ...old, key: publicKeyOf(FRESH), notBefore: NOW, notAfter: NOW + 30 * DAY, replaces: old.key.kid }) // biome-ignore format: one line
  const directory = new KeyDirectory([old])
  const added = directory.add(await signSuccessor(record, signers, at), NOW)
  assert.equal(added.status, 'added')
  for (const { key } of [old, record]) assert.equal(directory.find(key.kid, 'sign-message', NOW).status, 'usable') // biome-ignore format: one line
})

const ADMIN = newKey()
const anchors = [old, { ...old, key: publicKeyOf(ADMIN), owner: 'OWNER01' as NodeId, usages: ['sign-policy'], roles: ['owner'] }] as const // biome-ignore format: one line
const administrator = createMemorySigner(ADMIN)
const successor = successorOf(old, publicKeyOf(FRESH), { nowS: NOW, lifetimeS: DAY })
async function revokeOld(directory: KeyDirectory) {
  const list = { version: 1, revoked: [{ kid: old.key.kid, since: NOW + 10, reason: 'stolen' }], nextUpdate: NOW + DAY } // biome-ignore format: one line
  const signed = await signData(list as unknown as JsonObject, REVOCATION_LIST, [administrator], at)
  assert.equal(directory.revoke(signed, NOW).status, 'revoked')
}
const statusOf = (directory: KeyDirectory, key: KeyRecord['key'], atS: number) => {
  const found = directory.find(key.kid, 'sign-message', atS)
  return found.status === 'usable' ? 'usable' : found.problem
}

test('who has stolen a key hands nothing on: with it all go that stand on it, however long the chain', async () => {
  const directory = new KeyDirectory(anchors)
  assert.equal(directory.add(await signSuccessor(successor, signers, at), NOW).status, 'added')
  const third = newKey()
  const next = successorOf(successor, publicKeyOf(third), { nowS: NOW, lifetimeS: DAY })
  const signed = await signSuccessor(next, { old: signers.fresh, fresh: createMemorySigner(third) }, at) // biome-ignore format: one line
  assert.equal(directory.add(signed, NOW).status, 'added')
  await revokeOld(directory)
  for (const { key } of [old, successor, next]) {
    assert.equal(statusOf(directory, key, NOW + 9), 'usable', 'what was signed before counts')
    assert.equal(statusOf(directory, key, NOW + 10), 'revoked')
  }
  assert.deepEqual(directory.chainOf(next.key.kid), [next, successor, old].map(({ key }) => key.kid)) // biome-ignore format: one line
})

test('a successor that an administrator has signed as well stands on its own, also where that signature is left out again', async () => {
  const directory = new KeyDirectory(anchors)
  const signed = await signSuccessor(successor, { ...signers, administrator }, at)
  assert.equal(directory.add(signed, NOW).status, 'added')
  const weaker = { ...signed, signatures: (signed.signatures as unknown[]).slice(0, 2) }
  const added = directory.add(weaker, NOW)
  assert.equal(added.status === 'refused' && added.problem, 'old-version')
  await revokeOld(directory)
  assert.equal(statusOf(directory, successor.key, NOW + 10), 'usable')
})

test('keys that replace each other end no search', async () => {
  const directory = new KeyDirectory(anchors)
  assert.equal(directory.add(await signSuccessor(successor, signers, at), NOW).status, 'added')
  const back = { ...old, replaces: successor.key.kid }
  const later = { ...at, nowS: NOW + 1 }
  const again = await signSuccessor(back, { old: signers.fresh, fresh: signers.old }, later)
  assert.equal(directory.add(again, NOW + 1).status, 'added')
  assert.equal(directory.chainOf(old.key.kid).length, 2)
})

test('a key that does not count hands on nothing', () => {
  for (const nowS of [old.notBefore - 1, old.notAfter + 1]) {
    assert.throws(() => successorOf(old, publicKeyOf(FRESH), { nowS, lifetimeS: DAY }), TypeError)
  }
  for (const lifetimeS of [0, -1, Number.NaN]) {
    assert.throws(() => successorOf(old, publicKeyOf(FRESH), { nowS: NOW, lifetimeS }), TypeError)
  }
  assert.throws(() => successorOf(old, publicKeyOf(OLD), { nowS: NOW, lifetimeS: DAY }), TypeError)
})

test('only the two keys themselves sign a succession', async () => {
  const record = successorOf(old, publicKeyOf(FRESH), { nowS: NOW, lifetimeS: DAY })
  const other = createMemorySigner(newKey())
  assert.throws(() => signSuccessor(record, { ...signers, old: other }, at), TypeError)
  assert.throws(() => signSuccessor(record, { ...signers, fresh: other }, at), TypeError)
})

test('property: at every second from the rotation to the end of the old key at least one of them counts', () => {
  const second = fc.integer({ min: 0, max: DAY })
  fc.assert(
    fc.property(second, second, (rotated, later) => {
      const nowS = NOW + rotated
      const record = successorOf(old, publicKeyOf(FRESH), { nowS, lifetimeS: 30 * DAY })
      const directory = new KeyDirectory([old, record])
      const isUsable = ({ key }: KeyRecord) => directory.find(key.kid, 'sign-message', nowS + later).status === 'usable' // biome-ignore format: one line
      assert.ok([old, record].some(isUsable))
      assert.ok(isUsable(record))
    }),
    PROPERTY,
  )
})
