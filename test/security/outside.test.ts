import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { FlattenedSign, flattenedVerify } from 'jose'
import { type AlgorithmName, isSignatureOf } from '../../src/security/algorithms.ts'
import { decodeBase64url, encodeBase64url } from '../../src/security/base64url.ts'
import { canonicalize } from '../../src/security/canonical.ts'
import { importPublicKey } from '../../src/security/jwk.ts'
import { importRsaKey, isRsaKey, isRsaSignatureOf } from '../../src/security/rsa-key.ts'
import { packSigned, verifySigned } from '../../src/security/signed-message.ts'
import { signStatement } from '../../src/security/statement.ts'
import { CALL, EXPECTED_CALL, keyOf, knowingAll, PRIVATE_KEYS, signerOf } from './keys.ts'
import { sharedData } from './shared-data.ts'

const PAYLOAD = { evseId: 1, text: 'ü€😀', limit: 0.1 }
const BYTES = canonicalize(PAYLOAD)
const OPTIONS = { expected: EXPECTED_CALL, keyOf: knowingAll }

for (const alg of ['ES256', 'ES384', 'ES512', 'Ed25519', 'ML-DSA-65'] as const) {
  test(`jose verifies our statements: ${alg}`, async () => {
    const entry = await signStatement(BYTES, CALL, signerOf(alg))
    const jws = {
      payload: encodeBase64url(BYTES),
      protected: entry.protected,
      signature: entry.value,
    }
    const { payload, protectedHeader } = await flattenedVerify(jws, keyOf(alg).key)
    assert.deepEqual(JSON.parse(Buffer.from(payload).toString()), PAYLOAD)
    assert.equal(protectedHeader?.kid, entry.keyId)
    const changed = { ...jws, payload: encodeBase64url(canonicalize({ ...PAYLOAD, evseId: 2 })) }
    await assert.rejects(flattenedVerify(changed, keyOf(alg).key))
  })

  test(`we verify signed messages of jose: ${alg}`, async () => {
    const header = { ...CALL, alg, kid: keyOf(alg).kid, typ: 'ww+jws', v: 1 }
    const message = await new FlattenedSign(BYTES)
      .setProtectedHeader(header as unknown as { alg: string })
      .sign(PRIVATE_KEYS[alg])
    const verdict = verifySigned({ ...message }, OPTIONS)
    assert.equal(verdict.status, 'verified')
    assert.deepEqual(verdict.payload, PAYLOAD)
    const changed = { ...message, payload: encodeBase64url(canonicalize({ ...PAYLOAD, limit: 1 })) }
    assert.equal(verifySigned(changed, OPTIONS).status, 'refused')
  })
}

test('jose verifies our signed messages', async () => {
  const entry = await signStatement(BYTES, CALL, signerOf('ES256'))
  const packed = packSigned(PAYLOAD, [entry], entry.keyId)
  assert.ok(packed)
  const { payload } = await flattenedVerify(packed.message, keyOf('ES256').key)
  assert.deepEqual(Buffer.from(payload), Buffer.from(BYTES))
})

interface Group {
  readonly publicKeyPem: string
  readonly comment?: string
  readonly public?: { readonly [member: string]: unknown }
  readonly tests: readonly {
    readonly tcId: number
    readonly msg: string
    readonly sig: string
    readonly jws: string
    readonly result: string
  }[]
}

for (const [file, alg] of [
  ['ecdsa_secp256r1_sha256_p1363_test', 'ES256'],
  ['ecdsa_secp384r1_sha384_p1363_test', 'ES384'],
  ['ecdsa_secp521r1_sha512_p1363_test', 'ES512'],
  ['ed25519_test', 'Ed25519'],
] as const satisfies [string, AlgorithmName][]) {
  test(`Wycheproof: ${file} is accepted and refused exactly`, (t) => {
    const data = sharedData(t, `wycheproof/${file}.json`)
    if (!data) return
    const { testGroups, numberOfTests }: { testGroups: Group[]; numberOfTests: number } =
      JSON.parse(data.toString())
    let tried = 0
    for (const { publicKeyPem, tests } of testGroups) {
      const key = createPublicKey(publicKeyPem)
      for (const { tcId, msg, sig, result } of tests) {
        const isValid = isSignatureOf(
          { alg, key },
          Buffer.from(msg, 'hex'),
          Buffer.from(sig, 'hex'),
        )
        assert.equal(isValid, result === 'valid', `${file} ${tcId}`)
        tried++
      }
    }
    assert.equal(tried, numberOfTests)
  })
}

/** A compact JWS with our primitives alone: its headers are none of ours. */
function isCompactJws(jws: string, jwk: NonNullable<Group['public']>): boolean {
  const [header = '', payload = '', signature = '', ...more] = jws.split('.')
  const { kid: _, ...publicPart } = jwk
  const value = decodeBase64url(signature)
  const head = decodeBase64url(header)
  if (more.length > 0 || !value || !head || !decodeBase64url(payload)) return false
  try {
    const key = jwk.kty === 'RSA' ? importRsaKey(publicPart) : importPublicKey(publicPart)
    const { alg } = JSON.parse(Buffer.from(head).toString())
    const input = Buffer.from(`${header}.${payload}`)
    if (alg !== key.alg) return false
    return isRsaKey(key) ? isRsaSignatureOf(key, input, value) : isSignatureOf(key, input, value)
  } catch {
    return false
  }
}

test('Wycheproof: JWS by ES256 are accepted and refused exactly', (t) => {
  const data = sharedData(t, 'wycheproof/json_web_signature_test.json')
  if (!data) return
  const { testGroups }: { testGroups: Group[] } = JSON.parse(data.toString())
  let tried = 0
  for (const { public: jwk, tests } of testGroups) {
    if (jwk?.kty !== 'EC' || jwk.crv !== 'P-256') continue
    for (const { tcId, jws, result } of tests) {
      assert.equal(isCompactJws(jws, jwk), result === 'valid', `JWS ${tcId}`)
      tried++
    }
  }
  assert.ok(tried >= 40, `${tried} tried`)
})

test('Wycheproof: JWS by RS256 and RS384 are accepted and refused exactly, those by other algorithms of RSA not at all', (t) => {
  const data = sharedData(t, 'wycheproof/json_web_signature_test.json')
  if (!data) return
  const { testGroups }: { testGroups: Group[] } = JSON.parse(data.toString())
  let tried = 0
  for (const { public: jwk, tests } of testGroups) {
    if (jwk?.kty !== 'RSA') continue
    const isOurs = jwk.alg === 'RS256' || jwk.alg === 'RS384'
    for (const { tcId, jws, result } of tests) {
      assert.equal(isCompactJws(jws, jwk), isOurs && result === 'valid', `JWS ${tcId}`)
      tried++
    }
  }
  assert.ok(tried >= 300, `${tried} tried`)
})
