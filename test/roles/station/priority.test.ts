import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const NOTICE = 'NotifyPriorityCharging'

function profile(id: number, limit: number, more: Payload = {}, schedule: Payload = {}) {
  const chargingSchedulePeriod = [{ startPeriod: 0, limit }]
  const chargingSchedule = [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod, ...schedule }]
  return { id, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', ...more, chargingSchedule } // biome-ignore format: one line
}

const PRIORITY = { chargingProfilePurpose: 'PriorityCharging' }
const set = (bench: Bench, chargingProfile: object, evseId = 0) =>
  bench.ask('SetChargingProfile', { evseId, chargingProfile })
const use = (bench: Bench, activate = true, transactionId = bench.transactionId()) =>
  bench.ask('UsePriorityCharging', { transactionId, activate })
const composite = async (bench: Bench) => {
  const request = { evseId: 1, duration: 60, chargingRateUnit: 'A' }
  const { schedule } = await bench.ask('GetCompositeSchedule', request)
  return ((schedule as Payload).chargingSchedulePeriod as Payload[]).map(({ limit }) => limit)
}

/** A station at which somebody charges with 8 A, and could with 20 A. */
async function charging(t: Parameters<typeof Bench.booted>[0], file?: string): Promise<Bench> {
  const bench = await Bench.booted(t, 'ocpp2.1', file)
  await set(bench, profile(1, 8))
  await set(bench, profile(2, 20, PRIORITY))
  await bench.charge()
  assert.equal(bench.powerW(), 8 * 690)
  bench.forget()
  return bench
}

test('with priority the transaction obeys another profile, which is told, and without it the old one', async (t) => {
  const bench = await charging(t)
  const transactionId = bench.transactionId()
  assert.deepEqual(await composite(bench), [8])
  assert.deepEqual(await use(bench), { status: 'Accepted' })
  assert.equal(bench.powerW(), 20 * 690)
  assert.deepEqual(bench.of(NOTICE), [{ transactionId, activated: true }])
  assert.deepEqual(bench.events(), [['Updated', 'ChargingRateChanged', 'Charging']])
  assert.deepEqual(await composite(bench), [20])

  assert.deepEqual(await use(bench, false), { status: 'Accepted' })
  assert.equal(bench.powerW(), 8 * 690)
  assert.deepEqual(bench.last(NOTICE), { transactionId, activated: false })
  assert.deepEqual(await composite(bench), [8])
})

test('priority stands above a TxProfile of any level, and below everything that limits the station', async (t) => {
  const bench = await charging(t)
  const own = { chargingProfilePurpose: 'TxProfile', stackLevel: 8, transactionId: bench.transactionId() } // biome-ignore format: one line
  await set(bench, profile(3, 7, own), 1)
  assert.equal(bench.powerW(), 7 * 690)
  await use(bench)
  assert.equal(bench.powerW(), 20 * 690)

  const station = { chargingProfilePurpose: 'ChargingStationMaxProfile', chargingProfileKind: 'Absolute' } // biome-ignore format: one line
  await set(bench, profile(4, 16, station, { startSchedule: '2026-01-01T00:00:00Z' }))
  assert.equal(bench.powerW(), 16 * 690)
  bench.station.limitExternally(6_900)
  await bench.pass(1)
  assert.equal(bench.powerW(), 6_900)
})

test('priority is for one transaction: neither the next nor the neighbour has it', async (t) => {
  const bench = await charging(t)
  await bench.charge(2, 'TAG-2')
  await use(bench)
  assert.deepEqual([bench.powerW(1), bench.powerW(2)], [20 * 690, 8 * 690])
  const before = bench.transactionId()
  await bench.unplug(1)
  await bench.charge(1, 'TAG-3')
  assert.equal(bench.powerW(1), 8 * 690)
  assert.equal(bench.of(NOTICE).length, 1)
  const { status, statusInfo } = await use(bench, true, before)
  assert.deepEqual([status, statusInfo], ['Rejected', { reasonCode: 'TxNotFound' }])
})

test('priority is refused without a profile for the EVSE, and without a transaction', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await set(bench, profile(1, 8))
  await set(bench, profile(2, 20, PRIORITY), 2)
  await bench.charge()
  bench.forget()
  assert.deepEqual(await use(bench), { status: 'NoProfile', statusInfo: { reasonCode: 'NotFound' } }) // biome-ignore format: one line
  assert.equal(await bench.status('UsePriorityCharging', { transactionId: 'other', activate: true }), 'Rejected') // biome-ignore format: one line
  assert.equal(await bench.status('UsePriorityCharging', { transactionId: 'other', activate: false }), 'Rejected') // biome-ignore format: one line
  // To end what was not begun has no effect, and is not told.
  assert.deepEqual(await use(bench, false), { status: 'Accepted' })
  assert.equal(bench.powerW(), 8 * 690)
  assert.deepEqual(bench.of(NOTICE), [])
})

test('to ask twice for priority changes nothing the second time', async (t) => {
  const bench = await charging(t)
  await use(bench)
  await use(bench)
  assert.equal(bench.of(NOTICE).length, 1)
})

test('where the profile of priority is cleared, priority is over, and the CSMS hears of it', async (t) => {
  const bench = await charging(t)
  await use(bench)
  await bench.ask('ClearChargingProfile', { chargingProfileId: 2 })
  assert.equal(bench.powerW(), 8 * 690)
  assert.equal(bench.last(NOTICE).activated, false)
  await set(bench, profile(2, 20, PRIORITY))
  assert.equal(bench.powerW(), 8 * 690)
})

test('another profile of priority counts at once; one that does not count yet lifts nothing', async (t) => {
  const bench = await charging(t)
  await use(bench)
  await set(bench, profile(2, 12, PRIORITY))
  assert.equal(bench.powerW(), 12 * 690)
  assert.equal(bench.of(NOTICE).length, 1)
  await set(bench, profile(2, 24, { ...PRIORITY, validFrom: '2026-01-01T00:01:00Z' }))
  assert.equal(bench.powerW(), 8 * 690)
  await bench.pass(60)
  assert.equal(bench.powerW(), 24 * 690)
})

test('somebody at the station can ask for priority too, and is told where there is none', async (t) => {
  const bench = await charging(t)
  const transactionId = bench.transactionId()
  assert.equal(bench.station.prioritize(2, true), false)
  assert.equal(bench.station.prioritize(1, true), true)
  await bench.pass(1)
  assert.equal(bench.powerW(), 20 * 690)
  assert.deepEqual(bench.of(NOTICE), [{ transactionId, activated: true }])
  assert.equal(bench.station.prioritize(1, false), true)
  await bench.pass(1)
  assert.equal(bench.powerW(), 8 * 690)
  assert.deepEqual(bench.last(NOTICE), { transactionId, activated: false })
  await bench.ask('ClearChargingProfile', { chargingProfileId: 2 })
  assert.equal(bench.station.prioritize(1, true), false)
  assert.equal(bench.of(NOTICE).length, 2)
})

test('the profile of priority is there after a restart, and priority itself is not', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const before = await charging(t, file)
  await use(before)
  await before.stop()

  const bench = await Bench.booted(t, 'ocpp2.1', file)
  await bench.charge()
  assert.equal(bench.powerW(), 8 * 690)
  assert.deepEqual(await use(bench), { status: 'Accepted' })
  assert.equal(bench.powerW(), 20 * 690)
})

test('a profile of priority that ends, discharges or names a transaction is refused', async (t) => {
  const bench = await charging(t)
  const chargingSchedulePeriod = [{ startPeriod: 0, limit: 8, operationMode: 'CentralSetpoint' }]
  for (const [wrong, reasonCode] of [
    [profile(5, 20, { ...PRIORITY, stackLevel: 1 }, { duration: 60 }), 'InvalidSchedule'],
    [profile(5, 20, { ...PRIORITY, stackLevel: 1 }, { chargingSchedulePeriod }), 'InvalidSchedule'],
    [profile(5, 20, { ...PRIORITY, stackLevel: 1, transactionId: 'T1' }), 'InvalidProfile'],
    [profile(5, 20, PRIORITY), 'DuplicateProfile'],
  ] as const) {
    const { status, statusInfo } = await set(bench, wrong)
    assert.deepEqual([status, (statusInfo as Payload).reasonCode], ['Rejected', reasonCode])
  }
})

test('2.0.1 knows no priority', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.charge()
  await assert.rejects(() => use(bench))
})
