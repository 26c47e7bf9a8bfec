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

/** What keeps EVSE 1 from being used, how it is over, and what the connector shows meanwhile. */
const available = (bench: Bench, operationalStatus: string, of: object) =>
  bench.ask('ChangeAvailability', { operationalStatus, ...of })
// biome-ignore format: a table
const HINDRANCES = {
  'an EVSE that is out of operation':         { status: 'Unavailable', begin: (bench: Bench) => available(bench, 'Inoperative', { evse: { id: 1 } }), end: (bench: Bench) => available(bench, 'Operative', { evse: { id: 1 } }) },
  'a station that is out of operation':       { status: 'Unavailable', begin: (bench: Bench) => available(bench, 'Inoperative', {}), end: (bench: Bench) => available(bench, 'Operative', {}) },
  'an EVSE that is faulted':                  { status: 'Faulted',     begin: (bench: Bench) => bench.station.inject({ kind: 'ground-fault', evseId: 1 }), end: (bench: Bench) => bench.station.clear('ground-fault') },
  'an EVSE whose connector is out of order':  { status: 'Faulted',     begin: (bench: Bench) => bench.station.inject({ kind: 'connector-lock', evseId: 1 }), end: (bench: Bench) => bench.station.clear('connector-lock') },
} as const
const TAG = { idToken: 'TAG-1', type: 'ISO14443' }
const started = (bench: Bench) => bench.events().filter(([type]) => type === 'Started')

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  for (const [where, { status, begin, end }] of Object.entries(HINDRANCES)) {
    for (const [point] of STARTS) {
      test(`${protocol}: with ${point} nothing begins at ${where}, before it is well again`, async (t) => {
        const bench = await Bench.booted(t, protocol)
        await bench.set('TxCtrlr.TxStartPoint', point)
        await begin(bench)
        await bench.pass(1)

        await bench.plugIn(1)
        assert.equal(await bench.present(1, 'TAG-1'), 'refused')
        const remote = { evseId: 1, idToken: TAG, remoteStartId: 1 }
        assert.equal(await bench.status('RequestStartTransaction', remote), 'Rejected')
        await bench.pass(1)
        assert.deepEqual(bench.events(), [])
        assert.deepEqual([bench.station.evse(1).status, bench.powerW()], [status, 0])

        await end(bench)
        await bench.pass(1)
        const isByCable = point === 'EVConnected'
        assert.deepEqual(bench.events(), isByCable ? [['Started', 'CablePluggedIn', 'EVConnected']] : []) // biome-ignore format: one line
        assert.equal(bench.station.evse(1).status, 'Occupied')
        assert.equal(await bench.present(1, 'TAG-1'), 'authorized')
        await bench.pass(1)
        assert.equal(started(bench).length, 1)
        assert.ok(bench.powerW() > 0)
      })
    }
  }

  test(`${protocol}: a fault ends what the cable began, and another one begins when it is over`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.set('TxCtrlr.TxStartPoint', 'EVConnected')
    await bench.charge()
    const transactionId = bench.transactionId()

    bench.station.inject({ kind: 'ground-fault', evseId: 1 })
    await bench.pass(1)
    assert.equal(bench.station.evse(1).transactionId, undefined)
    bench.station.clear('ground-fault')
    await bench.pass(1)

    assert.notEqual(bench.transactionId(), transactionId)
    assert.deepEqual(bench.events().at(-1), ['Started', 'CablePluggedIn', 'EVConnected'])
    assert.equal(bench.powerW(), 0, 'nobody has shown a card since')
  })

  test(`${protocol}: what runs when an EVSE is to go out of operation runs to its end, and nothing after it`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.set('TxCtrlr.TxStartPoint', 'EVConnected')
    await bench.charge()
    const { begin, end } = HINDRANCES['an EVSE that is out of operation']

    assert.equal((await begin(bench)).status, 'Scheduled')
    await bench.pass(1)
    assert.ok(bench.powerW() > 0)
    await bench.unplug(1)
    await bench.plugIn(1)
    await bench.pass(1)
    assert.deepEqual([started(bench).length, bench.station.evse(1).status], [1, 'Unavailable'])

    await end(bench)
    await bench.pass(1)
    assert.equal(started(bench).length, 2)
  })

  test(`${protocol}: a vehicle that has gone before the EVSE is well again begins nothing`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.set('TxCtrlr.TxStartPoint', 'EVConnected')
    bench.station.inject({ kind: 'ground-fault', evseId: 1 })
    await bench.plugIn(1)
    await bench.unplug(1)
    bench.station.clear('ground-fault')
    await bench.pass(1)
    assert.deepEqual(bench.events(), [])
  })

  for (const [point] of STARTS) {
    test(`${protocol}: with ${point} nothing begins at an EVSE that broke while the CSMS was asked`, async (t) => {
      const bench = await Bench.booted(t, protocol)
      await bench.set('TxCtrlr.TxStartPoint', point)
      if (point !== 'EVConnected') await bench.plugIn(1)
      bench.rule = ({ action }) => {
        if (action === 'Authorize') bench.station.inject({ kind: 'ground-fault', evseId: 1 })
        return undefined
      }

      assert.equal(await bench.present(1, 'TAG-1'), 'refused')
      bench.station.clear('ground-fault')
      const remote = { evseId: 1, idToken: { ...TAG, idToken: 'TAG-2' }, remoteStartId: 1 }
      assert.equal(await bench.status('RequestStartTransaction', remote), 'Accepted')
      await bench.pass(1)

      assert.deepEqual([bench.events(), bench.powerW()], [[], 0])
    })
  }
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
