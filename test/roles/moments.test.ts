import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPair } from './pair.ts'
import { startCsms } from './raw-station.ts'
import { Bench } from './station/bench.ts'

/** Times that stations and people write which JavaScript cannot read, or that come in another order. */

const token = { idToken: 'LEAP', type: 'Central', status: 'Accepted', note: '', concurrent: true, changedAt: '' } as const // biome-ignore format: one line

for (const [expiresAt, status] of [
  ['2025-12-31T23:59:60Z', 'Expired'],
  ['2026-12-31T23:59:60Z', 'Accepted'],
  ['2027-01-01T08:59:60+09:00', 'Accepted'],
  ['some day', 'Expired'],
]) {
  test(`a token that is valid until ${expiresAt} is ${status} at the beginning of 2026`, async (t) => {
    const { station, store } = await startCsms(t)
    await store.write(() => store.tokens.put({ ...token, expiresAt }))

    const { idTagInfo } = await station('CS01', 'ocpp1.6')('Authorize', { idTag: 'leap' })

    assert.equal((idTagInfo as { status: string }).status, status)
  })
}

for (const protocol of ['ocpp1.6', 'ocpp2.0.1'] as const) {
  test(`${protocol}: a reservation until a leap second is kept, by CSMS and station`, async (t) => {
    const { submit, reaches, store } = await startPair(t, protocol)
    const expires = '2026-12-31T23:59:60Z'
    const request = protocol === 'ocpp1.6' ? { reservationId: 4, connectorId: 1, idTag: 'TAG-1', expiryDate: expires } : { id: 4, evseId: 1, idToken: { idToken: 'TAG-1', type: 'Central' }, expiryDateTime: expires } // biome-ignore format: one line

    await reaches(await submit('ReserveNow', request), 'accepted')

    const [row] = store.reservations.page({ limit: 10 })
    assert.equal(row?.expiresAt, '2026-12-31T23:59:59.999Z')
    const bench = await Bench.booted(t, protocol)
    assert.equal(await bench.status('ReserveNow', request), 'Accepted')
  })
}

test('an operation whose answer cannot be kept is over, and says why', async (t) => {
  const { submit, reaches, store } = await startPair(t, 'ocpp1.6')
  store.reservations.put = () => {
    throw new RangeError('Invalid time value')
  }

  const operation = await submit('ReserveNow', { reservationId: 4, connectorId: 1, idTag: 'TAG-1', expiryDate: '2027-01-01T00:00:00Z' }) // biome-ignore format: one line

  const { problem } = await reaches(operation, 'failed')
  assert.equal(problem, 'what followed from the answer could not be kept: Invalid time value')
})

for (const protocol of ['ocpp1.6', 'ocpp2.1'] as const) {
  test(`${protocol}: a status that comes late does not stand in for a newer one`, async (t) => {
    const { station, store } = await startCsms(t)
    const say = station('CS01', protocol)
    const status = (word: string, timestamp: string) => say('StatusNotification', protocol === 'ocpp1.6' ? { connectorId: 1, errorCode: 'NoError', status: word, timestamp } : { evseId: 1, connectorId: 1, connectorStatus: word, timestamp }) // biome-ignore format: one line
    const now = () => store.connectors()[0]?.status

    await status('Faulted', '2025-12-31T12:00:00+02:00')
    await status('Available', '2025-12-31T09:59:59Z')
    assert.equal(now(), 'Faulted')
    await status('Available', '2025-12-31T10:00:01Z')
    assert.equal(now(), 'Available')
    // Its clock was years ahead, and has been set right.
    await status('Faulted', '2031-01-01T00:00:00Z')
    await status('Unavailable', '2025-12-31T11:00:00Z')
    assert.equal(now(), 'Unavailable')
  })
}

for (const [unitOfMeasure, from, to] of [
  [undefined, 5, 9],
  [{ unit: 'Wh' }, 5, 9],
  [{ unit: 'kWh' }, 5_000, 9_000],
  [{ unit: 'Wh', multiplier: 3 }, 5_000, 9_000],
  [{ unit: 'Percent' }, undefined, undefined],
  [{ unit: 'Celsius' }, undefined, undefined],
  [{ unit: 'wh' }, undefined, undefined],
] as const) {
  const unit = JSON.stringify(unitOfMeasure) ?? 'no unit'
  test(`a register in ${unit} is ${to === undefined ? 'no energy, but a reading as told' : 'energy'}`, async (t) => {
    const { station, store } = await startCsms(t)
    const say = station('CS01', 'ocpp2.1')
    const event = (seqNo: number, eventType: string, value: number) => {
      const timestamp = `2026-01-05T11:00:0${seqNo}.000Z`
      const sampledValue = [{ value, measurand: 'Energy.Active.Import.Register', ...(unitOfMeasure && { unitOfMeasure }) }] // biome-ignore format: one line
      return say('TransactionEvent', { eventType, seqNo, timestamp, triggerReason: 'Trigger', transactionInfo: { transactionId: 'T1' }, evse: { id: 1 }, meterValue: [{ timestamp, sampledValue }] }) // biome-ignore format: one line
    }

    await event(0, 'Started', 5)
    await event(1, 'Ended', 9)

    const [row] = store.charging.page({ limit: 1 })
    assert.deepEqual([row?.meterStartWh, row?.meterStopWh], [from, to])
    const [reading] = store.charging.readings('CS01', 'T1', 1)
    const { unit: told = 'Wh' } = unitOfMeasure ?? {}
    assert.deepEqual([reading?.value, reading?.unit], [to ?? 9, told === 'kWh' ? 'Wh' : told])
  })
}
