import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench } from './bench.ts'

const expiry = '2026-01-01T01:00:00.000Z'
const idToken = (text: string) => ({ idToken: text, type: 'ISO14443' })

for (const protocol of ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const) {
  const is16 = protocol === 'ocpp1.6'
  /** @param evseId 0: any of them. */
  const reserve = async (bench: Bench, id: number, evseId: number, token: string) => {
    const request = is16
      ? { reservationId: id, connectorId: evseId, idTag: token, expiryDate: expiry }
      : { id, ...(evseId > 0 && { evseId }), idToken: idToken(token), expiryDateTime: expiry }
    assert.equal(await bench.status('ReserveNow', request), 'Accepted')
  }
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
