import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench } from './bench.ts'

const expiry = '2026-01-01T01:00:00.000Z'
const isLocked = (bench: Bench) => bench.station.evse(1).isLocked

for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
  const is16 = protocol === 'ocpp1.6'
  const unlocking = is16 ? 'UnlockConnectorOnEVSideDisconnect' : 'OCPPCommCtrlr.UnlockOnEVSideDisconnect' // biome-ignore format: one line
  const stopping = is16 ? 'StopTransactionOnEVSideDisconnect' : 'TxCtrlr.StopTxOnEVSideDisconnect'
  const taken = is16 ? 'Finishing' : 'Occupied'
  /** A connector that holds the cable of TAG-1, whose vehicle went away. */
  const left = async (bench: Bench) => {
    assert.equal(await bench.set(unlocking, 'false'), 'Accepted')
    await bench.charge()
    await bench.unplug(1)
    assert.equal(bench.station.evse(1).transactionId, undefined)
  }

  test(`${protocol}: a cable that is not let go when its vehicle leaves is for nobody else`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await left(bench)
    assert.equal(bench.statuses().at(-1), taken)
    assert.throws(() => bench.station.pull(1), /holds the plug/)
    const action = is16 ? 'RemoteStartTransaction' : 'RequestStartTransaction'
    const start = is16 ? { connectorId: 1, idTag: 'TAG-2' } : { evseId: 1, idToken: { idToken: 'TAG-2', type: 'ISO14443' }, remoteStartId: 1 } // biome-ignore format: one line

    const reserve = is16 ? { reservationId: 1, connectorId: 1, idTag: 'TAG-2', expiryDate: expiry } : { id: 1, evseId: 1, idToken: { idToken: 'TAG-2', type: 'ISO14443' }, expiryDateTime: expiry } // biome-ignore format: one line

    assert.equal(await bench.status('ReserveNow', reserve), 'Occupied')
    assert.equal(await bench.status(action, start), 'Rejected')
    assert.equal(await bench.present(1, 'TAG-2'), 'refused')
    await bench.plugIn(1)
    assert.equal(await bench.present(1, 'TAG-2'), 'refused')

    assert.equal(isLocked(bench), true)
    assert.equal(bench.powerW(), 0)
  })

  test(`${protocol}: whoever left a cable gets it by showing their token, and the connector is free`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await left(bench)

    assert.equal(await bench.present(1, 'TAG-1'), 'stopped')

    assert.equal(isLocked(bench), false)
    assert.equal(bench.statuses().at(-1), 'Available')
    await bench.charge(1, 'TAG-2')
  })

  test(`${protocol}: a vehicle that comes back to its cable is charged again`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await left(bench)
    await bench.plugIn(1)
    assert.equal(bench.powerW(), 0)

    assert.equal(await bench.present(1, 'TAG-1'), 'authorized')
    assert.ok(bench.powerW() > 0)
    assert.equal(isLocked(bench), true)

    assert.equal(await bench.present(1, 'TAG-1'), 'stopped')
    assert.equal(isLocked(bench), false)
  })

  test(`${protocol}: the CSMS unlocks a cable that was left, and so does a reset`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await left(bench)
    const request = is16 ? { connectorId: 1 } : { evseId: 1, connectorId: 1 }
    assert.equal(await bench.status('UnlockConnector', request), 'Unlocked')
    assert.equal(isLocked(bench), false)
    assert.equal(bench.statuses().at(-1), 'Available')

    await left(bench)
    await bench.ask('Reset', { type: is16 ? 'Hard' : 'Immediate' })
    await bench.pass(1)
    assert.equal(isLocked(bench), false)
  })

  test(`${protocol}: a transaction that goes on without its vehicle keeps the cable, whatever is set`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    assert.equal(await bench.set(stopping, 'false'), 'Accepted')
    if (!is16) await bench.set('TxCtrlr.TxStopPoint', 'Authorized')
    await bench.charge()
    await bench.unplug(1)
    assert.equal(isLocked(bench), true)
    assert.equal(bench.statuses().at(-1), is16 ? 'SuspendedEV' : 'Occupied')

    assert.equal(await bench.present(1, 'TAG-1'), 'stopped')

    assert.equal(isLocked(bench), false)
    assert.equal(bench.statuses().at(-1), 'Available')
  })

  test(`${protocol}: by default a cable is let go when its vehicle leaves`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.charge()
    await bench.unplug(1)
    assert.equal(isLocked(bench), false)
    assert.equal(bench.statuses().at(-1), 'Available')
  })
}

test('2.x: a cable is held too where the way of the plug ends what may go on without it', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.0.1')
  await bench.set('TxCtrlr.StopTxOnEVSideDisconnect', 'false')
  await bench.charge()
  await bench.unplug(1)
  assert.equal(bench.station.evse(1).transactionId, undefined)
  assert.equal(isLocked(bench), true)
  assert.equal(await bench.present(1, 'TAG-1'), 'stopped')
  assert.equal(isLocked(bench), false)
})

test('a plug that nothing holds leaves no cable behind', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.set('OCPPCommCtrlr.UnlockOnEVSideDisconnect', 'false')
  await bench.charge()
  await bench.present(1, 'TAG-1')
  bench.station.pull(1)
  assert.equal(isLocked(bench), false)
  assert.equal(await bench.present(1, 'TAG-2'), 'authorized')
})

test('whoever was asked about while a cable was left does not get it', async (t) => {
  const bench = await Bench.booted(t, 'ocpp1.6')
  await bench.set('UnlockConnectorOnEVSideDisconnect', 'false')
  await bench.set('LocalPreAuthorize', 'true')
  await bench.charge()
  await bench.present(1, 'TAG-1')
  bench.rule = ({ payload }) => {
    // TAG-1 is known, and nobody is asked.
    if (payload.idTag === 'TAG-2') void bench.station.present(1, 'TAG-1').then(() => bench.station.unplug(1)) // biome-ignore format: one line
    return undefined
  }

  assert.equal(await bench.present(1, 'TAG-2'), 'refused')

  assert.equal(isLocked(bench), true)
  bench.rule = () => undefined
  assert.equal(await bench.present(1, 'TAG-1'), 'stopped')
})
