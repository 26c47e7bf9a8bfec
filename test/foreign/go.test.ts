import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { startChain, startExecutable, startNode, until } from '../end-to-end/processes.ts'
import { FOREIGN_GO, needsPeer } from '../needs.ts'
import { idOf, runDay, SCRIPTS } from './days.ts'
import { startProgram } from './program.ts'
import { foreignStation } from './rpc.ts'

/** Go `lorenzodonini/ocpp-go` as station and as central system of 1.6. */

/** Starts the program of `test/foreign/go`. */
const start = (t: TestContext, ...args: string[]) => startProgram(t, FOREIGN_GO, args)

test('a Go station of ocpp1.6 boots, charges and is commanded behind our node', async (t) => {
  if (!needsPeer(t, 'go')) return
  const { edge, folder, csms } = await startChain(t, 1)
  const station = start(t, 'station', edge.url.replace(/\/$/, ''), 'GO01')
  const told = await until('its day', () => station.lines[0])
  assert.deepEqual(told, { boot: 'Accepted', token: 'Accepted' })
  const database = new DatabaseSync(join(folder, 'csms.sqlite'), { readOnly: true })
  t.after(() => database.close())
  const [row] = database.prepare('SELECT station, meter_start_wh, meter_stop_wh FROM transactions').all() // biome-ignore format: one line
  assert.deepEqual({ ...row }, { station: 'GO01', meter_start_wh: 100, meter_stop_wh: 400 })
  const send = startExecutable(t, 'send', 'GO01', 'ClearCache', '{}', '--uplink', csms.url)
  assert.equal(await send.ended, 0, send.errors())
  station.stdin.write('leave\n')
  assert.deepEqual(await until('it to leave', () => station.lines[1]), { commands: ['ClearCache'] })
})

test('a Go central system sees our foreign station as if directly connected', async (t) => {
  if (!needsPeer(t, 'go')) return
  const { folder } = await startChain(t, 0)
  const foreign = start(t, 'csms')
  const port = await until('the Go central system', () => foreign.lines[0]?.port)
  const uplinks = [{ name: 'go', url: `ws://127.0.0.1:${port}/`, mode: 'per-station' }]
  const node = await startNode(t, folder, { nodeId: 'NN01', role: 'networking-node', listen: [{ port: 0, insecure: true }], uplinks, data: join(folder, 'nn01'), log: 'silent' }) // biome-ignore format: one line
  const station = await foreignStation(t, node.url, { identity: idOf('ocpp1.6'), protocols: ['ocpp1.6'] }) // biome-ignore format: one line
  await runDay(station, 'ocpp1.6')
  await station.close()
  await until('its connection to close', () => foreign.lines.some((line) => line.action === 'gone'))
  const heard = foreign.lines.slice(1).map((line) => line.action)
  assert.deepEqual(heard, [...SCRIPTS['ocpp1.6'].map(([action]) => action), 'gone'])
})
