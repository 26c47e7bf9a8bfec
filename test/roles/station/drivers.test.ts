import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROTOCOLS } from '../../../src/messages/protocols.ts'
import { Bench } from './bench.ts'

const RHYTHM = { tokens: ['TAG-1'], pauseS: 2, sessionS: 60, meterIntervalS: 20, evses: 1 }

for (const protocol of PROTOCOLS) {
  test(`${protocol}: drivers come, charge and go, as often as they are told to`, async (t) => {
    const bench = new Bench(t, protocol)
    await bench.start({ ...RHYTHM, sessions: 2 })
    await bench.pass(300)

    const told = bench.calls.filter(({ action }) => /Transaction|MeterValues/.test(action))
    assert.equal(told.length, 2 * 5)
    assert.equal(bench.statuses().at(-1), 'Available')
  })
}

test('a driver whose transaction is ended by somebody else goes away', async (t) => {
  const bench = new Bench(t, 'ocpp1.6')
  await bench.start({ ...RHYTHM, sessions: 1 })
  await bench.pass(5)
  await bench.ask('RemoteStopTransaction', { transactionId: 101 })
  await bench.pass(1)

  assert.equal(bench.last('StopTransaction').reason, 'Remote')
  assert.equal(bench.statuses().at(-1), 'Available')
})

test('drivers go on after a reset', async (t) => {
  const bench = new Bench(t, 'ocpp2.0.1')
  await bench.start({ ...RHYTHM })
  await bench.pass(5)
  await bench.ask('Reset', { type: 'Immediate' })
  await bench.pass(1)
  await bench.connect()
  bench.forget()
  await bench.pass(70)

  assert.deepEqual(bench.events()[0], ['Started', 'Authorized', 'Charging'])
  assert.deepEqual(
    bench.events().find(([type]) => type === 'Ended'),
    ['Ended', 'StopAuthorized', 'EVConnected', 'Local'],
  )
})

test('a driver who leaves a cable comes back for it', async (t) => {
  const bench = new Bench(t, 'ocpp2.1')
  await bench.start({ ...RHYTHM, sessions: 1 })
  await bench.set('OCPPCommCtrlr.UnlockOnEVSideDisconnect', 'false')
  // Nothing flows: the driver goes away while they may still charge.
  await bench.set('TxCtrlr.TxStartPoint', 'EnergyTransfer')
  const chargingSchedule = [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 0 }] }] // biome-ignore format: one line
  const chargingProfile = { id: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule } // biome-ignore format: one line
  assert.equal(await bench.status('SetChargingProfile', { evseId: 1, chargingProfile }), 'Accepted')
  await bench.pass(5)

  assert.ok(bench.of('Authorize').length > 0)
  assert.equal(bench.station.evse(1).isLocked, false)
  assert.equal(bench.statuses().at(-1), 'Available')
})

test('a station without tokens has no drivers, and needs little to be one', async (t) => {
  const bench = new Bench(t, 'ocpp2.1')
  await bench.start()
  await bench.pass(120)

  assert.deepEqual(new Set(bench.calls.map(({ action }) => action)), new Set(['BootNotification', 'SecurityEventNotification', 'StatusNotification'])) // biome-ignore format: one line
})
