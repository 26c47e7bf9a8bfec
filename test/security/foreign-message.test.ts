import assert from 'node:assert/strict'
import type { KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { FlattenedSign } from 'jose'
import type { NodeId } from '../../src/primitives/ids.ts'
import { sha256 } from '../../src/security/jwk.ts'
import { KeyDirectory } from '../../src/security/keys/key-directory.ts'
import type { KeyRecord } from '../../src/security/keys/key-record.ts'
import { readMessage, verifyMessage } from '../../src/security/received-message.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { utf8Bytes } from '../../src/wire/strings.ts'
import { CALL, EXPECTED_CALL, keyOf, PRIVATE_KEYS } from './keys.ts'
import { RSA, rsaKey } from './rsa.ts'

/** Signed messages as jose makes them: by keys of RSA, and by keys that their certificate names. */

const [OF_RSA, OF_EC, OF_NOBODY] = ['RSA', 'EC', 'nobody'].map((text) => sha256(utf8Bytes(text))) as [string, string, string] // biome-ignore format: one line
const PAYLOAD = { evseId: 1, limit: 2.5 }
const THEIRS = { OCPPAction: CALL.OCPPAction, OCPPMessageTypeId: 2 }
const EC = keyOf('ES256').kid

function record(key: KeyRecord['key'], certificate?: string): KeyRecord {
  return { key, owner: 'CS01' as NodeId, usages: ['sign-message'], roles: [], notBefore: 0, notAfter: 4e9, ...(certificate !== undefined && { 'x5t#S256': certificate }) } // biome-ignore format: one line
}

const directory = (alg: 'RS256' | 'RS384' = 'RS256') =>
  new KeyDirectory([record(rsaKey(alg), OF_RSA), record(keyOf('ES256'), OF_EC), record(keyOf('ES384'))]) // biome-ignore format: one line

async function signed(header: object, key: KeyObject = RSA.privateKey): Promise<JsonObject> {
  const jws = new FlattenedSign(utf8Bytes(JSON.stringify(PAYLOAD)))
  return { ...(await jws.setProtectedHeader({ ...THEIRS, ...header } as never).sign(key)) }
}

/** Who has signed it, or why nobody has. */
function judge(message: JsonObject, keys = directory()): string | undefined {
  const received = readMessage(message, { isWrapped: true })
  if ('status' in received) return received.reason
  const { foreignKid, verdict } = verifyMessage(received, { expected: EXPECTED_CALL, keyOf: keys.keyOf }) // biome-ignore format: one line
  return verdict.status === 'refused' ? verdict.reason : foreignKid
}

for (const alg of ['RS256', 'RS384'] as const) {
  test(`a message that jose has signed by ${alg} is by the key that its kid or its certificate names`, async () => {
    const { kid } = rsaKey(alg)
    for (const names of [{ kid }, { 'x5t#S256': OF_RSA }, { kid, 'x5t#S256': OF_RSA }]) {
      const message = await signed({ alg, ...names })
      assert.equal(judge(message, directory(alg)), kid)
      const changed = { ...message, payload: Buffer.from('{"evseId":2}').toString('base64url') }
      assert.equal(judge(changed, directory(alg)), 'signature-invalid')
      const shorter = { ...message, signature: String(message.signature).slice(0, -4) }
      assert.equal(judge(shorter, directory(alg)), 'value-malformed')
    }
  })
}

test('a message that jose has signed by ES256 is by the key that its certificate names', async () => {
  const message = await signed({ alg: 'ES256', 'x5t#S256': OF_EC }, PRIVATE_KEYS.ES256)
  assert.equal(judge(message), EC)
  const named = await signed({ alg: 'ES256', kid: 'key of CS01', 'x5t#S256': OF_EC }, PRIVATE_KEYS.ES256) // biome-ignore format: one line
  assert.equal(judge(named), EC, 'a kid that nobody knows is a name of their own')
  const without = (kid: string) => keyOf('ES256').kid === kid ? keyOf('ES256') : undefined // biome-ignore format: one line
  const received = readMessage(message, { isWrapped: true })
  assert.ok(!('status' in received))
  const { foreignKid } = verifyMessage(received, { expected: EXPECTED_CALL, keyOf: without })
  assert.equal(foreignKid, undefined, 'where no certificates are known, none selects')
})

test('a key of which no certificate is known is named by its kid, whatever certificate stands beside', async () => {
  const { kid } = keyOf('ES384')
  const message = await signed({ alg: 'ES384', kid, 'x5t#S256': OF_NOBODY }, PRIVATE_KEYS.ES384)
  assert.equal(judge(message), kid)
})

test('a message whose certificate nobody knows proves nothing, and one that bears its key does not either', async () => {
  for (const more of [{ 'x5t#S256': OF_NOBODY }, { jwk: rsaKey('RS256').jwk }, { x5t: 'AAAA' }, {}]) {
    assert.equal(judge(await signed({ alg: 'RS256', ...more })), undefined)
  } // biome-ignore format: the head is one line
})

const { kid } = rsaKey('RS256')
const DIFFERENT = 'header-malformed'
// biome-ignore format: a table
const REFUSED: readonly (readonly [string, object, string])[] = [
  ['by another algorithm than that of its key', { alg: 'RS384', kid }, 'algorithm-of-key'],
  ['by the padding of PSS', { alg: 'PS256', kid }, 'algorithm-of-key'],
  ['by another key than that of its certificate', { alg: 'RS256', 'x5t#S256': OF_EC }, 'algorithm-of-key'],
  ['whose kid is of one key and its certificate of another', { alg: 'RS256', kid, 'x5t#S256': OF_EC }, DIFFERENT],
  ['whose certificate is not that of its key', { alg: 'RS256', kid, 'x5t#S256': OF_NOBODY }, DIFFERENT],
  ['whose kid is of a key without a certificate, and its certificate of another', { alg: 'RS256', kid: keyOf('ES384').kid, 'x5t#S256': OF_RSA }, DIFFERENT],
  ['whose thumbprint is too short', { alg: 'RS256', 'x5t#S256': OF_RSA.slice(1) }, 'header-malformed'],
  ['whose thumbprint is no text', { alg: 'RS256', kid, 'x5t#S256': [OF_RSA] }, 'header-malformed'],
  ['about another action', { alg: 'RS256', kid, OCPPAction: 'Reset' }, 'not-this-message'],
]

for (const [what, header, reason] of REFUSED) {
  test(`a message ${what} is refused: ${reason}`, async () => {
    assert.equal(judge(await signed(header)), reason)
  })
}

test('a message with crit is refused, also where its key is of RSA', async () => {
  const jws = new FlattenedSign(utf8Bytes('{}')).setProtectedHeader({ ...THEIRS, alg: 'RS256', kid, crit: ['x'], x: 1 } as never) // biome-ignore format: one line
  const message = await jws.sign(RSA.privateKey, { crit: { x: true } })
  assert.equal(judge({ ...message }), 'header-malformed')
})

test('a key of RSA is not one for a MAC', async () => {
  const header = Buffer.from(JSON.stringify({ ...THEIRS, alg: 'HS256', kid })).toString('base64url')
  const [payload, signature] = ['{}', 'x'.repeat(256)].map((text) => Buffer.from(text).toString('base64url')) // biome-ignore format: one line
  assert.equal(judge({ payload, protected: header, signature } as JsonObject), 'algorithm-of-key')
})
