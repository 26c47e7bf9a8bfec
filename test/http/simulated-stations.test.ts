import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OverviewView } from '../../src/http/live-api.ts'
import { startConsole } from '../../src/http/server.ts'
import { createSimulatedStations } from '../../src/http/simulated-stations.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { createNetworkingNode } from '../../src/roles/networking-node/networking-node.ts'
import { accept } from '../../src/transport/websocket-server.ts'
import { until } from '../end-to-end/processes.ts'
import { ask, type CsmsConsole, startCsmsConsole } from './csms-console.ts'

const PATH = '/api/simulated-stations'
const JSON_BODY = { 'content-type': 'application/json' }

const post = ({ server }: CsmsConsole, headers: Record<string, string>, body = '{}') =>
  ask(server, 'POST', PATH, headers, body)

async function overview({ get }: CsmsConsole): Promise<OverviewView> {
  return (await get('/api/overview')).body as OverviewView
}

test('a station that was started boots over the listener of the node and is marked simulated', async (t) => {
  const console = await startCsmsConsole(t)
  const { origin } = new URL(console.server.url)

  const { status, body } = await post(console, { ...JSON_BODY, origin })

  assert.equal(status, 201)
  const { id } = JSON.parse(body) as { id: string }
  const station = await until(`${id} to boot`, async () => {
    const node = (await overview(console)).nodes.find((one) => one.id === id)
    return node?.model === undefined ? undefined : node
  })
  assert.equal(station.simulated, true)
  assert.equal(station.role, 'charging-station')
  const [neighbour] = console.node.neighbours
  assert.deepEqual([neighbour?.id, neighbour?.link.form], [id, 'standard'])
  assert.ok(console.store.messages.of(id).some(({ action }) => action === 'BootNotification'))
})

test('a foreign page, a foreign name or another kind of body starts nothing', async (t) => {
  const console = await startCsmsConsole(t)
  const { host, port } = new URL(console.server.url)
  const status = async (headers: Record<string, string>) => (await post(console, headers)).status

  assert.equal(await status({ ...JSON_BODY, origin: 'https://evil.example' }), 403)
  assert.equal(await status({ ...JSON_BODY, origin: 'null' }), 403)
  assert.equal(await status({ ...JSON_BODY, origin: `http://127.0.0.1:${Number(port) + 1}` }), 403)
  assert.equal(await status({ ...JSON_BODY, 'sec-fetch-site': 'cross-site' }), 403)
  assert.equal(await status({ ...JSON_BODY, host: 'evil.example' }), 421)
  assert.equal(await status({ 'content-type': 'text/plain', origin: `http://${host}` }), 415)
  assert.equal(await status({}), 415)
  assert.equal((await post(console, JSON_BODY, '{"max":99}')).status, 400)
  assert.equal((await post(console, JSON_BODY, '{')).status, 400)
  assert.deepEqual((await overview(console)).simulation, { started: 0, max: 5 })
})

test('no more than five are started, each with a name and connection of its own', async (t) => {
  const console = await startCsmsConsole(t)

  const answers = await Promise.all(Array.from({ length: 7 }, () => post(console, JSON_BODY)))

  const started = answers.filter(({ status }) => status === 201)
  const refused = answers.filter(({ status }) => status === 409)
  assert.deepEqual([started.length, refused.length], [5, 2])
  assert.match(refused[0]?.body ?? '', /5 simulated stations are running/)
  assert.equal(new Set(started.map(({ body }) => body)).size, 5)
  await until('five connections', () => console.node.neighbours.size === 5)
})

test('where a station needs a password no simulated one is offered or started', async (t) => {
  const console = await startCsmsConsole(t, { insecure: false })

  assert.equal((await overview(console)).simulation, undefined)
  const { status, body } = await post(console, JSON_BODY)
  assert.equal(status, 409)
  assert.match(body, /lets in a station of this machine without a password/)
})

test('a networking node marks the stations it simulates, and gives them names nobody has', async (t) => {
  const listener = accept({ nodeId: 'NN01' as NodeId, port: 0, insecure: true })
  const node = createNetworkingNode({ nodeId: 'NN01', links: [listener] })
  await node.start()
  const isTaken = (id: NodeId) => id === 'SIM01'
  const around = { consoleHost: '127.0.0.1', listeners: [listener], isTaken }
  const simulations = createSimulatedStations({ ...around, tokens: [] })
  const role = 'networking-node' as const
  const about = { role, version: '0.0.0', store: undefined, stationUrls: [], insecure: true }
  const view = { node, ...about, simulations }
  const server = await startConsole({ host: '127.0.0.1', port: 0, page: undefined, view })
  t.after(async () => {
    await server.stop()
    await simulations?.stop()
    await node.stop()
  })

  const { body } = await ask(server, 'POST', PATH, JSON_BODY, '{}')

  assert.deepEqual(JSON.parse(body), { id: 'SIM02' })
  const station = await until('the station to connect', async () => {
    const { nodes } = (await (await fetch(`${server.url}api/overview`)).json()) as OverviewView
    return nodes.find(({ id }) => id === 'SIM02')
  })
  assert.equal(station.simulated, true)
})

test('simulated stations are for consoles and listeners of this machine only', () => {
  const offered = (url: string, insecure = true, consoleHost = '127.0.0.1') =>
    createSimulatedStations({
      consoleHost,
      listeners: [{ url, insecure }],
      isTaken: () => false,
      tokens: [],
    }) !== undefined

  assert.equal(offered('ws://127.0.0.1:9000/'), true)
  assert.equal(offered('ws://[::1]:9000/'), true)
  assert.equal(offered('ws://127.0.0.1:9000/', false), false)
  assert.equal(offered('ws://0.0.0.0:9000/'), false)
  assert.equal(offered('wss://127.0.0.1:9000/'), false)
  assert.equal(offered('ws://127.0.0.1:9000/', true, '0.0.0.0'), false)
})
