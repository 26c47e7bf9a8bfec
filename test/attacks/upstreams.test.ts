import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import { createNode } from '../../src/node/node.ts'
import { VirtualClock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { dial } from '../../src/transport/websocket-client.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { client, type RawClient } from '../support/sockets.ts'
import { until } from '../support/until.ts'

/** CSMSs that misbehave, over real sockets; a station that has another CSMS never notices. */

interface Upstream {
  readonly url: string
  readonly sockets: WebSocket[]
}

interface Manners {
  /** What it does with a connection that is open; default: it answers everything. */
  readonly open?: (socket: WebSocket) => void
  /** What it does instead of opening one. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, next: () => void) => void
  readonly protocol?: string
}

const answer = (socket: WebSocket, text: string, payload: string) =>
  socket.send(`[3,"${JSON.parse(text)[1]}",${payload}]`)

async function upstream(
  t: TestContext,
  { open, upgrade, protocol = 'ocpp1.6' }: Manners = {},
): Promise<Upstream> {
  const http = createServer()
  const server = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has(protocol) ? protocol : false) }) // biome-ignore format: one line
  const sockets: WebSocket[] = []
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    const next = () =>
      server.handleUpgrade(request, socket, head, (ws) => {
        sockets.push(ws)
        if (open) return open(ws)
        ws.on('message', (data) => {
          if (JSON.parse(String(data))[0] === 2) answer(ws, String(data), '{"currentTime":"2026-01-01T00:00:00Z"}') // biome-ignore format: one line
        })
      })
    if (upgrade) upgrade(request, socket, next)
    else next()
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.terminate()
    http.closeAllConnections()
    http.close()
  })
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`, sockets }
}

/** BAD… stations belong to the one that misbehaves, GOOD… ones to one that does not. */
async function between(t: TestContext, bad: Upstream, role: 'primary' | 'mirror' = 'primary') {
  const good = await upstream(t)
  const clock = new VirtualClock()
  const nodeId = 'NN01' as NodeId
  const below = accept({ nodeId, port: 0, insecure: true })
  const uplink = (name: string, url: string, prefix: string, kind: 'primary' | 'mirror') => ({
    rule: { name, role: kind, includes: (id: NodeId) => id.startsWith(prefix) },
    open: (id: NodeId, protocol: 'ocpp1.6' | 'ocpp2.0.1' | 'ocpp2.1') =>
      dial({ url, nodeId: id, mode: 'standard', protocols: [protocol], clock }),
  })
  const perStation = [uplink('good', good.url, role === 'mirror' ? '' : 'GOOD', 'primary'), uplink('bad', bad.url, 'BAD', role)] // biome-ignore format: two uplinks
  const node = createNode({ nodeId, links: [below], perStation, clock })
  const events: string[] = []
  node.onEvent((event) => events.push(event.name))
  await node.start()
  t.after(() => node.stop())
  const station = (id: string) => client(t, below.url, { id, headers: { authorization: '' } })
  const bystander = await station('GOOD1')
  const unharmed = async () => {
    assert.equal(bystander.closed, undefined)
    await heartbeat(bystander)
  }
  await unharmed()
  return { node, clock, events, station, unharmed }
}

async function heartbeat(raw: RawClient): Promise<unknown[]> {
  const id = `h${beats++}`
  raw.send(`[2,"${id}","Heartbeat",{}]`)
  return raw.take((frame) => frame[1] === id, 'the answer')
}
let beats = 0

test('an upstream that accepts and never answers costs each CALL its 30 s, waiting included, and whatever comes later is sent', async (t) => {
  const heard: string[] = []
  const bad = await upstream(t, { open: (socket) => socket.on('message', (data) => heard.push(String(data))) }) // biome-ignore format: one line
  const { clock, station, unharmed } = await between(t, bad)
  const raw = await station('BAD1')
  raw.send('[2,"1","Heartbeat",{}]')
  raw.send('[2,"2","Heartbeat",{}]')
  await until(() => heard.length === 1, 'the first CALL')
  await clock.advance(31_000)
  for (const id of ['1', '2']) {
    const error = await raw.take((frame) => frame[1] === id, 'the timeout')
    assert.equal(error[0], 4)
    assert.equal((error[4] as { reason: string }).reason, 'timeout')
  }
  assert.equal(heard.length, 1, 'what waited for 30 s is not sent any more')

  raw.send('[2,"3","StatusNotification",{"connectorId":1}]')
  await until(() => heard.length === 2, 'the later CALL')
  assert.match(heard[1] ?? '', /"StatusNotification",\{"connectorId":1\}\]$/)
  bad.sockets[0]?.send(`[3,"${JSON.parse(heard[0] ?? '[]')[1]}",{"late":true}]`)
  answer(bad.sockets[0] as WebSocket, heard[1] ?? '', '{}')
  assert.deepEqual(await raw.take((frame) => frame[1] === '3', 'its answer'), [3, '3', {}])
  assert.deepEqual(raw.received, [], 'the late answer is not heard')
  await unharmed()
})

test('an upstream that answers twice, or with a stranger’s id, is heard once', async (t) => {
  const bad = await upstream(t, {
    open: (socket) =>
      socket.on('message', (data) => {
        answer(socket, String(data), '{"n":1}')
        answer(socket, String(data), '{"n":2}')
        socket.send('[3,"nobody asked",{}]')
        socket.send(`[4,"${JSON.parse(String(data))[1]}","GenericError","",{}]`)
      }),
  })
  const { node, station, unharmed } = await between(t, bad)
  const raw = await station('BAD1')
  raw.send('[2,"1","Heartbeat",{}]')
  await until(() => (node.refusals.get('ERR_ROUTE_NO_REQUEST') ?? 0) === 3, 'the counts')
  await until(() => raw.received.length > 0, 'the answer')
  assert.deepEqual(raw.received, ['[3,"1",{"n":1}]'])
  await unharmed()
})

const MOMENTS: readonly [string, Manners][] = [
  ['before the upgrade is answered', { upgrade: (_, socket) => socket.destroy() }],
  ['with half an answer to the upgrade', { upgrade: (_, socket) => void socket.end('HTTP/1.1 101 Switch') }],
  ['right after the upgrade', { open: (socket) => socket.terminate() }],
  ['with a close frame right after the upgrade', { open: (socket) => socket.close(1011) }],
  ['at the first CALL', { open: (socket) => socket.on('message', () => socket.terminate()) }],
  ['with a close frame at the first CALL', { open: (socket) => socket.on('message', () => socket.close(1012, 'restart')) }],
  ['in the middle of its answer', { open: (socket) => socket.on('message', () => cutShort(socket)) }],
  ['right after its answer', { open: (socket) => socket.on('message', (data) => { answer(socket, String(data), '{}'); socket.terminate() }) }],
  ['in the middle of its own CALL', { open: (socket) => { socket.send('[2,"x","ClearCache",{}]'); socket.on('message', () => socket.terminate()) } }],
  ['because it wants another password', { upgrade: (_, socket) => void socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n') }],
  ['because it speaks another version', { protocol: 'ocpp2.1' }],
] // biome-ignore format: a table

/** Half a WebSocket frame, and the end. */
function cutShort(socket: WebSocket): void {
  const { _socket: tcp } = socket as unknown as { _socket: Duplex }
  tcp.write(Buffer.from([0x81, 0x20, 0x5b]), () => socket.terminate())
}

for (const [when, manners] of MOMENTS) {
  test(`an upstream that closes ${when}: its station is sent away, may come again, and others are not touched`, async (t) => {
    const bad = await upstream(t, manners)
    const { events, station, unharmed } = await between(t, bad)
    for (let visit = 0; visit < 3; visit++) {
      const raw = await station('BAD1')
      raw.send('[2,"1","Heartbeat",{}]')
      await until(() => raw.closed !== undefined, 'the station to be sent away')
      assert.equal(raw.closed?.code, 1013)
      assert.match(raw.closed?.reason ?? '', /^upstream: /)
      await unharmed()
    }
    assert.ok(events.includes('upstream.lost'))
  })

  test(`a mirror that closes ${when} does not touch the station`, async (t) => {
    const bad = await upstream(t, manners)
    const { station, unharmed } = await between(t, bad, 'mirror')
    const raw = await station('BAD1')
    for (let i = 0; i < 3; i++) assert.equal((await heartbeat(raw))[0], 3)
    assert.equal(raw.closed, undefined)
    await unharmed()
  })
}

/** Says one more line of its answer, and never the last. */
const drip = (line: string) => (socket: Duplex) => new Promise<void>((sent) => socket.write(line, () => sent())) // biome-ignore format: one line
const SLOW = [
  ['never answers the upgrade', async () => {}],
  ['drips its answer to the upgrade, a line every 3 s', drip('X-More: yes\r\n')],
] as const // biome-ignore format: a table

for (const [what, say] of SLOW) {
  test(`an upstream that ${what} holds its station for 10 s, and others not at all`, async (t) => {
    const asked: Duplex[] = []
    const bad = await upstream(t, { upgrade: (_, socket) => void asked.push(socket) })
    const { clock, events, station, unharmed } = await between(t, bad)
    const raw = await station('BAD1')
    await until(() => asked.length === 1, 'the attempt')
    const [socket] = asked
    assert.ok(socket)
    let isOver = false
    for (const end of ['end', 'close']) socket.on(end, () => (isOver = true))
    socket.resume()
    t.after(() => socket.destroy())
    await drip('HTTP/1.1 101 Switching Protocols\r\n')(socket)
    for (let seconds = 3; seconds <= 9; seconds += 3) {
      await say(socket)
      await clock.advance(3_000)
      await unharmed()
      assert.equal(raw.closed, undefined)
    }
    assert.ok(!events.includes('upstream.lost'))
    await say(socket)
    await clock.advance(1_000)
    await until(() => raw.closed !== undefined, 'the station to be sent away')
    assert.deepEqual(raw.closed, {
      code: 1013,
      reason: 'upstream: the peer refused the connection: it did not answer in time',
    })
    await until(() => isOver, 'the connection to be given up')
    await unharmed()
  })

  test(`a mirror that ${what} delays the first frame of a station by 2 s, and nothing else`, async (t) => {
    const asked: Duplex[] = []
    const bad = await upstream(t, { upgrade: (_, socket) => void asked.push(socket) })
    const { node, clock, station, unharmed } = await between(t, bad, 'mirror')
    const raw = await station('BAD1')
    await until(() => asked.length === 1, 'the attempt')
    const [socket] = asked
    assert.ok(socket)
    t.after(() => socket.destroy())
    const isPrimaryOpen = () => [...node.neighbours].some(({ label }) => label === 'BAD1@good')
    await until(isPrimaryOpen, 'the primary')
    raw.send('[2,"1","Heartbeat",{}]')
    await drip('HTTP/1.1 101 Switching Protocols\r\n')(socket)
    await say(socket)
    await clock.advance(1_999)
    await unharmed()
    assert.deepEqual(raw.received, [])
    await clock.advance(1)
    await raw.take(([, id]) => id === '1', 'the answer to what waited')
    assert.equal((await heartbeat(raw))[0], 3)
    await clock.advance(10_000)
    assert.equal((await heartbeat(raw))[0], 3)
    assert.equal(raw.closed, undefined)
  })
}

test('two upstreams that disagree: the station hears the primary only', async (t) => {
  const bad = await upstream(t, {
    open: (socket) => socket.on('message', (data) => answer(socket, String(data), '{"currentTime":"1970-01-01T00:00:00Z"}')), // biome-ignore format: one line
  })
  const { station, unharmed } = await between(t, bad, 'mirror')
  const raw = await station('BAD1')
  for (let i = 0; i < 5; i++) assert.match(JSON.stringify(await heartbeat(raw)), /2026/)
  await until(() => bad.sockets.length === 1, 'the mirror')
  bad.sockets[0]?.send('[2,"stop","RemoteStopTransaction",{"transactionId":1}]')
  await heartbeat(raw)
  assert.ok(!raw.received.some((text) => text.includes('RemoteStop')))
  await unharmed()
})
