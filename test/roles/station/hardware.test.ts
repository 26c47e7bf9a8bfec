import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench } from './bench.ts'

/** What a station, a cable and a vehicle are made of decides what flows: the least of them. */

/** Power of a vehicle that charges, in W, and what the station offers it, in A. */
async function charging(bench: Bench, vehicle: object = {}) {
  await bench.charge(1, 'TAG-1', vehicle)
  await bench.pass(10)
  const [{ meterValue }] = bench.of('TransactionEvent').slice(-1) as [{ meterValue: { sampledValue: { measurand: string; value: number; phase?: string }[] }[] }] // biome-ignore format: one line
  const offered = meterValue[0]?.sampledValue.find(
    ({ measurand }) => measurand === 'Current.Offered',
  )
  return { powerW: bench.powerW(), offeredA: offered?.value }
}

for (const [phases, powerW] of [[1, 7_333], [2, 14_667], [3, 22_000]] as const) {
  test(`a station of ${phases} phases lets a vehicle of three have as much of each, and says so in its device model`, async (t) => {
    const bench = new Bench(t, 'ocpp2.0.1')
    await bench.start({ phases })
    await bench.charge()
    assert.equal(Math.round(bench.powerW()), powerW)
    const { getVariableResult } = await bench.ask('GetVariables', { getVariableData: [{ component: { name: 'ChargingStation' }, variable: { name: 'SupplyPhases' } }] }) // biome-ignore format: one line
    assert.equal((getVariableResult as { attributeValue: string }[])[0]?.attributeValue, `${phases}`)
  })
} // biome-ignore format: a table

test('a vehicle of one phase takes one of three', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.charge(1, 'TAG-1', { phases: 1, maxCurrentA: 16 })
  assert.equal(bench.powerW(), 16 * 230)
})

test('a cable carries what it can, and is offered no more; without it the next one is', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const thin = await charging(bench, { cableA: 20 })
  assert.deepEqual(thin, { powerW: 20 * 690, offeredA: 20 })
  await bench.unplug(1)
  assert.equal((await charging(bench, { cableA: 13 })).powerW, 13 * 690)
})

test('what a thin cable leaves goes to the other EVSE where both share a limit', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  const chargingProfile = { id: 1, stackLevel: 0, chargingProfilePurpose: 'ChargingStationMaxProfile', chargingProfileKind: 'Absolute', chargingSchedule: [{ id: 1, startSchedule: '2020-01-01T00:00:00Z', chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 40 }] }] } // biome-ignore format: one line
  assert.equal(await bench.status('SetChargingProfile', { evseId: 0, chargingProfile }), 'Accepted')
  await bench.charge(1, 'TAG-1', { cableA: 13 })
  await bench.charge(2, 'TAG-1')
  assert.equal(Math.round(bench.powerW(1)), 13 * 690)
  assert.equal(Math.round(bench.powerW(2)), 27 * 690)
})
