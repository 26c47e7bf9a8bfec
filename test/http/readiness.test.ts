import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { UplinkRule } from '../../src/node/uplink-rules.ts'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { startNode, temporaryFolder, until } from '../end-to-end/processes.ts'
import { overlay } from '../support/memory-overlay.ts'
import { serve } from './node-console.ts'

async function ready(console: string): Promise<{ status: number; missing: string[] }> {
  const response = await fetch(new URL('ready', console))
  const { missing = [] } = (await response.json()) as { missing?: string[] }
  return { status: response.status, missing }
}

const READY = { status: 200, missing: [] }

test('a node is ready while one of its uplinks is open, and up all the time', async (t) => {
  const net = overlay(t)
  const node = await net.node('NN01')
  await net.node('CSMS01', { hasDefaultRoute: false })
  const { url } = await serve(t, { node, uplinks: 2 })

  const none = { status: 503, missing: ['uplink: none of 2 is open'] }
  assert.deepEqual(await ready(url), none)
  net.station('CS01', 'NN01')
  assert.deepEqual(await ready(url), none)
  const cut = net.connect('NN01', 'CSMS01')
  assert.deepEqual(await ready(url), READY)
  cut()
  await net.settle()
  assert.deepEqual(await ready(url), none)
  assert.deepEqual(await (await fetch(new URL('health', url))).json(), { status: 'up' })
})

test('a mirror answers nobody, so it makes no node ready', async (t) => {
  const net = overlay(t)
  const rules = ['primary', 'mirror'].map((role) => ({ name: role, role }) as UplinkRule)
  const node = await net.node('NN01', {}, rules)
  const { url } = await serve(t, { node, uplinks: 1 })
  net.upstream('mirror', 'NN01')
  await net.settle()
  assert.equal((await ready(url)).status, 503)
  net.upstream('primary', 'NN01')
  await net.settle()
  assert.deepEqual(await ready(url), READY)
})

test('a connection in the name of a station is no uplink of the node', async (t) => {
  const net = overlay(t)
  const foreign = net.foreignCsms({ name: 'foreign', role: 'primary' })
  const node = await net.node('NN01', { perStation: [foreign.uplink] })
  net.station('CS01', 'NN01')
  await net.settle()
  assert.equal(foreign.connections.length, 1)

  const { url } = await serve(t, { node, uplinks: 1 })
  assert.equal((await ready(url)).status, 503)
})

test('a node without configured uplinks is ready, until it stops listening', async (t) => {
  const node = await overlay(t).node('NN01')
  let isListening = true
  const { url } = await serve(t, { node, isListening: () => isListening })

  assert.deepEqual(await ready(url), READY)
  isListening = false
  assert.deepEqual(await ready(url), {
    status: 503,
    missing: ['listening: the node is stopping'],
  })
})

test('a CSMS is not ready while its store cannot be written', async (t) => {
  const file = join(temporaryFolder(t), 'csms.sqlite')
  const store = new CsmsStore(file)
  const node = await overlay(t).node('CSMS01')
  const { url } = await serve(t, { node, store })
  assert.deepEqual(await ready(url), READY)

  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  const locked = await ready(url)
  assert.equal(locked.status, 503)
  assert.match(locked.missing[0] ?? '', /^store: it cannot be written: .*locked/)
  other.exec('ROLLBACK')
  other.close()
  assert.deepEqual(await ready(url), READY)

  store.close()
  assert.equal((await ready(url)).status, 503)
})

test('a process is not ready while its uplink is down, becomes ready, and loses it again', async (t) => {
  const folder = temporaryFolder(t)
  const insecure = (port: number) => [{ port, insecure: true }]
  // biome-ignore format: one line
  const csmsAt = (port: number) => startNode(t, folder, { nodeId: 'CSMS01', role: 'csms', listen: insecure(port), data: folder, http: { port: 0, login: false }, log: 'silent' })
  const first = await csmsAt(0)
  await first.kill()
  // biome-ignore format: one line
  const node = await startNode(t, folder, { nodeId: 'NN01', role: 'networking-node', listen: insecure(0), uplinks: [{ url: first.url, peerId: 'CSMS01' }], http: { port: 0, login: false }, log: 'silent' })
  const isReady = async () => (await ready(node.console)).status === 200

  assert.deepEqual((await ready(node.console)).missing, ['uplink: none of 1 is open'])
  const csms = await csmsAt(Number(new URL(first.url).port))
  assert.deepEqual(await ready(csms.console), READY)
  await until('the uplink to open', isReady)
  await csms.kill()
  await until('the uplink to be lost', async () => !(await isReady()))
})
