import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import type { NodeId } from '../../../src/primitives/ids.ts'
import { systemRandomness } from '../../../src/primitives/randomness.ts'
import { signData } from '../../../src/security/data-statement.ts'
import { publicKeyOf, sha256 } from '../../../src/security/jwk.ts'
import { readCandidate } from '../../../src/security/keys/commissioning.ts'
import { KeyDirectory } from '../../../src/security/keys/key-directory.ts'
import { KEY_RECORD, type KeyRecord, keyRecordPayload, readKeyRecord } from '../../../src/security/keys/key-record.ts' // biome-ignore format: one line
import { signSuccessor, successorOf } from '../../../src/security/keys/rotation.ts'
import { createMemorySigner } from '../../../src/security/signer.ts'
import { rsaKey } from '../rsa.ts'

/** Key records of keys that have certificates, and of keys of RSA. */

const NOW = 1_800_000_000
const DAY = 86_400
const at = { nowS: NOW, random: systemRandomness }
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const [ADMIN, STATION, OTHER] = [newKey(), newKey(), newKey()]
const thumbprintOf = (name: string) => sha256(Buffer.from(name))
const [FIRST, SECOND] = [thumbprintOf('first'), thumbprintOf('second')]

function record(key: KeyObject, more: Partial<KeyRecord> = {}): KeyRecord {
  return { key: publicKeyOf(key), owner: 'CS01' as NodeId, usages: ['sign-message'], roles: [], notBefore: NOW - DAY, notAfter: NOW + DAY, ...more } // biome-ignore format: one line
}

const RSA_RECORD = record(STATION, { key: rsaKey('RS256'), 'x5t#S256': FIRST })
const ANCHOR = record(ADMIN, { owner: 'CSMS01' as NodeId, usages: ['sign-policy', 'sign-message'], roles: ['admin'] }) // biome-ignore format: one line
const signed = (of: KeyRecord, ...keys: KeyObject[]) => signData(keyRecordPayload(of), KEY_RECORD, keys.map((key) => createMemorySigner(key)), at) // biome-ignore format: one line
const selected = (directory: KeyDirectory, certificate: string) => directory.keyOf.certificates?.keyOf(certificate)?.kid // biome-ignore format: one line

test('a record survives being written and read, with its certificate and of a key of RSA', () => {
  for (const one of [RSA_RECORD, record(STATION, { 'x5t#S256': FIRST })]) {
    assert.deepEqual(readKeyRecord(keyRecordPayload(one)), one)
  }
})

const payload = keyRecordPayload(RSA_RECORD)
const REFUSED: readonly (readonly [string, object, RegExp])[] = [
  ['a thumbprint that is too short', { 'x5t#S256': FIRST.slice(1) }, /x5t#S256/],
  ['a thumbprint with unused bits', { 'x5t#S256': `${FIRST.slice(0, -1)}B` }, /x5t#S256/],
  ['a thumbprint that is no text', { 'x5t#S256': null }, /x5t#S256/],
  ['the thumbprint of SHA-1', { x5t: FIRST }, /x5t is no member/],
  ['a key of RSA without its algorithm', { jwk: { ...(payload.jwk as object), alg: undefined } }, /jwk: .*RS256/],
  ['a key of RSA that is to sign data', { usages: ['sign-message', 'sign-data'] }, /of other makes only/],
  ['a key of RSA that is to sign policies', { usages: ['sign-policy'] }, /of other makes only/],
  ['a key of RSA that is an owner', { roles: ['owner'] }, /of other makes only/],
] // biome-ignore format: a table

for (const [what, changed, sentence] of REFUSED) {
  test(`a record with ${what} is refused`, () => {
    const read = readKeyRecord({ ...payload, ...changed } as never)
    assert.match(String(typeof read === 'string' ? read : 'it was taken'), sentence)
  })
}

test('a key of RSA that is believed as it stands is found by its kid and by its certificate', () => {
  const directory = new KeyDirectory([ANCHOR, RSA_RECORD])
  assert.equal(directory.find(RSA_RECORD.key.kid, 'sign-message', NOW).status, 'usable')
  assert.equal(selected(directory, FIRST), RSA_RECORD.key.kid)
  assert.deepEqual([selected(directory, SECOND), selected(directory, '')], [undefined, undefined])
})

test('a key of RSA enters by no signature, not even by that of an administrator', async () => {
  const directory = new KeyDirectory([ANCHOR])
  const added = directory.add(await signed(RSA_RECORD, ADMIN), NOW)
  assert.ok(added.status === 'refused')
  assert.equal(added.problem, 'not-proved')
  assert.match(added.sentence, /of RSA cannot sign its own record; .*wattweave keys trust/)
  assert.equal(directory.keyOf(RSA_RECORD.key.kid), undefined)
})

test('a certificate selects the key of which an administrator has said so, as long as no other is said', async () => {
  const directory = new KeyDirectory([ANCHOR])
  const add = async (of: KeyRecord, ...keys: KeyObject[]) => {
    const added = directory.add(await signed(of, ...keys), NOW)
    return added.status === 'refused' ? added.problem : added.status
  }
  const { kid } = publicKeyOf(STATION)
  const named = record(STATION, { 'x5t#S256': FIRST })
  assert.equal(await add(named, STATION), 'not-endorsed')
  assert.equal(selected(directory, FIRST), undefined)
  assert.equal(await add(named, STATION, ADMIN), 'added')
  assert.equal(selected(directory, FIRST), kid)
  assert.equal(await add(record(OTHER, { 'x5t#S256': FIRST }), OTHER, ADMIN), 'known-otherwise')
  assert.equal(selected(directory, FIRST), kid)

  assert.equal(await add(record(STATION, { 'x5t#S256': SECOND }), STATION, ADMIN), 'added')
  assert.deepEqual([selected(directory, FIRST), selected(directory, SECOND)], [undefined, kid])
  assert.equal(directory.keyOf.certificates?.of(kid), SECOND)
  assert.equal(await add(record(OTHER, { 'x5t#S256': FIRST }), OTHER, ADMIN), 'added')
  assert.equal(selected(directory, FIRST), publicKeyOf(OTHER).kid)
})

test('who only takes the place of a key names no certificate, neither its own nor that of the old one', async () => {
  const old = record(STATION, { 'x5t#S256': FIRST })
  const directory = new KeyDirectory([ANCHOR, old])
  const signers = { old: createMemorySigner(STATION), fresh: createMemorySigner(OTHER) }
  const successor = successorOf(old, publicKeyOf(OTHER), { nowS: NOW, lifetimeS: DAY })
  assert.equal(successor['x5t#S256'], undefined)
  const claiming = { ...successor, 'x5t#S256': SECOND }
  const claimed = directory.add(await signSuccessor(claiming, signers, at), NOW)
  assert.ok(claimed.status === 'refused')
  assert.equal(claimed.problem, 'not-endorsed')
  assert.equal(directory.add(await signSuccessor(successor, signers, at), NOW).status, 'added')
})

test('whoever is invited names no certificate', () => {
  const invited = { owner: 'CS01' as NodeId, roles: [] }
  const candidate = (more: Partial<KeyRecord>) => readCandidate(keyRecordPayload(record(STATION, more)), invited) // biome-ignore format: one line
  assert.equal(typeof candidate({}), 'object')
  assert.match(String(candidate({ 'x5t#S256': FIRST })), /names a certificate/)
})

test('of records that are believed as they stand two do not give one key two algorithms, or two keys one certificate', () => {
  const refusal = (one: KeyRecord) => () => new KeyDirectory([ANCHOR, RSA_RECORD, one])
  const other = { ...RSA_RECORD, key: rsaKey('RS384') }
  assert.throws(refusal(other), { code: 'ERR_SIGNATURE_KEY', message: /is known for RS256/ })
  const thief = record(OTHER, { 'x5t#S256': FIRST })
  assert.throws(refusal(thief), { code: 'ERR_SIGNATURE_KEY', message: /certificate/ })
  assert.doesNotThrow(refusal({ ...RSA_RECORD, roles: ['operations'] }))
})
