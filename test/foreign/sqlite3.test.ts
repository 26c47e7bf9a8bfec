import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { startChain } from '../end-to-end/processes.ts'
import { needs } from '../needs.ts'
import { runDay } from './days.ts'
import { foreignStation } from './rpc.ts'

const SQLITE3 = '/usr/bin/sqlite3'

test('the shell of SQLite reads the file of a CSMS that runs, and finds it whole', async (t) => {
  if (!needs(t, SQLITE3)) return
  const { csms, folder } = await startChain(t, 0)
  const station = await foreignStation(t, csms.url, { identity: 'CS01', protocols: ['ocpp1.6'] })
  await runDay(station, 'ocpp1.6')
  await station.close()
  const ask = (sql: string) =>
    execFileSync(SQLITE3, ['-readonly', '-json', join(folder, 'csms.sqlite'), sql], { encoding: 'utf8' }) // biome-ignore format: one line

  assert.deepEqual(JSON.parse(ask('PRAGMA integrity_check')), [{ integrity_check: 'ok' }])
  const [row] = JSON.parse(ask('SELECT station, meter_start_wh FROM transactions'))
  assert.equal(row.station, 'CS01')
  const [message] = JSON.parse(ask("SELECT CAST(payload AS TEXT) AS payload FROM messages WHERE action = 'StartTransaction'")) // biome-ignore format: one line
  assert.equal(JSON.parse(message.payload).meterStart, row.meter_start_wh)
})
