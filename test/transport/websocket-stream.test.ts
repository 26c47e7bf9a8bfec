import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { VirtualClock } from '../../src/primitives/clock.ts'
import { MAX_MESSAGE_BYTES } from '../../src/transport/link.ts'
import { FrameDecoder } from '../../src/transport/websocket-codec.ts'
import {
  BINARY,
  CLOSE,
  closePayload,
  frameBytes,
  PING,
  PONG,
  TEXT,
  writeFrame,
} from '../../src/transport/websocket-frames.ts'
import { WebSocketStream } from '../../src/transport/websocket-stream.ts'
import { PROPERTY } from '../seed.ts'
import { until } from '../support/until.ts'

/** The far end: a bare socket, with the frames that arrived on it. */
class Peer {
  readonly socket: Socket
  readonly messages: Buffer[] = []
  readonly pongs: string[] = []
  readonly closes: [number, string][] = []
  isEnded = false
  readonly #isServer: boolean

  constructor(socket: Socket, isServer: boolean) {
    this.socket = socket
    this.#isServer = isServer
    const options = { isServer, maxMessageBytes: 2 * MAX_MESSAGE_BYTES }
    const decoder = new FrameDecoder(this, options)
    socket.on('data', (piece: Buffer) => decoder.push(piece))
    socket.on('error', () => {})
    socket.on('end', () => {
      this.isEnded = true
    })
  }

  onMessage(bytes: Buffer): void {
    this.messages.push(bytes)
  }

  onPing(): void {}

  onPong(payload: Buffer): void {
    this.pongs.push(payload.toString())
  }

  onClose(code: number, reason: string): void {
    this.closes.push([code, reason])
  }

  encode(opcode: number, payload: Uint8Array | string): Buffer {
    const bytes = Buffer.from(payload as string)
    const target = Buffer.alloc(frameBytes(bytes.length, !this.#isServer))
    const view = new DataView(target.buffer, target.byteOffset, target.length)
    writeFrame({ bytes: target, view, used: 0 }, opcode, bytes, !this.#isServer)
    return target
  }

  send(opcode: number, payload: Uint8Array | string = ''): void {
    this.socket.write(this.encode(opcode, payload))
  }
}

interface Told {
  readonly messages: string[]
  readonly closed: { code: number; reason: string }[]
}

/** A stream and its peer, on a connection of 127.0.0.1. */
async function open(t: TestContext, isServer = true) {
  const clock = new VirtualClock()
  const accepted = Promise.withResolvers<Socket>()
  const server = createServer({ allowHalfOpen: true }, accepted.resolve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const socket = await accepted.promise
  t.after(() => {
    far.destroy()
    socket.destroy()
    server.close()
  })
  const stream = new WebSocketStream(socket, { isServer, clock })
  const told: Told = { messages: [], closed: [] }
  stream.attach({
    message: (bytes) => told.messages.push(Buffer.from(bytes).toString()),
    pong() {},
    drained() {},
    closed: (code, reason) => told.closed.push({ code, reason }),
  })
  stream.read()
  return { stream, socket, told, clock, peer: new Peer(far, !isServer) }
}

const isOver = ({ told }: { told: Told }) => told.closed.length > 0

for (const isServer of [true, false]) {
  test(`${isServer ? 'server' : 'client'}: all messages of one tick leave in one write`, async (t) => {
    const { stream, socket, peer } = await open(t, isServer)
    const write = t.mock.method(socket, 'write')
    const sent = Array.from({ length: 300 }, (_, i) => `message ${i} ${'x'.repeat(i % 130)}`)

    for (const text of sent) stream.send(Buffer.from(text), false)
    assert.equal(write.mock.callCount(), 0)
    await until(() => peer.messages.length === sent.length, 'all messages')

    assert.equal(write.mock.callCount(), 1)
    assert.deepEqual(peer.messages.map(String), sent)
  })

  test(`${isServer ? 'server' : 'client'}: messages of all sizes keep their order and content`, async (t) => {
    const { stream, peer } = await open(t, isServer)
    const size = fc.oneof(fc.nat(300), fc.nat(10_000), fc.nat(70_000), fc.constantFrom(8_188, 65_526, 65_536, 200_000)) // biome-ignore format: one line
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 12 }), async (sizes) => {
        peer.messages.length = 0
        const sent = sizes.map((length, n) =>
          Buffer.from(Uint8Array.from({ length }, (_, i) => i * 31 + n)),
        )
        for (const bytes of sent) {
          const copy = Buffer.from(bytes)
          stream.send(copy, true)
          copy.fill(0) // the sender's again
        }
        await until(() => peer.messages.length === sent.length, 'all messages')
        for (const [i, bytes] of sent.entries()) assert.ok(peer.messages[i]?.equals(bytes))
      }),
      { ...PROPERTY, numRuns: 30 },
    )
  })
}

test('who sends much is read in turns with the others, and nothing of it is lost', async (t) => {
  const greedy = await open(t)
  const modest = await open(t)
  let heardBefore = -1
  modest.stream.attach({
    message() {
      heardBefore = greedy.told.messages.length
    },
    pong() {},
    drained() {},
    closed() {},
  })
  const sent = Array.from({ length: 5_000 }, (_, i) => `${i}`)
  greedy.peer.socket.write(Buffer.concat(sent.map((text) => greedy.peer.encode(TEXT, text))))
  modest.peer.send(TEXT, 'one')

  await until(() => heardBefore >= 0, 'the one message')
  assert.ok(heardBefore < 1_500, `${heardBefore} messages of the other came first`)
  await until(() => greedy.told.messages.length === sent.length, 'all of them')
  assert.deepEqual(greedy.told.messages, sent)
})

test('what is much for one write leaves before the tick is over', async (t) => {
  const { stream, socket, peer } = await open(t)
  const write = t.mock.method(socket, 'write')
  for (let i = 0; i < 1_000; i++) stream.send(Buffer.alloc(1_000), true)
  const inTick = write.mock.calls.map(({ arguments: [bytes] }) => (bytes as Buffer).length)
  await until(() => peer.messages.length === 1_000, 'all messages')

  assert.ok(inTick.length >= 15 && inTick.every((n) => n <= 65_536), `${inTick}`)
})

test('a write that the network has not taken is not written over', async (t) => {
  const { stream, peer } = await open(t)
  peer.socket.pause()
  const sent: string[] = []
  for (let i = 0; stream.queuedBytes < 1_000_000; i++) {
    const text = `${i} ${'y'.repeat(4_000)}`
    sent.push(text)
    stream.send(Buffer.from(text), false)
    if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  peer.socket.resume()
  await until(
    () => peer.messages.length === sent.length && stream.queuedBytes === 0,
    'all messages',
  )

  assert.deepEqual(peer.messages.map(String), sent)
})

test('messages that arrive byte by byte arrive whole', async (t) => {
  const { told, peer } = await open(t)
  peer.socket.setNoDelay(true)
  const bytes = Buffer.concat([peer.encode(TEXT, 'größe'), peer.encode(BINARY, ''), peer.encode(TEXT, 'x'.repeat(200))]) // biome-ignore format: one line
  for (const byte of bytes) {
    peer.socket.write(Buffer.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => told.messages.length === 3, 'the messages')

  assert.deepEqual(told.messages, ['größe', '', 'x'.repeat(200)])
})

// ---- Ping and pong

test('a ping is answered with its payload', async (t) => {
  const { peer } = await open(t)
  for (const payload of ['', 'a', 'b'.repeat(125)]) peer.send(PING, payload)
  await until(() => peer.pongs.length === 3, 'pongs')
  assert.deepEqual(peer.pongs, ['', 'a', 'b'.repeat(125)])
})

test('pings of a peer that reads no pongs take bounded memory, and the last one is answered', async (t) => {
  const { stream, told, peer } = await open(t)
  peer.socket.pause()
  const last = 120_000
  let most = 0
  for (let i = 1; i <= last; i++) {
    peer.send(PING, `${i}`.padStart(100))
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
    most = Math.max(most, stream.queuedBytes)
  }
  peer.send(TEXT, 'done')
  await until(() => told.messages.length === 1, 'all pings to be read')
  most = Math.max(most, stream.queuedBytes)
  peer.socket.resume()
  await until(() => peer.pongs.at(-1)?.trim() === `${last}`, 'the last pong')

  assert.ok(most < 512 * 1024, `${most} bytes waited`)
  const numbers = peer.pongs.map(Number)
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
})

// ---- Closing

test('an own close is answered by the peer, and both are done', async (t) => {
  const both = await open(t)
  const { stream, told, peer, clock } = both
  stream.send(Buffer.from('before'), false)
  stream.close(4001, 'enough')
  stream.send(Buffer.from('after'), false)
  stream.close(4002, 'again')
  await until(() => peer.closes.length === 1, 'the close frame')
  assert.equal(stream.isOpen, false)
  peer.send(TEXT, 'crossed')
  peer.send(CLOSE, closePayload(4001, 'enough'))
  await until(() => peer.isEnded, 'the end')
  peer.socket.end()
  await until(() => isOver(both), 'the close')

  assert.deepEqual(peer.messages.map(String), ['before'])
  assert.deepEqual(peer.closes, [[4001, 'enough']])
  assert.deepEqual(told, { messages: ['crossed'], closed: [{ code: 4001, reason: 'enough' }] })
  await until(() => clock.pendingTimers === 0, 'the socket to be let go')
})

for (const [code, reason] of [[1000, ''], [1005, ''], [4999, 'größe']] as const) {
  test(`a close of the peer with ${code} is answered with it`, async (t) => {
    const both = await open(t)
    const { stream, told, peer, clock } = both
    stream.send(Buffer.from('on its way'), false)
    peer.send(CLOSE, closePayload(code, reason))
    peer.send(TEXT, 'late')
    await until(() => peer.isEnded, 'the end')
    peer.socket.end()
    await until(() => isOver(both), 'the close')

    assert.deepEqual(peer.messages.map(String), ['on its way'])
    assert.deepEqual(peer.closes, [[code, reason]])
    assert.deepEqual(told, { messages: [], closed: [{ code, reason }] })
    await until(() => clock.pendingTimers === 0, 'the socket to be let go')
  })
} // biome-ignore format: a table

test('a peer that never answers a close is cut off after 30 s', async (t) => {
  const both = await open(t)
  const { stream, told, clock, peer } = both
  stream.close(1001, 'the station is gone')
  await until(() => peer.closes.length === 1, 'the close frame')
  await clock.advance(29_999)
  assert.equal(told.closed.length, 0)
  await clock.advance(1)
  await until(() => isOver(both) && peer.isEnded, 'the end')

  assert.deepEqual(told.closed, [{ code: 1001, reason: 'the station is gone' }], 'why it ended')
  assert.equal(clock.pendingTimers, 0)
})

test('a stream that is cut is over before what was written counts as taken', async (t) => {
  const { stream, told } = await open(t)
  stream.send(Buffer.alloc(100_000), true)
  stream.notifyDrained()
  stream.terminate()
  assert.deepEqual(told.closed, [{ code: 1006, reason: '' }])
})

test('whoever is told goodbye knows at once, though the peer keeps its side open; that is cut off after 5 s', async (t) => {
  const { stream, told, clock, peer } = await open(t)
  peer.send(CLOSE, closePayload(1012, 'restart'))
  await until(() => told.closed.length > 0, 'it to be told')
  assert.deepEqual(told.closed, [{ code: 1012, reason: 'restart' }])
  assert.equal(stream.isOpen, false)
  await until(() => peer.isEnded, 'the end')
  await clock.advance(5_000)
  await until(() => clock.pendingTimers === 0, 'the socket to be cut')
  assert.equal(told.closed.length, 1)
})

test('a peer that answers a close but keeps its side open is cut off after 5 s', async (t) => {
  const both = await open(t)
  const { stream, told, clock, peer } = both
  stream.close(1000, 'bye')
  peer.send(CLOSE, closePayload(1000, 'bye'))
  await until(() => peer.isEnded, 'the end')
  await clock.advance(5_000)
  await until(() => isOver(both), 'the close')

  assert.deepEqual(told.closed, [{ code: 1000, reason: 'bye' }])
})

for (const [what, opcode, payload, code] of [
  ['an unknown opcode', 3, Buffer.alloc(0), 1002],
  ['text that is not UTF-8', TEXT, Buffer.of(0xff), 1007],
  ['a message of more than 1 MiB', BINARY, Buffer.alloc(MAX_MESSAGE_BYTES + 1), 1009],
] as const) {
  test(`${what} is answered with ${code}, whatever is still on its way`, async (t) => {
    const both = await open(t)
    const { told, peer, clock } = both
    peer.send(TEXT, 'good')
    peer.send(opcode, payload)
    for (let i = 0; i < 5; i++) peer.send(BINARY, Buffer.alloc(MAX_MESSAGE_BYTES))
    await until(() => peer.closes.length === 1 && peer.isEnded, 'the close frame')
    peer.socket.end()
    await until(() => isOver(both), 'the close')

    assert.equal(peer.closes[0]?.[0], code)
    assert.deepEqual(told.messages, ['good'])
    assert.equal(told.closed[0]?.code, code)
    await until(() => clock.pendingTimers === 0, 'the socket to be let go')
  })
}

test('a peer that ends without a close frame is a lost one; what was sent still leaves', async (t) => {
  for (const isServer of [true, false]) {
    const both = await open(t, isServer)
    const { stream, told, peer, clock } = both
    peer.socket.end(peer.encode(TEXT, 'last'))
    await until(() => told.messages.length === 1, 'the message')
    stream.send(Buffer.from('answer'), false)
    await until(() => isOver(both) && peer.isEnded, 'the close')

    assert.deepEqual(told, { messages: ['last'], closed: [{ code: 1006, reason: '' }] })
    assert.equal(stream.isOpen, false)
    assert.equal(clock.pendingTimers, 0)
  }
})

test('a reset is told once, and nothing is thrown', async (t) => {
  const both = await open(t)
  const { stream, told, peer, clock } = both
  peer.socket.resetAndDestroy()
  for (let i = 0; i < 100; i++) stream.send(Buffer.alloc(1_000), true)
  await until(() => isOver(both), 'the close')
  stream.send(Buffer.from('x'), false)
  stream.close(1000, '')
  await new Promise((resolve) => setImmediate(resolve))

  assert.deepEqual(told.closed, [{ code: 1006, reason: '' }])
  assert.equal(stream.queuedBytes, 0)
  assert.equal(clock.pendingTimers, 0)
})

test('a stream that is terminated while it tells a message tells no other', async (t) => {
  const { stream, peer } = await open(t)
  const messages: string[] = []
  const closed: number[] = []
  stream.attach({
    message(bytes) {
      messages.push(Buffer.from(bytes).toString())
      stream.terminate()
    },
    pong() {},
    drained() {},
    closed: (code) => closed.push(code),
  })
  peer.socket.write(Buffer.concat([peer.encode(TEXT, 'one'), peer.encode(TEXT, 'two')]))
  await until(() => closed.length === 1, 'the close')

  assert.deepEqual(messages, ['one'])
  assert.deepEqual(closed, [1006])
})

test('pongs are told, also of a client', async (t) => {
  for (const isServer of [true, false]) {
    const { stream, peer } = await open(t, isServer)
    const pongs: string[] = []
    stream.attach({
      message() {},
      drained() {},
      pong: (payload) => pongs.push(payload.toString()),
      closed() {},
    })
    peer.send(PONG, 'l12345678')
    await until(() => pongs.length === 1, 'the pong')
    assert.deepEqual(pongs, ['l12345678'])
  }
})
