import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const FULL_W = 22_000
const PULL = 'PullDynamicScheduleUpdate'
const period = (limit: number, more: Payload = {}) => ({ startPeriod: 0, limit, ...more })

/** A limit of 10 A that may change, for everybody. */
function dynamic(more: Payload = {}, schedule: Payload = {}) {
  const chargingSchedule = [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [period(10)], ...schedule }] // biome-ignore format: one line
  return { id: 1, stackLevel: 1, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Dynamic', ...more, chargingSchedule } // biome-ignore format: one line
}

const set = (bench: Bench, chargingProfile: object, evseId = 0) =>
  bench.ask('SetChargingProfile', { evseId, chargingProfile })
const update = (bench: Bench, scheduleUpdate: Payload, chargingProfileId = 1) =>
  bench.ask('UpdateDynamicSchedule', { chargingProfileId, scheduleUpdate })
const reasonOf = ({ status, statusInfo }: Payload) =>
  status === 'Accepted' ? status : (statusInfo as Payload).reasonCode

/** The profile as the station reports it. */
async function reported(bench: Bench): Promise<Payload> {
  await bench.ask('GetChargingProfiles', { requestId: 1, chargingProfile: {} })
  const [profile] = bench.last('ReportChargingProfiles').chargingProfile as Payload[]
  assert.ok(profile)
  return profile
}

test('a dynamic limit counts at once, and so does each update of it, in schedule and report too', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.charge()
  assert.equal(reasonOf(await set(bench, dynamic())), 'Accepted')
  assert.equal(bench.powerW(), 10 * 690)
  assert.equal((await reported(bench)).dynUpdateTime, '2026-01-01T00:00:00.000Z')

  await bench.pass(30)
  bench.forget()
  assert.deepEqual(await update(bench, { limit: 16 }), { status: 'Accepted' })
  assert.equal(bench.powerW(), 16 * 690)
  assert.deepEqual(bench.events().at(-1), ['Updated', 'ChargingRateChanged', 'Charging'])
  const { schedule } = await bench.ask('GetCompositeSchedule', { evseId: 1, duration: 60, chargingRateUnit: 'A' }) // biome-ignore format: one line
  assert.deepEqual((schedule as Payload).chargingSchedulePeriod, [{ ...period(16), numberPhases: 3 }]) // biome-ignore format: one line
  const { dynUpdateTime, chargingSchedule } = await reported(bench)
  assert.equal(dynUpdateTime, '2026-01-01T00:00:30.000Z')
  assert.deepEqual((chargingSchedule as Payload[])[0]?.chargingSchedulePeriod, [period(16)])

  assert.equal(reasonOf(await update(bench, { limit: 0 })), 'Accepted')
  assert.equal(bench.powerW(), 0)
  assert.deepEqual(bench.events().at(-1), ['Updated', 'ChargingStateChanged', 'SuspendedEVSE'])
})

test('the last update of a dynamic limit is what counts after a restart', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const before = await Bench.booted(t, 'ocpp2.1', file)
  await set(before, dynamic({ dynUpdateInterval: 60 }))
  await update(before, { limit: 8 })
  await before.stop()

  const after = await Bench.booted(t, 'ocpp2.1', file)
  await after.charge()
  assert.equal(after.powerW(), 8 * 690)
  after.rule = ({ action }) => action === PULL ? { status: 'Accepted', scheduleUpdate: { limit: 12 } } : undefined // biome-ignore format: one line
  await after.pass(60)
  assert.equal(after.powerW(), 12 * 690)
})

test('a dynamic limit that nobody updates in time gives way, until it is updated again', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  const floor = { id: 2, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [period(7)] }] } // biome-ignore format: one line
  await set(bench, floor)
  await set(bench, dynamic({}, { duration: 30 }))
  await bench.charge()
  await bench.pass(29)
  assert.equal(bench.powerW(), 10 * 690)
  await bench.pass(1)
  assert.equal(bench.powerW(), 7 * 690)
  await update(bench, { limit: 12 })
  assert.equal(bench.powerW(), 12 * 690)
  await bench.pass(29)
  await update(bench, { limit: 11 })
  await bench.pass(29)
  assert.equal(bench.powerW(), 11 * 690)
  await bench.pass(1)
  assert.equal(bench.powerW(), 7 * 690)
})

test('a station asks for the limit at the interval that it was told, from the last update on', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  let limit = 11
  bench.rule = ({ action }) => action === PULL ? { status: 'Accepted', scheduleUpdate: { limit: limit++ } } : undefined // biome-ignore format: one line
  await bench.charge()
  await set(bench, dynamic({ dynUpdateInterval: 60 }))
  await bench.pass(59)
  assert.deepEqual(bench.of(PULL), [])
  await bench.pass(1)
  assert.deepEqual(bench.of(PULL), [{ chargingProfileId: 1 }])
  assert.equal(bench.powerW(), 11 * 690)
  await bench.pass(30)
  await update(bench, { limit: 9 })
  await bench.pass(59)
  assert.equal(bench.of(PULL).length, 1)
  assert.equal(bench.powerW(), 9 * 690)
  await bench.pass(1)
  assert.equal(bench.powerW(), 12 * 690)

  await bench.ask('ClearChargingProfile', { chargingProfileId: 1 })
  await bench.pass(120)
  assert.equal(bench.of(PULL).length, 2)
  assert.equal(bench.powerW(), FULL_W)
})

test('whoever says no, says nonsense or is not there is asked again, and nothing changes', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.charge()
  await set(bench, dynamic({ dynUpdateInterval: 10 }))
  for (const answer of [
    { status: 'Rejected' },
    { status: 'Rejected', scheduleUpdate: { limit: 16 } },
    { status: 'Accepted' },
    { status: 'Accepted', scheduleUpdate: { limit: -1 } },
    { status: 'Accepted', scheduleUpdate: { setpoint: 16 } },
    { status: 'Accepted', scheduleUpdate: { limit: 16, dischargeLimit: -1 } },
    { status: 'Accepted', scheduleUpdate: { limit: 16, limit_L2: 16 } },
    'InternalError',
  ]) {
    bench.forget()
    bench.rule = ({ action }) => (action === PULL ? answer : undefined)
    await bench.pass(10)
    assert.equal(bench.of(PULL).length, 1, JSON.stringify(answer))
    assert.equal(bench.powerW(), 10 * 690, JSON.stringify(answer))
  }
  bench.forget()
  await bench.cut()
  await bench.pass(25)
  assert.equal(bench.powerW(), 10 * 690)
  bench.rule = ({ action }) => action === PULL ? { status: 'Accepted', scheduleUpdate: { limit: 16 } } : undefined // biome-ignore format: one line
  await bench.connect()
  await bench.pass(10)
  assert.equal(bench.of(PULL).length, 1)
  assert.equal(bench.powerW(), 16 * 690)
})

test('a dynamic profile of a transaction goes with it, and nobody is asked about it any more', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  bench.rule = ({ action }) => (action === PULL ? { status: 'Rejected' } : undefined)
  await bench.charge()
  const transactionId = bench.transactionId()
  const own = dynamic({ chargingProfilePurpose: 'TxProfile', transactionId, dynUpdateInterval: 10 })
  assert.equal(reasonOf(await set(bench, own, 1)), 'Accepted')
  await bench.pass(10)
  assert.equal(bench.of(PULL).length, 1)
  await bench.unplug(1)
  await bench.pass(60)
  assert.equal(bench.of(PULL).length, 1)
  assert.equal(reasonOf(await update(bench, { limit: 16 })), 'NotFound')
})

const refusedProfiles = [
  ['two periods', {}, { chargingSchedulePeriod: [period(10), { startPeriod: 9, limit: 8 }] }, 'InvalidSchedule'],
  ['a period that begins later', {}, { chargingSchedulePeriod: [{ startPeriod: 9, limit: 8 }] }, 'InvalidSchedule'],
  ['a start', {}, { startSchedule: '2026-01-01T00:00:00Z' }, 'InvalidSchedule'],
  ['no limit', {}, { chargingSchedulePeriod: [{ startPeriod: 0 }] }, 'InvalidSchedule'],
  ['a negative interval', { dynUpdateInterval: -1 }, {}, 'InvalidProfile'],
  ['another kind and an interval', { chargingProfileKind: 'Relative', dynUpdateInterval: 60 }, {}, 'InvalidProfile'],
  ['another kind and a time', { chargingProfileKind: 'Relative', dynUpdateTime: '2026-01-01T00:00:00Z' }, {}, 'InvalidProfile'],
  ['limits from somebody else', {}, { chargingSchedulePeriod: [period(10, { operationMode: 'ExternalLimits' })] }, 'UnsupportedParam'],
  ['a set point', {}, { chargingSchedulePeriod: [period(10, { setpoint: 8 })] }, 'UnsupportedParam'],
  ['a time without a link', { maxOfflineDuration: 60 }, {}, 'UnsupportedParam'],
  ['a random delay', {}, { randomizedDelay: 60 }, 'UnsupportedParam'],
  ['local generation', { chargingProfilePurpose: 'LocalGeneration' }, {}, 'UnsupportedPurpose'],
] as const // biome-ignore format: a table
for (const [what, more, schedule, reasonCode] of refusedProfiles) {
  test(`a dynamic profile with ${what} is refused, and nothing changes`, async (t) => {
    const bench = await Bench.booted(t, 'ocpp2.1')
    await bench.charge()
    assert.equal(reasonOf(await set(bench, dynamic(more, schedule))), reasonCode)
    assert.equal(bench.powerW(), FULL_W)
    assert.equal(await bench.status('GetChargingProfiles', { requestId: 1, chargingProfile: {} }), 'NoProfiles') // biome-ignore format: one line
  })
}

test('an update is refused where it means nothing that is built, and nothing changes', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.charge()
  await set(bench, dynamic())
  await set(bench, dynamic({ id: 2, stackLevel: 0, chargingProfileKind: 'Relative' }))
  bench.station.limitExternally(20_000)
  assert.equal(reasonOf(await update(bench, { limit: 16 }, 3)), 'NotFound')
  assert.equal(reasonOf(await update(bench, { limit: 16 }, 2)), 'InvalidProfile')
  // The limit of the grid is not the CSMS's to change.
  assert.equal(reasonOf(await update(bench, { limit: 30_000 }, -1)), 'InvalidProfile')
  for (const [wrong, reasonCode] of [
    [{}, 'MissingParam'],
    [{ limit: -1 }, 'InvalidSchedule'],
    [{ limit_L2: 16 }, 'InvalidSchedule'],
    [{ setpoint: 16 }, 'UnsupportedParam'],
    [{ limit: 16, dischargeLimit: -16 }, 'UnsupportedParam'],
  ] as const) {
    assert.equal(reasonOf(await update(bench, wrong)), reasonCode, JSON.stringify(wrong))
  }
  await bench.pass(1)
  assert.equal(bench.powerW(), 10 * 690)
})

test('a time of update that is to come counts as now', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.charge()
  await set(bench, dynamic({ dynUpdateTime: '2027-01-01T00:00:00Z' }))
  assert.equal(bench.powerW(), 10 * 690)
  assert.equal((await reported(bench)).dynUpdateTime, '2026-01-01T00:00:00.000Z')
})

test('only 2.1 knows dynamic profiles, and says that they are supported', async (t) => {
  const component = { name: 'SmartChargingCtrlr' }
  const variables = ['SupportsDynamicProfiles', 'SupportedAdditionalPurposes']
  const getVariableData = variables.map((name) => ({ component, variable: { name } }))
  const values = async (bench: Bench) => {
    const { getVariableResult } = await bench.ask('GetVariables', { getVariableData })
    return (getVariableResult as Payload[]).map((one) => one.attributeValue ?? one.attributeStatus)
  }
  assert.deepEqual(await values(await Bench.booted(t, 'ocpp2.1')), ['true', 'PriorityCharging'])
  assert.deepEqual(await values(await Bench.booted(t, 'ocpp2.0.1')), ['UnknownVariable', 'UnknownVariable']) // biome-ignore format: one line
})
