import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FaultKind } from '../../../src/roles/charging-station/faults.ts'
import { temporaryFolder } from '../../end-to-end/processes.ts'
import { Bench, type Payload } from './bench.ts'

const events = (bench: Bench) =>
  bench.of('NotifyEvent').flatMap(({ eventData }) => eventData as Payload[])
const values = (bench: Bench) =>
  events(bench).map(({ component, actualValue, cleared }) => [
    (component as Payload).name,
    actualValue,
    cleared,
  ])
const inject = (bench: Bench, kind: FaultKind, evseId = 1) => {
  bench.station.inject({ kind, evseId } as Parameters<typeof bench.station.inject>[0])
  return bench.pass(1)
}
const clear = (bench: Bench, kind: FaultKind) => {
  bench.station.clear(kind)
  return bench.pass(1)
}

// biome-ignore format: a table
const KINDS = [
  ['ground-fault',     { name: 'Connector', evse: { id: 2, connectorId: 1 } },                  'GroundFailure',        0],
  ['over-temperature', { name: 'EVSE', evse: { id: 2 } },                                       'HighTemperature',      1],
  ['connector-lock',   { name: 'ConnectorPlugRetentionLock', evse: { id: 2, connectorId: 1 } }, 'ConnectorLockFailure', 1],
  ['meter-stuck',      { name: 'FiscalMetering', evse: { id: 2 } },                             'PowerMeterFailure',    1],
] as const
for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  for (const [kind, component, techCode, severity] of KINDS) {
    test(`${protocol}: ${kind} is an event of its component, and so is its end; whoever asks gets the same`, async (t) => {
      const bench = await Bench.booted(t, protocol)
      const problem = async () => {
        const getVariableData = [{ component, variable: { name: 'Problem' } }]
        const { getVariableResult } = await bench.ask('GetVariables', { getVariableData })
        return (getVariableResult as Payload[])[0]?.attributeValue
      }
      await bench.charge(2)
      const transactionId = bench.transactionId(2)
      assert.equal(await problem(), 'false')
      await inject(bench, kind, 2)

      const { seqNo, generatedAt } = bench.last('NotifyEvent')
      assert.equal(seqNo, 0)
      const [{ eventId, techInfo, timestamp, ...rest } = {}] = events(bench)
      assert.equal(timestamp, generatedAt)
      assert.deepEqual(rest, {
        trigger: 'Alerting',
        actualValue: 'true',
        techCode,
        transactionId,
        eventNotificationType: 'HardWiredNotification',
        ...(protocol === 'ocpp2.1' && { severity }),
        component,
        variable: { name: 'Problem' },
      })
      assert.equal(await problem(), 'true')
      await bench.ask('GetReport', { requestId: 1, componentCriteria: ['Problem'] })
      const reported = bench.last('NotifyReport').reportData as Payload[]
      assert.deepEqual([...new Set(reported.map((one) => JSON.stringify(one.component)))], [JSON.stringify(component)]) // biome-ignore format: one line

      await clear(bench, kind)
      const [, over, ...more] = events(bench)
      assert.deepEqual(more, [])
      assert.deepEqual([over?.actualValue, over?.cleared, over?.component], ['false', true, component]) // biome-ignore format: one line
      assert.notEqual(over?.eventId, eventId)
      assert.equal(await problem(), 'false')
    })
  }
}

test('what goes wrong and gets well without a link is told afterwards, each once and in order', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.cut()
  await inject(bench, 'meter-stuck')
  await inject(bench, 'ground-fault')
  await clear(bench, 'meter-stuck')
  assert.deepEqual(events(bench), [])
  await bench.connect()
  await bench.pass(1)
  assert.deepEqual(values(bench), [
    ['FiscalMetering', 'true', undefined],
    ['Connector', 'true', undefined],
    ['FiscalMetering', 'false', true],
  ])
  await bench.cut()
  await bench.connect()
  await bench.pass(1)
  assert.equal(events(bench).length, 3)
})

test('what is kept is bounded, and a component that comes and goes pushes out no security event', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.cut()
  bench.forget()
  bench.station.inject({ kind: 'clock-jump', seconds: 60 })
  for (let round = 0; round < 300; round++) {
    bench.station.inject({ kind: 'meter-stuck', evseId: 1 })
    bench.station.clear('meter-stuck')
  }
  await bench.connect()
  await bench.pass(60)
  assert.equal(bench.of('SecurityEventNotification').length, 1)
  const ids = events(bench).map(({ eventId }) => eventId)
  assert.deepEqual(
    ids,
    Array.from({ length: 499 }, (_, at) => 102 + at),
  )
})

test('a problem of which nothing is left after a restart is told to be over', async (t) => {
  const file = join(temporaryFolder(t), 'station.sqlite')
  const before = await Bench.booted(t, 'ocpp2.1', file)
  await inject(before, 'over-temperature')
  await before.stop()

  const after = await Bench.booted(t, 'ocpp2.1', file)
  assert.deepEqual(values(after), [['EVSE', 'false', true]])
  const [first] = events(before)
  const [second] = events(after)
  assert.ok(Number(second?.eventId) > Number(first?.eventId))
})

test('a problem that a reset leaves is not told twice', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await inject(bench, 'ground-fault')
  await bench.ask('Reset', { type: 'Immediate' })
  await bench.pass(1)
  bench.forget()
  await bench.connect()
  assert.deepEqual(bench.statuses(1), ['Faulted'])
  assert.deepEqual(events(bench), [])
  await clear(bench, 'ground-fault')
  assert.deepEqual(values(bench), [['Connector', 'false', true]])
})

test('in 1.6 there are no events of components, only the error code of the status', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await inject(bench, 'ground-fault')
  assert.equal(bench.last('StatusNotification').errorCode, 'GroundFailure')
  await clear(bench, 'ground-fault')
  assert.deepEqual(events(bench), [])
})

test('what does not concern a component is no event of one, and an EVSE that is not there has none', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  bench.station.inject({ kind: 'clock-jump', seconds: 60 })
  await bench.plugIn(1)
  await inject(bench, 'plug-out')
  assert.throws(() => bench.station.inject({ kind: 'meter-stuck', evseId: 3 }), TypeError)
  await bench.pass(1)
  assert.deepEqual(events(bench), [])
})

test('nobody can set monitors: that is not built, and says so', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  const monitor = { value: 1, type: 'Delta', severity: 5, component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'Problem' } } // biome-ignore format: one line
  for (const [action, payload] of [
    ['SetVariableMonitoring', { setMonitoringData: [monitor] }],
    ['SetMonitoringBase', { monitoringBase: 'All' }],
    ['SetMonitoringLevel', { severity: 3 }],
    ['GetMonitoringReport', { requestId: 1 }],
  ] as const) {
    assert.equal((await bench.ask(action, payload)).error, 'NotSupported', action)
  }
})
