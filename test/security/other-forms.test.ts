import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url } from '../../src/security/base64url.ts'
import {
  decodeBinaryPayload,
  encodeBinaryPayload,
  verifyBinaryPayload,
} from '../../src/security/binary-payload.ts'
import {
  putErrorSignatures,
  signedErrorBytes,
  verifyError,
} from '../../src/security/error-payload.ts'
import { sha256 } from '../../src/security/jwk.ts'
import { signStatement } from '../../src/security/statement.ts'
import { PROPERTY } from '../seed.ts'
import { CALL, EXPECTED_CALL, knowingAll, signerOf } from './keys.ts'

const ERROR = { code: 'SecurityError', description: 'ü', details: { reason: 'replayed' } }
const FIELDS = {
  ...CALL,
  OCPPMessageTypedId: 4,
  req: { digest: sha256(Buffer.from('{}')) },
} as const
const ERROR_OPTIONS = { expected: { ...EXPECTED_CALL, messageType: 4 }, keyOf: knowingAll } as const

test('an error is signed with all it says', async () => {
  assert.equal(
    Buffer.from(signedErrorBytes(ERROR)).toString(),
    '{"code":"SecurityError","description":"ü","details":{"reason":"replayed"}}',
  )
  const entry = await signStatement(signedErrorBytes(ERROR), FIELDS, signerOf('ES256'))
  const signed = putErrorSignatures(ERROR, [entry])
  assert.equal(verifyError(signed, ERROR_OPTIONS).status, 'verified')
  assert.deepEqual(putErrorSignatures(signed, []), ERROR)
  for (const change of [
    { ...signed, code: 'GenericError' },
    { ...signed, description: 'u' },
    { ...signed, details: { ...signed.details, reason: 'expired' } },
    { ...signed, details: { ...signed.details, customData: { vendorId: 'wattweave' } } },
  ]) {
    const verdict = verifyError(change, ERROR_OPTIONS)
    assert.ok(verdict.status === 'refused' && verdict.reason === 'signature-invalid')
  }
  const as5 = { ...ERROR_OPTIONS, expected: { ...EXPECTED_CALL, messageType: 5 } } as const
  const verdict = verifyError(signed, as5)
  assert.ok(verdict.status === 'refused' && verdict.reason === 'not-this-message')
})

test('an error without signatures is unsigned, one with nonsense in their place is refused', () => {
  assert.equal(verifyError(ERROR, ERROR_OPTIONS).status, 'unsigned')
  const verdict = verifyError({ ...ERROR, details: { signatures: 'x' } }, ERROR_OPTIONS)
  assert.ok(verdict.status === 'refused' && verdict.reason === 'entries-malformed')
})

const BODY = Uint8Array.of(0, 1, 2, 0xff, 0x5b)
const OPTIONS = { expected: EXPECTED_CALL, keyOf: knowingAll }
const entries = await Promise.all(
  (['ES256', 'ML-DSA-65'] as const).map((alg) =>
    signStatement(BODY, CALL, signerOf(alg), 'binary'),
  ),
)
const WHOLE = encodeBinaryPayload({ entries, body: BODY })

test('a binary payload is as its picture says', () => {
  const [entry] = entries
  assert.ok(entry)
  const header = Buffer.from(decodeBase64url(entry.protected) ?? [])
  const one = Buffer.from(encodeBinaryPayload({ entries: [entry], body: BODY }))
  assert.equal(one[0], 1)
  assert.equal(one.readUInt16BE(1), header.length)
  assert.deepEqual(one.subarray(3, 3 + header.length), header)
  assert.equal(one.readUInt16BE(3 + header.length), 64)
  assert.deepEqual(one.subarray(-BODY.length), Buffer.from(BODY))
  assert.equal(one.length, 1 + 2 + header.length + 2 + 64 + BODY.length)
})

test('a binary payload comes back as it was written and verifies', () => {
  const decoded = decodeBinaryPayload(WHOLE)
  assert.ok('entries' in decoded)
  assert.deepEqual(decoded.entries, entries)
  const verdict = verifyBinaryPayload(WHOLE, OPTIONS)
  assert.ok(verdict.status === 'verified')
  assert.deepEqual(Buffer.from(verdict.body ?? []), Buffer.from(BODY))
  assert.equal(verdict.signers.length, 2)
})

test('no signatures and no body are possible; then it is unsigned', () => {
  assert.equal(verifyBinaryPayload(Uint8Array.of(0), OPTIONS).status, 'unsigned')
  assert.equal(verifyBinaryPayload(Uint8Array.of(0, 1, 2), OPTIONS).status, 'unsigned')
})

test('any changed byte and any truncation of a signed binary payload is refused, or costs a signature', () => {
  const check = (bytes: Uint8Array) => {
    const verdict = verifyBinaryPayload(bytes, OPTIONS)
    // A key id that became another one is of a key nobody knows: that signature no longer counts.
    if (verdict.status === 'verified') {
      assert.equal(verdict.signers.length, 1)
      return assert.deepEqual(Buffer.from(verdict.body ?? []), Buffer.from(BODY))
    }
    // With the count at 0 all is body, and unsigned.
    const expected = bytes[0] === 0 ? ['unsigned'] : ['refused', 'unknown-keys']
    assert.ok(expected.includes(verdict.status), verdict.status)
  }
  fc.assert(
    fc.property(fc.nat(WHOLE.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) =>
      check(Uint8Array.from(WHOLE, (byte, i) => (i === at ? byte ^ flip : byte))),
    ),
    PROPERTY,
  )
  fc.assert(
    fc.property(fc.nat(WHOLE.length - 1), (length) => check(WHOLE.subarray(0, length))),
    PROPERTY,
  )
  check(Buffer.concat([WHOLE, Uint8Array.of(0)]))
})

test('counts and lengths beyond the limits are refused before anything is decoded', () => {
  const reasonOf = (...bytes: number[]) => {
    const verdict = verifyBinaryPayload(Uint8Array.from(bytes), OPTIONS)
    return verdict.status === 'verified' ? undefined : verdict.reason
  }
  assert.equal(reasonOf(), 'entries-malformed')
  assert.equal(reasonOf(9), 'too-many-entries')
  assert.equal(reasonOf(1), 'entries-malformed')
  assert.equal(reasonOf(1, 0), 'entries-malformed')
  assert.equal(reasonOf(1, 0, 0, 0), 'entries-malformed')
  assert.equal(reasonOf(1, 0xff, 0xff, 0), 'entries-malformed')
  assert.equal(reasonOf(1, 0, 0, 0, 0), 'header-malformed')
  assert.equal(reasonOf(1, 0x0c, 1, ...new Array(0x0c01).fill(32), 0, 0), 'header-too-long')
  assert.equal(reasonOf(1, 0, 0, 0x0d, 0x81, ...new Array(0x0d81).fill(0)), 'value-too-long')
  assert.throws(
    () => encodeBinaryPayload({ entries: new Array(9).fill(entries[0]), body: BODY }),
    TypeError,
  )
})

test('an entry for JSON does not stand in a binary payload’s place, nor the reverse', async () => {
  const [entry] = entries
  assert.ok(entry)
  const error = putErrorSignatures(ERROR, [entry])
  const verdict = verifyError(error, ERROR_OPTIONS)
  assert.ok(verdict.status === 'refused' && verdict.reason === 'entry-malformed')
})
