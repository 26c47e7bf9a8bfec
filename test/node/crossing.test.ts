import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageId, NodeId } from '../../src/primitives/ids.ts'
import { decodeBinary, encodeBinary } from '../../src/wire/binary.ts'
import type { Frame, MessageType } from '../../src/wire/frame.ts'
import { decodeText, encodeText } from '../../src/wire/text.ts'
import { overlay, type RawPeer } from '../support/memory-overlay.ts'

/** Every kind of frame in both encodings crosses two nodes: LC00 → LC01 → NN01 → CSMS01 and back. */

const PAYLOAD = '{ "a" : 1.0, "a":1e400, "b":"\\u00fc" }'

function frameOf(type: MessageType, to: string, from: string, encoding: 'text' | 'binary'): Frame {
  const isError = type === 4 || type === 5
  return {
    type,
    encoding,
    route: { destination: [to as NodeId], networkPath: [from as NodeId] },
    messageId: 'id 1' as MessageId,
    action: type === 2 || type === 6 ? 'AcmeAction' : '',
    payload: Buffer.from(PAYLOAD),
    errorCode: isError ? 'FormatViolation' : '',
    errorDescription: isError ? 'größe "1"' : '',
  }
}

function send(peer: RawPeer, frame: Frame): void {
  if (frame.encoding === 'binary') peer.send(encodeBinary(frame))
  else peer.send(Buffer.from(encodeText(frame)).toString())
}

function read(peer: RawPeer): Frame[] {
  const texts = peer.received.splice(0).map((text) => decodeText(Buffer.from(text)))
  return [...texts, ...peer.receivedBytes.splice(0).map((bytes) => decodeBinary(bytes))]
}

/** The frame that must come out, plain. */
function expected(frame: Frame, ...nodes: string[]) {
  const path = [...(frame.route?.networkPath ?? []), ...nodes]
  return plain({ ...frame, route: { destination: frame.route?.destination, networkPath: path } as never }) // biome-ignore format: one line
}

function plain({ origin: _, payload, ...rest }: Frame) {
  return { ...rest, payload: Buffer.from(payload).toString() }
}

async function chain(t: Parameters<typeof overlay>[0]) {
  const net = overlay(t)
  await net.node('NN01')
  await net.node('LC01')
  const above = net.upstream('CSMS01', 'NN01')
  net.connect('LC01', 'NN01')
  const below = net.peer('LC00', 'LC01')
  // One frame up, so that all know the way down.
  send(below, frameOf(6, 'CSMS', 'LC00', 'text'))
  await net.settle()
  assert.equal(read(above).length, 1)
  return { net, above, below }
}

for (const encoding of ['text', 'binary'] as const) {
  for (const direction of ['up', 'down'] as const) {
    const sides = async (t: Parameters<typeof overlay>[0]) => {
      const { net, above, below } = await chain(t)
      return direction === 'up'
        ? { net, asker: below, answerer: above, a: 'LC00', b: 'CSMS01', hops: ['LC01', 'NN01'] }
        : { net, asker: above, answerer: below, a: 'CSMS01', b: 'LC00', hops: ['NN01', 'LC01'] }
    }

    test(`${encoding} ${direction}: CALL, CALLRESULT and CALLRESULTERROR cross two nodes`, async (t) => {
      const { net, asker, answerer, a, b, hops } = await sides(t)
      const back = hops.toReversed()

      const call = frameOf(2, b, a, encoding)
      send(asker, call)
      await net.settle()
      assert.deepEqual(read(answerer).map(plain), [expected(call, ...hops)])

      const result = frameOf(3, a, b, encoding)
      send(answerer, result)
      await net.settle()
      assert.deepEqual(read(asker).map(plain), [expected(result, ...back)])

      const refusal = frameOf(5, b, a, encoding)
      send(asker, refusal)
      await net.settle()
      assert.deepEqual(read(answerer).map(plain), [expected(refusal, ...hops)])
      assert.equal(net.open('NN01') + net.open('LC01'), 0)
    })

    test(`${encoding} ${direction}: CALLERROR crosses two nodes`, async (t) => {
      const { net, asker, answerer, a, b, hops } = await sides(t)
      send(asker, frameOf(2, b, a, encoding))
      await net.settle()
      read(answerer)

      const error = frameOf(4, a, b, encoding)
      send(answerer, error)
      await net.settle()

      assert.deepEqual(read(asker).map(plain), [expected(error, ...hops.toReversed())])
      assert.equal(net.open('NN01') + net.open('LC01'), 0)
    })

    test(`${encoding} ${direction}: SEND crosses two nodes`, async (t) => {
      const { net, asker, answerer, a, b, hops } = await sides(t)

      const message = frameOf(6, b, a, encoding)
      send(asker, message)
      await net.settle()

      assert.deepEqual(read(answerer).map(plain), [expected(message, ...hops)])
      assert.deepEqual(read(asker), [])
    })
  }
}

const heartbeat = () => ({ currentTime: '2026-01-01T00:00:00.000Z' })

test('a station of each version speaks with a CSMS over two nodes, both ways', async (t) => {
  const net = overlay(t)
  const csms = await net.node('CSMS01', {
    services: ['CSMS', 'CentralSystem'],
    hasDefaultRoute: false,
    handlers: Object.fromEntries(
      ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'].map((protocol) => [protocol, { Heartbeat: heartbeat }]),
    ),
  })
  await net.node('NN01')
  await net.node('LC01')
  net.connect('NN01', 'CSMS01')
  net.connect('LC01', 'NN01')

  for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
    const station = net.station(`CS-${protocol}`, 'LC01', protocol)
    station.send('[2,"1","Heartbeat",{}]')
    await net.settle()
    assert.deepEqual(station.received, ['[3,"1",{"currentTime":"2026-01-01T00:00:00.000Z"}]'])

    const answer = csms.call(`CS-${protocol}`, protocol, 'ClearCache', {})
    await net.settle()
    const [, call] = station.take()
    assert.deepEqual(call?.slice(2), ['ClearCache', {}])
    station.send(`[3,"${call?.[1]}",{"status":"Accepted"}]`)
    assert.deepEqual(await answer, { status: 'Accepted' })
  }
  assert.deepEqual(net.refusals('CSMS01'), {})
})
