import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench } from './bench.ts'

const expiry = '2026-01-01T01:00:00.000Z'
const idToken = (text: string) => ({ idToken: text, type: 'ISO14443' })

for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
  const is16 = protocol === 'ocpp1.6'
  /** @param evseId 0: any of them. */
  const asked = (bench: Bench, id: number, evseId: number, token: string) => {
    const request = is16
      ? { reservationId: id, connectorId: evseId, idTag: token, expiryDate: expiry }
      : { id, ...(evseId > 0 && { evseId }), idToken: idToken(token), expiryDateTime: expiry }
    return bench.status('ReserveNow', request)
  }
  const reserve = async (...of: Parameters<typeof asked>) =>
    assert.equal(await asked(...of), 'Accepted')
  const start = (bench: Bench, evseId: number, token: string) =>
    is16
      ? bench.status('RemoteStartTransaction', { connectorId: evseId, idTag: token })
      : bench.status('RequestStartTransaction', { evseId, idToken: idToken(token), remoteStartId: 1 }) // biome-ignore format: one line
  /** EVSE 1 is reserved for ANNE, any of them for BEN. */
  const reserved = async (bench: Bench) => {
    await reserve(bench, 1, 1, 'ANNE')
    await reserve(bench, 2, 0, 'BEN')
  }

  test(`${protocol}: whoever reserved any EVSE is refused at the one that somebody else reserved`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await reserved(bench)
    await bench.plugIn(1)

    assert.equal(await bench.present(1, 'BEN'), 'refused')
    assert.equal(await start(bench, 1, 'BEN'), 'Rejected')
    assert.equal(bench.station.evse(1).transactionId, undefined)

    assert.equal(await bench.present(1, 'ANNE'), 'authorized')
  })

  test(`${protocol}: no EVSE is reserved that somebody needs who has reserved any of them`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await reserve(bench, 1, 0, 'BEN')
    await reserve(bench, 2, 1, 'ANNE')

    assert.equal(await asked(bench, 3, 2, 'CLEO'), 'Occupied')
    assert.equal(await asked(bench, 3, 0, 'CLEO'), 'Occupied')
    assert.equal(await asked(bench, 1, 2, 'BEN'), 'Accepted', 'the same one may say which')
    assert.equal(await asked(bench, 1, 0, 'BEN'), 'Accepted', 'and take that back')
    await bench.ask('CancelReservation', { reservationId: 1 })
    await reserve(bench, 3, 2, 'CLEO')
  })

  test(`${protocol}: what is reserved for any EVSE is kept free for it alone`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await reserved(bench)

    assert.equal(await bench.present(2, 'ANNE'), 'refused')
    assert.equal(await start(bench, 2, 'ANNE'), 'Rejected')

    assert.equal(await start(bench, 2, 'BEN'), 'Accepted')
    assert.equal(await start(bench, 1, 'ANNE'), 'Accepted')
  })
}

test('2.x: a remote start that leaves the EVSE open goes past what somebody else reserved', async (t) => {
  const bench = await Bench.booted(t, 'ocpp2.1')
  await bench.ask('ReserveNow', { id: 1, evseId: 1, idToken: idToken('ANNE'), expiryDateTime: expiry }) // biome-ignore format: one line
  await bench.ask('ReserveNow', { id: 2, idToken: idToken('BEN'), expiryDateTime: expiry })
  await bench.plugIn(1)
  await bench.plugIn(2)

  await bench.ask('RequestStartTransaction', { idToken: idToken('BEN'), remoteStartId: 1 })

  assert.equal(bench.station.evse(1).transactionId, undefined)
  assert.ok(bench.station.evse(2).transactionId)
})

for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
  const is16 = protocol === 'ocpp1.6'
  const reserve = (bench: Bench, id: number, evseId: number, token: string) =>
    bench.status(
      'ReserveNow',
      is16
        ? { reservationId: id, connectorId: evseId, idTag: token, expiryDate: expiry }
        : { id, ...(evseId > 0 && { evseId }), idToken: idToken(token), expiryDateTime: expiry },
    )
  const timeOut = is16 ? 'ConnectionTimeOut' : 'TxCtrlr.EVConnectionTimeOut'
  const [START] = is16 ? ['StartTransaction'] : ['TransactionEvent']

  test(`${protocol}: whoever reserved, showed a card and never plugged in still has the reservation`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.set(timeOut, '30')
    await reserve(bench, 1, 1, 'ANNE')
    assert.equal(await bench.present(1, 'ANNE'), 'authorized')
    await bench.pass(31)
    assert.equal(bench.station.evse(1).status, 'Reserved')
    assert.deepEqual(bench.of(START), [])

    await bench.plugIn(1)
    assert.equal(await bench.present(1, 'BEN'), 'refused')
    await bench.unplug(1)
    assert.equal(await bench.status('CancelReservation', { reservationId: 1 }), 'Accepted')
    assert.equal(bench.station.evse(1).status, 'Available')
  })

  test(`${protocol}: the transaction that starts for a reservation uses it up, and names it`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await reserve(bench, 1, 1, 'ANNE')
    await bench.present(1, 'ANNE')
    await bench.plugIn(1)
    assert.equal(bench.of(START)[0]?.reservationId, 1)
    assert.equal(await bench.status('CancelReservation', { reservationId: 1 }), 'Rejected')
    await bench.present(1, 'ANNE')
    await bench.unplug(1)
    assert.equal(bench.station.evse(1).status, 'Available')
  })

  test(`${protocol}: a reservation that is cancelled after the card was shown is not named by the transaction`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await reserve(bench, 1, 1, 'ANNE')
    await bench.present(1, 'ANNE')
    assert.equal(await bench.status('CancelReservation', { reservationId: 1 }), 'Accepted')
    await bench.plugIn(1)
    assert.equal(bench.of(START).length, 1)
    assert.equal(bench.of(START)[0]?.reservationId, undefined)
  })

  test(`${protocol}: whoever has shown up for any EVSE keeps no other one from anybody`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.set(is16 ? 'ReserveConnectorZeroSupported' : 'ReservationCtrlr.NonEvseSpecific', 'true') // biome-ignore format: one line
    assert.equal(await reserve(bench, 2, 0, 'BEN'), 'Accepted')
    assert.equal(await bench.present(1, 'BEN'), 'authorized')
    assert.equal(await bench.present(2, 'ANNE'), 'authorized')
  })
}

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  // H03, scenario 2: it is the cable that begins the transaction, and the token that lets charge.
  test(`${protocol}: what begins when the cable is plugged in begins at a reserved EVSE, where only who has reserved charges`, async (t) => {
    const bench = await Bench.booted(t, protocol)
    await bench.set('TxCtrlr.TxStartPoint', 'EVConnected')
    await bench.ask('ReserveNow', { id: 1, evseId: 1, idToken: idToken('ANNE'), expiryDateTime: expiry }) // biome-ignore format: one line

    await bench.plugIn(1)
    assert.equal(await bench.present(1, 'BEN'), 'refused')
    await bench.pass(1)
    assert.deepEqual(bench.events(), [['Started', 'CablePluggedIn', 'EVConnected']])
    assert.equal(bench.of('TransactionEvent')[0]?.reservationId, undefined)
    assert.deepEqual([bench.station.evse(1).status, bench.powerW()], ['Occupied', 0])
    await bench.unplug(1)
    assert.equal(bench.station.evse(1).status, 'Reserved')

    await bench.plugIn(1)
    assert.equal(await bench.present(1, 'ANNE'), 'authorized')
    await bench.pass(1)
    assert.ok(bench.powerW() > 0)
    const [named] = bench.of('TransactionEvent').filter(({ reservationId }) => reservationId === 1)
    assert.equal(named?.triggerReason, 'Authorized')
    assert.equal(await bench.status('CancelReservation', { reservationId: 1 }), 'Rejected')
  })
}
