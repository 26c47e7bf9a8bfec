import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { PROTOCOLS } from '../../../src/messages/protocols.ts'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const FULL_W = 22_000
const PERIODS = [
  { startPeriod: 0, limit: 10 },
  { startPeriod: 30, limit: 0 },
  { startPeriod: 60, limit: 16 },
]
const schedule = { chargingRateUnit: 'A', chargingSchedulePeriod: PERIODS }
const common = {
  stackLevel: 0,
  chargingProfilePurpose: 'TxProfile',
  chargingProfileKind: 'Relative',
}

type Start = (more?: Payload) => readonly [action: string, request: object]
const idToken = { idToken: 'TAG-1', type: 'Central' }
const start16: Start = (more) => {
  const chargingProfile = { ...common, chargingProfileId: 7, chargingSchedule: schedule, ...more }
  return ['RemoteStartTransaction', { connectorId: 1, idTag: 'TAG-1', chargingProfile }]
}
const start2: Start = (more) => {
  const chargingProfile = { ...common, id: 7, chargingSchedule: [{ id: 1, ...schedule }], ...more }
  return ['RequestStartTransaction', { evseId: 1, idToken, remoteStartId: 7, chargingProfile }]
}

for (const version of PROTOCOLS) {
  const start = version === 'ocpp1.6' ? start16 : start2
  test(`${version}: the vehicle gets what the profile of the remote start allows, and its successor gets everything`, async (t) => {
    const bench = await Bench.booted(t, version)
    const is16 = version === 'ocpp1.6'
    await bench.set(is16 ? 'MeterValuesSampledData' : 'SampledDataCtrlr.TxUpdatedMeasurands', 'Power.Active.Import') // biome-ignore format: one line
    assert.equal(await bench.status(...start()), 'Accepted')
    assert.equal(bench.powerW(), 0)
    await bench.pass(5)
    await bench.plugIn(1)
    const seen = [bench.powerW()]
    for (const seconds of [29, 1, 29, 1]) {
      await bench.pass(seconds)
      seen.push(bench.powerW())
    }
    assert.deepEqual(seen, [10 * 690, 10 * 690, 0, 0, 16 * 690])
    // What the CSMS sees is the meter, and not what the station intends.
    await bench.pass(10)
    const { meterValue } = bench.last(is16 ? 'MeterValues' : 'TransactionEvent')
    const [{ sampledValue }] = meterValue as [{ sampledValue: Payload[] }]
    assert.equal(Number(sampledValue[0]?.value), 16 * 690)

    await bench.unplug(1)
    await bench.charge(1, 'TAG-2')
    assert.equal(bench.powerW(), FULL_W)
  })

  test(`${version}: a profile of a remote start that is for something else starts nothing`, async (t) => {
    const bench = await Bench.booted(t, version)
    await bench.plugIn(1)
    const purpose = version === 'ocpp1.6' ? 'ChargePointMaxProfile' : 'ChargingStationMaxProfile'
    const wrong = [
      { chargingProfilePurpose: 'TxDefaultProfile' },
      { chargingProfilePurpose: purpose },
      { transactionId: version === 'ocpp1.6' ? 1 : 'T1' },
      { stackLevel: 9 },
      { chargingProfileKind: 'Recurring', recurrencyKind: 'Daily' },
    ]
    for (const more of wrong) {
      assert.equal(await bench.status(...start(more)), 'Rejected', JSON.stringify(more))
    }
    assert.equal(bench.of('StartTransaction', 'TransactionEvent').length, 0)
    assert.equal(bench.powerW(), 0)
  })
}

test('a profile of a remote start is not taken over by what comes after a restart', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const before = await Bench.booted(t, 'ocpp1.6', file)
  await before.plugIn(1)
  await before.ask(...start16())
  assert.equal(before.powerW(), 10 * 690)
  await before.stop()

  const after = await Bench.booted(t, 'ocpp1.6', file)
  assert.equal(after.last('StopTransaction').reason, 'PowerLoss')
  await after.charge()
  assert.equal(after.powerW(), FULL_W)
})

test('a station whose store of profiles is full refuses the remote start that brings one', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.plugIn(1)
  for (let level = 0; level < 100; level++) {
    const startSchedule = new Date(Date.UTC(2030, 0, 1 + level)).toISOString()
    const validTo = new Date(Date.UTC(2030, 0, 2 + level)).toISOString()
    const chargingProfile = { id: 100 + level, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute', validFrom: startSchedule, validTo, chargingSchedule: [{ id: 1, ...schedule, startSchedule }] } // biome-ignore format: one line
    assert.equal(await bench.status('SetChargingProfile', { evseId: 0, chargingProfile }), 'Accepted') // biome-ignore format: one line
  }
  const { status, statusInfo } = await bench.ask(...start2())
  assert.deepEqual([status, (statusInfo as Payload).reasonCode], ['Rejected', 'OutOfStorage'])
  assert.equal(bench.of('TransactionEvent').length, 0)
})

test('the limit of the grid is not replaced by a profile that bears its id', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.charge()
  bench.station.limitExternally(6_900)
  const chargingProfile = { id: -1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule: [{ id: 1, ...schedule }] } // biome-ignore format: one line
  const { status, statusInfo } = await bench.ask('SetChargingProfile', { evseId: 0, chargingProfile }) // biome-ignore format: one line
  assert.deepEqual([status, (statusInfo as Payload).reasonCode], ['Rejected', 'InvalidProfileId'])
  await bench.pass(1)
  assert.equal(bench.powerW(), 6_900)
})
