import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageId, NodeId } from '../../src/primitives/ids.ts'
import { decodeBinary, encodeBinary } from '../../src/wire/binary.ts'
import type { Frame, MessageType } from '../../src/wire/frame.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'

const DATA = Uint8Array.of(0, 0xff, 0x5b, 0x7b, 1, 2, 3)

interface Parts {
  readonly to?: string
  readonly path?: readonly string[]
  readonly id?: string
  readonly payload?: Uint8Array | string
  readonly code?: string
  readonly description?: string
}

function binary(type: MessageType, parts: Parts) {
  const { to, path = [], id = '1', payload = DATA, code, description = 'ü' } = parts
  const isRequest = type === 2 || type === 6
  const route = to === undefined ? undefined : { destination: [to], networkPath: path }
  return encodeBinary({
    type,
    route: route as unknown as NonNullable<Frame['route']>,
    messageId: id as MessageId,
    action: isRequest ? 'BinaryDataTransfer' : '',
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    errorCode: code ?? '',
    errorDescription: code ? description : '',
  })
}

const read = (peer: RawPeer) => peer.receivedBytes.splice(0).map((bytes) => decodeBinary(bytes))
const ids = (...texts: string[]) => texts as NodeId[]

test('a binary CALL and its binary CALLRESULT cross a node, payloads unchanged', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(binary(2, { to: 'CSMS', path: ['LC01'] }))
  await net.settle()
  const [call] = read(above)
  assert.deepEqual(call?.route, { destination: ids('CSMS'), networkPath: ids('LC01', 'NN01') })
  assert.deepEqual(Buffer.from(call?.payload ?? []), Buffer.from(DATA))
  assert.equal(call?.messageId, '1')

  above.send(binary(3, { to: 'LC01', path: ['CSMS01'] }))
  await net.settle()
  const [result] = read(below)
  assert.deepEqual(result?.route?.networkPath, ['CSMS01', 'NN01'])
  assert.deepEqual(Buffer.from(result?.payload ?? []), Buffer.from(DATA))
  assert.deepEqual([...above.received, ...below.received], [])
})

test('a request is answered in either encoding', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(binary(2, { to: 'CSMS', path: ['LC01'], id: 'b' }))
  below.send('[2,"CSMS",["LC01"],"t","Heartbeat",{}]')
  await net.settle()
  above.send('[3,"LC01",["CSMS01"],"b",{"v":1.0}]')
  above.send(binary(3, { to: 'LC01', path: ['CSMS01'], id: 't' }))
  await net.settle()

  assert.deepEqual(below.received, ['[3,"LC01",["CSMS01","NN01"],"b",{"v":1.0}]'])
  assert.deepEqual(read(below).map((frame) => frame.messageId), ['t']) // biome-ignore format: one line
})

test('ids are shared by both encodings: the same id twice is a duplicate', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send('[2,"CSMS",["LC01"],"1","Heartbeat",{}]')
  below.send(binary(2, { to: 'CSMS', path: ['LC01'] }))
  await net.settle()

  assert.equal(above.received.length, 1)
  assert.deepEqual(above.receivedBytes, [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_DUPLICATE: 1 })
})

test('a binary SEND goes to peers that know it and to no others', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const knows = net.peer('LC01', 'NN01')
  const not = net.peer('LC02', 'NN01', { capabilities: ['confirm', 'binary-error'] })
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  const from = net.peer('LC03', 'NN01')

  for (const to of ['LC01', 'LC02', 'CS01']) from.send(binary(6, { to, path: ['LC03'] }))
  await net.settle()

  assert.deepEqual(read(knows).map((frame) => frame.type), [6]) // biome-ignore format: one line
  assert.deepEqual([...not.receivedBytes, ...not.received], [])
  assert.deepEqual([...station.receivedBytes, ...station.received, ...from.received], [])
  assert.deepEqual(net.refusals('NN01'), { ERR_ROUTE_CANNOT_CARRY: 2 })
})

test('a binary CALL to a standard peer is answered NotSupported in text', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  const from = net.peer('LC01', 'NN01')

  from.send(binary(2, { to: 'CS01', path: ['LC01'] }))
  await net.settle()

  assert.deepEqual([...station.receivedBytes, ...station.received], [])
  assert.deepEqual(from.take().map((frame) => frame.slice(0, 5)), [[4, 'LC01', ['NN01'], '1', 'NotSupported']]) // biome-ignore format: one line
})

test('a failed binary CALL is answered with a text CALLERROR where binary errors are unknown', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const knows = net.peer('LC01', 'NN01')
  const not = net.peer('LC02', 'NN01', { capabilities: ['confirm', 'binary-send'] })

  for (const [peer, id] of [[knows, 'LC01'], [not, 'LC02']] as const) {
    peer.send(binary(2, { to: 'CSMS', path: [id] }))
    await net.settle()
    above.send(binary(4, { to: id, path: ['CSMS01'], code: 'FormationViolation', payload: '{ "v":1.0 }' })) // biome-ignore format: one line
    await net.settle()
  } // biome-ignore format: a list

  const [error] = read(knows)
  assert.deepEqual([error?.type, error?.errorCode, error?.errorDescription], [4, 'FormatViolation', 'ü']) // biome-ignore format: one line
  assert.equal(Buffer.from(error?.payload ?? []).toString(), '{ "v":1.0 }')
  assert.deepEqual(error?.route?.networkPath, ['CSMS01', 'NN01'])
  assert.deepEqual(not.received, ['[4,"LC02",["CSMS01","NN01"],"1","FormatViolation","ü",{ "v":1.0 }]']) // biome-ignore format: one line
  assert.deepEqual([...not.receivedBytes, ...knows.received], [])
})

test('a binary CALLRESULTERROR travels on, in text where binary errors are unknown', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01', { capabilities: ['confirm'] })
  const below = net.peer('LC01', 'NN01')

  below.send(binary(2, { to: 'CSMS', path: ['LC01'] }))
  await net.settle()
  above.send(binary(3, { to: 'LC01', path: ['CSMS01'] }))
  await net.settle()
  below.send(binary(5, { to: 'CSMS01', path: ['LC01'], code: 'FormatViolation', payload: '{}' }))
  await net.settle()

  assert.deepEqual(above.received, ['[5,"CSMS01",["LC01","NN01"],"1","FormatViolation","ü",{}]'])
})

test('JSON text in a binary message is understood and passed on as text', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const station = net.station('CS01', 'NN01')
  await net.settle()
  above.take()

  below.send(Buffer.from('[2,"CSMS",["LC01"],"1","Heartbeat",{ "v":1.0 }]'))
  station.send(Buffer.from('[2,"1","Heartbeat",{}]'))
  await net.settle()
  const calls = [...above.received.slice(1)]
  assert.equal(calls[0], '[2,"CSMS",["LC01","NN01"],"1","Heartbeat",{ "v":1.0 }]')
  assert.equal(calls.length, 2)

  above.send(Buffer.from('[3,"LC01",["CSMS01"],"1",{}]'))
  await net.settle()
  assert.deepEqual(below.received, ['[3,"LC01",["CSMS01","NN01"],"1",{}]'])
})

test('JSON text in a binary message that is not UTF-8 is refused, the link stays', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')

  below.send(Buffer.from('5b322c2243534d53222c5b224c433031225d2c2231222c2258222c7b2261223a22ff227d5d', 'hex')) // biome-ignore format: one line
  await net.settle()

  assert.deepEqual([...above.received, ...above.receivedBytes], [])
  assert.equal(below.closed, undefined)
  assert.deepEqual(net.refusals('NN01'), { ERR_WIRE_BINARY_TEXT: 1 })
})

test('broken binary frames are answered as broken text frames are', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const good = binary(2, { to: 'CSMS', path: ['CS01', 'LC01'] })
  const huge = Uint8Array.from(good)
  huge.fill(0, good.length - DATA.length - 8, good.length - DATA.length)
  huge[good.length - DATA.length - 5] = 0x40 // 1 GiB, in the upper half of the length's low word
  huge.set([0x40, 0, 0, 0], good.length - DATA.length - 4)
  const send = binary(6, { to: 'CSMS', path: ['LC01'] })
  const result = binary(3, { to: 'CSMS01', path: ['LC01'] })
  const error = binary(4, { to: 'CSMS01', path: ['LC01'], code: 'X', payload: '{}' })

  below.send(huge)
  below.send(Uint8Array.of(...good, 0)) // a trailing byte
  below.send(good.subarray(0, 9)) // cut inside the path
  below.send(Uint8Array.of(...result, 0))
  for (const frame of [send, error]) below.send(Uint8Array.of(...frame, 0))
  for (const type of [0, 1, 7, 0xff]) below.send(Uint8Array.of(type, ...good.subarray(1)))
  below.send(new Uint8Array(0))
  await net.settle()

  assert.deepEqual(
    below.take().map((frame) => [frame[0], frame[1], frame[3]]),
    [
      [4, 'CS01', '1'],
      [4, 'CS01', '1'],
      [4, 'LC01', '-1'],
      [5, 'LC01', '1'],
    ],
  )
  assert.deepEqual([...above.received, ...above.receivedBytes], [])
  assert.deepEqual(net.refusals('NN01'), { ERR_WIRE_BINARY_LENGTH: 6, ERR_WIRE_MESSAGE_TYPE: 5 })
})

test('a binary CALL to a node without a handler for it is NotSupported', async (t) => {
  const net = overlay(t)
  await net.node('CSMS01', { services: ['CSMS'] })
  const below = net.peer('LC01', 'CSMS01')

  below.send(binary(2, { to: 'CSMS', path: ['LC01'] }))
  await net.settle()

  const [error] = below.take()
  assert.deepEqual(error?.slice(0, 4), [4, 'LC01', ['CSMS01'], '1'])
})

test('a standard binary frame on an overlay link and an overlay one on a standard link are refused', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  const below = net.peer('LC01', 'NN01')
  const station = net.station('CS01', 'NN01', 'ocpp2.1')
  await net.settle()
  above.take()

  below.send(binary(2, {}))
  station.send(binary(2, { to: 'CSMS', path: ['CS01'] }))
  await net.settle()

  assert.deepEqual(below.take().map((frame) => frame[4]), ['ProtocolError']) // biome-ignore format: one line
  assert.deepEqual(station.take().map((frame) => frame[2]), ['ProtocolError']) // biome-ignore format: one line
  assert.deepEqual([...above.take(), ...above.receivedBytes], [])
})

test('a binary frame that would outgrow a message on its way does not close the next link', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  await net.node('CSMS01', { services: ['CSMS', 'CentralSystem'], hasDefaultRoute: false })
  net.connect('NN01', 'CSMS01')
  const attacker = net.peer('LC01', 'NN01')
  const victim = net.station('CS01', 'NN01')
  const empty = binary(2, { to: 'CSMS', path: ['LC01'], payload: new Uint8Array(0) })
  const largest = new Uint8Array(1024 * 1024 - empty.length)

  attacker.send(binary(2, { to: 'CSMS', path: ['LC01'], payload: largest }))
  attacker.send(binary(6, { to: 'CSMS', path: ['LC01'], id: '2', payload: largest }))
  await net.settle()
  victim.send('[2,"1","Heartbeat",{}]')
  await net.settle()

  assert.equal(attacker.closed, undefined, 'it kept to the limit')
  assert.equal(net.neighbour('NN01', 'CSMS01').isOpen, true, 'the shared uplink is alive')
  assert.deepEqual(victim.take().map((frame) => frame[2]), ['NotSupported']) // biome-ignore format: one line
  assert.deepEqual(attacker.take().map((frame) => [frame[0], frame[3]]), [[4, '1']]) // biome-ignore format: one line
})

test('a binary error that outgrows a text frame does not close the link it is answered on', async (t) => {
  const net = overlay(t)
  await net.node('NN01')
  const above = net.upstream('CSMS01', 'NN01')
  await net.node('LC01')
  net.connect('LC01', 'NN01', { capabilities: ['confirm'] })
  const asker = net.station('CS01', 'LC01', 'ocpp2.1')
  await net.settle()
  above.take()

  asker.send('[2,"1","Heartbeat",{}]')
  await net.settle()
  const id = String(above.take()[0]?.[3])
  // Written as JSON text each of these characters takes six bytes.
  const description = '\u0001'.repeat(60_000)
  const payload = `{"a":"${'x'.repeat(1024 * 1024 - 61_000)}"}`
  const code = 'GenericError'
  above.send(binary(4, { to: 'CS01', path: ['CSMS01'], id, code, payload, description }))
  await net.settle()

  assert.equal(net.neighbour('NN01', 'LC01').isOpen, true)
  assert.equal(net.neighbour('LC01', 'CS01').isOpen, true)
})
