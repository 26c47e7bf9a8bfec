import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { FlattenedSign } from 'jose'
import type { NodeId } from '../../src/primitives/ids.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import type { KeyRecord } from '../../src/security/keys/key-record.ts'
import { importRsaKey, type KnownKey } from '../../src/security/rsa-key.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { foreignSigner, STATUS } from '../support/foreign-signer.ts'
import { reasonsAt } from '../support/secured.ts'

/** Stations of another make, at a node of ours, that sign with keys and names of keys we do not use. */

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const CERTIFICATE = createHash('sha256').update('a certificate').digest('base64url')
const rsaKey = (alg: 'RS256' | 'RS384') => importRsaKey({ ...RSA.publicKey.export({ format: 'jwk' }), alg } as JsonObject) // biome-ignore format: one line

function record(key: KnownKey, owner = 'CS01'): KeyRecord {
  return { key, owner: owner as NodeId, usages: ['sign-message'], roles: [], notBefore: 0, notAfter: 4e9, 'x5t#S256': CERTIFICATE } // biome-ignore format: one line
}

interface Signing {
  readonly key: KnownKey
  readonly by: KeyObject
  readonly header: object
  readonly owner?: string
}

/** What CS01 sends, signed so, comes to; with the verdict of the CSMS. */
async function sent(t: TestContext, { key, by, header, owner }: Signing) {
  const sign = async (payload: object, theirs: object) => {
    const jws = new FlattenedSign(Buffer.from(JSON.stringify(payload)))
    return { ...(await jws.setProtectedHeader({ ...theirs, ...header } as never).sign(by)) }
  }
  const { net, csms, obeyed, sendsSigned } = await foreignSigner(t, { records: [record(key, owner)], sign }) // biome-ignore format: one line
  const answer = await sendsSigned(STATUS)
  const verdict = csms.frameLog.after(0, 1_000).flatMap((one) => one.verdict ?? []).at(-1) // biome-ignore format: one chain
  return { net, answer, obeyed, assurance: verdict?.assurance, signers: verdict?.signers.map((one) => one.owner) } // biome-ignore format: one line
}

for (const [what, signing] of [
  ['RS256 and the kid of its key', { key: rsaKey('RS256'), by: RSA.privateKey, header: { alg: 'RS256', kid: rsaKey('RS256').kid } }],
  ['RS384 and its certificate', { key: rsaKey('RS384'), by: RSA.privateKey, header: { alg: 'RS384', 'x5t#S256': CERTIFICATE } }],
  ['ES256 and its certificate', { key: publicKeyOf(EC.publicKey), by: EC.privateKey, header: { alg: 'ES256', 'x5t#S256': CERTIFICATE } }],
] as const) {
  test(`what a station of another make signs by ${what} is obeyed with the word of the edge`, async (t) => {
    const { answer, obeyed, assurance, signers } = await sent(t, signing)
    assert.deepEqual([answer, obeyed], [{}, [STATUS]])
    assert.equal(assurance, 'oca')
    assert.deepEqual(signers, ['NN01', 'CS01'])
  })
} // biome-ignore format: a table

test('what is signed by another algorithm than that of the key is refused at the edge', async (t) => {
  const header = { alg: 'RS384', kid: rsaKey('RS256').kid }
  const { net, obeyed } = await sent(t, { key: rsaKey('RS256'), by: RSA.privateKey, header })
  assert.deepEqual([obeyed, reasonsAt(net, 'NN01')], [[], ['algorithm-of-key']])
})

test('what somebody else signs in the name of a certificate is refused at the edge', async (t) => {
  const header = { alg: 'ES256', 'x5t#S256': CERTIFICATE }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { net, obeyed } = await sent(t, { key: publicKeyOf(EC.publicKey), by: privateKey, header })
  assert.deepEqual([obeyed, reasonsAt(net, 'NN01')], [[], ['signature-invalid']])
})

test('a certificate that nobody has entered names nobody: it counts as far as the edge has seen it, and no further', async (t) => {
  const other = createHash('sha256').update('another').digest('base64url')
  const header = { alg: 'RS256', 'x5t#S256': other }
  const { signers, assurance } = await sent(t, { key: rsaKey('RS256'), by: RSA.privateKey, header })
  assert.deepEqual([assurance, signers], ['attested', ['NN01']])
})

test('what a station signs by a key of somebody else does not count as its own', async (t) => {
  const header = { alg: 'RS256', 'x5t#S256': CERTIFICATE }
  const { assurance, signers } = await sent(t, { key: rsaKey('RS256'), by: RSA.privateKey, header, owner: 'CS02' }) // biome-ignore format: one line
  assert.deepEqual([assurance, signers], ['attested', ['NN01', 'CS02']])
})
