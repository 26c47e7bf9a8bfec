import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { officialSchemas } from '../../src/messages/official-schemas.ts'
import type { Protocol } from '../../src/messages/protocols.ts'
import { createValidator } from '../../src/messages/validation.ts'
import type { LinkCarrier } from '../../src/node/carrying.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { LinkCarriers } from '../../src/node/node-options.ts'
import { verifyPayload } from '../../src/security/carriers.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { carryUntilIdle } from '../support/carrying.ts'
import { foreignSigner, STATUS } from '../support/foreign-signer.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf, signerOf } from '../support/secured.ts'

/** Signatures over links to standard peers, each as its setting says. */

type Frame = unknown[]

const strict = createValidator()
const AT = '2026-01-01T00:00:00Z'
const BOOT = { reason: 'PowerUp', chargingStation: { vendorName: 'foreign', model: 'x' } }
const carriersOf = (id: string, carrier: LinkCarrier): LinkCarriers => ({ bySource: new Map(), byPeer: new Map([[id.toLowerCase(), carrier]]) }) // biome-ignore format: one line

/** A plain station at a node that shows it to a foreign CSMS. */
async function shown(t: TestContext, carrier: LinkCarrier, protocol: Protocol = 'ocpp2.1') {
  const net = overlay(t)
  const csms = net.foreignCsms({ name: 'backend', role: 'primary', carrier })
  await net.node('NN01', { security: securityOf('NN01'), perStation: [csms.uplink] })
  const station = net.station('CS01', 'NN01', protocol)
  await net.settle()
  const backend = csms.connections[0]?.peer as RawPeer
  const asks = async (action: string, payload: object) => {
    station.send(JSON.stringify([2, 'q', action, payload]))
    await net.settle()
    return backend.take()[0] as Frame
  }
  const answers = async (request: Frame, payload: object) => {
    backend.send(JSON.stringify([3, request[1], payload]))
    await net.settle()
    return station.take()[0]
  }
  return { net, station, backend, asks, answers }
}

function entriesIn(payload: unknown): { protected: string }[] {
  const { customData } = payload as { customData?: { signatures?: { protected: string }[] } }
  return customData?.signatures ?? []
}

const keyOf = securityOf('CSMS01').trust.directory.keyOf
const expectedOf = (action: string, messageType: 2 | 3) => ({ kind: 'message', action, messageType }) as const // biome-ignore format: one line

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  test(`a foreign CSMS of ${protocol} gets the word of the edge in customData, within the official schema, and the station an answer without any`, async (t) => {
    const { asks, answers } = await shown(t, 'customData', protocol)
    const request = await asks('StatusNotification', STATUS)
    const payload = request[3] as JsonObject
    assert.ok(officialSchemas(protocol).has('StatusNotification'))
    strict.assertValid(protocol, 'StatusNotification', 'request', payload)
    const verdict = verifyPayload(payload, { expected: expectedOf('StatusNotification', 2), keyOf })
    assert.ok(verdict.status === 'verified')
    assert.deepEqual(verdict.payload, STATUS)
    assert.deepEqual(verdict.signers[0].header.att, { by: 'NN01', prev: 'CS01', link: 'basic', verified: [] }) // biome-ignore format: one line
    assert.deepEqual(await answers(request, {}), [3, 'q', {}])
  })
}

test('a station of 1.6 behind the same gets and gives nothing but OCPP', async (t) => {
  const { asks, answers } = await shown(t, 'customData', 'ocpp1.6')
  const boot = { chargePointVendor: 'foreign', chargePointModel: 'x' }
  const request = await asks('BootNotification', boot)
  assert.deepEqual(request.slice(2), ['BootNotification', boot])
  const answer = { currentTime: AT, interval: 300, status: 'Accepted' }
  assert.deepEqual(await answers(request, answer), [3, 'q', answer])
})

test('without a setting nothing is said of signatures', async (t) => {
  const { asks } = await shown(t, 'strip')
  assert.deepEqual((await asks('BootNotification', BOOT))[3], BOOT)
})

test('where customData is of another vendor there is no room for the word of the edge, which is told', async (t) => {
  const { net, asks } = await shown(t, 'customData')
  const payload = { ...STATUS, customData: { vendorId: 'other' } }
  const request = await asks('StatusNotification', payload)
  assert.deepEqual(request.slice(2), ['StatusNotification', payload])
  const told = net.events.get('NN01')?.filter(({ name }) => name === 'signatures.dropped')
  assert.deepEqual(told, [{ name: 'signatures.dropped', link: 'CS01@backend', source: 'CS01', action: 'StatusNotification', kids: [signerOf('NN01').kid] }]) // biome-ignore format: one line
})

test('a station on a link that bears none does not get what a foreign CSMS has put into customData', async (t) => {
  const { net, backend, station } = await shown(t, 'customData')
  const customData = { vendorId: 'wattweave', signatures: [] }
  backend.send(JSON.stringify([2, 'c', 'Reset', { type: 'Immediate', customData }]))
  await net.settle()
  assert.deepEqual(station.take().map((frame) => frame.slice(2)), [['Reset', { type: 'Immediate' }]]) // biome-ignore format: one line
})

test('what a station puts into customData counts for nothing on a link that bears none, and it gets nothing there', async (t) => {
  const net = overlay(t)
  const heartbeat = () => ({ currentTime: AT })
  const handlers = { 'ocpp2.1': { Heartbeat: heartbeat } } as unknown as HandlersByProtocol
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01') }) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01') })
  net.connect('NN01', 'CSMS01')
  const station = net.station('CS09', 'NN01', 'ocpp2.1')
  await net.wait(61)
  const customData = { vendorId: 'wattweave', signatures: [{ nonsense: true }] }
  station.send(JSON.stringify([2, 'q', 'Heartbeat', { customData }]))
  await net.settle()
  assert.deepEqual(station.take(), [[3, 'q', { currentTime: AT }]])
  const verdict = csms.frameLog.after(0, 100).flatMap((one) => one.verdict ?? []).at(-1) // biome-ignore format: one chain
  assert.deepEqual(verdict?.signers.map(({ owner }) => owner), ['NN01']) // biome-ignore format: one line
})

// ---- A native station over a standard link, and a node of ours behind a node of another make

interface ProxiedOptions {
  readonly carrier: LinkCarrier
  /** What the node of another make makes of a frame. */
  readonly change?: (frame: Frame) => Frame
}

async function proxied(t: TestContext, { carrier, change = (frame) => frame }: ProxiedOptions) {
  const net = overlay(t)
  const obeyed: [string, object][] = []
  const statusNotification = (request: object) => {
    obeyed.push(['StatusNotification', request])
    return {}
  }
  const reset = (request: object) => {
    obeyed.push(['Reset', request])
    return { status: 'Accepted' }
  }
  const handlers = (own: object) => ({ 'ocpp2.1': own }) as unknown as HandlersByProtocol
  const station = await net.node('CS01', { security: securityOf('CS01'), handlers: handlers({ Reset: reset }), carriers: carriersOf('CSMS01', carrier) }) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01'), carriers: carriersOf('CS01', carrier) })
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, security: securityOf('CSMS01'), handlers: handlers({ StatusNotification: statusNotification }) }) // biome-ignore format: one line
  net.connect('NN01', 'CSMS01')
  const near = net.upstream('CSMS01', 'CS01', { form: 'standard' })
  const far = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.wait(61)
  const wire: Frame[] = []
  const carry = () =>
    carryUntilIdle(net, [near, far], (frame, from) => {
      wire.push(structuredClone(frame))
      const to = from === near ? far : near
      to.send(JSON.stringify(change(frame)))
    })
  const outcome = async (asked: Promise<unknown>) => {
    const settled = asked.catch((error: unknown) => error)
    await carry()
    await net.wait(1)
    return settled
  }
  const tells = () => outcome(station.call('CSMS', 'ocpp2.1', 'StatusNotification', STATUS as never, { timeoutMs: 500 })) // biome-ignore format: one line
  const commands = () => outcome(csms.call('CS01', 'ocpp2.1', 'Reset', { type: 'Immediate' }, { timeoutMs: 500 })) // biome-ignore format: one line
  const signersAt = (node: typeof csms) => node.frameLog.after(0, 1_000).flatMap(({ verdict }) => (verdict ? [verdict.signers.map(({ owner, as }) => `${owner}: ${as}`)] : [])) // biome-ignore format: one line
  return { net, station, csms, obeyed, wire, tells, commands, signersAt }
}

for (const carrier of ['customData', 'signed'] as const) {
  test(`${carrier}: what a station signs is believed behind a node of another make, and so is the answer`, async (t) => {
    const { net, tells, obeyed, wire, station, csms, signersAt } = await proxied(t, { carrier })
    assert.deepEqual(await tells(), {})
    assert.deepEqual(obeyed, [['StatusNotification', STATUS]])
    const [request = [], answer = []] = wire
    if (carrier === 'customData') {
      strict.assertValid('ocpp2.1', 'StatusNotification', 'request', request[3])
      strict.assertValid('ocpp2.1', 'StatusNotification', 'response', answer[2])
      assert.deepEqual([entriesIn(request[3]).length, entriesIn(answer[2]).length], [1, 1])
    } else {
      assert.equal(request[2], 'StatusNotification-Signed')
      for (const jws of [request[3], answer[2]]) assert.deepEqual(Object.keys(jws as object).sort(), ['payload', 'protected', 'signature']) // biome-ignore format: one line
    }
    assert.deepEqual(signersAt(csms).at(-1), ['CS01: originator', 'NN01: edge'])
    assert.deepEqual(signersAt(station).at(-1), ['CSMS01: originator'])
    assert.deepEqual([reasonsAt(net, 'NN01'), reasonsAt(net, 'CSMS01')], [[], []])
  })

  test(`${carrier}: a command reaches the station with the signature of whoever gave it, and its answer comes back signed`, async (t) => {
    const { commands, obeyed, station, csms, signersAt } = await proxied(t, { carrier })
    assert.deepEqual(await commands(), { status: 'Accepted' })
    assert.deepEqual(obeyed, [['Reset', { type: 'Immediate' }]])
    assert.deepEqual(signersAt(station).at(-1), ['CSMS01: originator'])
    assert.deepEqual(signersAt(csms).at(-1), ['CS01: originator', 'NN01: edge'])
  })

  test(`${carrier}: what a node of another make has changed is refused at the edge, and told as an error`, async (t) => {
    const { net, tells, commands, obeyed } = await proxied(t, { carrier, change: changed })
    assert.match(String(await tells()), /RemoteError|SecurityError/)
    await commands()
    assert.deepEqual(obeyed, [])
    assert.deepEqual(reasonsAt(net, 'NN01'), ['signature-invalid'])
    assert.deepEqual(reasonsAt(net, 'CS01'), ['signature-invalid'])
  })

  test(`${carrier}: an answer that a node of another make has changed is not believed`, async (t) => {
    const change = (frame: Frame) => (frame[0] === 3 ? changed(frame) : frame)
    const { tells, obeyed } = await proxied(t, { carrier, change })
    const outcome = (await tells()) as { details?: { reason?: string } }
    assert.equal(obeyed.length, 1)
    assert.equal(outcome.details?.reason, 'signature-invalid')
  })
}

/** Another word in the payload, wherever that stands, under the same signatures. */
function changed(frame: Frame): Frame {
  const at = frame[0] === 2 ? 3 : 2
  const payload = frame[at] as Record<string, unknown>
  if (typeof payload !== 'object') return frame
  if (typeof payload.payload !== 'string') return frame.with(at, { ...payload, statusInfo: { reasonCode: 'x' } }) // biome-ignore format: one line
  const inside = JSON.parse(Buffer.from(payload.payload, 'base64url').toString()) as object
  const other = JSON.stringify({ ...inside, statusInfo: { reasonCode: 'x' } })
  return frame.with(at, { ...payload, payload: Buffer.from(other).toString('base64url') })
}

// ---- Signed messages that cannot become members

test('a signed message of another make travels as it is, and counts by the word of the edge', async (t) => {
  const { sendsSigned, obeyed, csms } = await foreignSigner(t)
  assert.deepEqual(await sendsSigned(STATUS), {})
  assert.deepEqual(obeyed, [STATUS])
  const verdicts = csms.frameLog.after(0, 1_000).flatMap(({ verdict }) => verdict ?? [])
  assert.equal(verdicts.at(-1)?.assurance, 'oca')
  assert.deepEqual(
    verdicts.at(-1)?.signers.map(({ owner }) => owner),
    ['NN01', 'CS01'],
  )
})

test('a signed message of another make is refused where the middle has changed it or cut off what the edge has seen', async (t) => {
  const cut = (payload: JsonObject) => {
    const { signatures: _, ...rest } = payload
    return rest as JsonObject
  }
  const swap = (payload: JsonObject) => ({ ...payload, payload: Buffer.from(JSON.stringify({ ...STATUS, evseId: 2 })).toString('base64url') }) // biome-ignore format: one line
  for (const [change, reason] of [[cut, 'not-attested'], [swap, 'signature-invalid']] as const) {
    const { net, sendsSigned, obeyed } = await foreignSigner(t, { change })
    await sendsSigned(STATUS)
    assert.deepEqual(obeyed, [])
    assert.deepEqual(reasonsAt(net, 'CSMS01'), [reason])
  } // biome-ignore format: the head is one line
})

test('a signed message is not taken from a link that bears none', async (t) => {
  const { net, sendsSigned, obeyed } = await foreignSigner(t, { carrier: 'strip' })
  await sendsSigned(STATUS)
  assert.deepEqual(obeyed, [])
  assert.deepEqual(net.refusals('NN01'), { ERR_SCHEMA_UNSUPPORTED: 1 })
})
