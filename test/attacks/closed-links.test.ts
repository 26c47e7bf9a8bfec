import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { createNode } from '../../src/node/node.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { scrape, serve } from '../http/node-console.ts'
import { basic, client, stations } from '../support/sockets.ts'
import { until } from '../support/until.ts'

/** What costs a peer its link, or what its link is lost by, stands in the metrics of its node. */

async function start(t: TestContext, options: { readonly pingIntervalMs?: number } = {}) {
  const nodeId = 'NN01' as NodeId
  const listener = accept({ nodeId, port: 0, peers: stations('CS01', 'CS02'), ...options })
  const tellTime = async () => ({ currentTime: '2026-11-23T12:00:00.000Z' })
  const node = createNode({ nodeId, links: [listener], services: ['CentralSystem'], handlers: { 'ocpp1.6': { Heartbeat: tellTime } } }) // biome-ignore format: one line
  await node.start()
  t.after(() => node.stop())
  const { url } = await serve(t, { node })
  const bystander = await client(t, listener.url, { id: 'CS02' })
  let gone = 0
  node.onEvent(({ name }) => {
    if (name === 'link.down') gone++
  })
  const closed = async () =>
    [...(await scrape(url))].filter(([name]) => name.startsWith('wattweave_links_closed_total'))
  return { node, bystander, url: listener.url, closed, isGone: () => gone > 0 }
}

/** Exactly one more, of this kind and of no other, and who did nothing is served. */
async function counts(
  { closed, isGone, bystander }: Awaited<ReturnType<typeof start>>,
  by: string,
  code: string,
) {
  await until(isGone, 'the end of the link')
  assert.deepEqual(await closed(), [[`wattweave_links_closed_total{by="${by}",code="${code}"}`, 1]])
  bystander.send('[2,"still","Heartbeat",{}]')
  await bystander.take((frame) => frame[1] === 'still', 'the answer to somebody else')
}

/** A station by hand, whose frames are nobody's but the test's. */
async function byHand(t: TestContext, url: string, header = ''): Promise<Socket> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  let got = ''
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1')
  })
  socket.write(
    `GET /CS01 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ocpp1.6\r\nAuthorization: ${basic('CS01')}\r\n${header}\r\n`,
  )
  await until(() => got.includes('\r\n\r\n'), 'the upgrade')
  return socket
}

const FIN = 0x80
const COMPRESSED = 0x40
const TEXT = 1

/** A frame of a client, masked with zeros, up to 64 KiB. */
function frame(first: number, payload: Uint8Array): Uint8Array {
  const { length } = payload
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255]
  return Buffer.from([first, ...size, 0, 0, 0, 0, ...payload])
}

for (const [what, code, send] of [
  ['text that is no UTF-8', 1007, (socket) => socket.write(frame(FIN | TEXT, Buffer.of(0xff)))],
  ['a frame that is not masked', 1002, (socket) => socket.write(Uint8Array.of(FIN | TEXT, 1, 0x78))],
  ['the announcement of a gigabyte', 1009, (socket) => socket.write(Uint8Array.of(FIN | TEXT, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0))],
  ['a message of fragments that never ends', 1009, (socket) => {
    socket.write(frame(TEXT, Buffer.alloc(0)))
    for (let i = 0; i < 20; i++) socket.write(frame(0, Buffer.alloc(65_000, 'x')))
  }],
  ['a compression bomb', 1009, (socket) => {
    const bomb = deflateRawSync(Buffer.alloc(20 * 1024 * 1024))
    assert.ok(bomb.length < 65_536)
    socket.write(frame(FIN | COMPRESSED | TEXT, bomb))
  }],
] as const satisfies readonly (readonly [string, number, (socket: Socket) => void])[]) {
  test(`${what} costs its link, and is counted with ${code}`, async (t) => {
    const site = await start(t)
    const deflate = 'Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\r\n'
    send(await byHand(t, site.url, deflate))
    await counts(site, 'here', `${code}`)
  })
} // biome-ignore format: a table

test('a half-open link is given up after two pings without pong, and counted as cut', async (t) => {
  const site = await start(t, { pingIntervalMs: 50 })
  await client(t, site.url, { autoPong: false })
  await counts(site, 'here', '1006')
})

test('a link that a newer connection replaces is counted', async (t) => {
  const site = await start(t)
  await client(t, site.url)
  await client(t, site.url)
  await counts(site, 'here', '1000')
})

test('a peer that says goodbye is counted with its code, and a code of its own invention as other', async (t) => {
  for (const [code, label] of [[1001, '1001'], [4123, 'other']] as const) {
    const site = await start(t)
    const station = await client(t, site.url)
    station.socket.close(code, '1009 message too big')
    await counts(site, 'peer', label)
  } // biome-ignore format: a table
})

test('a link that breaks without a word is counted as lost', async (t) => {
  const site = await start(t)
  const station = await client(t, site.url)
  station.socket.terminate()
  await counts(site, 'network', '1006')
})

test('what a peer answers a goodbye with is not why its link ended', async (t) => {
  const site = await start(t)
  const socket = await byHand(t, site.url)
  const [neighbour] = [...site.node.neighbours].filter(({ id }) => id === 'CS01')
  neighbour?.link.close(1008, 'not wanted')
  socket.write(frame(FIN | 8, Buffer.of(0x0f, 0xa0)))
  await counts(site, 'here', '1008')
})
