import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { WebSocket, WebSocketServer } from 'ws'
import { createNode } from '../../src/node/node.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import {
  answerDeflate,
  compress,
  decompress,
  deflateAnswerProblem,
} from '../../src/transport/deflate.ts'
import { MAX_MESSAGE_BYTES } from '../../src/transport/link.ts'
import { dial } from '../../src/transport/websocket-client.ts'
import { FrameDecoder } from '../../src/transport/websocket-codec.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { SEED } from '../seed.ts'
import { basic, client, listen, peers, RawClient, startSource } from '../support/sockets.ts'
import { until } from '../support/until.ts'
import { attach } from './compliance.ts'

/** permessage-deflate against npm `ws`, and against those who mean harm by it. */

const METER = JSON.stringify([2, 'CSMS', ['CS01'], '01890a5d-ac96-774b-bcce-b302099a8057', 'MeterValues', { connectorId: 1, meterValue: Array.from({ length: 4 }, (_, i) => ({ timestamp: `2026-11-22T12:00:0${i}Z`, sampledValue: [{ value: `${i}.5`, measurand: 'Energy.Active.Import.Register', unit: 'Wh' }] })) }]) // biome-ignore format: one line

async function foreignClient(t: TestContext, url: string, perMessageDeflate: object | boolean) {
  const socket = new WebSocket(`${url}CS01`, ['ocpp1.6'], { headers: { authorization: basic('CS01') }, perMessageDeflate }) // biome-ignore format: one line
  const raw = new RawClient(socket)
  t.after(() => socket.terminate())
  await until(() => socket.readyState !== WebSocket.CONNECTING, 'the answer')
  return raw
}

for (const [what, offer] of [
  ['as ws offers by itself', true],
  ['with a smaller window for the server', { serverMaxWindowBits: 10 }],
  [
    'with every parameter',
    {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      clientMaxWindowBits: 11,
      serverMaxWindowBits: 9,
    },
  ],
] as const) {
  // biome-ignore format: a table
  test(`a client that offers compression ${what} is understood both ways`, async (t) => {
    const { url, links } = await listen(t)
    const raw = await foreignClient(t, url, { threshold: 0, ...(offer === true ? {} : offer) })
    assert.match(raw.socket.extensions, /permessage-deflate/)
    const [link] = links
    assert.ok(link)
    const at = attach(link)
    const texts = [METER, 'short', METER.repeat(20), '', 'ümläut '.repeat(100)]
    for (const text of texts) raw.send(text)
    for (const text of texts) link.send(Buffer.from(text), false)
    await until(() => at.messages.length === texts.length && raw.received.length === texts.length, 'all messages') // biome-ignore format: one line
    assert.deepEqual(raw.received, texts)
    assert.deepEqual(at.messages.map((m) => Buffer.from(m.text, 'latin1').toString()), texts) // biome-ignore format: one line
  })
}

test('a compressed message takes fewer bytes on the wire; binary ones are sent as they are', async (t) => {
  const { url, links } = await listen(t)
  const raw = await foreignClient(t, url, true)
  const before = bytesRead(raw)
  links[0]?.attach({ message() {}, closed() {} })
  links[0]?.send(Buffer.from(METER), false)
  await until(() => raw.received.length === 1, 'the text')
  const text = bytesRead(raw) - before
  links[0]?.send(Buffer.from(METER), true)
  await until(() => raw.receivedBytes.length === 1, 'the bytes')
  assert.ok(text < METER.length / 2, `${text} of ${METER.length}`)
  assert.ok(bytesRead(raw) - before - text >= METER.length)
})

for (const [what, bytes] of [
  ['small', 600],
  ['larger than may go without a class', 20_000],
] as const) {
  // biome-ignore format: one line
  test(`bulk is never compressed, and what is not bulk is: ${what}`, async (t) => {
    const source = accept({ nodeId: 'NN01' as NodeId, port: 0, peers: peers('CS01') })
    const node = createNode({ nodeId: 'NN01', links: [source] })
    await node.start()
    t.after(() => node.stop())
    const raw = await foreignClient(t, source.url, true)
    assert.match(raw.socket.extensions, /permessage-deflate/)
    const payload = Buffer.from(JSON.stringify({ data: 'x'.repeat(bytes) }))
    const wireBytes = async (action: string) => {
      const before = bytesRead(raw)
      const answer = node.callRaw('CS01', action, payload)
      const [, id] = await raw.take((frame) => frame[2] === action, action)
      raw.send(`[3,"${id}",{}]`)
      await answer
      return bytesRead(raw) - before
    }
    assert.ok((await wireBytes('DataTransfer')) < bytes / 2)
    assert.ok((await wireBytes('SendLocalList')) >= bytes)
    assert.ok((await wireBytes('DataTransfer')) < bytes / 2)
  })
}

function bytesRead(raw: RawClient): number {
  return (raw.socket as unknown as { _socket: { bytesRead: number } })._socket.bytesRead
}

test('this side offers compression when it dials, and a server may decline', async (t) => {
  for (const perMessageDeflate of [{ threshold: 0 }, false] as const) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate })
    t.after(() => server.close())
    await until(() => server.address() !== null, 'the server')
    const { port } = server.address() as AddressInfo
    const met = new Promise<WebSocket>((resolve) => server.on('connection', resolve))
    const url = `ws://127.0.0.1:${port}/`
    const { links } = await startSource(
      t,
      dial({ url, nodeId: 'CS01' as NodeId, mode: 'standard' }),
    )
    const peer = await met
    assert.equal(peer.extensions.includes('permessage-deflate'), perMessageDeflate !== false)
    await until(() => links.length === 1, 'the link')
    const at = attach(links[0] as never)
    const heard: string[] = []
    peer.on('message', (data) => heard.push(String(data)))
    peer.send(METER)
    links[0]?.send(Buffer.from(METER), false)
    await until(() => heard.length === 1 && at.messages.length === 1, 'both messages')
    assert.deepEqual([heard[0], at.messages[0]?.text], [METER, METER])
  }
})

test('where compression is switched off it is neither offered nor accepted', async (t) => {
  const { url } = await listen(t, { compression: false })
  const raw = await foreignClient(t, url, true)
  assert.equal(raw.socket.extensions, '')
})

for (const [offer, expected] of [
  [
    'permessage-deflate',
    /^permessage-deflate; server_no_context_takeover; client_no_context_takeover$/,
  ],
  ['permessage-deflate; client_max_window_bits', /takeover$/],
  ['permessage-deflate; server_max_window_bits=15', /server_max_window_bits=12$/],
  ['permessage-deflate; server_max_window_bits=10', /server_max_window_bits=10$/],
  ['permessage-deflate; server_max_window_bits="10"', /server_max_window_bits=10$/],
  ['x-other, permessage-deflate; unknown, permessage-deflate', /takeover$/],
  ['permessage-deflate; server_max_window_bits=8', undefined],
  ['permessage-deflate; server_max_window_bits=16', undefined],
  ['permessage-deflate; server_max_window_bits', undefined],
  ['permessage-deflate; server_no_context_takeover=1', undefined],
  ['permessage-deflate; client_no_context_takeover; client_no_context_takeover', undefined],
  ['permessage-deflate; unknown', undefined],
  ['x-webkit-deflate-frame', undefined],
  ['', undefined],
] as const) {
  // biome-ignore format: a table
  test(`the offer "${offer}" is ${expected ? 'accepted' : 'declined'}`, () => {
    const answer = answerDeflate(offer)
    if (expected) assert.match(answer ?? '', expected)
    else assert.equal(answer, undefined)
  })
}

test('an answer that goes beyond the offer is refused', () => {
  assert.equal(deflateAnswerProblem('permessage-deflate; server_no_context_takeover'), undefined)
  assert.equal(deflateAnswerProblem('permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9'), undefined) // biome-ignore format: one line
  for (const answer of [
    'permessage-deflate',
    'x',
    '',
    'permessage-deflate; server_no_context_takeover; client_max_window_bits=9',
    'permessage-deflate; server_no_context_takeover, permessage-deflate; server_no_context_takeover',
    'permessage-deflate; server_no_context_takeover; what',
  ]) {
    // biome-ignore format: one line
    assert.ok(deflateAnswerProblem(answer), answer)
  }
})

// ---- Those who mean harm

const deflate = (bytes: Buffer) =>
  deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)

/** A masked frame of a client. */
function frame(first: number, payload: Uint8Array): Buffer {
  const head = Buffer.from([first, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32BE(payload.length, 6)
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]) // biome-ignore format: one line
  if (payload.length < 65_536) {
    const short = Buffer.from([first, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]) // biome-ignore format: one line
    return Buffer.concat([short, payload])
  }
  return Buffer.concat([head, payload])
}

function decode(bytes: Buffer, isDeflated = true) {
  const messages: string[] = []
  const sink = { onMessage: (b: Buffer) => messages.push(b.toString()), onPing() {}, onPong() {}, onClose() {} } // biome-ignore format: one line
  const decoder = new FrameDecoder(sink, { isServer: true, maxMessageBytes: MAX_MESSAGE_BYTES, deflate: isDeflated }) // biome-ignore format: one line
  decoder.push(bytes)
  return messages
}

const closedWith = (closeCode: number) => (error: Error & { details?: { closeCode?: number } }) =>
  error.details?.closeCode === closeCode

test('a compression bomb costs its link 1009, and is inflated no further than a message may be', () => {
  const bomb = deflate(Buffer.alloc(200 * 1024 * 1024))
  assert.ok(bomb.length < 300_000)
  const before = process.memoryUsage.rss()
  assert.throws(() => decode(frame(0xc1, bomb)), closedWith(1009))
  const grownMiB = (process.memoryUsage.rss() - before) / 2 ** 20
  assert.ok(grownMiB < 50, `${grownMiB} MiB`)
})

test('a bomb over a real socket costs its own link only', async (t) => {
  const { url, links } = await listen(t)
  const other = await client(t, url, { id: 'CS02' })
  const raw = await foreignClient(t, url, true)
  const [bystander] = links.map((link) => attach(link))
  raw.send(`[2,"1","X",{"a":"${' '.repeat(2 * 1024 * 1024)}"}]`)
  await until(() => raw.closed !== undefined, 'the end')
  assert.equal(raw.closed?.code, 1009)
  other.send(METER)
  await until(() => bystander?.messages.length === 1, 'what the other says')
  assert.equal(bystander?.messages[0]?.text, METER)
  assert.ok(other.isOpen)
})

test('text that is not UTF-8 inside, broken streams and hidden tails cost their link 1007', () => {
  assert.throws(
    () => decode(frame(0xc1, deflate(Buffer.from([0x5b, 0xff, 0x5d])))),
    closedWith(1007),
  )
  assert.throws(() => decode(frame(0xc1, Buffer.from('no deflate at all'))), closedWith(1007))
  const ended = deflateRawSync(Buffer.from('[1]')) // with its final block
  assert.deepEqual(decode(frame(0xc1, ended)), ['[1]'])
  const broken = Buffer.concat([ended, Buffer.from('no deflate at all')])
  assert.throws(() => decode(frame(0xc1, broken)), closedWith(1007))
})

test('a message of final blocks is read as RFC 7692 shows it, and all of it', () => {
  const hello = Buffer.from('f348cdc9c9070000', 'hex')
  assert.deepEqual(decode(frame(0xc1, hello)), ['Hello'], 'the example of section 7.2.3.4')
  const ended = (text: string) => deflateRawSync(Buffer.from(text))
  assert.deepEqual(decode(frame(0xc1, Buffer.concat([ended('[2,'), ended('"x"'), deflate(Buffer.from(']'))]))), ['[2,"x"]']) // biome-ignore format: one line
  const bomb = Buffer.concat([ended(' '.repeat(900_000)), ended(' '.repeat(900_000))])
  assert.throws(() => decode(frame(0xc1, bomb)), closedWith(1009))
  const many = Buffer.concat(Array.from({ length: 100_000 }, () => ended('')))
  assert.throws(() => decode(frame(0xc1, many)), closedWith(1007))
})

test('the compressed bit stands on the first frame of a message only, and only where it was agreed', () => {
  const whole = deflate(Buffer.from(METER))
  const [a, b] = [whole.subarray(0, 40), whole.subarray(40)]
  assert.deepEqual(decode(Buffer.concat([frame(0x41, a), frame(0x80, b)])), [METER])
  assert.deepEqual(decode(Buffer.concat([frame(0xc1, whole), frame(0x81, Buffer.from('plain'))])), [METER, 'plain']) // biome-ignore format: one line
  assert.throws(() => decode(Buffer.concat([frame(0x41, a), frame(0xc0, b)])), closedWith(1002))
  assert.throws(() => decode(frame(0xc9, whole.subarray(0, 10))), closedWith(1002))
  assert.throws(() => decode(frame(0xe1, whole)), closedWith(1002))
  assert.throws(() => decode(frame(0xc1, whole), false), closedWith(1002))
})

test('what is compressed inflates to the same, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 5_000 }),
      fc.integer({ min: 1, max: 20 }),
      (bytes, times) => {
        const message = Buffer.concat(Array.from({ length: times }, () => bytes))
        const compressed = compress(message)
        if (!compressed) return
        assert.ok(compressed.length < message.length)
        assert.deepEqual(decompress(compressed, MAX_MESSAGE_BYTES), message)
      },
    ),
    { seed: SEED },
  )
})
