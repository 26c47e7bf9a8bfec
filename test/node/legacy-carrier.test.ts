import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { Protocol } from '../../src/messages/protocols.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { LinkCarriers } from '../../src/node/node-options.ts'
import type { SecurityOptions } from '../../src/node/security-gate.ts'
import { encodeBinaryPayload } from '../../src/security/binary-payload.ts'
import type { MessageFields } from '../../src/security/header.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import { signStatement } from '../../src/security/statement.ts'
import { decodeBinary, encodeBinary } from '../../src/wire/binary.ts'
import type { Route } from '../../src/wire/frame.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { type MemoryOverlay, overlay, type RawPeer } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf, signerOf } from '../support/secured.ts'

/**
 * Links that bear the legacy form of signatures. The other side is written here from the description of
 * the reference implementation, by `node:crypto` alone: derived, not observed.
 */

type Entry = { readonly keyId: string; readonly value: string; readonly algorithm?: string }

const CONTEXTS = 'https://open.charging.cloud/context/ocpp/v2.1'
const AT = '2026-01-01T00:00:00.000Z'
const STATUS = { timestamp: AT, connectorStatus: 'Occupied', evseId: 1, connectorId: 1 }
const RESET = { type: 'Immediate' }

const wwcp = (...ids: string[]): LinkCarriers => ({ bySource: new Map(), byPeer: new Map(ids.map((id) => [id.toLowerCase(), 'wwcp'])) }) // biome-ignore format: one line

// ---- The other side

const CURVES = new Map([
  ['secp256r1', { crv: 'P-256', bytes: 32, hash: 'sha256' }],
  ['secp384r1', { crv: 'P-384', bytes: 48, hash: 'sha512' }],
  ['secp521r1', { crv: 'P-521', bytes: 66, hash: 'sha512' }],
])

function textOf(payload: object, context: string): Buffer {
  const { signatures: _, ...rest } = payload as JsonObject
  return Buffer.from(JSON.stringify({ '@context': context, ...rest }))
}

/** Verifies as the reference does: by the key that an entry bears itself. */
function isSignedAs(context: string, payload: object): boolean {
  const { signatures } = payload as { signatures?: Entry[] }
  return signatures !== undefined && signatures.length > 0 && signatures.every(({ keyId, value, algorithm = 'secp256r1' }) => {
    const curve = CURVES.get(algorithm)
    const point = Buffer.from(keyId, 'base64')
    if (!curve || point[0] !== 4 || point.length !== 1 + 2 * curve.bytes) return false
    const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)].map((part) => part.toString('base64url')) as [string, string]
    const key = createPublicKey({ key: { kty: 'EC', crv: curve.crv, x, y }, format: 'jwk' })
    return verify(curve.hash, textOf(payload, context), { key, dsaEncoding: 'der' }, Buffer.from(value, 'base64'))
  }) // biome-ignore format: long lines
}

/** Signs as the reference does. */
function signedAs(context: string, payload: object, key: KeyObject) {
  const { x, y } = createPublicKey(key).export({ format: 'jwk' }) as { x: string; y: string }
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]) // biome-ignore format: one line
  const value = sign('sha256', textOf(payload, context), { key, dsaEncoding: 'der' })
  return { ...payload, signatures: [{ keyId: point.toString('base64'), value: value.toString('base64') }] } // biome-ignore format: one line
}

const REF = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const RESET_REQUEST = `${CONTEXTS}/csms/ResetRequest`
const SIGNED_RESET = signedAs(RESET_REQUEST, RESET, REF)

// ---- Nodes

/** What takes the legacy form where it is enough, before all else. */
function taking(assurance: 'legacy' | 'e2e'): SignaturePolicyDocument {
  return {
    ...DEFAULT_POLICY,
    in: [
      { match: { kinds: 'CALL', actions: 'Reset' }, require: { assurance, permitted: true } },
      { match: { kinds: 'CALL', actions: 'StatusNotification' }, require: { assurance } },
      { match: { kinds: 'CALLRESULT' }, require: { assurance, replyBinding: false } },
      ...DEFAULT_POLICY.in,
    ],
  }
}

/** As `securityOf`, and REF01 may command. */
function knowing(id: string, policy = taking('legacy')): SecurityOptions {
  const security = securityOf(id, policy)
  security.trust.directory.addAnchor({ key: publicKeyOf(REF), owner: 'REF01' as never, usages: ['sign-message'], roles: ['operations'], notBefore: 0, notAfter: 4e9 }) // biome-ignore format: one line
  return security
}

/** As `securityOf`, with another own key. */
function holding(id: string, key: KeyObject, policy = taking('legacy')): SecurityOptions {
  const security = knowing(id, policy)
  security.trust.directory.addAnchor({ key: publicKeyOf(key), owner: id as never, usages: ['sign-message'], roles: [], notBefore: 0, notAfter: 4e9 }) // biome-ignore format: one line
  return { ...security, signer: createMemorySigner(key) }
}

function resetting(obeyed: object[]): HandlersByProtocol {
  const reset = (request: object) => {
    obeyed.push(request)
    return { status: 'Accepted' }
  }
  const statusNotification = (request: object) => {
    obeyed.push(request)
    return {}
  }
  const own = { Reset: reset, StatusNotification: statusNotification }
  return { 'ocpp2.1': own, 'ocpp2.0.1': own } as unknown as HandlersByProtocol
}

/** Two nodes of ours over a link. */
async function two(
  t: TestContext,
  { at = 'legacy' as 'legacy' | 'e2e', below = wwcp('CSMS01') } = {},
) {
  const net = overlay(t)
  const obeyed: object[] = []
  const station = await net.node('CS01', { security: securityOf('CS01', taking(at)), handlers: resetting(obeyed), carriers: below }) // biome-ignore format: one line
  const csms = await net.node('CSMS01', { security: securityOf('CSMS01', taking(at)), handlers: resetting(obeyed), carriers: wwcp('CS01') }) // biome-ignore format: one line
  net.connect('CS01', 'CSMS01')
  await net.wait(61)
  const outcome = async (asked: Promise<unknown>) => {
    const settled = asked.catch((error: { errorDetails?: { reason?: string } }) => error.errorDetails?.reason ?? error) // biome-ignore format: one line
    await net.settle()
    await net.wait(1)
    return settled
  }
  const commands = () => outcome(csms.call('CS01', 'ocpp2.1', 'Reset', RESET as never, { timeoutMs: 500 })) // biome-ignore format: one line
  const tells = () => outcome(station.call('CSMS01', 'ocpp2.1', 'StatusNotification', STATUS as never, { timeoutMs: 500 })) // biome-ignore format: one line
  const assurances = (node: typeof csms) => node.frameLog.after(0, 100).flatMap(({ verdict }) => verdict?.assurance ?? []) // biome-ignore format: one line
  return { net, station, csms, obeyed, commands, tells, assurances }
}

/** One node of ours and, above it, one that is written here. */
async function beside(t: TestContext, security = knowing('CS01'), carriers = wwcp('REF01')) {
  const net = overlay(t)
  const obeyed: object[] = []
  const node = await net.node('CS01', { security, handlers: resetting(obeyed), carriers })
  const peer = net.upstream('REF01', 'CS01')
  await net.wait(61)
  peer.take()
  const asks = async (payload: object, action = 'Reset') => {
    peer.send(JSON.stringify([2, 'CS01', ['REF01'], 'm1', action, payload]))
    await net.settle()
    return peer.take()[0] as unknown[]
  }
  return { net, node, peer, obeyed, asks }
}

test('two nodes over a link of the legacy form understand each other where a policy takes it', async (t) => {
  const { net, commands, tells, obeyed, station, csms, assurances } = await two(t)
  assert.deepEqual(await commands(), { status: 'Accepted' })
  assert.deepEqual(await tells(), {})
  assert.deepEqual(obeyed, [RESET, STATUS])
  assert.deepEqual([reasonsAt(net, 'CS01'), reasonsAt(net, 'CSMS01')], [[], []])
  assert.deepEqual(assurances(station), ['legacy', 'legacy'])
  assert.deepEqual(assurances(csms), ['legacy', 'legacy'])
})

test('the same is refused by a policy that asks for e2e, which says so', async (t) => {
  const { net, commands, tells, obeyed } = await two(t, { at: 'e2e' })
  assert.equal(await commands(), 'assurance')
  assert.equal(await tells(), 'assurance')
  assert.deepEqual(obeyed, [])
  assert.deepEqual([reasonsAt(net, 'CS01'), reasonsAt(net, 'CSMS01')], [['assurance'], ['assurance']]) // biome-ignore format: one line
})

test('the same entries count for nothing where only the other side has said that the link bears them', async (t) => {
  const { net, commands, obeyed } = await two(t, { below: wwcp() })
  assert.equal(await commands(), 'legacy-off')
  assert.deepEqual([obeyed, reasonsAt(net, 'CS01')], [[], ['legacy-off']])
})

test('what the reference signs is obeyed on its link and on no other one of the same node', async (t) => {
  const { net, asks, obeyed, peer } = await beside(t)
  const answer = await asks(SIGNED_RESET)
  assert.deepEqual(obeyed, [RESET])
  assert.ok(isSignedAs(`${CONTEXTS}/cs/ResetResponse`, answer.at(-1) as object))
  peer.close()
  const other = net.upstream('REF02', 'CS01')
  await net.settle()
  other.send(JSON.stringify([2, 'CS01', ['REF01', 'REF02'], 'm2', 'Reset', SIGNED_RESET]))
  await net.settle()
  assert.deepEqual([obeyed.length, reasonsAt(net, 'CS01')], [1, ['legacy-off']])
})

const statement = { keyId: 'x', value: 'x', algorithm: 'secp256r1', signingMethod: 'json', protected: 'x' } as const // biome-ignore format: one line

for (const [what, reason, payload, action] of [
  ['another word', 'signature-invalid', { ...SIGNED_RESET, type: 'OnIdle' }],
  ['one more member', 'signature-invalid', { ...SIGNED_RESET, evseId: 1 }],
  ['members in another order', 'signature-invalid', { evseId: 1, ...signedAs(RESET_REQUEST, { ...RESET, evseId: 1 }, REF) }],
  ['the name of another structure', 'signature-invalid', SIGNED_RESET, 'StatusNotification'],
  ['the name of its answer', 'signature-invalid', signedAs(`${CONTEXTS}/csms/ResetResponse`, RESET, REF)],
  ['the name from the other side', 'signature-invalid', signedAs(`${CONTEXTS}/cs/ResetRequest`, RESET, REF)],
  ['a statement beside it', 'two-carriers', { ...RESET, signatures: [...SIGNED_RESET.signatures, statement] }],
  ['a statement in customData', 'two-carriers', { ...SIGNED_RESET, customData: { vendorId: 'wattweave', signatures: [statement] } }],
  ['itself a second time', 'signer-twice', { ...RESET, signatures: [...SIGNED_RESET.signatures, ...SIGNED_RESET.signatures] }],
] as const) {
  test(`with ${what} it is refused: ${reason}`, async (t) => {
    const { net, asks, obeyed } = await beside(t)
    await asks(payload, action)
    assert.deepEqual([obeyed, reasonsAt(net, 'CS01')], [[], [reason]])
  })
} // biome-ignore format: a table

test('by a key that nobody knows here it is as unsigned', async (t) => {
  const { net, asks, obeyed } = await beside(t, securityOf('CS01', taking('legacy')))
  await asks(SIGNED_RESET)
  assert.deepEqual([obeyed, reasonsAt(net, 'CS01')], [[], ['unknown-keys']])
})

test('in a message of another version it is not read: the names are of OCPP 2.1', async (t) => {
  const net = overlay(t)
  const obeyed: object[] = []
  await net.node('CS01', { security: knowing('CS01'), handlers: resetting(obeyed), carriers: wwcp('REF01') }) // biome-ignore format: one line
  const peer = net.upstream('REF01', 'CS01', { protocol: 'ocpp2.0.1' })
  await net.wait(61)
  peer.send(JSON.stringify([2, 'CS01', ['REF01'], 'm1', 'Reset', SIGNED_RESET]))
  await net.settle()
  assert.deepEqual([obeyed, reasonsAt(net, 'CS01')], [[], ['legacy-off']])
})

// ---- What is written

const OWN = (['P-256', 'P-521'] as const).map((namedCurve) => [namedCurve, generateKeyPairSync('ec', { namedCurve }).privateKey] as const) // biome-ignore format: one line

for (const [curve, key] of OWN) {
  test(`${curve}: what a node asks, sends and answers over such a link is verified by who knows only the description`, async (t) => {
    const { net, node, peer, asks } = await beside(t, holding('CS01', key))
    const payloads: [string, object][] = []
    void node.call('REF01', 'ocpp2.1', 'StatusNotification', STATUS as never, { timeoutMs: 500 }).catch(() => {}) // biome-ignore format: one line
    void node.call('REF01', 'ocpp2.1', 'Heartbeat', {} as never, { timeoutMs: 500 }).catch(() => {})
    void node.call('REF01', 'ocpp2.1', 'DataTransfer', { vendorId: 'a b', data: 'é "/' } as never, { timeoutMs: 500 }).catch(() => {}) // biome-ignore format: one line
    const stream = { id: 1, pending: 0, basetime: AT, data: [] }
    node.send('REF01', 'NotifyPeriodicEventStream', new TextEncoder().encode(JSON.stringify(stream))) // biome-ignore format: one line
    await net.settle()
    for (const frame of peer.take()) payloads.push([String(frame[4]), frame[5] as object])
    payloads.push(['ResetResponse', (await asks(SIGNED_RESET)).at(-1) as object])
    // biome-ignore format: a table
    const contexts = new Map([
      ['StatusNotification', 'cs/statusNotificationRequest'], ['Heartbeat', 'cs/HeartbeatRequest'], ['DataTransfer', 'cs/dataTransferRequest'],
      ['NotifyPeriodicEventStream', 'cs/notifyPeriodicEventStreamRequest'], ['ResetResponse', 'cs/ResetResponse'],
    ])
    assert.deepEqual(payloads.map(([name]) => name).sort(), [...contexts.keys()].sort())
    for (const [name, payload] of payloads) {
      assert.ok(isSignedAs(`${CONTEXTS}/${contexts.get(name)}`, payload), name)
      assert.ok(!isSignedAs(`${CONTEXTS}/csms/otherRequest`, payload), name)
      const [entry] = (payload as { signatures: Entry[] }).signatures
      // What is not there has its usual value, and nothing of ours stands there.
      assert.deepEqual(Object.keys(entry ?? {}), curve === 'P-256' ? ['keyId', 'value'] : ['keyId', 'value', 'algorithm']) // biome-ignore format: one line
    }
    await net.wait(1)
  })
}

test('what both sides may say has the name of the side that its writer is on', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { security: knowing('CSMS01'), carriers: wwcp('REF01') })
  const below = net.peer('REF01', 'CSMS01')
  await net.wait(61)
  below.take()
  void csms.call('REF01', 'ocpp2.1', 'DataTransfer', { vendorId: 'a' } as never, { timeoutMs: 500 }).catch(() => {}) // biome-ignore format: one line
  await net.settle()
  assert.ok(isSignedAs(`${CONTEXTS}/csms/dataTransferRequest`, below.take()[0]?.at(-1) as object))
  await net.wait(1)
})

const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
const ed25519 = generateKeyPairSync('ed25519').privateKey

for (const [what, key, protocol, problem] of [
  ['a key of P-384, whose holder hashes otherwise', p384, 'ocpp2.1', /sha512 for P-384/],
  ['a key of no such curve', ed25519, 'ocpp2.1', /a key of P-256 or P-521/],
  ['a version whose names are not known', OWN[0]?.[1] as KeyObject, 'ocpp2.0.1', /is of OCPP 2\.1/],
] as const) {
  test(`with ${what} nothing leaves, and least of all unsigned`, async (t) => {
    const { net, node, peer } = await beside(t, holding('CS01', key))
    const asked = node.call('REF01', protocol as 'ocpp2.1', 'StatusNotification', STATUS as never, { timeoutMs: 500 }) // biome-ignore format: one line
    const failed = assert.rejects(asked, (error: { code?: string; message: string }) => error.code === 'ERR_SIGNATURE_FAILED' && problem.test(error.message)) // biome-ignore format: one line
    await net.wait(1)
    await failed
    assert.deepEqual(peer.take(), [])
  })
}

test('bytes have no legacy form here, so they do not leave either', async (t) => {
  const { net, node, peer } = await beside(t)
  const asked = node.callRaw('REF01', 'BinaryDataTransfer', Uint8Array.of(1, 2), { encoding: 'binary', timeoutMs: 500 }) // biome-ignore format: one line
  const failed = assert.rejects(asked, { code: 'ERR_SIGNATURE_FAILED' })
  await net.wait(1)
  await failed
  assert.deepEqual([peer.take(), peer.receivedBytes], [[], []])
})

test('an error over such a link is in the words of OCPP alone', async (t) => {
  const { asks } = await beside(t)
  const answer = await asks({ ...SIGNED_RESET, type: 'OnIdle' })
  assert.equal(answer[0], 4)
  assert.ok(!JSON.stringify(answer).includes('signatures'))
})

test('a rule of a policy can say it of messages over any link', async (t) => {
  const out = [{ match: {}, carrier: 'wwcp', sign: { key: { usage: 'sign-message' }, lifetimeS: 60 } }] as const // biome-ignore format: one line
  const { net, node, peer } = await beside(t, knowing('CS01', { ...DEFAULT_POLICY, out }), wwcp())
  void node.call('REF01', 'ocpp2.1', 'StatusNotification', STATUS as never, { timeoutMs: 500 }).catch(() => {}) // biome-ignore format: one line
  await net.settle()
  assert.ok(isSignedAs(`${CONTEXTS}/cs/statusNotificationRequest`, peer.take()[0]?.at(-1) as object)) // biome-ignore format: one line
  await net.wait(1)
})

// ---- What others say

/** A node in the middle, with the reference on one side and a node of ours on the other. */
async function between(t: TestContext) {
  const net = overlay(t)
  const obeyed: object[] = []
  await net.node('NN01', { security: securityOf('NN01'), carriers: wwcp('REF01') })
  const station = await net.node('CS01', { security: knowing('CS01'), handlers: resetting(obeyed) })
  net.connect('CS01', 'NN01')
  const peer = net.upstream('REF01', 'NN01')
  await net.wait(61)
  peer.take()
  return { net, station, peer, obeyed }
}

const HEADER: MessageFields = {
  ocpp: 'ocpp2.1',
  ctx: 'urn:wattweave:ocpp2.1:BinaryDataTransfer:request',
  OCPPAction: 'BinaryDataTransfer',
  OCPPMessageTypedId: 2,
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  from: 'LC01',
  to: 'REF01',
  iat: 1,
  exp: 2,
  nonce: 'A'.repeat(22),
}

function lossesAt(net: MemoryOverlay, id: string) {
  return (net.events.get(id) ?? []).flatMap((event) => (event.name === 'signatures.dropped' ? [event.kids] : [])) // biome-ignore format: one line
}

test('statements of others are taken off before such a link, counted each time, and told once', async (t) => {
  const { net, station, peer } = await between(t)
  for (const _ of [1, 2]) void station.call('REF01', 'ocpp2.1', 'StatusNotification', STATUS as never, { timeoutMs: 500 }).catch(() => {}) // biome-ignore format: one line
  await net.settle()
  const frames = peer.take()
  assert.deepEqual(frames.map((frame) => frame.slice(-2)), [1, 2].map(() => ['StatusNotification', STATUS])) // biome-ignore format: one line
  assert.deepEqual(lossesAt(net, 'NN01'), [[signerOf('CS01').kid]])
  assert.equal(net.neighbour('NN01', 'REF01').counters.lostSignatures, 2)
  await net.wait(1)
})

test('so are those of an answer, and of a wrapped message, which goes on as what is inside', async (t) => {
  const { net, peer } = await between(t)
  const signer = signerOf('CSMS01')
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: signer.kid, OCPPAction: 'Reset', OCPPMessageTypeId: 2 })).toString('base64url') // biome-ignore format: one line
  const payload = Buffer.from(JSON.stringify(RESET)).toString('base64url')
  const signature = Buffer.from(await signer.sign(Buffer.from(`${header}.${payload}`))).toString('base64url') // biome-ignore format: one line
  const other = net.peer('LC01', 'NN01')
  await net.settle()
  other.send(JSON.stringify([2, 'REF01', ['LC01'], 'w', 'Reset-Signed', { payload, protected: header, signature }])) // biome-ignore format: one line
  await net.settle()
  assert.deepEqual(peer.take().map((frame) => frame.slice(-2)), [['Reset', RESET]]) // biome-ignore format: one line
  other.take()
  peer.send(JSON.stringify([2, 'LC01', ['REF01'], 'q', 'Reset', RESET]))
  await net.settle()
  other.send(JSON.stringify([3, 'REF01', ['LC01'], 'q', { status: 'Accepted', signatures: [statement] }])) // biome-ignore format: one line
  await net.settle()
  assert.deepEqual(peer.take().map((frame) => frame.at(-1)), [{ status: 'Accepted' }]) // biome-ignore format: one line
  assert.equal(net.neighbour('NN01', 'REF01').counters.lostSignatures, 2)
})

test('bytes go on without the signatures before them, and what cannot be told apart does not go on', async (t) => {
  const { net, peer } = await between(t)
  const other = net.peer('LC01', 'NN01')
  await net.settle()
  const body = Uint8Array.of(1, 2, 3)
  const entry = await signStatement(body, HEADER, signerOf('CSMS01'), 'binary') // biome-ignore format: one line
  const payload = encodeBinaryPayload({ entries: [entry], body })
  const route = { destination: ['REF01'], networkPath: ['LC01'] } as unknown as Route
  other.send(encodeBinary({ type: 2, route, messageId: 'b' as never, action: 'BinaryDataTransfer-Signed', payload, errorCode: '', errorDescription: '' })) // biome-ignore format: one line
  const both = { ...RESET, signatures: [statement], customData: { vendorId: 'wattweave', signatures: [statement] } } // biome-ignore format: one line
  other.send(JSON.stringify([2, 'REF01', ['LC01'], 'c', 'Reset', both]))
  await net.settle()
  const [told] = peer.receivedBytes.map((bytes) => decodeBinary(bytes))
  assert.deepEqual([told?.action, [...(told?.payload ?? [])]], ['BinaryDataTransfer', [1, 2, 3]])
  assert.deepEqual([peer.take(), reasonsAt(net, 'NN01')], [[], ['two-carriers']])
  assert.equal(net.neighbour('NN01', 'REF01').counters.lostSignatures, 1)
})

test('what came in the legacy form goes on as it was written, over a link of either kind', async (t) => {
  const { net, peer } = await between(t)
  const other = net.peer('LC01', 'NN01')
  await net.settle()
  other.take()
  const written = JSON.stringify(SIGNED_RESET).replace(',', ' , ')
  peer.send(`[2,"LC01",["REF01"],"a","Reset",${written}]`)
  other.send(`[2,"REF01",["LC01"],"b","Reset",${written}]`)
  await net.settle()
  for (const one of [other, peer]) assert.ok(one.received.at(-1)?.includes(written))
  assert.deepEqual(lossesAt(net, 'NN01'), [])
})

test('a node further on reads it only where it is read on all of its links', async (t) => {
  for (const [readsLegacy, outcome] of [[false, [0, 'legacy-off']], [true, [1]]] as const) {
    const net = overlay(t)
    const obeyed: object[] = []
    await net.node('NN01', { security: securityOf('NN01'), carriers: wwcp('REF01') })
    await net.node('CS01', { security: { ...knowing('CS01'), readsLegacy }, handlers: resetting(obeyed) }) // biome-ignore format: one line
    net.connect('CS01', 'NN01')
    const peer = net.upstream('REF01', 'NN01')
    await net.wait(61)
    peer.send(JSON.stringify([2, 'CS01', ['REF01'], 'm1', 'Reset', SIGNED_RESET]))
    await net.settle()
    assert.deepEqual([obeyed.length, ...reasonsAt(net, 'CS01')], outcome)
  } // biome-ignore format: the head is one line
})

// ---- At an edge

const STATION = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const STATUS_REQUEST = `${CONTEXTS}/cs/statusNotificationRequest`

/** A plain station that signs as the reference does, at a node of ours below another one. */
async function edge(t: TestContext, carriers = wwcp('CS07'), protocol: Protocol = 'ocpp2.1') {
  const net = overlay(t)
  const security = securityOf('NN01')
  security.trust.directory.addAnchor({ key: publicKeyOf(STATION), owner: 'CS07' as never, usages: ['sign-message'], roles: [], notBefore: 0, notAfter: 4e9 }) // biome-ignore format: one line
  await net.node('NN01', { security, carriers })
  const above = net.upstream('LC01', 'NN01')
  const station = net.station('CS07', 'NN01', protocol)
  await net.wait(61)
  above.take()
  const tells = async (payload: object) => {
    station.send(JSON.stringify([2, 'q', 'StatusNotification', payload]))
    await net.settle()
    return above.take().at(-1)?.at(-1) as { signatures?: { protected: string }[] } | undefined
  }
  return { net, above, station, tells }
}

function seenIn(payload: { signatures?: { protected: string }[] } | undefined): unknown[] {
  return (payload?.signatures ?? []).map((one) => (JSON.parse(Buffer.from(one.protected, 'base64url').toString()) as { att: unknown }).att) // biome-ignore format: one line
}

test('an edge says whose signatures it has verified, and that they were lost there', async (t) => {
  const { net, tells } = await edge(t)
  const told = await tells(signedAs(STATUS_REQUEST, STATUS, STATION))
  const { kid } = publicKeyOf(STATION)
  assert.deepEqual(seenIn(told), [{ by: 'NN01', prev: 'CS07', link: 'basic', verified: [kid], dropped: [kid] }]) // biome-ignore format: one line
  assert.deepEqual(reasonsAt(net, 'NN01'), [])
})

test('an edge refuses what was changed, and looks at none of it on a link that is not set so', async (t) => {
  const changed = { ...signedAs(STATUS_REQUEST, STATUS, STATION), evseId: 2 }
  const strict = await edge(t)
  assert.equal(await strict.tells(changed), undefined)
  assert.deepEqual(reasonsAt(strict.net, 'NN01'), ['signature-invalid'])
  for (const [carriers, protocol] of [[wwcp(), 'ocpp2.1'], [wwcp('CS07'), 'ocpp2.0.1']] as const) {
    const blind = await edge(t, carriers, protocol)
    const told = await blind.tells(changed)
    assert.deepEqual(seenIn(told), [{ by: 'NN01', prev: 'CS07', link: 'basic', verified: [] }])
  } // biome-ignore format: the head is one line
})

test('towards a standard peer on such a link a node signs what it says itself, and nothing of others', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', { security: securityOf('CSMS01'), services: ['CSMS'], hasDefaultRoute: false }) // biome-ignore format: one line
  const node = await net.node('NN01', { security: securityOf('NN01'), carriers: wwcp('CS07') })
  net.connect('NN01', 'CSMS01')
  const station: RawPeer = net.station('CS07', 'NN01', 'ocpp2.1')
  await net.wait(61)
  void node.call('CS07', 'ocpp2.1', 'TriggerMessage', { requestedMessage: 'Heartbeat' } as never, { timeoutMs: 500 }).catch(() => {}) // biome-ignore format: one line
  await net.settle()
  const [own = []] = station.take()
  assert.ok(isSignedAs(`${CONTEXTS}/csms/triggerMessageRequest`, own.at(-1) as object))
  station.send(JSON.stringify([3, own[1], { status: 'Accepted' }]))
  await net.settle()
  void csms.call('CS07', 'ocpp2.1', 'Reset', RESET as never, { timeoutMs: 500 }).catch(() => {})
  await net.settle()
  assert.deepEqual(station.take().map((frame) => frame.slice(2)), [['Reset', RESET]]) // biome-ignore format: one line
  assert.deepEqual(lossesAt(net, 'NN01'), [[signerOf('CSMS01').kid]])
  await net.wait(1)
})
