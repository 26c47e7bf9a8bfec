import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startChain, startNode, UNSIGNED, until } from './processes.ts'

test('a station that listens is dialled by its node, boots at the CSMS above and charges', async (t) => {
  const { folder, csms } = await startChain(t, 0, { isSigned: false })
  const insecure = { port: 0, insecure: true }
  const simulation = { pauseS: 0.5, sessionS: 30, meterIntervalS: 1 }
  const station = await startNode(t, folder, { nodeId: 'CS01', role: 'charging-station', listen: [{ ...insecure, peer: 'csms', protocol: 'ocpp2.0.1' }], tokens: ['TAG-1'], simulation, log: 'silent', ...UNSIGNED }) // biome-ignore format: one line
  await startNode(t, folder, { nodeId: 'NN01', role: 'networking-node', listen: [insecure], uplinks: [{ url: csms.url, peerId: 'CSMS01' }], downlinks: [{ url: station.url, peerId: 'CS01', insecure: true }], log: 'silent', ...UNSIGNED }) // biome-ignore format: one line

  const node = await until('the station to charge', async () => {
    const { nodes } = (await (await fetch(`${csms.console}api/overview`)).json()) as { nodes: { id: string; protocol?: string; vendor?: string; evses: { status: string; powerW?: number }[] }[] } // biome-ignore format: one line
    return nodes.find(({ id, evses }) => id === 'CS01' && (evses[0]?.powerW ?? 0) > 0)
  })
  assert.equal(node.protocol, 'ocpp2.0.1')
  assert.match(node.vendor ?? '', /simulated/)
})
