import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROTOCOLS } from '../../../src/messages/protocols.ts'
import { Bench } from './bench.ts'

for (const protocol of PROTOCOLS) {
  test(`${protocol}: where it is too hot nothing flows, the transaction waits, and goes on when it is cool`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.charge()
    const transactionId = bench.transactionId()
    bench.forget()
    bench.station.inject({ kind: 'over-temperature', evseId: 1 })
    await bench.pass(1)
    const { registerWh } = bench.station.evse(1)
    await bench.pass(5)
    assert.equal(bench.powerW(), 0)
    assert.equal(bench.station.evse(1).registerWh, registerWh)
    assert.deepEqual(bench.of('StopTransaction'), [])

    bench.station.clear('over-temperature')
    await bench.pass(1)
    assert.ok(bench.powerW() > 0)
    assert.equal(bench.transactionId(), transactionId)
    if (protocol === 'ocpp1.6') {
      const told = bench.of('StatusNotification').map((one) => [one.status, one.errorCode])
      assert.deepEqual(told, [['SuspendedEVSE', 'HighTemperature'], ['Charging', 'NoError']]) // biome-ignore format: one line
    } else {
      assert.deepEqual(bench.events(), [
        ['Updated', 'ChargingStateChanged', 'SuspendedEVSE'],
        ['Updated', 'ChargingStateChanged', 'Charging'],
      ])
      assert.deepEqual(bench.statuses(), [])
    }
  })
}

test('a free 1.6 connector that is too hot is available, with its error code', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  bench.forget()
  bench.station.inject({ kind: 'over-temperature', evseId: 1 })
  bench.station.clear('over-temperature')
  await bench.pass(1)
  const told = bench.of('StatusNotification').map((one) => [one.connectorId, one.status, one.errorCode]) // biome-ignore format: one line
  assert.deepEqual(told, [[1, 'Available', 'HighTemperature'], [1, 'Available', 'NoError']]) // biome-ignore format: one line
})

test('who comes while it is too hot has to wait, and the others get the current', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  bench.station.limitExternally(22_000)
  bench.station.inject({ kind: 'over-temperature', evseId: 1 })
  await bench.charge(1)
  await bench.charge(2)
  assert.deepEqual([bench.powerW(1), bench.powerW(2)], [0, 22_000])
  bench.station.clear('over-temperature')
  await bench.pass(1)
  assert.deepEqual([bench.powerW(1), bench.powerW(2)], [11_000, 11_000])
})

test('heat ends a transaction only where energy is what it is about', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.set('TxCtrlr.TxStopPoint', 'EnergyTransfer')
  await bench.charge()
  bench.station.inject({ kind: 'over-temperature', evseId: 1 })
  await bench.pass(1)
  assert.deepEqual(bench.events().at(-1), ['Ended', 'ChargingStateChanged', 'SuspendedEVSE', 'Other']) // biome-ignore format: one line
})

test('a connector is well again only when nothing is wrong with it any more', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  bench.station.inject({ kind: 'ground-fault', evseId: 1 })
  bench.station.inject({ kind: 'connector-lock', evseId: 1 })
  bench.station.clear('ground-fault')
  await bench.pass(1)
  const { status, errorCode } = bench.last('StatusNotification')
  assert.deepEqual([status, errorCode], ['Faulted', 'ConnectorLockFailure'])
  await bench.plugIn(1)
  assert.equal(await bench.present(1, 'TAG-1'), 'refused')
  bench.station.clear('connector-lock')
  assert.equal(await bench.present(1, 'TAG-1'), 'authorized')
})

test('a fault that is there before a reset is there after it', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  bench.station.inject({ kind: 'ground-fault', evseId: 1 })
  bench.station.inject({ kind: 'over-temperature', evseId: 2 })
  assert.equal(await bench.status('Reset', { type: 'Hard' }), 'Accepted')
  await bench.pass(1)
  bench.forget()
  await bench.connect()
  assert.deepEqual(bench.statuses(1), ['Faulted'])
  await bench.charge(2)
  assert.equal(bench.powerW(2), 0)
})

test('only a current to earth is called a ground fault', async (t) => {
  for (const [kind, reason] of [
    ['ground-fault', 'GroundFault'],
    ['connector-lock', 'Other'],
  ] as const) {
    const bench = await Bench.booted(t, 'ocpp2.0.1')
    await bench.charge()
    bench.station.inject({ kind, evseId: 1 })
    await bench.pass(1)
    assert.deepEqual(bench.events().at(-1), ['Ended', 'AbnormalCondition', 'EVConnected', reason])
  }
})
