import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { startChain, startNode, temporaryFolder, UNSIGNED, until } from './processes.ts'

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('a station whose node is not there yet stays, and boots once it is', async (t) => {
  const folder = temporaryFolder(t)
  const port = await freePort()
  // A link that lived for less than ten seconds makes no wait short again, and chance may choose a minute.
  const backOff = { waitMinimumS: 1, randomRangeS: 1, repeatTimes: 1 }
  const uplinks = [{ url: `ws://127.0.0.1:${port}/`, mode: 'standard', protocol: 'ocpp1.6', backOff }] // biome-ignore format: one line
  const station = await startNode(t, folder, { nodeId: 'CS01', role: 'charging-station', uplinks, tokens: ['TAG-1'], log: 'info', ...UNSIGNED }) // biome-ignore format: one line
  await until('a second attempt', () => station.errors().split('link.retry').length > 2)

  const { csms } = await startChain(t, 0, { isSigned: false })
  const config = { nodeId: 'NN01', role: 'networking-node', listen: [{ port, insecure: true }], uplinks: [{ url: csms.url, peerId: 'CSMS01' }], log: 'silent', ...UNSIGNED } // biome-ignore format: one line
  const node = await startNode(t, folder, config)
  const isUp = async () => {
    const { nodes } = (await (await fetch(`${csms.console}api/overview`)).json()) as { nodes: { id: string; state: string; vendor?: string }[] } // biome-ignore format: one line
    return nodes.some(({ id, state, vendor }) => id === 'CS01' && state === 'up' && vendor)
  }
  await until('its boot', isUp)
  await node.kill()
  await until('its loss', async () => !(await isUp()))
  await startNode(t, folder, config)
  await until('it to be back', isUp)
  assert.equal(await Promise.race([station.ended, 'running']), 'running')
})

test('a node whose CSMS is gone shows since when, and when it tries again', async (t) => {
  const { csms, edge: node } = await startChain(t, 1)
  const uplink = async () => {
    const { links } = (await (await fetch(`${node.console}api/overview`)).json()) as { links: { to: string; state: string; since: string; nextTry?: string }[] } // biome-ignore format: one line
    return links.find(({ to }) => to === 'CSMS01')
  }
  await until('the uplink', async () => (await uplink())?.state === 'up')
  assert.equal((await uplink())?.nextTry, undefined)
  await csms.kill()
  const down = await until('its loss', async () => {
    const link = await uplink()
    return link?.nextTry !== undefined && link
  })
  assert.equal(down.state, 'down')
  assert.ok(Date.parse(`${down.nextTry}`) > Date.parse(down.since))
})
