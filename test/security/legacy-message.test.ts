import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import {
  legacyBytes,
  legacyShare,
  signLegacy,
  verifyLegacy,
} from '../../src/security/legacy-message.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import { overlay } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf } from '../support/secured.ts'

/** Signatures as the reference implementation makes them; derived from its description, not observed. */

const CONTEXT = 'https://open.charging.cloud/context/ocpp/v2.1/csms/ResetRequest'
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const utf8 = (text: string) => new TextEncoder().encode(text)

test('the bytes that are signed are those of the payload with its context in front', () => {
  const bytes = legacyBytes(utf8('{"type":"Immediate","signatures":[{}]}'), CONTEXT)
  assert.equal(Buffer.from(bytes).toString(), `{"@context":"${CONTEXT}","type":"Immediate"}`)
  assert.equal(bytes.length, 97)
  assert.equal(hashOf(bytes), '4b5f0e27508f24fd603d0b48658f647dd65e7353c217ee56acce03396670d9a0')
  assert.deepEqual(
    legacyBytes(utf8('{ "signatures" : [ ] , "type" :\t"Immediate" }'), CONTEXT),
    bytes,
  )
  assert.equal(Buffer.from(legacyBytes(utf8('{}'), 'c')).toString(), '{"@context":"c"}')
  const kept = legacyBytes(utf8('{"a": 0.50, "b": " \\" x ", "c": [ 1 , 2 ]}'), 'c')
  assert.equal(Buffer.from(kept).toString(), '{"@context":"c","a":0.50,"b":" \\" x ","c":[1,2]}')
})

const CURVES = [
  ['P-256', undefined, 'sha256'],
  ['P-384', 'secp384r1', 'sha512'],
  ['P-521', 'secp521r1', 'sha512'],
] as const

/** The whole public key, as the reference names it. */
function pointOf(key: KeyObject): string {
  const { x, y } = publicKeyOf(key).jwk as { x: string; y: string }
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]).toString('base64') // biome-ignore format: one line
}

function signedReset(
  key: KeyObject,
  algorithm?: string,
  hash = 'sha256',
  payload = '{"type":"Immediate"}',
) {
  // biome-ignore format: one line
  const value = sign(hash, legacyBytes(utf8(payload), CONTEXT), key).toString('base64')
  const entry = { keyId: pointOf(key), value, ...(algorithm !== undefined && { algorithm }) }
  return { entry, text: JSON.stringify({ ...JSON.parse(payload), signatures: [entry] }) }
}

test('the structures whose names follow no rule are written and read under theirs', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const known = publicKeyOf(privateKey)
  const names = 'https://open.charging.cloud/context/ocpp'
  for (const [action, messageType, name] of [
    ['AdjustPeriodicEventStream', 2, 'v2.1/csms/AdjustPeriodicEventStreamsRequest'],
    ['ChangeTransactionTariff', 2, 'v2.1/csms/changeTransactionTariff'],
    ['NotifyWebPaymentStarted', 2, 'v2.0.1/cs/notifyWebPaymentStartedRequest'],
    ['Heartbeat', 3, 'v2.1/csms/HeartbeatResponse'],
    ['BootNotification', 2, 'v2.1/cs/bootNotificationRequest'],
  ] as const) {
    const payload = utf8('{"a":1}')
    const saying = { action, messageType, payload, protocol: 'ocpp2.1', side: 'cs' } as const
    const entry = await signLegacy(saying, createMemorySigner(privateKey), () => known)
    const bytes = legacyBytes(payload, `${names}/${name}`)
    assert.ok(verify('sha256', bytes, known.key, Buffer.from(entry.value, 'base64')), action)
    const message = { action, messageType, payload, entries: [entry] }
    assert.deepEqual(verifyLegacy(message, () => known), { kids: [known.kid], unknownKeys: 0 }) // biome-ignore format: one line
  }
})

const RESET = { action: 'Reset', messageType: 2 } as const

for (const [namedCurve, algorithm, hash] of CURVES) {
  test(`a signature of ${namedCurve} is known by its key, where that is known here`, () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve })
    const known = publicKeyOf(privateKey)
    const { entry, text } = signedReset(privateKey, algorithm, hash)
    const message = { ...RESET, payload: utf8(text), entries: [entry] }
    const keyOf = (kid: string) => (kid === known.kid ? known : undefined)
    assert.deepEqual([[], [entry], [{ protected: '' }], [entry, { protected: '' }]].map(legacyShare), ['none', 'all', 'none', 'some']) // biome-ignore format: one line
    assert.deepEqual(verifyLegacy(message, keyOf), { kids: [known.kid], unknownKeys: 0 })
    assert.deepEqual(
      verifyLegacy(message, () => undefined),
      { kids: [], unknownKeys: 1 },
    )
    const reasonOf = (more: object) => {
      const found = verifyLegacy({ ...message, ...more }, keyOf)
      return 'status' in found ? found.reason : 'believed'
    }
    assert.equal(reasonOf({ payload: utf8(text.replace('Immediate', 'OnIdle')) }), 'signature-invalid') // biome-ignore format: one line
    assert.equal(reasonOf({ action: 'ClearCache' }), 'signature-invalid')
    assert.equal(reasonOf({ messageType: 3 }), 'signature-invalid')
    assert.equal(reasonOf({ entries: [entry, entry] }), 'signer-twice')
    assert.equal(reasonOf({ entries: [{ ...entry, keyId: 'AAAA' }] }), 'entry-malformed')
    assert.equal(reasonOf({ entries: [{ ...entry, algorithm: 'secp256k1' }] }), 'entry-malformed')
    assert.equal(reasonOf({ entries: [{ keyId: 1 }] }), 'entry-malformed')
    assert.equal(reasonOf({ entries: Array.from({ length: 9 }, () => entry) }), 'too-many-entries') // biome-ignore format: one line
  })
}

test('such a signature is obeyed only where it is read and a policy takes it, and never as more than it is', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const record = { key: publicKeyOf(privateKey), owner: 'REF01', usages: ['sign-message'], roles: ['operations'], notBefore: 0, notAfter: 4e9 } as const // biome-ignore format: one line
  const rule = { match: { actions: 'Reset' }, require: { assurance: 'legacy', permitted: true } }
  const lax = { ...DEFAULT_POLICY, in: [rule, ...DEFAULT_POLICY.in] } as SignaturePolicyDocument
  const { text } = signedReset(privateKey)
  const told = async (policy: SignaturePolicyDocument, readsLegacy: boolean, payload = text) => {
    const net = overlay(t)
    const resets: object[] = []
    const onReset = (request: object) => {
      resets.push(request)
      return { status: 'Accepted' }
    }
    const handlers = { 'ocpp2.1': { Reset: onReset } } as unknown as HandlersByProtocol
    const security = { ...securityOf('CS01', policy), readsLegacy }
    security.trust.directory.addAnchor(record as never)
    await net.node('CS01', { handlers, security })
    const peer = net.upstream('REF01', 'CS01')
    await net.wait(61)
    peer.send(`[2,"CS01",["REF01"],"m1","Reset",${payload}]`)
    await net.settle()
    return [resets.length, ...reasonsAt(net, 'CS01')]
  }
  assert.deepEqual(await told(lax, true), [1])
  assert.deepEqual(await told(lax, false), [0, 'legacy-off'])
  assert.deepEqual(await told(DEFAULT_POLICY, true), [0, 'assurance'])
  assert.deepEqual(await told(lax, true, text.replace('Immediate', 'OnIdle')), [0, 'signature-invalid']) // biome-ignore format: one line
})
