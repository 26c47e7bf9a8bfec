import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { WebSocket, WebSocketServer } from 'ws'
import { systemClock } from '../../src/primitives/clock.ts'
import { MAX_MESSAGE_BYTES } from '../../src/transport/link.ts'
import { closeCodeOf, FrameDecoder } from '../../src/transport/websocket-codec.ts'
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  type FrameTarget,
  frameBytes,
  NO_CODE,
  PING,
  PONG,
  TEXT,
  writeFrame,
} from '../../src/transport/websocket-frames.ts'
import { acceptUpgrade, requestUpgrade } from '../../src/transport/websocket-handshake.ts'
import { PROPERTY } from '../seed.ts'
import { until } from '../support/until.ts'

type Event =
  | readonly ['text' | 'binary' | 'ping' | 'pong', string]
  | readonly ['close' | 'refused', number, string]

interface Decoding {
  readonly decoder: FrameDecoder
  readonly events: Event[]
  push(piece: Buffer): void
}

/** A decoder that writes down what it finds; bytes as latin1. */
function decoding(isServer: boolean, maxMessageBytes = MAX_MESSAGE_BYTES): Decoding {
  const events: Event[] = []
  const kept: [number, Buffer][] = []
  const add = (name: 'text' | 'binary' | 'ping' | 'pong', bytes: Buffer) => {
    kept.push([events.length, bytes])
    events.push([name, bytes.toString('latin1')])
  }
  const decoder = new FrameDecoder(
    {
      onMessage: (bytes, isBinary) => add(isBinary ? 'binary' : 'text', bytes),
      onPing: (payload) => add('ping', payload),
      onPong: (payload) => add('pong', payload),
      onClose: (code, reason) => events.push(['close', code, reason]),
    },
    { isServer, maxMessageBytes },
  )
  return {
    events,
    decoder,
    push(piece) {
      try {
        decoder.push(Buffer.from(piece)) // it unmasks in place
      } catch (error) {
        const code = closeCodeOf(error)
        if (code === undefined) throw error
        events.push(['refused', code, (error as Error).message])
      }
      // What was delivered stays as it was.
      for (const [i, bytes] of kept) assert.equal(bytes.toString('latin1'), events[i]?.[1])
    },
  }
}

function decode(isServer: boolean, pieces: Iterable<Buffer>, maxMessageBytes?: number): Event[] {
  const { events, push } = decoding(isServer, maxMessageBytes)
  for (const piece of pieces) push(piece)
  return events
}

interface Parts {
  readonly isMasked: boolean
  readonly fin?: boolean
  readonly rsv?: number
  /** Bytes that the length takes, whatever it is. */
  readonly lengthBytes?: 0 | 2 | 8
  readonly length?: bigint
}

/** A frame put together by hand, right or wrong. */
function frame(opcode: number, payload: Uint8Array | string, parts: Parts): Buffer {
  const { isMasked, fin = true, rsv = 0 } = parts
  const bytes = Buffer.from(payload as string)
  const length = parts.length ?? BigInt(bytes.length)
  const lengthBytes = parts.lengthBytes ?? (length < 126n ? 0 : length < 65536n ? 2 : 8)
  const head = Buffer.alloc(2 + lengthBytes)
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  head[1] = (isMasked ? 0x80 : 0) | (lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127) // biome-ignore format: one line
  if (lengthBytes === 2) head.writeUInt16BE(Number(length), 2)
  if (lengthBytes === 8) head.writeBigUInt64BE(length, 2)
  if (!isMasked) return Buffer.concat([head, bytes])
  const key = Buffer.from([0x9c, 0x00, 0xff, 0x31 + (bytes.length % 7)])
  return Buffer.concat([head, key, bytes.map((byte, i) => byte ^ (key[i % 4] ?? 0))])
}

const each = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.of(byte))

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((n) => n % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}

// ---- Against `ws`

/** The codec on a socket: what it finds, and a way to send. */
function codecOn(socket: Socket, isServer: boolean) {
  const { events, push } = decoding(isServer)
  socket.on('data', push)
  socket.on('error', () => {})
  return { events, socket, send: (opcode: number, payload: Uint8Array) => socket.write(encode(opcode, payload, !isServer)) } // biome-ignore format: one line
}

function encode(opcode: number, payload: Uint8Array, isMasked: boolean): Buffer {
  const target = targetOf(frameBytes(payload.length, isMasked))
  writeFrame(target, opcode, payload, isMasked)
  assert.equal(target.used, target.bytes.length)
  return target.bytes
}

function targetOf(size: number): FrameTarget {
  const bytes = Buffer.alloc(size)
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size), used: 0 }
}

type End = ReturnType<typeof codecOn>

const listening = (server: { address(): unknown }) => (server.address() as AddressInfo).port

/** Our codec as server, `ws` as client. */
async function asServer(t: TestContext): Promise<[End, WebSocket]> {
  const http = createServer()
  const opened = Promise.withResolvers<End>()
  http.on('upgrade', (request, socket: Socket, head) => {
    acceptUpgrade(request, socket, head, [])
    opened.resolve(codecOn(socket, true))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const client = new WebSocket(`ws://127.0.0.1:${listening(http)}/`, { perMessageDeflate: false })
  const end = await opened.promise
  t.after(() => {
    end.socket.destroy()
    client.terminate()
    http.close()
  })
  await until(() => client.readyState === WebSocket.OPEN, 'ws to open')
  return [end, client]
}

/** Our codec as client, `ws` as server. */
async function asClient(t: TestContext): Promise<[End, WebSocket]> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'a' })
  const theirs = Promise.withResolvers<WebSocket>()
  server.on('connection', theirs.resolve)
  await new Promise((resolve) => server.on('listening', resolve))
  const opened = Promise.withResolvers<End>()
  const url = `ws://127.0.0.1:${listening(server)}/`
  requestUpgrade(
    { url, protocols: ['b', 'a'], headers: {}, timeoutMs: 10_000, clock: systemClock },
    { upgraded: (socket) => opened.resolve(codecOn(socket, false)), failed: opened.reject },
  )
  const [end, peer] = await Promise.all([opened.promise, theirs.promise])
  t.after(() => {
    end.socket.destroy()
    server.close()
  })
  return [end, peer]
}

const SIZES = [0, 1, 3, 4, 125, 126, 127, 200, 65_535, 65_536, MAX_MESSAGE_BYTES]

for (const [side, open] of [['server', asServer], ['client', asClient]] as const) {
  test(`as ${side}: messages of every length reach ws and come from it unchanged`, async (t) => {
    const [end, peer] = await open(t)
    const received: [Buffer, boolean][] = []
    peer.on('message', (data: Buffer, isBinary) => received.push([data, isBinary]))
    for (const size of SIZES) {
      for (const isBinary of [true, false]) {
        const byte = (i: number) => (isBinary ? (i * 7) % 256 : 0x20 + (i % 90))
        const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, i) => byte(i)))
        const before = end.events.length
        peer.send(bytes, { binary: isBinary })
        end.send(isBinary ? BINARY : TEXT, bytes)
        await until(() => end.events.length > before && received.length > before, `${size} bytes`)
        const [name, text] = end.events[before] ?? []
        const [data, flag] = received[before] ?? []
        assert.equal(name, isBinary ? 'binary' : 'text')
        assert.ok(text === bytes.toString('latin1') && data?.equals(bytes) && flag === isBinary, `${size}`) // biome-ignore format: one line
      }
    }
  })

  test(`as ${side}: fragments that ws sends become one message, pings between them`, async (t) => {
    const [end, peer] = await open(t)
    const parts = ['a', '', 'grö', 'x'.repeat(70_000), '']
    for (const [i, part] of parts.entries()) {
      peer.send(part, { fin: i === parts.length - 1 })
      if (i < 3) peer.ping(`${i}`)
    }
    await until(() => end.events.length === 4, 'the message')

    const whole = Buffer.from(parts.join('')).toString('latin1')
    assert.deepEqual(end.events, [['ping', '0'], ['ping', '1'], ['ping', '2'], ['text', whole]]) // biome-ignore format: one line
  })

  test(`as ${side}: pings are answered by ws, pongs taken, close codes understood`, async (t) => {
    const [end, peer] = await open(t)
    const closed: [number, string][] = []
    peer.on('close', (code, reason) => closed.push([code, reason.toString()]))
    const longest = Buffer.alloc(125, 0xfe)
    end.send(PING, longest)
    end.send(PING, Buffer.alloc(0))
    peer.pong('unasked')
    await until(() => end.events.length === 3, 'pongs')
    end.send(CLOSE, closePayload(4321, 'größe'))
    await until(() => end.events.length === 4, 'the echo')
    end.socket.end()
    await until(() => closed.length === 1, 'ws to close')

    const pongs = end.events.slice(0, 3).map(([, text]) => text)
    assert.deepEqual(pongs.sort(), ['', 'unasked', longest.toString('latin1')])
    assert.deepEqual(end.events[3], ['close', 4321, 'größe'])
    assert.deepEqual(closed, [[4321, 'größe']])
  })

  for (const [code, reason] of [[undefined, ''], [1000, ''], [1011, 'why'], [4999, 'x'.repeat(123)]] as const) {
    test(`as ${side}: ws closes with ${code}`, async (t) => {
      const [end, peer] = await open(t)
      peer.close(code, reason)
      await until(() => end.events.length === 1, 'the close')
      assert.deepEqual(end.events, [['close', code ?? NO_CODE, reason]])
    }) // biome-ignore format: a table
  }
} // biome-ignore format: a table

// ---- Pieces

/** Frames of both directions as their sender might write them, with what they mean. */
const traffic = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('message' as const), isBinary: fc.boolean(), parts: fc.array(fc.string({ unit: 'binary', maxLength: 140 }), { minLength: 1, maxLength: 4 }) }), // biome-ignore format: one line
    fc.record({ kind: fc.constantFrom('ping' as const, 'pong' as const), data: fc.uint8Array({ maxLength: 125 }) }), // biome-ignore format: one line
  ),
  { maxLength: 8 },
)

type Traffic = typeof traffic extends fc.Arbitrary<infer T> ? T : never

function written(sent: Traffic, isMasked: boolean): { bytes: Buffer; expected: Event[] } {
  const bytes: Buffer[] = []
  const expected: Event[] = []
  for (const one of sent) {
    if (one.kind !== 'message') {
      bytes.push(frame(one.kind === 'ping' ? PING : PONG, one.data, { isMasked }))
      expected.push([one.kind, Buffer.from(one.data).toString('latin1')])
      continue
    }
    const first = one.isBinary ? BINARY : TEXT
    for (const [i, part] of one.parts.entries()) {
      const fin = i === one.parts.length - 1
      bytes.push(frame(i === 0 ? first : CONTINUATION, part, { isMasked, fin }))
    }
    const text = Buffer.from(one.parts.join('')).toString('latin1')
    expected.push([one.isBinary ? 'binary' : 'text', text])
  }
  return { bytes: Buffer.concat(bytes), expected }
}

for (const isServer of [true, false]) {
  const role = isServer ? 'server' : 'client'

  test(`${role}: however bytes are cut into pieces, the same is found`, () => {
    const cuts = fc.array(fc.nat(2_000), { maxLength: 12 })
    fc.assert(
      fc.property(traffic, cuts, (sent, places) => {
        const { bytes, expected } = written(sent, isServer)
        assert.deepEqual(decode(isServer, [bytes]), expected)
        assert.deepEqual(decode(isServer, each(bytes)), expected)
        assert.deepEqual(decode(isServer, cut(bytes, places)), expected)
      }),
      PROPERTY,
    )
  })

  test(`${role}: however little may be done at a time, the same is found in the end`, () => {
    fc.assert(
      fc.property(traffic, fc.integer({ min: 1, max: 5 }), (sent, budget) => {
        const { bytes, expected } = written(sent, isServer)
        const { decoder, events } = decoding(isServer)
        for (let rest = bytes; rest.length > 0; ) {
          decoder.budget = budget
          const before = events.length
          rest = rest.subarray(decoder.push(rest))
          assert.ok(events.length - before <= budget)
        }
        assert.deepEqual(events, expected)
      }),
      PROPERTY,
    )
  })

  test(`${role}: a message of a megabyte is as much work as 250 small ones`, () => {
    const { decoder, events } = decoding(isServer)
    const large = frame(BINARY, Buffer.alloc(1_000_000), { isMasked: isServer })
    const small = frame(TEXT, 'x', { isMasked: isServer })
    decoder.budget = 10
    assert.equal(decoder.push(Buffer.concat([large, small])), large.length)
    assert.equal(events.length, 1)
  })

  test(`${role}: what the encoder writes is what the other role finds`, () => {
    const frames = fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 300 })))
    fc.assert(
      fc.property(frames, (sent) => {
        const target = targetOf(sent.reduce((n, [, b]) => n + frameBytes(b.length, isServer), 0))
        for (const [, payload] of sent) writeFrame(target, BINARY, payload, isServer)
        assert.equal(target.used, target.bytes.length)
        const expected = sent.map(([, b]) => ['binary', Buffer.from(b).toString('latin1')])
        assert.deepEqual(decode(isServer, [target.bytes]), expected)
      }),
      PROPERTY,
    )
  })
}

test('no two frames of a client have the same key', () => {
  const keys = new Set<number>()
  for (let i = 0; i < 3_000; i++) keys.add(encode(PING, Buffer.alloc(0), true).readInt32LE(2))
  assert.ok(keys.size > 2_990, `${keys.size}`) // 32 bits of chance: hardly one pair among 3,000
})

test('a close reason is cut between characters to fit a control frame', () => {
  const payload = closePayload(1000, 'ö'.repeat(100))
  assert.equal(payload.length, 124)
  assert.deepEqual(decode(false, [encode(CLOSE, payload, false)]), [['close', 1000, 'ö'.repeat(61)]]) // biome-ignore format: one line
  assert.equal(closePayload(NO_CODE, 'nothing').length, 0)
})

// ---- What is refused

const closing = (...bytes: number[]) => Buffer.from(bytes)
const big = 1024

/** What a peer does, the frames of it, and the close code it gets; `m` is the right masking. */
const VIOLATIONS: [string, (m: { isMasked: boolean }) => Buffer[], number][] = [
  ['RSV1', (m) => [frame(TEXT, 'x', { ...m, rsv: 4 })], 1002],
  ['RSV2', (m) => [frame(TEXT, 'x', { ...m, rsv: 2 })], 1002],
  ['RSV3', (m) => [frame(PING, 'x', { ...m, rsv: 1 })], 1002],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): (typeof VIOLATIONS)[number] => [`opcode ${opcode}`, (m) => [frame(opcode, '', m)], 1002]),
  ['the other masking', ({ isMasked }) => [frame(TEXT, 'x', { isMasked: !isMasked })], 1002],
  ['the other masking, empty', ({ isMasked }) => [frame(PING, '', { isMasked: !isMasked })], 1002],
  ['a ping of 126 bytes', (m) => [frame(PING, 'x'.repeat(126), m)], 1002],
  ['a pong of 65536 bytes', (m) => [frame(PONG, 'x'.repeat(65_536), m)], 1002],
  ['a fragmented ping', (m) => [frame(PING, 'x', { ...m, fin: false })], 1002],
  ['a fragmented close', (m) => [frame(CLOSE, '', { ...m, fin: false })], 1002],
  ['a continuation of nothing', (m) => [frame(CONTINUATION, 'x', m)], 1002],
  ['a continuation of a whole message', (m) => [frame(TEXT, 'x', m), frame(CONTINUATION, 'x', m)], 1002],
  ['a message inside a message', (m) => [frame(TEXT, 'x', { ...m, fin: false }), frame(TEXT, 'y', m)], 1002],
  ['a binary message inside a text', (m) => [frame(TEXT, '', { ...m, fin: false }), frame(BINARY, '', m)], 1002],
  ['5 as 16 bits', (m) => [frame(TEXT, 'abcde', { ...m, lengthBytes: 2 })], 1002],
  ['125 as 16 bits', (m) => [frame(TEXT, 'x'.repeat(125), { ...m, lengthBytes: 2 })], 1002],
  ['0 as 64 bits', (m) => [frame(TEXT, '', { ...m, lengthBytes: 8 })], 1002],
  ['65535 as 64 bits', (m) => [frame(BINARY, Buffer.alloc(65_535), { ...m, lengthBytes: 8 })], 1002],
  ['2^63', (m) => [frame(BINARY, '', { ...m, length: 2n ** 63n })], 1002],
  ['2^64 - 1', (m) => [frame(BINARY, '', { ...m, length: 2n ** 64n - 1n })], 1002],
  ['2^63 - 1', (m) => [frame(BINARY, '', { ...m, length: 2n ** 63n - 1n })], 1009],
  ['2^32 + 1', (m) => [frame(TEXT, '', { ...m, length: 2n ** 32n + 1n })], 1009],
  ['one byte more than the limit', (m) => [frame(TEXT, '', { ...m, length: BigInt(MAX_MESSAGE_BYTES + 1) })], 1009],
  ['fragments of more than the limit', (m) => [frame(BINARY, Buffer.alloc(MAX_MESSAGE_BYTES), { ...m, fin: false }), frame(CONTINUATION, 'x', m)], 1009],
  ['a text that is no UTF-8', (m) => [frame(TEXT, Buffer.of(0x61, 0xff), m)], 1007],
  ['a surrogate', (m) => [frame(TEXT, Buffer.of(0xed, 0xa0, 0x80), m)], 1007],
  ['a character cut off at the end', (m) => [frame(TEXT, Buffer.of(0x61, 0x62, 0x63, 0xc3), m)], 1007],
  ['fragments that are no UTF-8', (m) => [frame(TEXT, Buffer.of(0xc3), { ...m, fin: false }), frame(CONTINUATION, Buffer.of(0x28), m)], 1007],
  ['half a close code', (m) => [frame(CLOSE, closing(3), m)], 1002],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code): (typeof VIOLATIONS)[number] => [`close code ${code}`, (m) => [frame(CLOSE, closing(code >> 8, code & 0xff), m)], 1002]),
  ['a close reason that is no UTF-8', (m) => [frame(CLOSE, closing(0x03, 0xe8, 0x61, 0xff), m)], 1007],
] // biome-ignore format: a table

for (const isServer of [true, false]) {
  const role = isServer ? 'server' : 'client'
  const right = { isMasked: isServer }
  for (const [what, frames, code] of VIOLATIONS) {
    test(`${role}: ${what} is refused with ${code}`, () => {
      const good = frame(BINARY, 'good', right)
      const bytes = Buffer.concat([good, ...frames(right), good])
      const pieces = bytes.length > 70_000 ? cut(bytes, [5, 70_000]) : each(bytes)
      for (const way of [[bytes], pieces]) {
        const events = decode(isServer, way)
        const bad = events.findIndex(([name]) => name === 'refused')
        assert.deepEqual(events[0], ['binary', 'good'])
        assert.equal(events[bad]?.[1], code)
        assert.equal(bad, events.length - 1, 'nothing is found after it')
      }
    })
  }

  test(`${role}: nothing is found behind a close frame`, () => {
    const bytes = Buffer.concat([frame(CLOSE, '', right), frame(TEXT, 'late', right)])
    for (const pieces of [[bytes], each(bytes)]) {
      assert.deepEqual(decode(isServer, pieces), [['close', NO_CODE, '']])
    }
  })
}

for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]) {
  test(`close code ${code} is one`, () => {
    const bytes = frame(CLOSE, closing(code >> 8, code & 0xff), { isMasked: true })
    assert.deepEqual(decode(true, [bytes]), [['close', code, '']])
  })
} // biome-ignore format: a table

// ---- Memory

/** Runs with every allocation the codec makes written down, in bytes. */
function allocationsOf(t: TestContext, run: () => void): number[] {
  const sizes: number[] = []
  const { allocUnsafe } = Buffer
  const mock = t.mock.method(Buffer, 'allocUnsafe', (size: number) => {
    sizes.push(size)
    return allocUnsafe(size)
  })
  run()
  mock.mock.restore()
  return sizes
}

test('a length that is announced but does not come takes no memory', (t) => {
  const bytes = frame(BINARY, 'x'.repeat(100), {
    isMasked: true,
    length: BigInt(MAX_MESSAGE_BYTES),
  })
  const sizes = allocationsOf(t, () => decode(true, [bytes]))
  assert.ok(Math.max(0, ...sizes) <= 256, `${sizes}`)
})

test('memory grows with what comes, and few times', (t) => {
  const bytes = frame(BINARY, Buffer.alloc(MAX_MESSAGE_BYTES), { isMasked: true })
  const sizes = allocationsOf(t, () => decode(true, cut(bytes, Array.from({ length: 999 }, (_, i) => i * 1_049)))) // biome-ignore format: one line
  assert.ok(sizes.length < 20 && Math.max(...sizes) <= MAX_MESSAGE_BYTES, `${sizes}`)
})

test('empty fragments without end take no memory', (t) => {
  const empty = frame(CONTINUATION, '', { isMasked: true, fin: false })
  const flood = Buffer.concat(Array.from({ length: 10_000 }, () => empty))
  const { push, events } = decoding(true)
  push(frame(TEXT, '', { isMasked: true, fin: false }))
  const sizes = allocationsOf(t, () => {
    for (let i = 0; i < 20; i++) push(flood)
  })
  push(frame(CONTINUATION, 'end', { isMasked: true }))

  assert.deepEqual(sizes, [])
  assert.deepEqual(events, [['text', 'end']])
})

test('a message of one-byte fragments is put together in time that grows with its length', (t) => {
  const one = frame(CONTINUATION, 'x', { isMasked: true, fin: false })
  const many = Buffer.concat(Array.from({ length: 10_000 }, () => one))
  const { push, events } = decoding(true)
  push(frame(TEXT, '', { isMasked: true, fin: false }))
  const sizes = allocationsOf(t, () => {
    for (let i = 0; i < 20; i++) push(many)
  })
  push(frame(CONTINUATION, '', { isMasked: true }))

  assert.ok(sizes.length < 20, `${sizes}`)
  assert.equal(events[0]?.[1], 'x'.repeat(200_000))
})

test('whatever is done to valid frames, the decoder refuses or understands it, within its limit', (t) => {
  const change = fc.record({
    at: fc.nat(2_000),
    remove: fc.nat(3),
    add: fc.uint8Array({ maxLength: 3 }),
  })
  const changes = fc.array(change, { minLength: 1, maxLength: 6 })
  const cuts = fc.array(fc.nat(2_000), { maxLength: 6 })
  fc.assert(
    fc.property(traffic, changes, cuts, fc.boolean(), (sent, mutations, places, isServer) => {
      let { bytes } = written(sent, isServer)
      for (const { at, remove, add } of mutations) {
        const place = at % (bytes.length + 1)
        bytes = Buffer.concat([bytes.subarray(0, place), add, bytes.subarray(place + remove)])
      }
      let whole: Event[] = []
      let pieces: Event[] = []
      const sizes = allocationsOf(t, () => {
        whole = decode(isServer, [bytes], big)
        pieces = decode(isServer, cut(bytes, places), big)
      })
      assert.deepEqual(pieces, whole)
      assert.ok(Math.max(0, ...sizes) <= big, `${sizes}`)
      for (const [name, text] of whole) {
        if (name === 'text' || name === 'binary') assert.ok(`${text}`.length <= big)
      }
    }),
    { ...PROPERTY, numRuns: PROPERTY.numRuns * 10 },
  )
})
