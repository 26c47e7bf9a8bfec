import assert from 'node:assert/strict'
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import canonicalize from 'canonicalize'
import type { NodeId } from '../../../src/primitives/ids.ts'
import { parseStrict } from '../../../src/security/canonical.ts'
import { verifyPayload } from '../../../src/security/carriers.ts'
import { importPublicKey } from '../../../src/security/jwk.ts'
import { KeyDirectory } from '../../../src/security/keys/key-directory.ts'
import { type Expected, verifyStatement } from '../../../src/security/statement.ts'
import type { JsonObject } from '../../../src/wire/payload.ts'

/** Statements that were signed once and are kept for ever; the file is never made anew. */

interface Archived {
  readonly kind: 'message' | 'data'
  readonly alg: string
  readonly jwk: JsonObject
  readonly action?: string
  readonly messageType?: 2
  readonly ctx?: string
  readonly payload: JsonObject & { readonly signatures: readonly { readonly protected: string; readonly value: string }[] } // biome-ignore format: one line
}

const FILE = new URL('archived-statements.json', import.meta.url)
const ARCHIVE = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Archived[]
const SIGNED_AT = 1_795_000_000
const YEAR_S = 366 * 24 * 3_600

const expectedOf = ({ kind, action, messageType, ctx }: Archived) => (kind === 'data' ? { kind, ctx } : { kind, action, messageType }) as Expected // biome-ignore format: one line

function verdictOf(archived: Archived, payload: JsonObject = archived.payload) {
  const key = importPublicKey(archived.jwk)
  const keyOf = (kid: string) => (kid === key.kid ? key : undefined)
  const read = parseStrict(new TextEncoder().encode(JSON.stringify(payload)))
  return verifyPayload(read, { expected: expectedOf(archived), keyOf })
}

test('T23: statements that were archived verify with every later version, messages and data of every algorithm', () => {
  assert.equal(ARCHIVE.length, 10)
  for (const archived of ARCHIVE) assert.equal(verdictOf(archived).status, 'verified', archived.alg)
})

// Whoever has to check a bill in ten years may have neither this program nor its successor.
test('T23: archived statements verify by the documented recipe with nothing of ours', () => {
  for (const { alg, jwk, payload } of ARCHIVE) {
    const { signatures, ...said } = payload
    const [entry] = signatures
    assert.ok(entry)
    const input = Buffer.from(`${entry.protected}.${Buffer.from(canonicalize(said) ?? '').toString('base64url')}`) // biome-ignore format: one line
    const key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
    const hash = /^ES(\d+)$/.exec(alg)?.[1]
    const value = Buffer.from(entry.value, 'base64url')
    assert.ok(verify(hash ? `sha${hash}` : null, input, { key, dsaEncoding: 'ieee-p1363' }, value), alg) // biome-ignore format: one line
  }
})

test('T23: an archived statement that was changed since does not verify', () => {
  for (const archived of ARCHIVE) {
    const [name = ''] = Object.keys(archived.payload)
    const changed = { ...archived.payload, [name]: 'another' }
    assert.equal(verdictOf(archived, changed).status, 'refused', archived.alg)
  }
})

test('T23: a key that has run out since still stands for what it signed while it was valid', () => {
  for (const { jwk } of ARCHIVE) {
    const key = importPublicKey(jwk)
    const directory = new KeyDirectory([{ key, owner: 'CS01' as NodeId, usages: ['sign-message'], roles: [], notBefore: SIGNED_AT - 1, notAfter: SIGNED_AT + YEAR_S }]) // biome-ignore format: one line
    assert.equal(directory.find(key.kid, 'sign-message', SIGNED_AT).status, 'usable')
    assert.notEqual(directory.find(key.kid, 'sign-message', SIGNED_AT + 2 * YEAR_S).status, 'usable') // biome-ignore format: one line
  }
})

test('T20: nine signatures, too long ones and malformed ones are refused before any key is looked up, unknown keys before any cryptography', () => {
  const [archived] = ARCHIVE
  assert.ok(archived)
  const [entry] = archived.payload.signatures
  assert.ok(entry)
  const judge = (entries: readonly object[]) => {
    let lookups = 0
    const keyOf = () => {
      lookups++
      return undefined
    }
    const verdict = verifyStatement(new Uint8Array(), entries, { expected: expectedOf(archived), keyOf }) // biome-ignore format: one line
    return { reason: 'reason' in verdict ? verdict.reason : undefined, lookups }
  }
  assert.deepEqual(judge(Array(9).fill(entry)), { reason: 'too-many-entries', lookups: 0 })
  assert.deepEqual(judge([entry, { ...entry, value: 'A'.repeat(4_609) }]), { reason: 'value-too-long', lookups: 0 }) // biome-ignore format: one line
  assert.deepEqual(judge([entry, { ...entry, protected: 'A'.repeat(4_097) }]), { reason: 'header-too-long', lookups: 0 }) // biome-ignore format: one line
  assert.deepEqual(judge([entry, {}]), { reason: 'legacy-off', lookups: 0 })
  assert.deepEqual(judge([entry, entry]), { reason: 'signer-twice', lookups: 0 })
  // Nobody pays for signatures of strangers: there is no key to try them with.
  assert.deepEqual(judge([entry]), { reason: 'unknown-keys', lookups: 1 })
})
