import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url, encodeBase64url } from '../../src/security/base64url.ts'
import { canonicalize } from '../../src/security/canonical.ts'
import type { SignatureEntry } from '../../src/security/entry.ts'
import { sha256 } from '../../src/security/jwk.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import {
  type KeyLookup,
  signingInput,
  signStatement,
  verifyStatement,
} from '../../src/security/statement.ts'
import { PROPERTY } from '../seed.ts'
import {
  ALGORITHM_NAMES,
  CALL,
  dataFields,
  EXPECTED_CALL,
  keyOf,
  knowing,
  knowingAll,
  OTHER_KEY,
  otherPublicKey,
  signerOf,
} from './keys.ts'

const BYTES = canonicalize({ evseId: 1, limit: 11_000 })
const signed = await signStatement(BYTES, CALL, signerOf('ES256'))

function verify(entries: readonly unknown[], bytes = BYTES, lookup: KeyLookup = knowingAll) {
  return verifyStatement(bytes, entries, { expected: EXPECTED_CALL, keyOf: lookup })
}

function reasonOf(entries: readonly unknown[], bytes = BYTES, lookup: KeyLookup = knowingAll) {
  const verdict = verify(entries, bytes, lookup)
  assert.notEqual(verdict.status, 'verified')
  if (verdict.status === 'verified') return undefined
  assert.doesNotMatch(verdict.sentence, /[{}?]/)
  return verdict.reason
}

/** An entry whose header has been changed and signed anew, so that only the rule can refuse it. */
async function withHeader(change: Record<string, unknown>, alg: 'ES256' | 'Ed25519' = 'ES256') {
  const signer = signerOf(alg)
  const { algorithm } = await signStatement(BYTES, CALL, signer)
  const header = { ...CALL, alg, kid: signer.kid, typ: 'ww+jws', v: 1, ...change }
  const text = encodeBase64url(Buffer.from(JSON.stringify(header)))
  const value = encodeBase64url(await signer.sign(signingInput(text, BYTES)))
  return { ...signed, keyId: signer.kid, algorithm, protected: text, value }
}

for (const alg of ALGORITHM_NAMES) {
  test(`${alg}: what was signed verifies, with the header that was signed`, async () => {
    const entry = await signStatement(BYTES, CALL, signerOf(alg))
    const verdict = verify([entry])
    assert.ok(verdict.status === 'verified')
    assert.equal(verdict.signers[0].kid, keyOf(alg).kid)
    const { kid, ...header } = verdict.signers[0].header
    assert.deepEqual(header, { ...CALL, alg, typ: 'ww+jws', v: 1 })
    assert.equal(kid, entry.keyId)
  })

  test(`${alg}: any change of header, value or payload is refused`, async () => {
    const entry = await signStatement(BYTES, CALL, signerOf(alg))
    const characters = fc.constantFrom(...'ABCDEFabcdef0123456789-_=+/ ')
    fc.assert(
      fc.property(
        fc.constantFrom('protected' as const, 'value' as const),
        fc.nat(),
        characters,
        fc.nat(2),
        (member, n, character, how) => {
          const text = entry[member]
          const at = n % text.length
          const inserted = how === 2 ? '' : character
          const changed = text.slice(0, at) + inserted + text.slice(how === 1 ? at : at + 1)
          fc.pre(changed !== text)
          reasonOf([{ ...entry, [member]: changed }])
        },
      ),
      PROPERTY,
    )
    fc.assert(
      fc.property(fc.nat(BYTES.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(BYTES, (byte, i) => (i === at ? byte ^ flip : byte))
        assert.equal(reasonOf([entry], changed), 'signature-invalid')
      }),
      PROPERTY,
    )
  })
}

test('nothing signed proves nothing; nobody known proves nothing, and says who', () => {
  assert.deepEqual(verify([]), {
    status: 'unsigned',
    reason: 'unsigned',
    sentence: 'the payload carries no signature',
    ignored: [],
  })
  const verdict = verify([signed], BYTES, () => undefined)
  assert.equal(verdict.status, 'unknown-keys')
  assert.deepEqual(verdict.ignored, [signed.keyId])
})

test('parallel entries verify together; one by an unknown key is ignored and counted', async () => {
  const entries = await Promise.all(
    ALGORITHM_NAMES.map((alg) => signStatement(BYTES, { ...CALL, role: alg }, signerOf(alg))),
  )
  const all = verify(entries)
  assert.ok(all.status === 'verified')
  assert.deepEqual(
    all.signers.map(({ header }) => header.role),
    ALGORITHM_NAMES,
  )
  const some = verify(entries, BYTES, knowing('ES384', 'Ed25519'))
  assert.ok(some.status === 'verified')
  assert.equal(some.signers.length, 2)
  assert.equal(some.ignored.length, 3)
})

test('one entry of a known key that fails refuses all, wherever it stands', async () => {
  const good = await signStatement(BYTES, CALL, signerOf('Ed25519'))
  const { value } = await signStatement(BYTES, { ...CALL, role: 'x' }, signerOf('ES256'))
  assert.equal(reasonOf([good, { ...signed, value }]), 'signature-invalid')
  assert.equal(reasonOf([{ ...signed, value }, good]), 'signature-invalid')
})

test('entries must agree in everything that is not the signer’s own', async () => {
  const same = { role: 'owner', name: 'n', desc: { en: 'd' }, 'x5t#S256': sha256(BYTES) } as const
  const attestation = {
    by: 'NN01',
    prev: 'CSMS01',
    link: 'mtls',
    verified: [signed.keyId],
  } as const
  const entry = await signStatement(
    BYTES,
    { ...CALL, ...same, att: attestation },
    signerOf('Ed25519'),
  )
  assert.equal(verify([signed, entry]).status, 'verified')
  for (const [member, value] of Object.entries({
    id: '0192f3a1-7c00-7abc-8def-0123456789ac',
    from: 'CSMS02',
    to: 'CS02',
    iat: CALL.iat + 1,
    exp: CALL.exp + 1,
    nonce: 'AQECAwQFBgcICQoLDA0ODw',
    ctx: 'urn:other',
    ocpp: 'ocpp2.0.1',
    chal: CALL.nonce,
    OCPPAction: 'Reset',
  })) {
    const other = await withHeader({ [member]: value }, 'Ed25519')
    assert.equal(reasonOf([signed, other]), 'headers-differ', member)
    // Also when its key is not known: nobody may say two things with one message.
    assert.equal(reasonOf([signed, other], BYTES, knowing('ES256')), 'headers-differ', member)
  }
})

test('one key is one signer', async () => {
  const again = await signStatement(BYTES, { ...CALL, role: 'owner' }, signerOf('ES256'))
  assert.equal(reasonOf([signed, again]), 'signer-twice')
})

test('a ninth entry, a long header and a long value are refused before anything is decoded', () => {
  let asked = 0
  const lookup: KeyLookup = (kid) => {
    asked++
    return knowingAll(kid)
  }
  assert.equal(reasonOf(new Array(9).fill(signed), BYTES, lookup), 'too-many-entries')
  assert.equal(
    reasonOf([{ ...signed, protected: 'A'.repeat(4097) }], BYTES, lookup),
    'header-too-long',
  )
  assert.equal(reasonOf([{ ...signed, value: 'A'.repeat(4609) }], BYTES, lookup), 'value-too-long')
  assert.equal(asked, 0)
  assert.equal(reasonOf([{ ...signed, protected: 'A'.repeat(4096) }]), 'header-malformed')
  assert.equal(reasonOf([{ ...signed, value: 'A'.repeat(4608) }]), 'value-malformed')
})

test('another message’s signature is refused', () => {
  const verifyAs = (action: string, messageType: 2 | 6) =>
    verifyStatement(BYTES, [signed], {
      expected: { kind: 'message', action, messageType },
      keyOf: knowingAll,
    })
  for (const verdict of [
    verifyAs('Reset', 2),
    verifyAs('SetChargingProfile', 6),
    verifyAs('setchargingprofile', 2),
  ]) {
    assert.ok(verdict.status === 'refused' && verdict.reason === 'not-this-message')
  }
  const expected = { kind: 'data', ctx: CALL.ctx } as const
  const verdict = verifyStatement(BYTES, [signed], { expected, keyOf: knowingAll })
  assert.ok(verdict.status === 'refused' && verdict.reason === 'not-this-data')
})

test('a data statement names its payload, and counts only for it and as what it is', async () => {
  const entry = await signStatement(BYTES, dataFields(sha256(BYTES)), signerOf('Ed25519'))
  const elsewhere = await signStatement(
    BYTES,
    dataFields(sha256(Buffer.from('{}'))),
    signerOf('Ed25519'),
  )
  const as = (ctx: string, one: SignatureEntry) =>
    verifyStatement(BYTES, [one], { expected: { kind: 'data', ctx }, keyOf: knowingAll })
  assert.equal(as('urn:wattweave:test', entry).status, 'verified')
  for (const verdict of [as('urn:other', entry), as('urn:wattweave:test', elsewhere)]) {
    assert.ok(verdict.status === 'refused' && verdict.reason === 'not-this-data')
  }
  assert.equal(reasonOf([entry]), 'not-this-message')
})

test('a header that breaks a rule is refused, however well it is signed', async () => {
  const kid = signed.keyId
  const digest = sha256(BYTES)
  const attestation = { by: 'NN01', prev: 'CS01', link: 'mtls', verified: [kid] }
  for (const change of [
    { typ: 'JWT' },
    { typ: undefined },
    { v: 2 },
    { v: '1' },
    { ocpp: '2.1' },
    { ctx: '' },
    { OCPPAction: 'Reset-Signed' },
    { OCPPAction: undefined },
    { OCPPMessageTypedId: 7 },
    { OCPPMessageTypedId: undefined },
    { OCPPMessageTypeId: 2 },
    { id: '1' },
    { id: '0192f3a1-7c00-4abc-8def-0123456789ab' },
    { from: '' },
    { from: ['CSMS01'] },
    { to: undefined },
    { iat: -1 },
    { iat: 1.5 },
    { iat: '1795000000' },
    { exp: undefined },
    { exp: CALL.iat - 1 },
    { nonce: 'AAECAwQFBgcICQoLDA0O' },
    { nonce: 'AAECAwQFBgcICQoLDA0ODx' },
    { chal: 'AA' },
    { req: { digest } },
    { OCPPMessageTypedId: 3 },
    { OCPPMessageTypedId: 3, req: {} },
    { OCPPMessageTypedId: 3, req: { digest, id: CALL.id } },
    { OCPPMessageTypedId: 3, req: { digest, nonce: CALL.nonce } },
    { OCPPMessageTypedId: 3, req: { digest, more: 1 } },
    { role: '' },
    { role: 'x'.repeat(256) },
    { desc: 'text' },
    { 'x5t#S256': 'AA' },
    { att: { ...attestation, link: 'tls' } },
    { att: { ...attestation, verified: ['x'] } },
    { att: { ...attestation, more: 1 } },
    { crit: ['exp'] },
    { b64: false },
    { jwk: keyOf('ES256').jwk },
    { jku: 'https://example.org' },
    { x5c: [] },
    { alg: 1 },
  ]) {
    assert.equal(reasonOf([await withHeader(change)]), 'header-malformed', JSON.stringify(change))
  }
  const fields = { ...CALL, iat: 1.5 }
  await assert.rejects(signStatement(BYTES, fields, signerOf('ES256')), TypeError)
})

test('a header that could be read in two ways is refused', async () => {
  const text = Buffer.from(decodeBase64url(signed.protected) ?? []).toString()
  for (const json of [
    text.replace('{', '{"iat":0,'),
    text.replace('CSMS01', '\\ud800'),
    `${text}x`,
    `[${text}]`,
    '1',
  ]) {
    const header = encodeBase64url(Buffer.from(json))
    const value = encodeBase64url(await signerOf('ES256').sign(signingInput(header, BYTES)))
    assert.equal(reasonOf([{ ...signed, protected: header, value }]), 'header-malformed', json)
  }
})

test('members of an entry: what is wrong, unknown or said twice differently is refused', async () => {
  const { protected: _, ...legacy } = signed
  for (const [entry, reason] of [
    ['text', 'entry-malformed'],
    [null, 'entry-malformed'],
    [[], 'entry-malformed'],
    [legacy, 'legacy-off'],
    [{ ...signed, signingMethod: 'wwcp' }, 'legacy-off'],
    [{ ...signed, signingMethod: 'binary' }, 'entry-malformed'],
    [{ ...signed, signingMethod: undefined }, 'entry-malformed'],
    [{ ...signed, protected: 5 }, 'entry-malformed'],
    [{ ...signed, value: undefined }, 'entry-malformed'],
    [{ ...signed, encoding: 'base32' }, 'entry-malformed'],
    [{ ...signed, customData: { vendorId: 'x' } }, 'entry-malformed'],
    [{ ...signed, keyId: keyOf('ES384').kid }, 'mirror-differs'],
    [{ ...signed, algorithm: 'secp384r1' }, 'mirror-differs'],
    [{ ...signed, algorithm: 'rsa' }, 'mirror-differs'],
    [{ ...signed, algorithm: 7 }, 'mirror-differs'],
    [{ ...signed, name: 'owner' }, 'mirror-differs'],
    [{ ...signed, description: { en: 'x' } }, 'mirror-differs'],
    [{ ...signed, timestamp: '2026-11-18T11:06:41Z' }, 'mirror-differs'],
    [{ ...signed, timestamp: CALL.iat }, 'mirror-differs'],
    [{ ...signed, protected: `${signed.protected}=` }, 'header-malformed'],
    [{ ...signed, encoding: 'base64' }, 'value-malformed'],
    [{ ...signed, value: signed.value.slice(0, -4) }, 'value-malformed'],
    [{ ...signed, value: '' }, 'value-malformed'],
  ] as const) {
    assert.equal(reasonOf([entry]), reason, JSON.stringify(entry))
  }
})

test('other spellings that are read: encodings, names of curves, EdDSA, mirrors that agree', async () => {
  const bytes = Buffer.from(signed.value, 'base64url')
  const own = { name: 'Control room', desc: { en: 'x', de: 'y' } }
  const mirrored = await signStatement(BYTES, { ...CALL, ...own }, signerOf('ES256'))
  for (const entry of [
    { ...signed, encoding: 'base64url' },
    { ...signed, encoding: 'base64', value: bytes.toString('base64') },
    { ...signed, encoding: 'hex', value: bytes.toString('hex') },
    { ...signed, algorithm: 'P-256' },
    { ...signed, algorithm: 'prime256v1' },
    { ...signed, timestamp: new Date(CALL.iat * 1000).toISOString() },
    { ...mirrored, name: own.name, description: { de: 'y', en: 'x' } },
    await withHeader({ alg: 'EdDSA' }, 'Ed25519'),
  ]) {
    assert.equal(verify([entry]).status, 'verified', JSON.stringify(entry))
  }
  assert.equal(
    reasonOf([{ ...signed, encoding: 'hex', value: bytes.toString('hex').toUpperCase() }]),
    'value-malformed',
  )
})

test('a key verifies with its own algorithm only', async () => {
  for (const [alg, algorithm] of [
    ['ES384', 'secp384r1'],
    ['Ed25519', 'ed25519'],
    ['EdDSA', 'ed25519'],
    ['none', 'none'],
    ['HS256', 'hs256'],
    ['RS256', 'rsa'],
  ]) {
    const entry = { ...(await withHeader({ alg })), algorithm }
    assert.equal(reasonOf([entry]), 'algorithm-of-key', alg)
  }
})

test('an algorithm of tomorrow is ignored as long as its key is not known', async () => {
  const kid = sha256(Buffer.from('tomorrow'))
  const entry = {
    ...(await withHeader({ alg: 'ML-DSA-99', kid })),
    keyId: kid,
    algorithm: 'ml-dsa-99',
  }
  const verdict = verify([entry, signed])
  assert.ok(verdict.status === 'verified')
  assert.deepEqual(verdict.ignored, [kid])
})

test('a lookup that answers with another key makes nobody a signer', async () => {
  const theirs = await signStatement(BYTES, CALL, createMemorySigner(OTHER_KEY))
  const pretending = { ...theirs, ...(await withHeader({})), value: theirs.value }
  assert.equal(reasonOf([pretending], BYTES, otherPublicKey), 'signature-invalid')
  assert.equal(reasonOf([signed], BYTES, otherPublicKey), 'signature-invalid')
  const other = await withHeader({})
  const value = encodeBase64url(
    await createMemorySigner(OTHER_KEY).sign(signingInput(other.protected, BYTES)),
  )
  assert.equal(reasonOf([{ ...other, value }], BYTES, otherPublicKey), 'signature-invalid')
})
