import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench, type Payload } from './bench.ts'

const VOLTAGE_V = 230

function profile(period: Payload, chargingRateUnit = 'A') {
  const chargingSchedulePeriod = [{ startPeriod: 0, ...period }]
  const chargingSchedule = [{ id: 1, chargingRateUnit, chargingSchedulePeriod }]
  return { id: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule } // biome-ignore format: one line
}

/** The current on each phase, as the meter tells it. */
async function currents(bench: Bench): Promise<number[]> {
  bench.forget()
  await bench.pass(10)
  const [{ sampledValue }] = bench.last('TransactionEvent').meterValue as [{ sampledValue: Payload[] }] // biome-ignore format: one line
  return sampledValue.map(({ value }) => Number(value))
}

type Row = readonly [what: string, period: Payload, unit: string, expected: readonly number[]]
const rows: readonly Row[] = [
  ['one current for all', { limit: 10 }, 'A', [10, 10, 10]],
  ['the lowest of three', { limit: 16, limit_L2: 12, limit_L3: 10 }, 'A', [10, 10, 10]],
  ['the lowest, L1', { limit: 7, limit_L2: 12, limit_L3: 10 }, 'A', [7, 7, 7]],
  ['power of all', { limit: 6_900 }, 'W', [10, 10, 10]],
  ['power of each', { limit: 3_680, limit_L2: 2_760, limit_L3: 2_300 }, 'W', [10, 10, 10]],
  ['nothing on one', { limit: 16, limit_L2: 0, limit_L3: 16 }, 'A', [0, 0, 0]],
  ['a single phase', { limit: 16, numberPhases: 1 }, 'A', [16, 0, 0]],
  ['a single phase, which is named', { limit: 16, numberPhases: 1, phaseToUse: 1 }, 'A', [16, 0, 0]], // biome-ignore format: one line
]
for (const [what, period, unit, expected] of rows) {
  test(`no phase has more than its limit: ${what}`, async (t) => {
    const bench = await Bench.booted(t, 'ocpp2.1')
    await bench.set('SampledDataCtrlr.TxUpdatedMeasurands', 'Current.Import')
    const chargingProfile = profile(period, unit)
    assert.equal(await bench.status('SetChargingProfile', { evseId: 0, chargingProfile }), 'Accepted') // biome-ignore format: one line
    await bench.charge()
    assert.deepEqual(await currents(bench), expected)

    const total = expected.reduce((sum, one) => sum + one, 0)
    assert.equal(bench.powerW(), total * VOLTAGE_V)
    const request = { evseId: 1, duration: 60, chargingRateUnit: 'A' }
    const { schedule } = await bench.ask('GetCompositeSchedule', request)
    const [{ limit, numberPhases } = {}] = (schedule as Payload).chargingSchedulePeriod as Payload[]
    assert.deepEqual([limit, numberPhases], [expected[0], 'numberPhases' in period ? 1 : 3])
    // What was set is what is reported, and not what came of it.
    await bench.ask('GetChargingProfiles', { requestId: 1, chargingProfile: {} })
    const { chargingProfile: told } = bench.last('ReportChargingProfiles')
    assert.deepEqual(told, [chargingProfile])
  })
}

const refused = [
  ['L2', { limit: 16, numberPhases: 1, phaseToUse: 2 }],
  ['L3', { limit: 16, numberPhases: 1, phaseToUse: 3 }],
  ['a single phase of three', { limit: 16, numberPhases: 3, phaseToUse: 1 }],
  ['a single phase of as many as there are', { limit: 16, phaseToUse: 1 }],
] as const
for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  for (const [what, period] of refused) {
    test(`${protocol}: phases are not switched, so ${what} is refused, and nothing changes`, async (t) => {
      const bench = await Bench.booted(t, protocol)
      await bench.charge()
      const request = { evseId: 0, chargingProfile: profile(period) }
      const { status, statusInfo } = await bench.ask('SetChargingProfile', request)
      assert.deepEqual(
        [status, (statusInfo as Payload).reasonCode],
        ['Rejected', 'InvalidSchedule'],
      )
      assert.equal(bench.powerW(), 22_000)
    })
  }
}

for (const [what, period] of [
  ['L2 only', { limit: 16, limit_L2: 10 }],
  ['L3 only', { limit: 16, limit_L3: 10 }],
  ['phases that are not used', { limit: 16, limit_L2: 10, limit_L3: 10, numberPhases: 1 }],
  ['a negative limit of L3', { limit: 16, limit_L2: 10, limit_L3: -10 }],
  ['L2 and L3 without L1', { limit_L2: 10, limit_L3: 10 }],
] as const) {
  test(`limits of phases are refused for ${what}`, async (t) => {
    const bench = await Bench.booted(t, 'ocpp2.1')
    const request = { evseId: 0, chargingProfile: profile(period) }
    const { status, statusInfo } = await bench.ask('SetChargingProfile', request)
    assert.deepEqual([status, (statusInfo as Payload).reasonCode], ['Rejected', 'InvalidSchedule'])
  })
}
