import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeBase64url } from '../../src/security/base64url.ts'
import { canonicalize, parseStrict } from '../../src/security/canonical.ts'
import {
  putSignatures,
  signedBytes,
  stripSignatures,
  verifyPayload,
} from '../../src/security/carriers.ts'
import {
  packSigned,
  plainAction,
  signedAction,
  unpackSigned,
  verifySigned,
} from '../../src/security/signed-message.ts'
import { signStatement } from '../../src/security/statement.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { PROPERTY } from '../seed.ts'
import { CALL, EXPECTED_CALL, knowingAll, signerOf } from './keys.ts'

const PAYLOAD = {
  evseId: 1,
  chargingProfile: { id: 7, customData: { vendorId: 'wattweave', signatures: [1] } },
}
const OPTIONS = { expected: EXPECTED_CALL, keyOf: knowingAll }
const sign = (payload: JsonObject, alg: 'ES256' | 'Ed25519' = 'ES256', more = {}) =>
  signStatement(signedBytes(payload), { ...CALL, ...more }, signerOf(alg))
const entry = await sign(PAYLOAD)

function onWire(payload: JsonObject | undefined): JsonObject {
  return parseStrict(Buffer.from(JSON.stringify(payload)))
}

function reasonOf(payload: JsonObject) {
  const verdict = verifyPayload(payload, OPTIONS)
  assert.ok(verdict.status !== 'verified')
  assert.equal(verdict.status === 'refused' && verdict.payload !== undefined, false)
  return verdict.reason
}

for (const carrier of ['top', 'customData'] as const) {
  test(`${carrier}: signatures come back, and the payload as it was signed`, () => {
    const received = onWire(putSignatures(PAYLOAD, [entry], carrier))
    const verdict = verifyPayload(received, OPTIONS)
    assert.equal(verdict.status, 'verified')
    assert.deepEqual(verdict.payload, PAYLOAD)
    assert.deepEqual(stripSignatures(received), PAYLOAD)
    assert.equal(reasonOf({ ...received, evseId: 2 }), 'signature-invalid')
    assert.equal(reasonOf({ ...received, more: null }), 'signature-invalid')
  })
}

test('what is nested deeper is covered', () => {
  const received = onWire(putSignatures(PAYLOAD, [entry], 'top'))
  const chargingProfile = { id: 7, customData: { vendorId: 'wattweave' } }
  assert.equal(reasonOf({ ...received, chargingProfile }), 'signature-invalid')
})

test('stripping: ours goes, everything else stays', () => {
  const own = { vendorId: 'wattweave' }
  for (const [payload, expected] of [
    [{}, {}],
    [{ a: 1, signatures: [] }, { a: 1 }],
    [{ customData: own }, {}],
    [{ customData: { ...own, signatures: 5 } }, {}],
    [
      { customData: { ...own, replaced: [], signatures: [] } },
      { customData: { ...own, replaced: [] } },
    ],
    [
      { customData: { vendorId: 'other', signatures: [] } },
      { customData: { vendorId: 'other', signatures: [] } },
    ],
    [{ customData: { vendorId: 'Wattweave' } }, { customData: { vendorId: 'Wattweave' } }],
    [{ customData: [] }, { customData: [] }],
    [{ customData: null }, { customData: null }],
    [{ customData: { signatures: [] } }, { customData: { signatures: [] } }],
  ] as [JsonObject, JsonObject][]) {
    assert.deepEqual(stripSignatures(payload), expected)
    assert.deepEqual(stripSignatures(expected), expected)
  }
})

test('both carriers at once are refused, even when one is empty', () => {
  const inCustomData = onWire(putSignatures(PAYLOAD, [entry], 'customData'))
  assert.equal(reasonOf({ ...inCustomData, signatures: [entry] }), 'two-carriers')
  assert.equal(reasonOf({ ...inCustomData, signatures: [] }), 'two-carriers')
  const empty = { vendorId: 'wattweave', signatures: [] }
  assert.equal(reasonOf({ ...PAYLOAD, signatures: [entry], customData: empty }), 'two-carriers')
})

test('what is no list of signatures is refused; an empty one signs nothing', () => {
  for (const signatures of [null, {}, 'x', entry]) {
    assert.equal(reasonOf({ ...PAYLOAD, signatures } as JsonObject), 'entries-malformed')
  }
  assert.equal(reasonOf({ ...PAYLOAD, signatures: [] }), 'unsigned')
  assert.equal(reasonOf(PAYLOAD), 'unsigned')
  const foreign = { vendorId: 'other', signatures: [entry] }
  assert.equal(reasonOf({ ...PAYLOAD, customData: foreign }), 'unsigned')
})

test('customData of another vendor cannot hold ours', () => {
  const payload = { a: 1, customData: { vendorId: 'other' } }
  assert.equal(putSignatures(payload, [entry], 'customData'), undefined)
  assert.deepEqual(putSignatures(payload, [], 'customData'), payload)
  assert.deepEqual(putSignatures(payload, [entry], 'top'), { ...payload, signatures: [entry] })
})

test('the legacy form is refused, and the refusal says that it is off', () => {
  const legacy = { keyId: 'BA==', value: 'MEU=' }
  const verdict = verifyPayload({ ...PAYLOAD, signatures: [legacy] }, OPTIONS)
  assert.ok(verdict.status === 'refused' && verdict.reason === 'legacy-off')
  assert.match(verdict.sentence, /legacy form of signatures is off/)
})

test('an entry becomes a signed message and comes back, without a key', async () => {
  const second = await sign(PAYLOAD, 'Ed25519')
  const packed = packSigned(
    putSignatures(PAYLOAD, [entry], 'top') ?? {},
    [second, entry],
    entry.keyId,
  )
  assert.ok(packed)
  assert.deepEqual(packed.dropped, [second.keyId])
  const received = onWire({ ...packed.message })
  const verdict = verifySigned(received, OPTIONS)
  assert.equal(verdict.status, 'verified')
  assert.deepEqual(verdict.payload, PAYLOAD)
  const unpacked = unpackSigned(received)
  assert.ok('entry' in unpacked && unpacked.isCanonical)
  assert.deepEqual(unpacked.entry, entry)
  const back = onWire(putSignatures(unpacked.payload, [unpacked.entry], 'customData'))
  assert.equal(verifyPayload(back, OPTIONS).status, 'verified')
})

test('what cannot stand alone in a signed message is not converted', async () => {
  const ed = await sign(PAYLOAD, 'Ed25519')
  const att = { by: 'NN01', prev: 'CS01', link: 'none', verified: [] }
  const attested = await sign(PAYLOAD, 'ES256', { att })
  assert.equal(packSigned(PAYLOAD, [ed], ed.keyId), undefined)
  assert.equal(packSigned(PAYLOAD, [attested], attested.keyId), undefined)
  assert.equal(packSigned(PAYLOAD, [ed, entry], 'somebody else'), undefined)
  assert.equal(packSigned(PAYLOAD, [{ ...entry, signingMethod: 'binary' }], entry.keyId), undefined)
  assert.equal(packSigned(PAYLOAD, [{ ...entry, encoding: 'hex' }], entry.keyId), undefined)
})

test('bytes that are not canonical verify as they are, and are marked', async () => {
  for (const json of ['{ "b":1,"a":2}', '{"customData":{"vendorId":"wattweave"}}', '{"a":1.0}']) {
    const bytes = Buffer.from(json)
    const one = await signStatement(bytes, CALL, signerOf('ES256'))
    const message = {
      payload: encodeBase64url(bytes),
      protected: one.protected,
      signature: one.value,
    }
    assert.equal(verifySigned(message, OPTIONS).status, 'verified')
    const unpacked = unpackSigned(message)
    assert.ok('entry' in unpacked && !unpacked.isCanonical, json)
  }
})

test('signed messages that are broken, ambiguous or of another make are refused', async () => {
  const message = packSigned(PAYLOAD, [entry], entry.keyId)?.message
  assert.ok(message)
  const over = async (json: string) => {
    const bytes = Buffer.from(json)
    const one = await signStatement(bytes, CALL, signerOf('ES256'))
    return { payload: encodeBase64url(bytes), protected: one.protected, signature: one.value }
  }
  const foreign = { alg: 'ES256', OCPPAction: 'Reset', OCPPMessageTypedId: 2 }
  const header = (json: object) => encodeBase64url(canonicalize(json))
  for (const [one, reason] of [
    [{}, 'entry-malformed'],
    [{ ...message, signature: 1 }, 'entry-malformed'],
    [{ ...message, header: { kid: 'x' } }, 'entry-malformed'],
    [{ ...message, signatures: [entry] }, 'two-carriers'],
    [{ ...message, customData: { vendorId: 'wattweave' } }, 'two-carriers'],
    [await over(JSON.stringify({ ...PAYLOAD, signatures: [entry] })), 'two-carriers'],
    [await over('{"customData":{"vendorId":"wattweave","signatures":[]}}'), 'two-carriers'],
    [await over('{"a":1,"a":2}'), 'payload-malformed'],
    [await over('{"a":9007199254740992}'), 'payload-malformed'],
    [await over(`${'{"a":'.repeat(100_000)}1`), 'payload-malformed'],
    [await over('[]'), 'payload-malformed'],
    [{ ...message, payload: `${message.payload}=` }, 'payload-malformed'],
    [{ ...message, protected: header(foreign) }, 'header-malformed'],
    [{ ...message, protected: header({ ...foreign, crit: ['exp'] }) }, 'header-malformed'],
    [{ ...message, protected: 'A'.repeat(4097) }, 'header-too-long'],
    [{ ...message, signature: 'A'.repeat(4609) }, 'value-too-long'],
    [
      { ...message, signature: entry.value.replace(/^./, (a) => (a === 'A' ? 'B' : 'A')) },
      'signature-invalid',
    ],
    [
      { ...message, payload: encodeBase64url(canonicalize({ ...PAYLOAD, evseId: 2 })) },
      'signature-invalid',
    ],
  ] as [JsonObject, string][]) {
    const verdict = verifySigned(one, OPTIONS)
    assert.ok(verdict.status === 'refused', reason)
    assert.equal(verdict.reason, reason)
    assert.equal(verdict.payload, undefined)
  }
})

test('names of signed messages', () => {
  assert.equal(signedAction('Reset'), 'Reset-Signed')
  assert.equal(plainAction('Reset-Signed'), 'Reset')
  for (const action of ['Reset', '-Signed', 'Reset-signed', '']) {
    assert.equal(plainAction(action), undefined)
  }
})

test('any change of a signed payload is refused, in each carrier', () => {
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
  fc.assert(
    fc.property(
      fc.constantFrom('top' as const, 'customData' as const),
      fc.string(),
      scalar,
      (carrier, name, value) => {
        fc.pre(!['signatures', 'customData', '__proto__'].includes(name))
        fc.pre(!(name === 'evseId' && value === PAYLOAD.evseId))
        const received = onWire(putSignatures(PAYLOAD, [entry], carrier))
        assert.equal(reasonOf({ ...received, [name]: value }), 'signature-invalid')
      },
    ),
    PROPERTY,
  )
})
