import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { calculateJwkThumbprint, FlattenedSign } from 'jose'
import { encodeBase64url } from '../../src/security/base64url.ts'
import { putSignatures, signedBytes, verifyPayload } from '../../src/security/carriers.ts'
import { encodeHeader, type StatementHeader } from '../../src/security/header.ts'
import { importPublicKey, sha256 } from '../../src/security/jwk.ts'
import { isRsaKey, isRsaSignatureOf } from '../../src/security/rsa-key.ts'
import { verifySigned } from '../../src/security/signed-message.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import { signingInput } from '../../src/security/statement.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { CALL, dataFields, EXPECTED_CALL, keyOf, P256_JWK } from './keys.ts'
import { RSA, RSA_JWK, rsaKey } from './rsa.ts'

/** Keys of RSA verify what others have signed, and count for nothing of our own form. */

/** A number of so many bits, as it stands in a JWK. */
function numberOf(bits: number, last = 1): string {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff)
  bytes[0] = 0xff >> ((8 - (bits % 8)) % 8)
  bytes[bytes.length - 1] = last
  return encodeBase64url(bytes)
}

test('a key of RSA has the thumbprint of RFC 7638, whichever of both algorithms it is for', async () => {
  const kid = await calculateJwkThumbprint(RSA_JWK as { kty: string })
  for (const alg of ['RS256', 'RS384'] as const) {
    const key = rsaKey(alg)
    assert.deepEqual([key.kid, key.alg, key.valueBytes], [kid, alg, 256])
    assert.deepEqual(key.jwk, { alg, ...RSA_JWK }, 'as it is written it is read again')
    assert.deepEqual([isRsaKey(key), isRsaKey(keyOf('ES256'))], [true, false])
  }
})

test('a key of RSA verifies what was padded and hashed as its algorithm says, and nothing else', () => {
  const bytes = Buffer.from('text')
  const value = sign('sha256', bytes, RSA.privateKey)
  assert.ok(isRsaSignatureOf(rsaKey('RS256'), bytes, value))
  assert.ok(!isRsaSignatureOf(rsaKey('RS384'), bytes, value))
  assert.ok(!isRsaSignatureOf(rsaKey('RS256'), Buffer.from('test'), value))
  const pss = sign('sha256', bytes, { key: RSA.privateKey, padding: 6 })
  assert.ok(!isRsaSignatureOf(rsaKey('RS256'), bytes, pss))
  assert.ok(!isRsaSignatureOf(rsaKey('RS256'), bytes, value.subarray(1)))
})

for (const bits of [2048, 2049, 3072, 4096]) {
  test(`a modulus of ${bits} bits is taken`, () => {
    assert.equal(rsaKey('RS256', { n: numberOf(bits) }).valueBytes, Math.ceil(bits / 8))
  })
}

const REFUSED: readonly (readonly [string, JsonObject])[] = [
  ['without an algorithm', { alg: undefined }],
  ['for RS512', { alg: 'RS512' }],
  ['for PS256', { alg: 'PS256' }],
  ['for an algorithm of elliptic curves', { alg: 'ES256' }],
  ['with a modulus of 1024 bits', { n: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }).n }],
  ['with a modulus of 2047 bits', { n: numberOf(2047) }],
  ['with a modulus of 4097 bits', { n: numberOf(4097) }],
  ['with an even modulus', { n: numberOf(2048, 2) }],
  ['with a zero before its modulus', { n: encodeBase64url(Buffer.concat([Buffer.of(0), Buffer.from(String(RSA_JWK.n), 'base64url')])) }],
  ['with a padded modulus', { n: `${RSA_JWK.n}=` }],
  ['with a modulus that is no text', { n: 5 }],
  ['without a modulus', { n: undefined }],
  ['with the exponent 3', { e: 'Aw' }],
  ['with the exponent 65535', { e: '__8' }],
  ['with an even exponent', { e: 'AQAC' }],
  ['with a zero before its exponent', { e: 'AAEAAQ' }],
  ['with an exponent of nine bytes', { e: numberOf(72) }],
  ['with an empty exponent', { e: '' }],
  ['with another kid', { kid: 'CS01' }],
  ['for encryption', { use: 'enc' }],
  ['that holds a prime', { p: 'AQAB' }],
  ['that holds a private exponent', { d: 'AQAB' }],
  ['of another kind', { kty: 'EC' }],
] as unknown as (readonly [string, JsonObject])[] // biome-ignore format: a table

for (const [what, changed] of REFUSED) {
  test(`a key of RSA ${what} is refused`, () => {
    assert.throws(() => rsaKey('RS256', changed), { code: 'ERR_SIGNATURE_KEY' })
  })
}

test('what signs, and what is its own key, is never of RSA', () => {
  assert.throws(() => createMemorySigner(RSA.privateKey), { code: 'ERR_SIGNATURE_KEY' })
  for (const alg of ['RS256', 'RS384']) assert.throws(() => importPublicKey({ ...RSA_JWK, alg }), { code: 'ERR_SIGNATURE_KEY' }) // biome-ignore format: one line
  assert.throws(() => importPublicKey({ ...P256_JWK, alg: 'RS256' }), { code: 'ERR_SIGNATURE_KEY' })
})

const PAYLOAD = { evseId: 1 }
const lookup = () => rsaKey('RS256')

/** What a signer of ours would make of a key of RSA, if there were one. */
function entryOf(fields: object, algorithm: string): JsonObject {
  const { kid } = rsaKey('RS256')
  const header = { ...fields, alg: 'RS256', kid, typ: 'ww+jws', v: 1 } as unknown as StatementHeader
  const text = encodeHeader(header)
  const value = sign('sha256', signingInput(text, signedBytes(PAYLOAD)), RSA.privateKey)
  return { keyId: kid, value: encodeBase64url(value), algorithm, signingMethod: 'json', protected: text } // biome-ignore format: one line
}

test('a key of RSA that is known signs no entry, neither of messages nor of data', () => {
  const data = dataFields(sha256(signedBytes(PAYLOAD)))
  for (const [fields, expected] of [
    [CALL, EXPECTED_CALL],
    [data, { kind: 'data', ctx: data.ctx }],
  ] as const) {
    for (const algorithm of ['RS256', 'rsa']) {
      const payload = putSignatures(PAYLOAD, [entryOf(fields, algorithm) as never], 'top') as JsonObject // biome-ignore format: one line
      const verdict = verifyPayload(payload, { expected, keyOf: lookup })
      assert.ok(verdict.status === 'refused')
      assert.equal(verdict.reason, 'algorithm-of-key')
    }
  }
})

test('a key of RSA that is known signs no message of our make, as `-Signed` either', async () => {
  const { kid } = rsaKey('RS256')
  const header = { ...CALL, alg: 'RS256', kid, typ: 'ww+jws', v: 1 }
  const message = await new FlattenedSign(signedBytes(PAYLOAD))
    .setProtectedHeader(header as unknown as { alg: string })
    .sign(RSA.privateKey)
  const verdict = verifySigned({ ...message }, { expected: EXPECTED_CALL, keyOf: lookup })
  assert.equal(verdict.status, 'refused')
})
