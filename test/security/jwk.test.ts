import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { calculateJwkThumbprint } from 'jose'
import { decodeBase64url, decodeCanonical, encodeBase64url } from '../../src/security/base64url.ts'
import { importPublicKey, publicKeyOf } from '../../src/security/jwk.ts'
import { createMemorySigner, signWith } from '../../src/security/signer.ts'
import { PROPERTY } from '../seed.ts'
import { ALGORITHM_NAMES, ED25519_JWK, keyOf, P256_JWK, PRIVATE_KEYS, signerOf } from './keys.ts'

test('bytes survive base64url, and each has one spelling only', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = encodeBase64url(bytes)
      assert.deepEqual(Buffer.from(decodeBase64url(text) ?? [1]), Buffer.from(bytes))
      assert.equal(decodeBase64url(`${text}=`), undefined)
      assert.equal(decodeBase64url(` ${text}`), undefined)
    }),
    PROPERTY,
  )
  // Unused bits, padding, the other alphabet, a lone character, white space.
  for (const text of ['AB', 'AAB', 'AA==', '-_+/', '++++', 'A', 'AAAAA', 'AA\n', 'A.A', 'Ä']) {
    assert.equal(decodeBase64url(text), undefined, text)
  }
  assert.equal(decodeCanonical('AB==', 'base64'), undefined)
  assert.equal(decodeCanonical('AA', 'base64'), undefined)
  assert.equal(decodeCanonical('AF', 'hex'), undefined)
  assert.equal(decodeCanonical('abc', 'hex'), undefined)
  assert.deepEqual([...(decodeCanonical('af', 'hex') ?? [])], [0xaf])
})

test('thumbprints are those of RFC 8037 and of jose', async () => {
  assert.equal(importPublicKey(ED25519_JWK).kid, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  for (const alg of ALGORITHM_NAMES) {
    const { kid, jwk } = keyOf(alg)
    if (alg === 'ML-DSA-65') {
      const text = `{"alg":"ML-DSA-65","kty":"AKP","pub":"${jwk.pub}"}`
      assert.equal(kid, createHash('sha256').update(text).digest('base64url'))
    } else assert.equal(kid, await calculateJwkThumbprint(jwk as { kty: string }))
  }
})

test('each kind of key has one algorithm, and the same key is built once', () => {
  for (const alg of ALGORITHM_NAMES) {
    assert.equal(keyOf(alg).alg, alg)
    assert.equal(importPublicKey(keyOf(alg).jwk), publicKeyOf(PRIVATE_KEYS[alg]))
  }
})

test('what is no public key for signatures is refused', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
    format: 'jwk',
  })
  const other = keyOf('ES384').jwk
  for (const jwk of [
    {},
    rsa,
    { kty: 'oct', k: 'AAAA' },
    { ...P256_JWK, d: 'AAAA' },
    { ...P256_JWK, alg: 'ES384' },
    { ...P256_JWK, use: 'enc' },
    { ...P256_JWK, key_ops: ['encrypt'] },
    { ...P256_JWK, key_ops: 'verify' },
    { ...P256_JWK, kid: 'CSMS01' },
    { ...P256_JWK, crv: 'P-384' },
    { ...P256_JWK, crv: 'secp256k1' },
    { ...P256_JWK, y: `${P256_JWK.y}=` },
    { ...P256_JWK, y: `${P256_JWK.y.slice(0, -1)}1` },
    { ...P256_JWK, y: P256_JWK.x },
    { ...P256_JWK, y: 5 },
    { ...P256_JWK, x: `AA${P256_JWK.x}` },
    { ...other, crv: 'P-256' },
    { ...ED25519_JWK, crv: 'Ed448' },
    { ...ED25519_JWK, crv: 'X25519' },
    { ...keyOf('ML-DSA-65').jwk, alg: 'ML-DSA-44' },
    { ...keyOf('ML-DSA-65').jwk, priv: 'AAAA' },
  ]) {
    assert.throws(() => importPublicKey(jwk), { code: 'ERR_SIGNATURE_KEY' }, JSON.stringify(jwk))
  }
})

test('a signer does not show its key', () => {
  const signer = signerOf('ES256')
  const seen = inspect(signer, { depth: 9, showHidden: true }) + JSON.stringify(signer)
  assert.doesNotMatch(seen, /KeyObject|jpsQnnGQ|PRIVATE/)
  assert.throws(() => createMemorySigner(keyOf('ES256').key), { code: 'ERR_SIGNATURE_KEY' })
})

test('a holder that fails, or answers with what is no signature, is an error', async () => {
  const signer = signerOf('ES256')
  const failing = { ...signer, sign: () => Promise.reject(new Error('no token')) }
  const short = { ...signer, sign: async () => new Uint8Array(63) }
  await assert.rejects(signWith(failing, Buffer.from('a')), { code: 'ERR_SIGNATURE_FAILED' })
  await assert.rejects(signWith(short, Buffer.from('a')), { code: 'ERR_SIGNATURE_FAILED' })
})
