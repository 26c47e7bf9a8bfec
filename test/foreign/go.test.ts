import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import {
  startChain,
  startExecutable,
  startNode,
  temporaryFolder,
  until,
} from '../end-to-end/processes.ts'
import { FOREIGN_GO, needsPeer } from '../needs.ts'
import { AT, idOf, runDay, SCRIPTS } from './days.ts'
import { startProgram } from './program.ts'
import { foreignStation } from './rpc.ts'

/** Go `lorenzodonini/ocpp-go` as station and as CSMS of each version it speaks. */

/** What the day of a Go station leaves at our CSMS, as far as versions differ. */
const DAYS = {
  'ocpp1.6': {
    actions: ['BootNotification', 'StatusNotification', 'Authorize', 'StartTransaction', 'MeterValues', 'StopTransaction'],
    status: 'Preparing',
    reason: 'Local', // what 1.6 means by none
    registersWh: [250], // the first and the last are no meter values in 1.6
  },
  'ocpp2.0.1': {
    actions: ['BootNotification', 'StatusNotification', 'Authorize', 'TransactionEvent', 'TransactionEvent', 'TransactionEvent'],
    status: 'Occupied',
    reason: 'EVDisconnected',
    registersWh: [100, 250, 400],
  },
} as const // biome-ignore format: a table
const PROTOCOLS = Object.keys(DAYS) as (keyof typeof DAYS)[]

/** Starts the program of `test/foreign/go`. */
const start = (t: TestContext, ...args: string[]) => startProgram(t, FOREIGN_GO, args)

for (const protocol of PROTOCOLS) {
  test(`a Go station of ${protocol} boots, charges and is commanded behind our node`, async (t) => {
    if (!needsPeer(t, 'go')) return
    const { edge, folder, csms } = await startChain(t, 1, { isSigned: false })
    const station = start(t, 'station', protocol, edge.url.replace(/\/$/, ''), 'GO01')
    const told = await until('its day', () => station.lines[0])
    assert.deepEqual(told, { boot: 'Accepted', authorize: 'Accepted', token: 'Accepted' })

    const database = new DatabaseSync(join(folder, 'csms.sqlite'), { readOnly: true })
    t.after(() => database.close())
    const rows = (query: string) => database.prepare(query).all().map((row) => ({ ...row })) // biome-ignore format: one chain
    const { actions, status, reason, registersWh } = DAYS[protocol]
    assert.deepEqual(rows('SELECT station, protocol, action FROM messages ORDER BY id'), actions.map((action) => ({ station: 'GO01', protocol, action }))) // biome-ignore format: one line
    assert.deepEqual(rows('SELECT vendor, model FROM stations'), [{ vendor: 'Go', model: 'ocpp-go' }]) // biome-ignore format: one line
    assert.deepEqual(rows('SELECT evse_id, connector_id, status FROM connectors'), [{ evse_id: 1, connector_id: 1, status }]) // biome-ignore format: one line
    assert.deepEqual(rows('SELECT value, unit FROM meter_values ORDER BY id'), registersWh.map((value) => ({ value, unit: 'Wh' }))) // biome-ignore format: one line
    const [transaction, ...others] = rows('SELECT station, evse_id, connector_id, id_token, started_at, meter_start_wh, ended_at, meter_stop_wh, reason FROM transactions') // biome-ignore format: one line
    const noon = '2026-11-22T12:00:00Z'
    assert.deepEqual(transaction, { station: 'GO01', evse_id: 1, connector_id: 1, id_token: 'TAG-1', started_at: noon, meter_start_wh: 100, ended_at: noon, meter_stop_wh: 400, reason }) // biome-ignore format: one line
    assert.deepEqual(others, [])

    const send = startExecutable(t, 'send', 'GO01', 'ClearCache', '{}', '--uplink', csms.url)
    assert.equal(await send.ended, 0, send.errors())
    assert.deepEqual(JSON.parse(send.output()), { status: 'Accepted' })
    station.stdin.write('leave\n')
    await until('it to leave', () => station.lines.some((line) => line.action === 'gone'))
    assert.deepEqual(station.lines.slice(1), [
      { station: 'GO01', action: 'ClearCache', asked: {} },
      { station: 'GO01', action: 'gone' },
    ])
  })

  test(`a Go CSMS of ${protocol} sees our foreign station as if directly connected`, async (t) => {
    if (!needsPeer(t, 'go')) return
    const foreign = start(t, 'csms', protocol)
    const port = await until('the Go CSMS', () => foreign.lines[0]?.port)
    const uplinks = [{ name: 'go', url: `ws://127.0.0.1:${port}/`, mode: 'per-station' }]
    const node = await startNode(t, temporaryFolder(t), { nodeId: 'NN01', role: 'networking-node', listen: [{ port: 0, insecure: true }], uplinks, data: temporaryFolder(t), log: 'silent' }) // biome-ignore format: one line
    const station = await foreignStation(t, node.url, { identity: idOf(protocol), protocols: [protocol] }) // biome-ignore format: one line
    const [boot] = await runDay(station, protocol)
    assert.deepEqual(boot, { status: 'Accepted', currentTime: AT, interval: 300 })
    await station.close()
    await until('its connection to close', () => foreign.lines.some((line) => line.action === 'gone')) // biome-ignore format: one line
    const asked = SCRIPTS[protocol].map(([action, payload]) => ({ action, asked: payload }))
    assert.deepEqual(foreign.lines.slice(1), [...asked, { action: 'gone' }].map((line) => ({ station: idOf(protocol), ...line }))) // biome-ignore format: one line
  })
}
