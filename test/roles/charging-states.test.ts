import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { CsmsStore } from '../../src/storage/csms-store.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'
import { type Say, startCsms } from './raw-station.ts'

const at = (second: number) => `2026-01-05T11:00:${String(second).padStart(2, '0')}.000Z`

/** A station of OCPP 2.x at whose EVSE a transaction runs. */
async function started(t: TestContext, file?: string) {
  const csms = await startCsms(t, file)
  const say: Say = csms.station('CS01', 'ocpp2.0.1')
  const boot = { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }
  await say('BootNotification', boot)
  await say('StatusNotification', { evseId: 1, connectorId: 1, connectorStatus: 'Occupied', timestamp: at(0) }) // biome-ignore format: one line
  const event = (seqNo: number, chargingState?: string, eventType = seqNo === 0 ? 'Started' : 'Updated') =>
    say('TransactionEvent', { eventType, triggerReason: 'ChargingStateChanged', timestamp: at(seqNo), seqNo, transactionInfo: { transactionId: 'T1', ...(chargingState && { chargingState }) }, evse: { id: 1, connectorId: 1 } }) // biome-ignore format: one line
  const { store } = csms
  const seen = () => {
    const [connector] = store.stationRow('CS01')?.connectors ?? []
    return [connector?.state, connector?.chargingState]
  }
  const found = (status: string) => store.stationPage({ status, limit: 9 }).length > 0
  return { store, event, seen, found }
}

test('2.x: an EVSE charges unless its transaction has said that nothing flows, and why is told', async (t) => {
  const { store, event, seen, found } = await started(t)
  await event(0)
  assert.deepEqual(seen(), ['Charging', undefined])

  await event(1, 'Charging')
  assert.deepEqual(seen(), ['Charging', 'Charging'])
  await event(2, 'SuspendedEVSE')
  assert.deepEqual(seen(), ['Occupied', 'SuspendedEVSE'])
  assert.deepEqual(['Charging', 'Occupied', 'SuspendedEVSE', 'SuspendedEV'].map(found), [false, true, true, false]) // biome-ignore format: one line
  assert.equal(store.connectors()[0]?.chargingState, 'SuspendedEVSE')

  // An event that says nothing of it changes nothing; nor does one that comes late.
  await event(4)
  await event(3, 'Charging')
  assert.deepEqual(seen(), ['Charging', 'Charging'])
  await event(5, 'SuspendedEV')
  await event(1, 'Charging')
  assert.deepEqual(seen(), ['Occupied', 'SuspendedEV'])
  assert.deepEqual(['SuspendedEVSE', 'SuspendedEV'].map(found), [false, true])

  await event(6, 'Idle', 'Ended')
  assert.deepEqual(seen(), ['Occupied', undefined])
  assert.deepEqual(['Occupied', 'SuspendedEV'].map(found), [true, false])
})

test('what a file of an earlier version has of a running transaction says whether it charges', async (t) => {
  const file = join(temporaryFolder(t), 'csms.sqlite')
  const { event } = await started(t, file)
  await event(0, 'Charging')
  await event(1, 'SuspendedEV')
  await event(2)
  const old = new DatabaseSync(file)
  old.exec(`ALTER TABLE transactions DROP COLUMN charging_state;
    ALTER TABLE transaction_events DROP COLUMN charging_state;
    DELETE FROM migrations WHERE name = '11-charging-states'`)
  old.close()

  const store = new CsmsStore(file)
  t.after(() => store.close())
  const [connector] = store.stationRow('CS01')?.connectors ?? []
  assert.deepEqual([connector?.state, connector?.chargingState], ['Occupied', 'SuspendedEV'])
})
