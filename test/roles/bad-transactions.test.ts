import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CsmsStore } from '../../src/storage/csms-store.ts'
import { startCsms } from './raw-station.ts'

/** What stations tell of transactions that cannot be: nothing is lost, and nothing else suffers. */

const at = (minute: number) => new Date(Date.UTC(2026, 0, 5, 11, minute)).toISOString()
const start = (minute: number, more: object = {}) => ({ connectorId: 1, idTag: 'TAG-1', meterStart: 100 * minute, timestamp: at(minute), ...more }) // biome-ignore format: one line
const stop = (transactionId: unknown, minute: number, more: object = {}) => ({ transactionId, meterStop: 100 * minute, timestamp: at(minute), ...more }) // biome-ignore format: one line
const event = (seqNo: number, eventType: string, minute: number, more: object = {}) => ({
  eventType,
  seqNo,
  timestamp: at(minute),
  triggerReason: 'Trigger',
  transactionInfo: { transactionId: 'T1' },
  evse: { id: 1, connectorId: 1 },
  meterValue: [{ timestamp: at(minute), sampledValue: [{ value: 100 * minute }] }],
  ...more,
})

/** The transactions, oldest number first: whether they run, and what they say of start and end. */
const told = (store: CsmsStore) =>
  store
    .charging.page({ limit: 100 })
    .toReversed()
    .map(({ isRunning, startedAt, endedAt, meterStopWh }) => ({ isRunning, startedAt, endedAt, meterStopWh })) // biome-ignore format: one line

test('a transaction that never ends stops running when the next one begins there', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')

  await say('StartTransaction', start(0))
  await say('StartTransaction', start(0, { connectorId: 2 }))
  await say('StartTransaction', start(5))

  assert.deepEqual(told(store).map(({ isRunning }) => isRunning), [false, true, true]) // biome-ignore format: one line
})

test('a transaction of days ago that is told late does not take the place of the one that runs', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')

  await say('StartTransaction', start(50))
  const late = await say('StartTransaction', start(1))
  await say('MeterValues', { connectorId: 1, transactionId: late.transactionId, meterValue: [{ timestamp: at(2), sampledValue: [{ value: '150' }] }] }) // biome-ignore format: one line
  await say('StopTransaction', stop(late.transactionId, 3))

  assert.deepEqual(told(store), [
    { isRunning: true, startedAt: at(50), endedAt: undefined, meterStopWh: undefined },
    { isRunning: false, startedAt: at(1), endedAt: at(3), meterStopWh: 300 },
  ])
})

test('in the hour that a clock is set back the later transaction runs, by moment and not by figure', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')

  await say('StartTransaction', start(0, { timestamp: '2026-10-25T02:50:00+02:00' }))
  await say('StartTransaction', start(0, { timestamp: '2026-10-25T02:10:00+01:00' }))

  assert.deepEqual(told(store).map(({ isRunning }) => isRunning), [false, true]) // biome-ignore format: one line
})

test('in that hour the newest reading is the one that was taken last, and the same moment is one reading', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  const { transactionId } = await say('StartTransaction', start(0))
  const reading = (timestamp: string, value: number) =>
    say('MeterValues', { connectorId: 1, transactionId, meterValue: [{ timestamp, sampledValue: [{ value: `${value}` }] }] }) // biome-ignore format: one line

  await reading('2026-10-25T02:50:00+02:00', 200)
  await reading('2026-10-25T02:10:00+01:00', 900)
  await reading('2026-10-25T01:10:00.000Z', 900)

  assert.equal(store.charging.page({ limit: 1 })[0]?.registerWh, 900)
  assert.equal(store.charging.readings('CS01', `${transactionId}`, 9).length, 2)
})

test('of two ends the first counts, and the second is marked as saying something else', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  const { transactionId } = await say('StartTransaction', start(0))

  await say('StopTransaction', stop(transactionId, 9))
  await say('StopTransaction', stop(transactionId, 9, { meterStop: 1 }))

  assert.equal(told(store)[0]?.meterStopWh, 900)
  assert.deepEqual(store.messages.repeats('CS01'), { repeated: 1, conflicts: 1 })
})

test('the end of a transaction nobody began is answered, and is one with an end and no start', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')

  for (const _ of ['once', 'again']) assert.deepEqual(await say('StopTransaction', stop(4711, 9, { idTag: 'TAG-1' })), { idTagInfo: { status: 'Accepted' } }) // biome-ignore format: one line

  assert.deepEqual(told(store), [{ isRunning: false, startedAt: undefined, endedAt: at(9), meterStopWh: 900 }]) // biome-ignore format: one line
  assert.deepEqual(store.messages.of('CS01').map(({ isRepeated }) => isRepeated), [false, true]) // biome-ignore format: one line
})

test('ends that a station tells under one id, having no other, all count; that one id is theirs is told', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')

  for (const minute of [5, 7, 7]) await say('StopTransaction', stop(-1, minute))

  assert.deepEqual(told(store).map(({ meterStopWh }) => meterStopWh), [500, 700]) // biome-ignore format: one line
  assert.deepEqual(store.messages.repeats('CS01'), { repeated: 1, conflicts: 1 })
})

test('a number that was the id of an end without a start is not given to another transaction of that station', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  // Ids that a CSMS before this one has given.
  for (const id of [4, 5, 7]) await say('StopTransaction', stop(id, id))

  const { transactionId: first } = await say('StartTransaction', start(20))
  const { transactionId: second } = await say('StartTransaction', start(30))
  await say('StopTransaction', stop(4, 4))

  assert.deepEqual([first, second], [8, 9])
  const running = store.charging.page({ state: 'running', limit: 9 })
  assert.deepEqual(
    running.map(({ transactionId }) => transactionId),
    ['9'],
  )
})

test('a number that values of a transaction unknown here bear is not given again, nor any below it', async (t) => {
  const { store, station } = await startCsms(t)
  const values = { connectorId: 1, meterValue: [{ timestamp: at(1), sampledValue: [{ value: '150' }] }] } // biome-ignore format: one line
  await station('CS01', 'ocpp1.6')('MeterValues', { ...values, transactionId: 9 })

  const { transactionId: here } = await station('CS01', 'ocpp1.6')('StartTransaction', start(2))
  const { transactionId: elsewhere } = await station('CS02', 'ocpp1.6')('StartTransaction', start(2)) // biome-ignore format: one line

  assert.deepEqual([here, elsewhere], [10, 11])
  assert.deepEqual(store.charging.readings('CS01', '10', 9), [])
})

test('no station uses up the numbers by naming a great one, and that one is not given to it', async (t) => {
  const { station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  for (const id of [2 ** 31 - 1, -1]) await say('StopTransaction', stop(id, 1))

  const { transactionId } = await say('StartTransaction', start(2))

  assert.equal(transactionId, 3)
})

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  test(`${protocol}: a transaction of which only the end was told has no start until that is told, too`, async (t) => {
    const { store, station } = await startCsms(t)
    const say = station('CS01', protocol)
    const both = [{ value: 100, context: 'Transaction.Begin' }, { value: 900, context: 'Transaction.End' }] // biome-ignore format: one line
    const now = () => {
      const [row] = store.charging.page({ limit: 1 })
      return [row?.startedAt, row?.meterStartWh, row?.endedAt, row?.meterStopWh]
    }

    await say('TransactionEvent', event(3, 'Ended', 9))
    assert.deepEqual(now(), [undefined, undefined, at(9), 900])
    await say('TransactionEvent', event(2, 'Updated', 8, { meterValue: [{ timestamp: at(8), sampledValue: both }] })) // biome-ignore format: one line
    assert.deepEqual(now(), [undefined, 100, at(9), 900], 'the register says of itself when it was')
    await say('TransactionEvent', event(0, 'Started', 1))
    assert.deepEqual(now(), [at(1), 100, at(9), 900])
  })
}

test('an event of 2.x under the id of an end without a start leaves that one as it is', async (t) => {
  const { store, station } = await startCsms(t)
  await station('CS01', 'ocpp1.6')('StopTransaction', stop(4711, 9))

  await station('CS01', 'ocpp2.0.1')('TransactionEvent', event(0, 'Started', 20, { transactionInfo: { transactionId: '4711' } })) // biome-ignore format: one line

  assert.deepEqual(told(store).map(({ startedAt, meterStopWh }) => [startedAt, meterStopWh]), [[undefined, 900], [at(20), undefined]]) // biome-ignore format: one line
})

test('the end of the transaction of another station is not obeyed', async (t) => {
  const { store, station } = await startCsms(t)
  const { transactionId } = await station('CS01', 'ocpp1.6')('StartTransaction', start(0))

  await station('CS02', 'ocpp1.6')('StopTransaction', stop(transactionId, 1))

  assert.equal(told(store)[0]?.isRunning, true)
})

test('events in any order make the same transaction', async (t) => {
  const events = [event(0, 'Started', 0), event(1, 'Updated', 5), event(2, 'Updated', 7), event(3, 'Ended', 9)] // biome-ignore format: one line
  const seen: unknown[] = []
  for (const order of [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] as const) {
    const { store, station } = await startCsms(t)
    const say = station('CS01', 'ocpp2.0.1')
    for (const i of order) await say('TransactionEvent', events[i] ?? {})
    seen.push([told(store), store.charging.readings('CS01', 'T1', 10).map(({ value }) => value)])
  } // biome-ignore format: three orders
  assert.deepEqual(seen[0], [[{ isRunning: false, startedAt: at(0), endedAt: at(9), meterStopWh: 900 }], [900, 700, 500, 0]]) // biome-ignore format: one line
  assert.deepEqual([seen[1], seen[2]], [seen[0], seen[0]])
})

test('updates of a transaction whose beginning never comes are kept', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp2.1')

  await say('TransactionEvent', event(7, 'Updated', 5))

  assert.equal(store.charging.page({ limit: 1 })[0]?.transactionId, 'T1')
  assert.equal(store.charging.readings('CS01', 'T1', 10).length, 1)
})

test('values that are no number stay in the message as received and are nowhere else', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  const values = ['NaN', 'Infinity', '', '1e999', '0x10', 'twelve', '1,5', '230.1']

  await say('MeterValues', { connectorId: 1, transactionId: 1, meterValue: [{ timestamp: at(0), sampledValue: values.map((value) => ({ value })) }] }) // biome-ignore format: one line

  assert.deepEqual(store.charging.readings('CS01', '1', 10).map(({ value }) => value), [230.1]) // biome-ignore format: one line
  const payload = Buffer.from(store.messages.of('CS01')[0]?.payload ?? []).toString()
  for (const value of values) assert.ok(payload.includes(`"value":"${value}"`), value)
})

test('values that unit or multiplier make infinite are no numbers, and their message is kept and answered', async (t) => {
  const { store, station } = await startCsms(t)
  const times = (value: number, multiplier: number) => ({ value, unitOfMeasure: { unit: 'Wh', multiplier } }) // biome-ignore format: one line
  const meterValue = (minute: number, ...sampledValue: object[]) => ({ meterValue: [{ timestamp: at(minute), sampledValue }] }) // biome-ignore format: one line
  const say = station('CS01', 'ocpp2.0.1')
  await say('TransactionEvent', event(0, 'Started', 0, meterValue(0, times(1, 309), times(-1, 400), times(0, 400)))) // biome-ignore format: one line
  await say('TransactionEvent', event(1, 'Ended', 1, meterValue(1, times(5, 309))))
  await station('CS02', 'ocpp1.6')('MeterValues', { connectorId: 1, transactionId: 1, meterValue: [{ timestamp: at(0), sampledValue: [{ value: '1e308', unit: 'kWh' }, { value: '7' }] }] }) // biome-ignore format: one line

  assert.deepEqual(store.charging.readings('CS01', 'T1', 10), [])
  assert.deepEqual(store.charging.readings('CS02', '1', 10).map(({ value }) => value), [7]) // biome-ignore format: one line
  const [row] = store.charging.page({ limit: 9, station: 'CS01' })
  assert.deepEqual([row?.meterStartWh, row?.meterStopWh, row?.registerWh], [undefined, undefined, undefined]) // biome-ignore format: one line
  assert.deepEqual([store.messages.of('CS01').length, store.messages.of('CS02').length], [2, 1])
})

test('units are told as they are: kWh as Wh, unknown ones unchanged, a wrong one for the measurand is refused', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  const values = (sampledValue: object[]) => say('MeterValues', { connectorId: 1, transactionId: 1, meterValue: [{ timestamp: at(0), sampledValue }] }) // biome-ignore format: one line

  await values([{ value: '1.5', unit: 'kWh' }, { value: '7', measurand: 'Temperature', unit: 'K' }]) // biome-ignore format: one line
  await assert.rejects(values([{ value: '1', unit: 'horsepower' }]), /PropertyConstraintViolation/)

  assert.deepEqual(
    store.charging.readings('CS01', '1', 10).map(({ measurand, value, unit }) => [measurand, value, unit]).toSorted(), // biome-ignore format: one chain
    [['Energy.Active.Import.Register', 1500, 'Wh'], ['Temperature', 7, 'K']],
  ) // biome-ignore format: two readings
})

test('10 000 samples in one message are stored, once', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp2.0.1')
  const meterValue = Array.from({ length: 100 }, (_, minute) => ({
    timestamp: at(minute),
    sampledValue: Array.from({ length: 100 }, (_, value) => ({ value })),
  }))
  const sent = event(0, 'Started', 0, { meterValue })

  for (const _ of ['once', 'again']) await say('TransactionEvent', sent)

  assert.equal(store.charging.readings('CS01', 'T1', 20_000).length, 10_000)
})

test('power without a unit is watts, and a share of the battery is no energy, whatever it is called', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp2.1')
  const meterValue = (sampledValue: object[]) => ({ meterValue: [{ timestamp: at(1), sampledValue }] }) // biome-ignore format: one line
  await say('TransactionEvent', event(0, 'Started', 0, meterValue([{ value: 7_000, measurand: 'Power.Active.Import' }, { value: 50, unitOfMeasure: { unit: 'Percent' } }]))) // biome-ignore format: one line

  const [row] = store.charging.page({ limit: 1 })
  assert.deepEqual([row?.powerW, row?.registerWh, row?.meterStartWh], [7_000, undefined, undefined])
})

test('two transactions that began at one place at the same moment overlap; one that was over at once does not', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  await say('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' })
  const timestamp = '2026-01-05T11:00:00Z'
  for (const meterStart of [0, 1]) await say('StartTransaction', { connectorId: 1, idTag: 'TAG-1', meterStart, timestamp }) // biome-ignore format: one line
  assert.deepEqual(store.charging.page({ limit: 9 }).map(({ overlaps }) => overlaps), [true, true]) // biome-ignore format: one line

  const [last] = store.charging.page({ limit: 1 })
  await say('StopTransaction', { transactionId: last?.number, meterStop: 1, timestamp })
  assert.deepEqual(store.charging.page({ limit: 9 }).map(({ overlaps }) => overlaps), [false, false]) // biome-ignore format: one line
})
