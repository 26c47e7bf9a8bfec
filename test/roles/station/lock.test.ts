import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench, type Payload } from './bench.ts'

const isLocked = (bench: Bench) => bench.station.evse(1).isLocked

for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
  const request = protocol === 'ocpp1.6' ? { connectorId: 1 } : { evseId: 1, connectorId: 1 }
  const unlock = (bench: Bench) => bench.status('UnlockConnector', request)

  test(`${protocol}: a connector holds the plug of whoever may charge, and lets go afterwards`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.plugIn(1)
    assert.equal(isLocked(bench), false)
    await bench.present(1, 'TAG-1')
    assert.equal(isLocked(bench), true)
    assert.throws(() => bench.station.pull(1), /holds the plug/)

    await bench.present(1, 'TAG-1')

    assert.equal(isLocked(bench), false)
    bench.station.pull(1)
    assert.equal(bench.station.evse(1).vehicle, undefined)
  })

  test(`${protocol}: a lock that got stuck stays so until it is unlocked, and that is told`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.charge()
    bench.station.inject({ kind: 'connector-lock', evseId: 1 })
    assert.equal(await unlock(bench), 'UnlockFailed')
    assert.equal(isLocked(bench), true)
    bench.station.clear('connector-lock')
    await bench.pass(1)
    assert.throws(() => bench.station.pull(1), /holds the plug/)
    bench.forget()

    assert.equal(await unlock(bench), 'Unlocked')
    await bench.pass(1)

    assert.equal(isLocked(bench), false)
    if (protocol === 'ocpp1.6') assert.equal(bench.last('StatusNotification').info, 'unlocked')
    else {
      const [event] = bench.last('NotifyEvent').eventData as Payload[]
      const { component, variable, actualValue, trigger } = event ?? {}
      assert.deepEqual([(component as Payload).name, variable, actualValue, trigger], ['ConnectorPlugRetentionLock', { name: 'Active' }, 'false', 'Delta']) // biome-ignore format: one line
    }
    bench.station.pull(1)
  })
}

test('1.6: whoever unlocks during a transaction ends it first, and the plug can be pulled', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.charge()
  bench.forget()

  assert.equal(await bench.status('UnlockConnector', { connectorId: 1 }), 'Unlocked')
  await bench.pass(1)

  assert.equal(bench.last('StopTransaction').reason, 'UnlockCommand')
  assert.equal(isLocked(bench), false)
  assert.equal(bench.powerW(), 0)
  bench.station.pull(1)
  await bench.pass(1)
  assert.equal(bench.statuses().at(-1), 'Available')
})

test('2.x: an authorized transaction keeps its lock, and goes on', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.charge()
  bench.forget()

  assert.equal(await bench.status('UnlockConnector', { evseId: 1, connectorId: 1 }), 'OngoingAuthorizedTransaction') // biome-ignore format: one line

  assert.equal(isLocked(bench), true)
  assert.ok(bench.powerW() > 0)
  assert.deepEqual(bench.of('NotifyEvent', 'TransactionEvent'), [])
})

test('2.x: without a transaction, and without a cable, the lock is opened all the same', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.set('TxCtrlr.TxStartPoint', 'EnergyTransfer')
  assert.equal(await bench.status('UnlockConnector', { evseId: 1, connectorId: 1 }), 'Unlocked')
  await bench.charge(1, 'TAG-1', { stateOfCharge: 1 })
  assert.equal(isLocked(bench), true)

  assert.equal(await bench.status('UnlockConnector', { evseId: 1, connectorId: 1 }), 'Unlocked')

  assert.equal(isLocked(bench), false)
  assert.equal(bench.of('NotifyEvent').length, 2)
  await bench.ask('GetReport', { requestId: 1, componentVariable: [{ component: { name: 'ConnectorPlugRetentionLock', evse: { id: 1, connectorId: 1 } }, variable: { name: 'Active' } }] }) // biome-ignore format: one line
  const [{ variableAttribute } = {}] = bench.last('NotifyReport').reportData as Payload[]
  assert.equal((variableAttribute as Payload[])[0]?.value, 'false')
})
