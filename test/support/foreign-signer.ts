import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { LinkCarrier } from '../../src/node/carrying.ts'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import type { KeyRecord } from '../../src/security/keys/key-record.ts'
import { readMessage, verifyMessage } from '../../src/security/received-message.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import { overlay } from './memory-overlay.ts'
import { securityOf, signerOf } from './secured.ts'

const AT = '2026-01-01T00:00:00Z'
export const STATUS = { timestamp: AT, connectorStatus: 'Occupied', evseId: 1, connectorId: 1 }
const keyOf = securityOf('CSMS01').trust.directory.keyOf

const ANNOUNCEMENT = JSON.stringify([6, 'CSMS01', ['LC01'], 'up', 'NotifyNetworkTopology', {
  networkTopologyInformation: {
    routingNode: 'LC01',
    routes: [{ destinationId: 'CS01', uplink: { distance: 2 }, customData: { vendorId: 'wattweave', protocol: 'ocpp2.1', form: 'standard', state: 'up' } }],
    notBefore: AT,
  },
}]) // biome-ignore format: one frame

interface ForeignSignerOptions {
  /** What the middle makes of what is signed. */
  readonly change?: (payload: JsonObject) => JsonObject
  readonly carrier?: LinkCarrier
  /** Keys that are believed beside the usual ones. */
  readonly records?: readonly KeyRecord[]
  /** In place of a signature by the usual key of CS01. */
  readonly sign?: (payload: object, header: object) => Promise<JsonObject>
}

/** A station of another make that signs as OCPP says, at a node of ours. */
export async function foreignSigner(t: TestContext, options: ForeignSignerOptions = {}) {
  const { change = (payload) => payload, carrier = 'signed', records = [], sign = signedAsUsual } = options // biome-ignore format: one line
  const knowing = (id: string) => {
    const security = securityOf(id)
    for (const record of records) security.trust.directory.addAnchor(record)
    return security
  }
  const net = overlay(t)
  const obeyed: object[] = []
  const statusNotification = (request: object) => {
    obeyed.push(request)
    return {}
  }
  const handlers = { 'ocpp2.1': { StatusNotification: statusNotification } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const csms = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false, handlers, security: knowing('CSMS01') }) // biome-ignore format: one line
  await net.node('NN01', {
    security: knowing('NN01'),
    carriers: { bySource: new Map(), byPeer: new Map([['cs01', carrier]]) },
  })
  const above = net.peer('LC01', 'CSMS01')
  const below = net.upstream('LC01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.wait(61)
  below.take()
  // It has a key, so it is taken for a station only where it was announced as one.
  above.send(ANNOUNCEMENT)
  await net.settle()
  const sendsSigned = async (payload: object) => {
    const jws = await sign(payload, { OCPPAction: 'StatusNotification', OCPPMessageTypeId: 2 })
    station.send(JSON.stringify([2, 'q', 'StatusNotification-Signed', jws]))
    await net.settle()
    for (const frame of below.take()) {
      const [type, destination, path, id, action, said] = frame as [2, string, string[], string, string, JsonObject] // biome-ignore format: one line
      above.send(JSON.stringify([type, destination, [...path, 'LC01'], id, action, change(said)]))
    }
    await net.settle()
    for (const [type, destination, path, ...rest] of above.take()) below.send(JSON.stringify([type, destination, [...(path as string[]), 'LC01'], ...rest])) // biome-ignore format: one line
    await net.settle()
    const [answer = []] = station.take()
    const said = answer[2] as JsonObject | undefined
    if (typeof said !== 'object' || said === null) return answer
    const received = readMessage(said, { isWrapped: true })
    if ('status' in received) return received
    const judged = verifyMessage(received, {
      expected: { kind: 'message', action: 'StatusNotification', messageType: 3 },
      keyOf,
    })
    assert.equal(judged.verdict.status, 'verified')
    return received.payload
  }
  return { net, csms, obeyed, sendsSigned }
}

/** Not canonical, as nobody asks others to be. */
async function signedAsUsual(payload: object, header: object): Promise<JsonObject> {
  const signer = signerOf('CS01')
  const [protectedText, payloadText] = [{ alg: 'ES256', kid: signer.kid, ...header }, payload].map((one) => Buffer.from(JSON.stringify(one, null, 1)).toString('base64url')) as [string, string] // biome-ignore format: one line
  const value = await signer.sign(Buffer.from(`${protectedText}.${payloadText}`))
  return { payload: payloadText, protected: protectedText, signature: Buffer.from(value).toString('base64url') } // biome-ignore format: one line
}
