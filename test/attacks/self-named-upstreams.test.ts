import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import type { NodeEvent } from '../../src/node/core.ts'
import { createNode } from '../../src/node/node.ts'
import { foldId, type NodeId } from '../../src/primitives/ids.ts'
import { dial } from '../../src/transport/websocket-client.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { basic, client, OVERLAY, type RawClient, stations } from '../support/sockets.ts'
import { until } from '../support/until.ts'

/** Somebody this node dials calls itself what others are called: nobody but itself has the damage. */

/** A server that speaks overlay and says each time it is dialled that it is the next of some names. */
async function liar(t: TestContext, names: readonly string[]) {
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  const sockets: WebSocket[] = []
  server.on('headers', (headers) => {
    const name = names[Math.min(sockets.length, names.length - 1)]
    headers.push(`X-OCPP-NetworkingMode: ${OVERLAY['X-OCPP-NetworkingMode']}`, `X-Wattweave: v=1; caps=confirm; id=${name}`) // biome-ignore format: one line
  })
  const closes: number[] = []
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('close', (code) => closes.push(code))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.terminate()
    http.close()
  })
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`, sockets, closes }
}

/** A node with the station CS01, which has a password, and an uplink to somebody without a name. */
async function site(
  t: TestContext,
  names: readonly string[],
  {
    isEntered = true,
    insecure = false,
    routes = [] as { destination: string; via: string }[],
  } = {},
) {
  const nodeId = 'NN01' as NodeId
  const below = accept({ nodeId, port: 0, peers: stations('CS01'), insecure })
  const upstream = await liar(t, names)
  const primary = await liar(t, ['CSMS01'])
  const links = [
    below,
    dial({ url: primary.url, nodeId, mode: 'overlay', peerId: 'CSMS01' as NodeId }),
    dial({ url: upstream.url, nodeId, mode: 'overlay', random: () => new Uint8Array(8) }),
  ]
  const node = createNode({
    nodeId,
    links,
    routes,
    ...(isEntered && { peers: new Map([[foldId('CS01' as NodeId), {}]]) }),
  })
  const refused: NodeEvent[] = []
  node.onEvent((event) => void (event.name === 'link.refused' && refused.push(event)))
  const station = (id = 'CS01', headers: Record<string, string> = { authorization: basic(id) }) =>
    client(t, below.url, { id, headers })
  t.after(() => node.stop())
  return { node, below, upstream, primary, station, refused, start: () => node.start() }
}

/** It is there, and what is for it goes to it. */
async function isServed(node: ReturnType<typeof createNode>, raw: RawClient, id = 'CS01') {
  const asked = node.callRaw(id, 'Reset', Buffer.from('{"type":"Soft"}'))
  const [, messageId] = await raw.take((frame) => frame[2] === 'Reset', 'the command')
  raw.send(`[3,"${messageId}",{"status":"Accepted"}]`)
  assert.equal(Buffer.from((await asked).payload).toString(), '{"status":"Accepted"}')
}

test('who calls itself like a station that was entered does not take its place, whether that is there or comes later', async (t) => {
  const { node, upstream, station, refused, start } = await site(t, ['CS01'])
  await start()
  await until(() => upstream.closes.length > 0, 'its refusal')
  assert.equal(upstream.closes[0], 1008)
  const raw = await station()
  await until(() => upstream.closes.length > 1, 'another attempt')
  await isServed(node, raw)
  assert.equal(raw.closed, undefined)
  assert.match(
    JSON.stringify(refused[0]),
    /it calls itself CS01, which is somebody else here: say with peerId/,
  )
})

test('who calls itself like the CSMS that another uplink names does not push it out', async (t) => {
  const { upstream, primary, start } = await site(t, ['CSMS01'])
  await start()
  await until(() => upstream.closes.length > 1, 'two refusals')
  assert.equal(primary.sockets.length, 1)
  assert.equal(primary.closes.length, 0)
})

test('who calls itself like a station nobody entered gives way to one that proves it, and does not come back', async (t) => {
  const { node, upstream, station, start } = await site(t, ['CS01'], { isEntered: false })
  await start()
  await until(() => node.table.get('CS01' as NodeId) !== undefined, 'the name to be taken')
  const raw = await station()
  await until(() => upstream.closes.length > 1, 'it to try again')
  await isServed(node, raw)
})

test('who calls itself like a station below gives way to the node that announces it, and no configured route leads to it', async (t) => {
  const { node, upstream, below, start } = await site(t, ['CS05'], {
    isEntered: false,
    insecure: true,
  })
  await start()
  await until(() => upstream.sockets.length > 0 && node.table.get('CS05' as NodeId) !== undefined, 'the name to be taken') // biome-ignore format: one line
  const lower = await client(t, below.url, {
    id: 'NN02',
    headers: { authorization: '', ...OVERLAY },
  })
  const announced = { destinationId: 'CS05', uplink: { distance: 1 }, customData: { vendorId: 'wattweave', protocol: 'ocpp1.6', form: 'standard', state: 'up' } } // biome-ignore format: one line
  lower.send(JSON.stringify([6, 'NN01', ['NN02'], 'up', 'NotifyNetworkTopology', { networkTopologyInformation: { routingNode: 'NN02', routes: [announced], notBefore: '2026-01-01T00:00:00Z' } }])) // biome-ignore format: one line
  await until(() => node.table.get('CS05' as NodeId)?.announced !== undefined, 'it to be believed')
  const asked = node.callRaw('CS05', 'Reset', Buffer.from('{"type":"Soft"}'))
  const command = await lower.take((frame) => frame[4] === 'Reset', 'the command')
  lower.send(JSON.stringify([3, 'NN01', ['CS05', 'NN02'], command[3], { status: 'Accepted' }]))
  assert.equal(Buffer.from((await asked).payload).toString(), '{"status":"Accepted"}')
})

test('who calls itself like the end of a configured route is refused', async (t) => {
  const { upstream, refused, start } = await site(t, ['NN03'], { routes: [{ destination: 'NN03', via: 'CSMS01' }] }) // biome-ignore format: one line
  await start()
  await until(() => upstream.closes.length > 0, 'its refusal')
  assert.match(JSON.stringify(refused[0]), /it calls itself NN03/)
})

test('names that an upstream has used before are free again', async (t) => {
  const { node, upstream, station, start } = await site(t, ['CS20', 'CS21'], { insecure: true })
  await start()
  await until(() => node.table.get('CS20' as NodeId) !== undefined, 'the first name')
  upstream.sockets[0]?.close(1000)
  await until(() => node.table.get('CS21' as NodeId) !== undefined, 'the second name')
  const raw = await station('CS20', { authorization: '' })
  await isServed(node, raw, 'CS20')
  const taken = await station('CS21', { authorization: '' })
  await until(
    () => taken.closed !== undefined,
    'whoever proves nothing, as little as the upstream, to be sent away',
  )
})
