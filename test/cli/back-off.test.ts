import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocketServer } from 'ws'
import { loadConfig } from '../../src/cli/config.ts'
import { startNode } from '../../src/cli/start-node.ts'
import { silentLogger } from '../../src/node/core.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { until } from '../support/until.ts'

test('a station waits before it dials again as its CSMS has set it over OCPP, after a restart too', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (offered) => [...offered][0] ?? false }) // biome-ignore format: one line
  await once(server, 'listening')
  t.after(() => server.close())
  const heard: unknown[][] = []
  server.on('connection', (socket) => {
    t.after(() => socket.terminate())
    socket.on('message', (data) => {
      const frame: unknown[] = JSON.parse(String(data))
      heard.push(frame)
      const boot = { status: 'Accepted', currentTime: new Date().toISOString(), interval: 300 }
      if (frame[0] === 2) socket.send(JSON.stringify([3, frame[1], frame[2] === 'BootNotification' ? boot : {}])) // biome-ignore format: one line
    })
  })
  const { port } = server.address() as AddressInfo
  const folder = temporaryFolder(t)
  const file = join(folder, 'station.yaml')
  writeFileSync(file, JSON.stringify({ nodeId: 'CS01', role: 'charging-station', data: folder, tokens: ['TAG-1'], security: { insecure: true }, uplinks: [{ url: `ws://127.0.0.1:${port}/`, mode: 'standard', protocol: 'ocpp2.0.1' }] })) // biome-ignore format: one line
  /** How long it waits after it was cut off. */
  const waitAfterLoss = async (running: Awaited<ReturnType<typeof startNode>>) => {
    const waits: number[] = []
    running.node.onEvent((event) => {
      if (event.name === 'link.retry') waits.push(event.inMs)
    })
    for (const socket of server.clients) socket.terminate()
    await until(() => waits.length > 0, 'the loss to be noticed')
    return waits[0]
  }

  const first = await startNode(loadConfig(file), silentLogger)
  await until(() => heard.some((frame) => frame[2] === 'BootNotification'), 'the boot')
  const set = (name: string, attributeValue: string) => ({ component: { name: 'OCPPCommCtrlr' }, variable: { name }, attributeValue }) // biome-ignore format: one line
  const setVariableData = [set('RetryBackOffWaitMinimum', '70'), set('RetryBackOffRandomRange', '0'), set('RetryBackOffRepeatTimes', '2')] // biome-ignore format: one line
  for (const socket of server.clients) socket.send(JSON.stringify([2, 's', 'SetVariables', { setVariableData }])) // biome-ignore format: one line
  await until(() => heard.some((frame) => frame[1] === 's'), 'its answer')
  const [, , answer] = heard.find((frame) => frame[1] === 's') ?? []
  const results = (answer as { setVariableResult: { attributeStatus: string }[] }).setVariableResult
  assert.deepEqual(results.map(({ attributeStatus }) => attributeStatus), ['Accepted', 'Accepted', 'Accepted']) // biome-ignore format: one line
  assert.equal(await waitAfterLoss(first), 70_000)
  await first.stop()

  heard.length = 0
  const second = await startNode(loadConfig(file), silentLogger)
  t.after(() => second.stop())
  await until(() => heard.some((frame) => frame[2] === 'BootNotification'), 'the boot after it')
  assert.equal(await waitAfterLoss(second), 70_000)
})
