import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const period = (startPeriod: number, limit: number) => ({ startPeriod, limit })

/** A profile of either generation that limits to 8 A from the start of charging. */
function profile16(more: Payload = {}, schedule: Payload = {}) {
  const chargingSchedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [period(0, 8)], ...schedule } // biome-ignore format: one line
  return { chargingProfileId: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', ...more, chargingSchedule } // biome-ignore format: one line
}

function profile2(more: Payload = {}, schedule: Payload = {}) {
  const chargingSchedule = [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [period(0, 8)], ...schedule }] // biome-ignore format: one line
  return { id: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', ...more, chargingSchedule } // biome-ignore format: one line
}

const FULL_W = 22_000
const AT_8A_W = 3 * 8 * 230

test('a limit is obeyed at once, and lifted at once', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge()
  assert.equal(bench.powerW(), FULL_W)

  const set = { connectorId: 1, csChargingProfiles: profile16() }
  assert.equal(await bench.status('SetChargingProfile', set), 'Accepted')
  assert.equal(bench.powerW(), AT_8A_W)
  assert.equal(await bench.status('ClearChargingProfile', { id: 1 }), 'Accepted')
  assert.equal(bench.powerW(), FULL_W)
  assert.equal(await bench.status('ClearChargingProfile', { id: 1 }), 'Unknown')
})

test('a schedule is followed to the second, and below six amperes the vehicle waits', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge()
  const chargingSchedulePeriod = [period(0, 16), period(30, 0), period(60, 10)]
  const csChargingProfiles = profile16({ chargingProfilePurpose: 'TxProfile' }, { chargingSchedulePeriod }) // biome-ignore format: one line
  await bench.ask('SetChargingProfile', { connectorId: 1, csChargingProfiles })

  const seen: number[] = []
  for (const seconds of [29, 1, 29, 1]) {
    await bench.pass(seconds)
    seen.push(bench.powerW())
  }
  assert.deepEqual(seen, [16 * 690, 0, 0, 10 * 690])
  assert.deepEqual(bench.statuses().slice(-3), ['Charging', 'SuspendedEVSE', 'Charging'])
})

test('in 2.x a change of the rate and a suspension are told by events', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.charge()
  bench.forget()
  await bench.ask('SetChargingProfile', { evseId: 0, chargingProfile: profile2() })
  const none = profile2({ id: 2, stackLevel: 1 }, { chargingSchedulePeriod: [period(0, 0)] })
  await bench.ask('SetChargingProfile', { evseId: 0, chargingProfile: none })

  assert.deepEqual(bench.events(), [
    ['Updated', 'ChargingRateChanged', 'Charging'],
    ['Updated', 'ChargingStateChanged', 'SuspendedEVSE'],
  ])
})

test('the limit of the station is shared by all that charge', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  const chargingSchedule = { startSchedule: '2026-01-01T00:00:00Z', chargingSchedulePeriod: [period(0, 20)] } // biome-ignore format: one line
  const csChargingProfiles = profile16({ chargingProfilePurpose: 'ChargePointMaxProfile', chargingProfileKind: 'Absolute' }, chargingSchedule) // biome-ignore format: one line
  assert.equal(await bench.status('SetChargingProfile', { connectorId: 0, csChargingProfiles }), 'Accepted') // biome-ignore format: one line
  await bench.charge(1)
  assert.equal(bench.powerW(1), 20 * 690)
  await bench.charge(2, 'TAG-2')
  assert.deepEqual([bench.powerW(1), bench.powerW(2)], [10 * 690, 10 * 690])
  await bench.unplug(1)
  assert.equal(bench.powerW(2), 20 * 690)
})

test('what is taken from one whose transaction ends by it goes to the others', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const setVariableData = [{ component: { name: 'TxCtrlr' }, variable: { name: 'TxStopPoint' }, attributeValue: 'EnergyTransfer' }] // biome-ignore format: one line
  await bench.ask('SetVariables', { setVariableData })
  await bench.charge(1)
  await bench.charge(2)
  const chargingSchedulePeriod = [period(0, 8)]
  const chargingProfile = profile2({ chargingProfilePurpose: 'ChargingStationMaxProfile', chargingProfileKind: 'Absolute' }, { startSchedule: start, chargingSchedulePeriod }) // biome-ignore format: one line
  await bench.ask('SetChargingProfile', { evseId: 0, chargingProfile })

  assert.equal(bench.powerW(1), AT_8A_W)
  assert.deepEqual(bench.events().at(-1), [
    'Ended',
    'ChargingStateChanged',
    'SuspendedEVSE',
    'Other',
  ])
})

const start = '2026-01-01T00:00:00Z'
const refused = [
  ['a TxProfile without a transaction', 1, { chargingProfilePurpose: 'TxProfile' }, {}, 'TxNotFound'],
  ['a TxProfile of the station', 0, { chargingProfilePurpose: 'TxProfile' }, {}, 'InvalidProfile'],
  ['an EVSE that is not there', 3, {}, {}, 'UnknownEvse'],
  ['a limit of the station at an EVSE', 1, { chargingProfilePurpose: 'ChargingStationMaxProfile', chargingProfileKind: 'Absolute' }, { startSchedule: start }, 'InvalidProfile'],
  ['a relative limit of the station', 0, { chargingProfilePurpose: 'ChargingStationMaxProfile' }, {}, 'InvalidProfile'],
  ['an external limit', 0, { chargingProfilePurpose: 'ChargingStationExternalConstraints', chargingProfileKind: 'Absolute' }, { startSchedule: start }, 'InvalidProfile'],
  ['a stack level above the maximum', 0, { stackLevel: 9 }, {}, 'InvalidStackLevel'],
  ['a validity that ends before it begins', 0, { validFrom: start, validTo: start }, {}, 'InvalidProfile'],
  ['a validity that is over', 0, { validTo: start }, {}, 'InvalidProfile'],
  ['a recurrence without a period', 0, { chargingProfileKind: 'Recurring' }, { startSchedule: start }, 'InvalidProfile'],
  ['a recurrence without a start', 0, { chargingProfileKind: 'Recurring', recurrencyKind: 'Daily' }, {}, 'InvalidSchedule'],
  ['a relative schedule with a start', 0, {}, { startSchedule: start }, 'InvalidSchedule'],
  ['a first period that is late', 0, {}, { chargingSchedulePeriod: [period(1, 8)] }, 'InvalidSchedule'],
  ['periods out of order', 0, {}, { chargingSchedulePeriod: [period(0, 8), period(9, 8), period(9, 8)] }, 'InvalidSchedule'],
  ['a negative limit', 0, {}, { chargingSchedulePeriod: [period(0, -8)] }, 'InvalidSchedule'],
  ['more periods than allowed', 0, {}, { chargingSchedulePeriod: Array.from({ length: 97 }, (_, at) => period(at, 8)) }, 'InvalidSchedule'],
  ['1 024 periods', 0, {}, { chargingSchedulePeriod: Array.from({ length: 1_024 }, (_, at) => period(at, 8)) }, 'InvalidSchedule'],
  ['a duration of nothing', 0, {}, { duration: 0 }, 'InvalidSchedule'],
] as const // biome-ignore format: a table
for (const [what, evseId, more, schedule, reasonCode] of refused) {
  test(`refused is ${what}, and nothing changes`, async (t) => {
    const bench = await Bench.booted(t, 'ocpp2.0.1')
    const chargingProfile = profile2(more, schedule)
    const { status, statusInfo } = await bench.ask('SetChargingProfile', {
      evseId,
      chargingProfile,
    })
    assert.deepEqual([status, (statusInfo as Payload).reasonCode], ['Rejected', reasonCode])

    const answer = await bench.status('GetChargingProfiles', { requestId: 1, chargingProfile: {} })
    assert.equal(answer, 'NoProfiles')
  })
}

test('in 2.x a second profile of the same level is refused, in 1.6 it takes the place of the first', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.ask('SetChargingProfile', { evseId: 0, chargingProfile: profile2() })
  for (const evseId of [0, 1]) {
    const chargingProfile = profile2({ id: 2 })
    const { status, statusInfo } = await bench.ask('SetChargingProfile', {
      evseId,
      chargingProfile,
    })
    assert.deepEqual([status, statusInfo], ['Rejected', { reasonCode: 'DuplicateProfile', additionalInfo: 'another one has this level and purpose' }]) // biome-ignore format: one line
  }

  const old = await Bench.booted(t, 'ocpp1.6')
  await old.ask('SetChargingProfile', { connectorId: 1, csChargingProfiles: profile16() })
  const second = profile16({ chargingProfileId: 2 }, { chargingSchedulePeriod: [period(0, 10)] })
  await old.ask('SetChargingProfile', { connectorId: 1, csChargingProfiles: second })
  await old.charge()
  assert.equal(old.powerW(), 10 * 690)
  assert.equal(await old.status('ClearChargingProfile', { id: 1 }), 'Unknown')
})

test('each filter clears what it names, and leaves the rest', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const install = async () => {
    await bench.ask('ClearChargingProfile', { chargingProfileCriteria: {} })
    await bench.ask('SetChargingProfile', { evseId: 1, chargingProfile: profile2({ id: 1 }) })
    await bench.ask('SetChargingProfile', { evseId: 2, chargingProfile: profile2({ id: 2, stackLevel: 1 }) }) // biome-ignore format: one line
    const station = profile2({ id: 3, chargingProfilePurpose: 'ChargingStationMaxProfile', chargingProfileKind: 'Absolute' }, { startSchedule: start }) // biome-ignore format: one line
    await bench.ask('SetChargingProfile', { evseId: 0, chargingProfile: station })
  }
  const left = async () => {
    bench.forget()
    await bench.ask('GetChargingProfiles', { requestId: 5, chargingProfile: {} })
    return bench.of('ReportChargingProfiles').flatMap(({ chargingProfile }) => (chargingProfile as Payload[]).map(({ id }) => id)).sort() // biome-ignore format: one line
  }
  const filters = [
    [{ chargingProfileId: 2 }, [1, 3]],
    // An id is enough (K10.FR.03).
    [{ chargingProfileId: 2, chargingProfileCriteria: { evseId: 1, stackLevel: 7 } }, [1, 3]],
    [{ chargingProfileCriteria: { evseId: 1 } }, [2, 3]],
    [{ chargingProfileCriteria: { stackLevel: 0 } }, [2]],
    [{ chargingProfileCriteria: { chargingProfilePurpose: 'TxDefaultProfile' } }, [3]],
    [{ chargingProfileCriteria: { evseId: 2, stackLevel: 1 } }, [1, 3]],
  ] as const
  for (const [filter, rest] of filters) {
    await install()
    assert.equal(await bench.status('ClearChargingProfile', filter), 'Accepted')
    assert.deepEqual(await left(), rest)
    assert.equal(await bench.status('ClearChargingProfile', filter), 'Unknown')
  }
})

test('an id that is not there clears nothing, whatever else would match', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.ask('SetChargingProfile', { evseId: 1, chargingProfile: profile2() })
  const criteria = { chargingProfileId: 9, chargingProfileCriteria: { evseId: 1 } }
  assert.equal(await bench.status('ClearChargingProfile', criteria), 'Unknown')

  const old = await Bench.booted(t, 'ocpp1.6')
  await old.charge()
  await old.ask('SetChargingProfile', { connectorId: 1, csChargingProfiles: profile16() })
  assert.equal(await old.status('ClearChargingProfile', { id: 9, connectorId: 1 }), 'Unknown')
  assert.equal(old.powerW(), AT_8A_W)

  const other = { connectorId: 2, stackLevel: 7, chargingProfilePurpose: 'TxProfile' }
  assert.equal(await old.status('ClearChargingProfile', { id: 1, ...other }), 'Accepted')
  assert.equal(old.powerW(), FULL_W)
})

test('reports tell profiles by EVSE, with more to come until the last', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  for (let id = 1; id <= 6; id++) {
    await bench.ask('SetChargingProfile', { evseId: 1, chargingProfile: profile2({ id, stackLevel: id }) }) // biome-ignore format: one line
  }
  bench.station.limitExternally(10_000)
  await bench.ask('GetChargingProfiles', { requestId: 7, chargingProfile: {} })
  const parts = bench.of('ReportChargingProfiles')
  assert.deepEqual(parts.map(({ evseId, tbc, chargingLimitSource, requestId }) => [evseId, tbc ?? false, chargingLimitSource, requestId]), [[1, true, 'CSO', 7], [1, true, 'CSO', 7], [0, false, 'Other', 7]]) // biome-ignore format: one line

  bench.forget()
  const chargingProfile = { chargingLimitSource: ['Other'] }
  await bench.ask('GetChargingProfiles', { requestId: 8, chargingProfile })
  assert.equal(bench.of('ReportChargingProfiles').length, 1)
  await bench.ask('ClearChargingProfile', { chargingProfileCriteria: {} })
  bench.forget()
  await bench.ask('GetChargingProfiles', { requestId: 9, chargingProfile: {} })
  assert.equal(bench.last('ReportChargingProfiles').chargingLimitSource, 'Other')
})

test('the grid limits the station, which says so and obeys', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.charge()
  bench.station.limitExternally(6_900)
  await bench.pass(1)
  assert.equal(bench.powerW(), 6_900)
  assert.ok(bench.last('NotifyChargingLimit'))
  bench.station.limitExternally(undefined)
  await bench.pass(1)
  assert.equal(bench.powerW(), FULL_W)
  assert.ok(bench.last('ClearedChargingLimit'))
})

test('the composite schedule says in both units what will be obeyed', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  const chargingSchedulePeriod = [period(0, 16), period(60, 8)]
  await bench.ask('SetChargingProfile', { connectorId: 1, csChargingProfiles: profile16({}, { chargingSchedulePeriod, duration: 120 }) }) // biome-ignore format: one line
  const ask = async (connectorId: number, chargingRateUnit?: string) => {
    const { chargingSchedule } = await bench.ask('GetCompositeSchedule', { connectorId, duration: 300, ...(chargingRateUnit && { chargingRateUnit }) }) // biome-ignore format: one line
    return (chargingSchedule as { chargingSchedulePeriod: Payload[] }).chargingSchedulePeriod.map(({ startPeriod, limit }) => [startPeriod, limit]) // biome-ignore format: one line
  }

  assert.deepEqual(await ask(1, 'A'), [[0, 16], [60, 8], [120, 31.8]]) // biome-ignore format: one line
  assert.deepEqual(await ask(1), [[0, 16 * 690], [60, 8 * 690], [120, FULL_W]]) // biome-ignore format: one line
  // The station as a whole: both connectors, then no more than it may itself.
  assert.deepEqual(await ask(0, 'W'), [[0, 16 * 690 + FULL_W], [60, 8 * 690 + FULL_W], [120, 2 * FULL_W]]) // biome-ignore format: one line
  const most = profile16({ chargingProfileId: 2, chargingProfilePurpose: 'ChargePointMaxProfile', chargingProfileKind: 'Absolute' }, { startSchedule: start, chargingSchedulePeriod: [period(0, 45)] }) // biome-ignore format: one line
  await bench.ask('SetChargingProfile', { connectorId: 0, csChargingProfiles: most })
  assert.deepEqual(await ask(0, 'A'), [[0, 45], [60, 39.8], [120, 45]]) // biome-ignore format: one line
  const newer = await Bench.booted(t, 'ocpp2.0.1')
  await newer.ask('SetChargingProfile', { evseId: 0, chargingProfile: profile2() })
  const { schedule } = await newer.ask('GetCompositeSchedule', { evseId: 2, duration: 60, chargingRateUnit: 'A' }) // biome-ignore format: one line
  assert.deepEqual((schedule as Payload).chargingSchedulePeriod, [{ ...period(0, 8), numberPhases: 3 }]) // biome-ignore format: one line
  const { schedule: all } = await newer.ask('GetCompositeSchedule', { evseId: 0, duration: 60, chargingRateUnit: 'A' }) // biome-ignore format: one line
  assert.deepEqual((all as Payload).chargingSchedulePeriod, [{ ...period(0, 16), numberPhases: 3 }]) // biome-ignore format: one line
  assert.equal(await newer.status('GetCompositeSchedule', { evseId: 3, duration: 9 }), 'Rejected')
  assert.equal(await bench.status('GetCompositeSchedule', { connectorId: 3, duration: 9 }), 'Rejected') // biome-ignore format: one line
})

for (const [protocol, limit] of [['ocpp2.0.1', 31.8], ['ocpp2.1', 31.884057971014496]] as const) {
  test(`${protocol}: a composite schedule says a limit as finely as its version may, and no more than is allowed`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    const { schedule } = await bench.ask('GetCompositeSchedule', { evseId: 1, duration: 60, chargingRateUnit: 'A' }) // biome-ignore format: one line
    const [first] = (schedule as { chargingSchedulePeriod: Payload[] }).chargingSchedulePeriod
    assert.equal(first?.limit, limit)
  })
} // biome-ignore format: two versions

test('profiles are there after a restart, but for those of a transaction', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const before = await Bench.booted(t, 'ocpp2.0.1', file)
  await before.charge()
  const transactionId = before.transactionId()
  const own = profile2({ id: 2, chargingProfilePurpose: 'TxProfile', transactionId })
  assert.equal(await before.status('SetChargingProfile', { evseId: 1, chargingProfile: own }), 'Accepted') // biome-ignore format: one line
  const kept = profile2({ id: 1 }, { chargingSchedulePeriod: [period(0, 10)] })
  await before.ask('SetChargingProfile', { evseId: 0, chargingProfile: kept })
  assert.equal(before.powerW(), AT_8A_W)
  await before.stop()

  const after = await Bench.booted(t, 'ocpp2.0.1', file)
  await after.charge(1)
  assert.equal(after.powerW(), 10 * 690)
  await after.ask('GetChargingProfiles', { requestId: 1, chargingProfile: {} })
  assert.deepEqual(after.of('ReportChargingProfiles').length, 1)
})
