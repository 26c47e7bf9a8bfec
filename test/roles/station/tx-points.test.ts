import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const chargingSchedule = [
  { id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 0 }] },
]
const nothing = { id: 9, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Relative', chargingSchedule } // biome-ignore format: one line

/** What happens at the EVSE, by name. */
const STEPS = {
  plug: (bench: Bench) => bench.plugIn(1),
  card: (bench: Bench) => bench.present(1, 'TAG-1'),
  forbid: (bench: Bench) =>
    bench.ask('SetChargingProfile', { evseId: 0, chargingProfile: nothing }),
  permit: (bench: Bench) => bench.ask('ClearChargingProfile', { chargingProfileId: 9 }),
  unplug: (bench: Bench) => bench.unplug(1),
}
type Step = keyof typeof STEPS

/** After which of the steps an event of this type was first told. */
async function stepOf(bench: Bench, eventType: string, steps: readonly Step[]) {
  for (const step of steps) {
    await STEPS[step](bench)
    await bench.pass(1)
    if (bench.events().some(([type]) => type === eventType)) return step
  }
  return undefined
}

// biome-ignore format: a table
const STARTS = [
  // point                 plug, card, permit    card, plug, permit
  ['EVConnected',         'plug',               'plug'],
  ['Authorized',          'card',               'card'],
  ['PowerPathClosed',     'card',               'plug'],
  ['EnergyTransfer',      'permit',             'permit'],
] as const
for (const [point, plugFirst, cardFirst] of STARTS) {
  test(`what begins at ${point} begins there whatever comes first, and after a restart`, async (t) => {
    const file = join(temporaryFolder(t), 'station.sqlite')
    const before = await Bench.booted(t, 'ocpp2.0.1', file)
    assert.equal(await before.set('TxCtrlr.TxStartPoint', point), 'Accepted')
    await before.stop()

    for (const [order, expected] of [
      [['plug', 'card', 'permit'], plugFirst],
      [['card', 'plug', 'permit'], cardFirst],
    ] as const) {
      const bench = await Bench.booted(t, 'ocpp2.0.1', file)
      await STEPS.forbid(bench)
      assert.equal(await stepOf(bench, 'Started', order), expected, order.join())
      const started = bench.of('TransactionEvent').find((one) => one.eventType === 'Started')
      const { seqNo, triggerReason } = started ?? {}
      assert.equal(seqNo, 0)
      // Who was authorized is what is told of first, wherever it begins (E02.FR.01).
      assert.equal(triggerReason, expected === 'plug' && order[0] === 'plug' ? 'CablePluggedIn' : 'Authorized') // biome-ignore format: one line
      await bench.stop()
    }
  })
}

// biome-ignore format: a table
const STOPS = [
  // point                 forbid, card, unplug    unplug, while that does not stop
  ['EVConnected',         'unplug',               'unplug'],
  ['Authorized',          'card',                 undefined],
  ['PowerPathClosed',     'card',                 'unplug'],
  ['EnergyTransfer',      'forbid',               'unplug'],
] as const
for (const [point, normally, torn] of STOPS) {
  test(`what ends at ${point} ends there and nowhere before`, async (t) => {
    const bench = await Bench.booted(t, 'ocpp2.1')
    assert.equal(await bench.set('TxCtrlr.TxStopPoint', point), 'Accepted')
    await bench.charge()
    assert.equal(await stepOf(bench, 'Ended', ['forbid', 'card', 'unplug']), normally)
    assert.equal(bench.events().filter(([type]) => type === 'Ended').length, 1)

    const other = await Bench.booted(t, 'ocpp2.1')
    await other.set('TxCtrlr.TxStopPoint', point)
    await other.set('TxCtrlr.StopTxOnEVSideDisconnect', 'false')
    await other.charge()
    assert.equal(await stepOf(other, 'Ended', ['unplug']), torn)
  })
}

test('of several points the first that comes begins, and the first that goes ends', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.set('TxCtrlr.TxStartPoint', 'EnergyTransfer,EVConnected')
  await bench.set('TxCtrlr.TxStopPoint', 'EVConnected,EnergyTransfer')
  await STEPS.forbid(bench)
  assert.equal(await stepOf(bench, 'Started', ['card', 'plug', 'permit']), 'plug')
  await STEPS.permit(bench)
  assert.equal(await stepOf(bench, 'Ended', ['forbid', 'unplug']), 'forbid')
})

// The meter signs nothing, and no sensor looks at the parking bay: those moments would never come.
for (const name of ['TxStartPoint', 'TxStopPoint']) {
  for (const point of ['DataSigned', 'ParkingBayOccupancy']) {
    test(`${name} is never ${point}, which cannot be observed here, and says so`, async (t) => {
      const bench = await Bench.booted(t, 'ocpp2.1')
      const component = { name: 'TxCtrlr' }
      const wanted = { component, variable: { name } }
      for (const attributeValue of [point, `Authorized,${point}`]) {
        const setVariableData = [{ ...wanted, attributeValue }]
        const { setVariableResult } = await bench.ask('SetVariables', { setVariableData })
        const [{ attributeStatus, attributeStatusInfo } = {}] = setVariableResult as Payload[]
        assert.deepEqual([attributeStatus, attributeStatusInfo], ['Rejected', { reasonCode: 'InvalidValue', additionalInfo: `not possible here: ${point}` }]) // biome-ignore format: one line
      }
      await bench.ask('GetReport', { requestId: 1, componentVariable: [wanted] })
      const { reportData } = bench.last('NotifyReport')
      const [{ variableCharacteristics, variableAttribute } = {}] = reportData as Payload[]
      assert.equal((variableCharacteristics as Payload).valuesList, STARTS.map(([at]) => at).join()) // biome-ignore format: one line
      assert.ok(!String((variableAttribute as Payload[])[0]?.value).includes(point))
    })
  }
}
