import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HandlersByProtocol } from '../../src/node/handlers.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import { type MemoryOverlay, overlay, type RawPeer } from '../support/memory-overlay.ts'
import { reasonsAt, securityOf, signedErrorTo } from '../support/secured.ts'

/** A gateway with mirrors that know no signatures, above the node that attests a plain station. */

const START =
  '{"connectorId":1,"idTag":"TAG-1","meterStart":100,"timestamp":"2026-01-01T00:00:00Z"}'

test('each mirror of a CSMS hears a station behind another node once, without signatures, and the primary answers', async (t) => {
  const net = overlay(t)
  const started: object[] = []
  const startTransaction = (request: object) => {
    started.push(request)
    return { transactionId: 7, idTagInfo: { status: 'Accepted' } }
  }
  const handlers = { 'ocpp1.6': { StartTransaction: startTransaction } } as unknown as HandlersByProtocol // biome-ignore format: one line
  const mirrors = ['first', 'second'].map((name) => net.foreignCsms({ name, role: 'mirror' }))
  await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, handlers, security: securityOf('CSMS01', DEFAULT_POLICY) }) // biome-ignore format: one line
  await net.node('LC01', { perStation: mirrors.map(({ uplink }) => uplink), security: securityOf('LC01') }, [{ name: 'CSMS01', role: 'primary' }]) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01') })
  net.connect('LC01', 'CSMS01')
  net.connect('NN01', 'LC01')
  const station = net.station('CS01', 'NN01')
  await net.wait(61)
  station.send(`[2,"1","StartTransaction",${START}]`)
  await net.settle()
  assert.deepEqual(station.take(), [[3, '1', { transactionId: 7, idTagInfo: { status: 'Accepted' } }]]) // biome-ignore format: one line
  assert.deepEqual(started, [JSON.parse(START)])
  for (const { connections } of mirrors) {
    const heard = connections.map(({ station: id, peer }) => [id, ...peer.take().map(([, , action, payload]) => [action, payload])]) // biome-ignore format: one line
    assert.deepEqual(heard, [['CS01', ['StartTransaction', JSON.parse(START)]]])
  }
  assert.deepEqual(reasonsAt(net, 'LC01'), [])
})

/** What a station says first, whoever may just have been restarted. */
const FIRST_WORDS = [
  ['BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' }],
  ['StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' }],
  ['Heartbeat', {}],
] as const

/** A CSMS of ours that keeps what it is told. */
function hearing(heard: unknown[][]): HandlersByProtocol {
  const handler = (action: string, answer: object) => (request: object) => {
    heard.push([action, request])
    return answer
  }
  const currentTime = '1970-01-01T00:00:00Z'
  return {
    'ocpp1.6': {
      BootNotification: handler('BootNotification', { status: 'Accepted', currentTime, interval: 60 }), // biome-ignore format: one line
      StatusNotification: handler('StatusNotification', {}),
      Heartbeat: handler('Heartbeat', { currentTime }),
    },
  } as unknown as HandlersByProtocol
}

/** One after the other, as a station does. */
async function sayFirstWords(
  net: MemoryOverlay,
  station: RawPeer,
  answered = async () => {},
): Promise<unknown[]> {
  for (const [n, [action, payload]] of FIRST_WORDS.entries()) {
    station.send(JSON.stringify([2, `${n}`, action, payload]))
    await net.wait(1)
    await answered()
    await net.settle()
  }
  return station.take().map(([type]) => type)
}

test('a mirror of a gateway that has just been started hears each first word of a station behind another node once', async (t) => {
  const net = overlay(t)
  const heard: unknown[][] = []
  const mirror = net.foreignCsms({ name: 'mirror', role: 'mirror' })
  await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, handlers: hearing(heard), security: securityOf('CSMS01') }) // biome-ignore format: one line
  await net.wait(61)
  await net.node('LC01', { perStation: [mirror.uplink], security: securityOf('LC01') }, [{ name: 'CSMS01', role: 'primary' }]) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01') })
  net.connect('LC01', 'CSMS01')
  net.connect('NN01', 'LC01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  const peer = mirror.connections[0]?.peer as RawPeer
  const told: unknown[] = []
  const types = await sayFirstWords(net, station, async () => {
    for (const [, id, action, payload] of peer.take()) {
      told.push([action, payload])
      peer.send(`[3,"${id}",{}]`)
    }
  })
  assert.deepEqual(types, [3, 3, 3])
  assert.deepEqual([told, heard], [FIRST_WORDS, FIRST_WORDS])
  assert.deepEqual(droppedAt(net, 'LC01'), [])
})

test('where the primary has just been started, too, and wants a challenge signed, a mirror hears nothing twice', async (t) => {
  const net = overlay(t)
  const heard: unknown[][] = []
  const mirror = net.foreignCsms({ name: 'mirror', role: 'mirror' })
  await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, handlers: hearing(heard), security: securityOf('CSMS01') }) // biome-ignore format: one line
  await net.node('LC01', { perStation: [mirror.uplink], security: securityOf('LC01') }, [{ name: 'CSMS01', role: 'primary' }]) // biome-ignore format: one line
  await net.node('NN01', { security: securityOf('NN01') })
  net.connect('LC01', 'CSMS01')
  net.connect('NN01', 'LC01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  const peer = mirror.connections[0]?.peer as RawPeer
  const told: unknown[] = []
  await sayFirstWords(net, station, async () => {
    for (const [, id, action, payload] of peer.take()) {
      told.push([action, payload])
      peer.send(`[3,"${id}",{}]`)
    }
  })
  assert.deepEqual([told, heard], [FIRST_WORDS, FIRST_WORDS])
  assert.deepEqual(reasonsAt(net, 'CSMS01'), ['challenge'])
  assert.deepEqual(droppedAt(net, 'LC01'), [])
})

test('a mirror of ours that has just been started asks for a challenge, gets it signed, and misses nothing', async (t) => {
  const net = overlay(t)
  const heard: unknown[][] = []
  const foreign = net.foreignCsms({ name: 'backend', role: 'primary' })
  await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false, handlers: hearing(heard), security: securityOf('CSMS01') }) // biome-ignore format: one line
  await net.node('NN01', { perStation: [foreign.uplink], security: securityOf('NN01') }, [{ name: 'CSMS01', role: 'mirror' }]) // biome-ignore format: one line
  net.connect('NN01', 'CSMS01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  const peer = foreign.connections[0]?.peer as RawPeer
  const types = await sayFirstWords(net, station, async () => {
    for (const [, id] of peer.take()) peer.send(`[3,"${id}",{}]`)
  })
  assert.deepEqual(types, [3, 3, 3])
  assert.deepEqual(heard, FIRST_WORDS)
  assert.equal(reasonsAt(net, 'CSMS01')[0], 'challenge')
  assert.deepEqual(droppedAt(net, 'NN01'), [])
  assert.equal(net.neighbour('NN01', 'CS01').retries.used, 0)
})

test('a copy that is answered with an error is counted, and one that is challenged is signed again once', async (t) => {
  const net = overlay(t)
  const primary = net.foreignCsms({ name: 'backend', role: 'primary' })
  await net.node('NN01', { perStation: [primary.uplink], security: securityOf('NN01') }, [{ name: 'CSMS01', role: 'mirror' }]) // biome-ignore format: one line
  const other = net.upstream('CSMS01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  other.take()
  const challenge = { reason: 'challenge', challenge: Buffer.alloc(16).toString('base64url') }
  const refuse = async (details: object, isSigned = true) => {
    for (const frame of other.take()) other.send(JSON.stringify(isSigned ? signedErrorTo(frame, 'CSMS01', details) : [4, 'CS01', ['CSMS01'], frame[3], 'SecurityError', '', details])) // biome-ignore format: one line
    await net.settle()
  }
  station.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  await refuse(challenge)
  await refuse(challenge)
  assert.deepEqual(droppedAt(net, 'NN01'), ['ERR_POLICY_CHALLENGE'], 'it is signed again once')
  station.send('[2,"3","Heartbeat",{}]')
  await net.settle()
  await refuse(challenge, false)
  assert.deepEqual(other.take(), [], 'what anybody could have written has nothing signed')
  assert.deepEqual(droppedAt(net, 'NN01'), ['ERR_POLICY_CHALLENGE', 'ERR_COPY_REFUSED'])
  station.send('[2,"2","Heartbeat",{}]')
  await net.settle()
  await refuse({})
  assert.deepEqual(droppedAt(net, 'NN01'), ['ERR_POLICY_CHALLENGE', 'ERR_COPY_REFUSED', 'ERR_COPY_REFUSED']) // biome-ignore format: one line
  assert.equal(net.neighbour('NN01', 'CS01').retries.used, 0)
})

test('copies leave room for what somebody waits for: beyond their share they are not signed again', async (t) => {
  const net = overlay(t)
  const primary = net.foreignCsms({ name: 'backend', role: 'primary' })
  await net.node('NN01', { perStation: [primary.uplink], security: securityOf('NN01') }, [{ name: 'OTHER', role: 'mirror' }]) // biome-ignore format: one line
  net.upstream('OTHER', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  for (let n = 0; n < 4; n++) station.send(`[2,"${n}","DataTransfer",{"vendorId":"V","data":"${'x'.repeat(60_000)}"}]`) // biome-ignore format: one line
  await net.settle()
  const { used } = net.neighbour('NN01', 'CS01').retries
  assert.ok(used > 100_000 && used <= 128 * 1024, `${used}`)
})

function droppedAt(net: MemoryOverlay, id: string): unknown[] {
  return (net.events.get(id) ?? []).flatMap((event) =>
    event.name === 'copy.dropped' ? [event.code] : [],
  )
}
