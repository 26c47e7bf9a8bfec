import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createOverview } from '../../src/http/overview.ts'
import { overlay } from '../support/memory-overlay.ts'

async function viewed(t: TestContext) {
  const net = overlay(t)
  const node = await net.node('CSMS01', { services: ['CSMS'], hasDefaultRoute: false })
  const overview = createOverview({ node, role: 'csms', version: '0', store: undefined, stationUrls: [], insecure: false, simulations: undefined, clock: net.clock }) // biome-ignore format: one line
  const since = (id: string) => {
    const found = overview.now().nodes.find((one) => one.id === id)
    assert.ok(found, id)
    return { state: found.state, agoS: Math.round((net.clock.now() - Date.parse(found.since)) / 1000) } // biome-ignore format: one line
  }
  return { net, overview, since }
}

const announce = (state: string, ...ids: string[]) =>
  JSON.stringify([6, 'CSMS01', ['NN01'], state, 'NotifyNetworkTopology', {
    networkTopologyInformation: {
      routingNode: 'NN01',
      routes: ids.map((destinationId) => ({ destinationId, uplink: { distance: 1 }, customData: { vendorId: 'wattweave', protocol: 'ocpp1.6', form: 'standard', state } })),
      notBefore: '2026-01-01T00:00:00Z',
    },
  }]) // biome-ignore format: one frame

test('stations that were up for an hour are down since their node was lost, not since they came', async (t) => {
  const { net, since } = await viewed(t)
  const node = net.peer('NN01', 'CSMS01')
  node.send(announce('up', 'CS01'))
  await net.settle()
  assert.equal(since('CS01').state, 'up')
  for (let minute = 0; minute < 60; minute++) await net.wait(60)
  node.close()
  await net.wait(2)
  assert.deepEqual(since('CS01'), { state: 'down', agoS: 2 })
  assert.deepEqual(since('NN01'), { state: 'down', agoS: 2 })
})

test('what lies two nodes deep is down since the node was lost that it was reached by', async (t) => {
  const { net, since } = await viewed(t)
  const node = net.peer('NN01', 'CSMS01')
  node.send('[2,"CSMS",["CS01","NN02","NN01"],"1","X",{}]')
  await net.settle()
  assert.equal(since('CS01').state, 'up')
  for (let minute = 0; minute < 60; minute++) await net.wait(60)
  node.close()
  await net.wait(120)
  for (const id of ['NN01', 'NN02', 'CS01'])
    assert.deepEqual(since(id), { state: 'down', agoS: 120 })
})

test('a station that leaves by itself is down since then, and up since it came back', async (t) => {
  const { net, since } = await viewed(t)
  const node = net.peer('NN01', 'CSMS01')
  node.send(announce('up', 'CS01'))
  await net.wait(30)
  assert.deepEqual(since('CS01'), { state: 'up', agoS: 30 })
  node.send(announce('down', 'CS01'))
  await net.wait(5)
  assert.deepEqual(since('CS01'), { state: 'down', agoS: 5 })
  node.send(announce('up', 'CS01'))
  await net.wait(7)
  assert.deepEqual(since('CS01'), { state: 'up', agoS: 7 })
})

test('of thousands of peers that came and went the newest 2 000 are remembered, whoever is there stays', async (t) => {
  const { net, overview, since } = await viewed(t)
  const node = net.peer('NN01', 'CSMS01')
  node.send(announce('up', 'STAYS'))
  for (let round = 0; round < 50; round++) {
    const ids = Array.from({ length: 100 }, (_, i) => `CS-${round}-${i}`)
    node.send(announce('up', ...ids))
    await net.settle()
    overview.now()
    node.send(announce('down', ...ids))
    await net.wait(1)
    overview.now()
  }
  const gone = overview.now().nodes.filter(({ state }) => state === 'down')
  assert.equal(gone.length, 2_000)
  assert.ok(gone.some(({ id }) => id === 'CS-49-99'))
  assert.equal(since('STAYS').state, 'up')
})
