import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { startCsms } from './raw-station.ts'

const BOOT = { chargePointVendor: 'V', chargePointModel: 'M' }
const AT = '2026-01-05T11:00:00.000Z'
const status = (word: string) => ({ connectorId: 1, errorCode: 'NoError', status: word, timestamp: AT }) // biome-ignore format: one line

test('one identity in two spellings is one station, called as it came first', async (t) => {
  const { store, station, csms } = await startCsms(t)
  const first = station('Depot-1', 'ocpp1.6')
  await first('BootNotification', BOOT)
  await first('StatusNotification', status('Available'))
  const again = station('DEPOT-1', 'ocpp1.6')
  await again('BootNotification', BOOT)
  await again('StatusNotification', status('Faulted'))
  await again('StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: AT })

  assert.deepEqual(store.stations().map((row) => row.station), ['Depot-1']) // biome-ignore format: one line
  assert.equal(store.messages.of('Depot-1').length, 5)
  assert.equal(store.stationRow('Depot-1')?.connectors[0]?.status, 'Faulted')
  assert.equal(store.charging.of('Depot-1').length, 1)
  assert.equal(csms.operations.protocolOf(store.spellingOf('dEPOT-1')), 'ocpp1.6')
})

test('a station that somebody entered in other letters is called as it comes, and one that was removed as before', async (t) => {
  const { store, station } = await startCsms(t)
  await store.write(() => store.putStation('cs-9', true))
  assert.equal(store.spellingOf('CS-9'), 'cs-9')
  await station('CS-9', 'ocpp1.6')('BootNotification', BOOT)
  assert.deepEqual(store.stations().map((row) => row.station), ['CS-9']) // biome-ignore format: one line
  await store.write(() => store.removeStation('CS-9', AT))
  await station('cs-9', 'ocpp1.6')('BootNotification', BOOT)
  assert.deepEqual(store.stations().map((row) => row.station), ['CS-9']) // biome-ignore format: one line
})

test('rows that an earlier version kept under two spellings are those of one station afterwards', async (t) => {
  const file = join(temporaryFolder(t), 'csms.sqlite')
  new CsmsStore(file).close()
  const old = new DatabaseSync(file)
  old.exec(
    `DELETE FROM migrations WHERE name = '12-one-spelling';
    DROP INDEX former_stations_in_any_case;
    INSERT INTO stations (station, protocol, seen_at, known) VALUES
      ('CS01', 'ocpp1.6', '2026-01-05T11:00:00.000Z', 1), ('cs01', 'ocpp1.6', '2026-01-06T11:00:00.000Z', 0),
      ('CS02', 'ocpp1.6', '2026-01-05T11:00:00.000Z', 1);
    INSERT INTO messages (station, protocol, action, received_at, payload) VALUES
      ('CS01', 'ocpp1.6', 'Heartbeat', '2026-01-05T11:00:00.000Z', '{}'), ('cs01', 'ocpp1.6', 'Heartbeat', '2026-01-06T11:00:00.000Z', '{}');
    INSERT INTO connectors VALUES ('CS01', 1, 1, 'Faulted', '2026-01-05T11:00:00.000Z'), ('cs01', 1, 1, 'Available', '2026-01-06T11:00:00.000Z'),
      ('CS01', 2, 1, 'Available', '2026-01-05T11:00:00.000Z');
    INSERT INTO transactions (station, transaction_id, started_at) VALUES ('CS01', 'A', '2026-01-05T11:00:00Z'), ('cs01', 'B', '2026-01-06T11:00:00Z'),
      ('CS01', 'B', '2026-01-05T12:00:00Z');
    INSERT INTO transaction_events (station, transaction_id, seq_no, event_type, trigger_reason, timestamp) VALUES
      ('CS01', 'A', 0, 'Started', 'Authorized', '2026-01-05T11:00:00Z'), ('CS01', 'B', 0, 'Started', 'Authorized', '2026-01-05T12:00:00Z')`.replaceAll(
      "'{}'",
      "x'7b7d'",
    ),
  )
  old.close()

  const store = new CsmsStore(file)
  t.after(() => store.close())
  assert.deepEqual(store.stations().map(({ station }) => station), ['CS02', 'cs01']) // biome-ignore format: one line
  assert.equal(store.messages.of('cs01').length, 2)
  const row = store.stationRow('cs01')
  assert.equal(row?.known, true)
  assert.deepEqual(row?.connectors.map(({ evseId, status: word }) => [evseId, word]), [[1, 'Available'], [2, 'Available']]) // biome-ignore format: one line
  assert.deepEqual(store.charging.of('cs01').map(({ transactionId }) => transactionId).toSorted(), ['A', 'B']) // biome-ignore format: one line
  assert.equal(store.charging.events('cs01', 'A', 9).length, 1)
  // Two transactions of one id are two: the other one can still be read.
  assert.equal(store.charging.events('CS01', 'B', 9).length, 1)
  assert.equal(store.charging.page({ limit: 9 }).length, 3)
})
