import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { compileFilters } from '../../src/routing/filters/filters.ts'
import { decodeBinaryPayload, verifyBinaryPayload } from '../../src/security/binary-payload.ts'
import { DEFAULT_POLICY, INSECURE_POLICY } from '../../src/security/policies/default-policy.ts'
import { decodeBinary, encodeBinary } from '../../src/wire/binary.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { carryUntilIdle } from '../support/carrying.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf } from '../support/secured.ts'

/** Binary messages between nodes that sign, over a middle that may lie. */

const BODY = Uint8Array.of(0, 0xff, 0x5b, 0x7b, 1, 2, 3)
const ANSWER = Uint8Array.of(9, 8, 7)
const ACTION = 'BinaryDataTransfer'

type Tamper = (frame: Frame) => Frame | undefined

async function site(t: TestContext, policy = DEFAULT_POLICY) {
  const net = overlay(t)
  const obeyed: Uint8Array[] = []
  const handler = (body: Uint8Array) => {
    obeyed.push(body)
    return ANSWER
  }
  const binaryHandlers = new Map([[ACTION, handler]])
  await net.node('CS01', { binaryHandlers, security: securityOf('CS01', policy) })
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, binaryHandlers, security: securityOf('CSMS01', policy) }) // biome-ignore format: one line
  const above = net.peer('LC01', 'CSMS01')
  const below = net.upstream('LC01', 'CS01')
  above.send('[2,"CSMS01",["CS01","LC01"],"hello","X",{}]')
  await net.wait(61)
  for (const peer of [above, below]) peer.take()
  const wire: Frame[] = []
  let tamper: Tamper = (frame) => frame
  const carry = () =>
    carryUntilIdle(net, [above, below], (frame, from) => {
      wire.push(frame)
      const onward = tamper(frame)
      if (onward) pass(from === above ? below : above, onward)
    }, framesOf) // biome-ignore format: one call
  const asks = async () => {
    const asked = csms.callRaw('CS01', ACTION, BODY, { encoding: 'binary', timeoutMs: 1_000 })
    const outcome = asked.then(({ payload }) => payload, (error: unknown) => error) // biome-ignore format: one line
    await carry()
    await net.wait(2)
    return outcome
  }
  return { net, csms, above, below, obeyed, wire, carry, asks, tamperWith: (by: Tamper) => (tamper = by) } // biome-ignore format: one line
}

function framesOf(peer: RawPeer): Frame[] {
  const texts = peer.take().map((frame) => decodeBinary(Buffer.from(JSON.stringify(frame))))
  return [...peer.receivedBytes.splice(0).map((bytes) => decodeBinary(bytes)), ...texts]
}

function pass(to: RawPeer, frame: Frame): void {
  const { route, encoding, payload, type, messageId, action, errorCode, errorDescription } = frame
  assert.ok(route)
  const networkPath = [...route.networkPath, 'LC01'] as unknown as typeof route.networkPath
  if (encoding === 'binary') return to.send(encodeBinary({ ...frame, route: { ...route, networkPath } })) // biome-ignore format: one line
  const [destination] = route.destination
  const said = JSON.parse(Buffer.from(payload).toString()) as object
  const rest = type === 4 ? [errorCode, errorDescription, said] : type === 2 ? [action, said] : [said] // biome-ignore format: one line
  to.send(JSON.stringify([type, destination, networkPath, messageId, ...rest]))
}

test('a binary message is signed as the picture says, obeyed, and answered in the same form', async (t) => {
  const { asks, obeyed, wire } = await site(t)
  assert.deepEqual(new Uint8Array((await asks()) as Uint8Array), ANSWER)
  assert.deepEqual(obeyed, [BODY])
  const [call, result] = wire
  assert.ok(call && result)
  assert.deepEqual([call.action, call.encoding, result.encoding], [`${ACTION}-Signed`, 'binary', 'binary']) // biome-ignore format: one line
  const { keyOf } = securityOf('CSMS01').trust.directory
  for (const [{ payload }, messageType, body] of [[call, 2, BODY], [result, 3, ANSWER]] as const) {
    const verdict = verifyBinaryPayload(payload, { expected: { kind: 'message', action: ACTION, messageType }, keyOf }) // biome-ignore format: one line
    assert.ok(verdict.status === 'verified')
    assert.deepEqual(new Uint8Array(verdict.body ?? []), body)
  } // biome-ignore format: the head is one line
})

const isCall = ({ type }: Frame) => type === 2
const lastByteChanged = (frame: Frame) => ({ ...frame, payload: frame.payload.with(-1, 0xee) })
const bare = (frame: Frame) => {
  const decoded = decodeBinaryPayload(frame.payload)
  assert.ok('body' in decoded)
  return { ...frame, action: ACTION, payload: decoded.body }
}

for (const [what, change, reason] of [
  ['changed', lastByteChanged, 'signature-invalid'],
  ['stripped of its signatures', bare, 'unsigned'],
  ['cut off inside a signature', (frame: Frame) => ({ ...frame, payload: frame.payload.slice(0, 9) }), 'entries-malformed'],
  ['told as another action', (frame: Frame) => ({ ...frame, action: 'Other-Signed' }), undefined],
] as const) {
  test(`a binary message that was ${what} on the way has no effect`, async (t) => {
    const { net, asks, obeyed, tamperWith } = await site(t)
    tamperWith((frame) => (isCall(frame) ? change(frame) : frame))
    assert.ok((await asks()) instanceof Error)
    assert.deepEqual(obeyed, [])
    assert.deepEqual(reasonsAt(net, 'CS01'), reason === undefined ? [] : [reason])
  })
} // biome-ignore format: a table

test('what the middle changes takes effect where everything is obeyed, and is refused under the default policy', async (t) => {
  for (const [policy, effect] of [[INSECURE_POLICY, 1], [DEFAULT_POLICY, 0]] as const) {
    const { below, net, obeyed } = await site(t, policy)
    const frame = { type: 2, encoding: 'binary', messageId: 'x', action: ACTION, payload: BODY, errorCode: '', errorDescription: '', route: { destination: ['CS01'], networkPath: ['CSMS01'] } } // biome-ignore format: one frame
    pass(below, frame as unknown as Frame)
    await net.settle()
    assert.equal(obeyed.length, effect, policy.name)
  } // biome-ignore format: the head is one line
})

test('an answer that the middle has changed is not believed', async (t) => {
  const { asks, obeyed, tamperWith } = await site(t)
  tamperWith((frame) => (frame.type === 3 ? lastByteChanged(frame) : frame))
  const error = (await asks()) as { details?: { reason?: string } }
  assert.equal(error.details?.reason, 'signature-invalid')
  assert.equal(obeyed.length, 1)
})

test('a binary message told again gets the same answer and no second effect; with another body it is a replay', async (t) => {
  const { net, asks, obeyed, wire, below } = await site(t)
  await asks()
  const [call, result] = wire
  assert.ok(call && result)
  pass(below, { ...call, messageId: 'again' as Frame['messageId'] })
  await net.settle()
  const [again] = framesOf(below)
  assert.deepEqual(Buffer.from(again?.payload ?? []), Buffer.from(result.payload))
  assert.equal(obeyed.length, 1)
})

test('a binary SEND counts once, and nobody is answered', async (t) => {
  const { csms, net, carry, obeyed, wire, below } = await site(t)
  csms.send('CS01', ACTION, BODY, 'binary')
  await carry()
  const [send] = wire
  assert.ok(send)
  pass(below, { ...send, messageId: 'again' as Frame['messageId'] })
  await net.settle()
  assert.deepEqual([obeyed.length, reasonsAt(net, 'CS01')], [1, ['replayed']])
  assert.deepEqual(framesOf(below), [])
})

test('what a plain station sends as bytes is attested at the edge, and answered without signatures', async (t) => {
  const net = overlay(t)
  const obeyed: Uint8Array[] = []
  const handler = (body: Uint8Array) => {
    obeyed.push(body)
    return ANSWER
  }
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, binaryHandlers: new Map([[ACTION, handler]]), security: securityOf('CSMS01') }) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01') })
  net.connect('NN01', 'CSMS01')
  // Nobody knows a key of it, so it goes by the edge.
  const station = net.station('CS09', 'NN01', 'ocpp2.1')
  await net.wait(61)
  station.send(encodeBinary({ type: 2, route: undefined, messageId: 'q' as Frame['messageId'], action: ACTION, payload: BODY, errorCode: '', errorDescription: '' })) // biome-ignore format: one line
  await net.settle()
  assert.deepEqual(obeyed, [BODY])
  const [answer] = framesOf(station)
  assert.deepEqual([answer?.messageId, Buffer.from(answer?.payload ?? [])], ['q', Buffer.from(ANSWER)]) // biome-ignore format: one line
  const verdict = csms.frameLog.after(0, 100).flatMap((one) => one.verdict ?? []).at(-1) // biome-ignore format: one chain
  assert.deepEqual([verdict?.assurance, verdict?.signers.map(({ owner }) => owner)], ['attested', ['NN01']]) // biome-ignore format: one line
})

test('rules about what passes see the action of a signed binary message', async (t) => {
  const net = overlay(t)
  const filters = compileFilters([{ name: 'no bytes', effect: 'reject', match: { action: ACTION } }], 'NN01') // biome-ignore format: one line
  await net.node('NN01', { filters, security: securityOf('NN01') })
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const frame = { type: 2, messageId: 'x', action: `${ACTION}-Signed`, payload: Uint8Array.of(0, 1), errorCode: '', errorDescription: '', route: { destination: ['CSMS'], networkPath: ['LC01'] } } // biome-ignore format: one frame
  below.send(encodeBinary(frame as unknown as Frame))
  await net.settle()
  assert.deepEqual([above.receivedBytes, net.refusals('NN01')], [[], { ERR_FILTERED: 1 }])
})
