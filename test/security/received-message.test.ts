import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeBase64url } from '../../src/security/base64url.ts'
import { canonicalize } from '../../src/security/canonical.ts'
import { signedBytes } from '../../src/security/carriers.ts'
import type { SignatureEntry } from '../../src/security/entry.ts'
import { readMessage, verifyMessage } from '../../src/security/received-message.ts'
import { packSigned } from '../../src/security/signed-message.ts'
import { signingInput, signStatement } from '../../src/security/statement.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { utf8Bytes } from '../../src/wire/strings.ts'
import { CALL, EXPECTED_CALL, knowingAll, signerOf } from './keys.ts'

const PAYLOAD = { evseId: 1, limit: 2.5 }
const OPTIONS = { expected: EXPECTED_CALL, keyOf: knowingAll }
const ATT = { by: 'NN01', prev: 'CSMS01', link: 'basic', verified: [] } as const
const signer = signerOf('ES256')
const entry = await signStatement(signedBytes(PAYLOAD), CALL, signer)

function judge(payload: JsonObject, isWrapped: boolean) {
  const received = readMessage(payload, { isWrapped })
  if ('status' in received) return { reason: received.reason }
  const judged = verifyMessage(received, OPTIONS)
  const { verdict } = judged
  return { received, judged, reason: verdict.status === 'refused' ? verdict.reason : undefined }
}

/** Around a payload as it is written, by a header as it is written. */
async function wrapped(header: object, text: string): Promise<JsonObject> {
  const protectedText = encodeBase64url(utf8Bytes(JSON.stringify(header)))
  const value = await signer.sign(signingInput(protectedText, utf8Bytes(text)))
  return { payload: encodeBase64url(utf8Bytes(text)), protected: protectedText, signature: encodeBase64url(value) } // biome-ignore format: one line
}

const OURS = { ...CALL, alg: 'ES256', kid: signer.kid, typ: 'ww+jws', v: 1 }
const THEIRS = { alg: 'ES256', kid: signer.kid, OCPPAction: CALL.OCPPAction, OCPPMessageTypeId: 2 }

test('whatever bears its signatures, the message and its signers are the same', async () => {
  const jws = packSigned(PAYLOAD, [entry], entry.keyId)?.message as unknown as JsonObject
  for (const [payload, isWrapped, carrier] of [
    [{ ...PAYLOAD, signatures: [entry] }, false, 'top'],
    [{ ...PAYLOAD, customData: { vendorId: 'wattweave', signatures: [entry] } }, false, 'customData'],
    [jws, true, 'signed'],
  ] as const) {
    const { received, judged } = judge(payload, isWrapped)
    assert.deepEqual([received?.payload, received?.carrier, received?.opaque], [PAYLOAD, carrier, undefined])
    assert.deepEqual(received?.entries, [entry])
    assert.equal(judged?.header?.id, CALL.id)
  } // biome-ignore format: a table
})

test('what is not written canonically stays wrapped, and what a hop signs is the wrapping', async () => {
  const jws = await wrapped(OURS, '{"limit":2.50,"evseId":1}')
  const hop = await signStatement(canonicalize(jws), { ...CALL, att: ATT }, signerOf('Ed25519'))
  const { received, judged } = judge({ ...jws, signatures: [hop] }, true)
  assert.deepEqual([received?.payload, received?.opaque?.message], [PAYLOAD, jws])
  assert.ok(judged?.verdict.status === 'verified')
  assert.deepEqual(judged.verdict.signers.map(({ kid }) => kid), [signer.kid, hop.keyId]) // biome-ignore format: one line
  assert.equal(judge({ ...jws, signatures: [{ ...hop, value: entry.value }] }, true).reason, 'signature-invalid') // biome-ignore format: one line
  const other = await signStatement(canonicalize(jws), { ...CALL, to: 'CS02', att: ATT }, signerOf('Ed25519')) // biome-ignore format: one line
  assert.equal(judge({ ...jws, signatures: [other] }, true).reason, 'headers-differ')
  const twice = await signStatement(canonicalize(jws), { ...CALL, att: ATT }, signer)
  assert.equal(judge({ ...jws, signatures: [twice] }, true).reason, 'signer-twice')
})

test('a signed message of another make proves who, by a key that is known, in both spellings of its header', async () => {
  const { OCPPMessageTypeId, ...rest } = THEIRS
  for (const header of [THEIRS, { ...rest, OCPPMessageTypedId: 2 }]) {
    const { received, judged, reason } = judge(await wrapped(header, '{ "evseId": 1 }'), true)
    assert.deepEqual([received?.payload, judged?.foreignKid, reason], [{ evseId: 1 }, signer.kid, undefined]) // biome-ignore format: one line
    assert.equal(judged?.verdict.status, 'unsigned', 'of now it proves nothing')
  }
})

const REFUSED: readonly (readonly [string, object, string])[] = [
  ['crit', { ...THEIRS, crit: ['b64'] }, 'header-malformed'],
  ['another action', { ...THEIRS, OCPPAction: 'Reset' }, 'not-this-message'],
  ['another message type', { ...THEIRS, OCPPMessageTypeId: 3 }, 'not-this-message'],
  ['an algorithm that its key is not for', { ...THEIRS, alg: 'RS256' }, 'algorithm-of-key'],
] // biome-ignore format: a table

for (const [what, header, reason] of REFUSED) {
  test(`a signed message of another make with ${what} is refused: ${reason}`, async () => {
    assert.equal(judge(await wrapped(header, '{}'), true).reason, reason)
  })
}

test('a signed message of another make by a key that nobody knows proves nothing, and a changed one is refused', async () => {
  const unknown = await wrapped({ ...THEIRS, kid: 'somebody' }, '{}')
  assert.equal(judge(unknown, true).judged?.foreignKid, undefined)
  const good = await wrapped(THEIRS, '{}')
  const changed = { ...good, payload: encodeBase64url(utf8Bytes('{"evseId":2}')) }
  assert.equal(judge(changed, true).reason, 'signature-invalid')
})

test('signatures around a payload and inside it are refused', async () => {
  const inside = JSON.stringify({ ...PAYLOAD, signatures: [entry satisfies SignatureEntry] })
  assert.equal(judge(await wrapped(OURS, inside), true).reason, 'two-carriers')
})
