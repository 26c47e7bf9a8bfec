import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CsmsStore } from '../../src/storage/csms-store.ts'
import { startCsms } from './raw-station.ts'

const at = (second: number) => `2026-01-05T11:00:0${second}.000Z`
const START = { connectorId: 1, idTag: 'TAG-1', meterStart: 1000, timestamp: at(0) }
const energy = (second: number, value: string) => ({
  timestamp: at(second),
  sampledValue: [
    { value, unit: 'Wh' },
    { value: '7.2', unit: 'kW', measurand: 'Power.Active.Import', context: 'Sample.Periodic' },
  ],
})

const event = (seqNo: number, eventType: string, wh: number, more: object = {}) => ({
  eventType,
  triggerReason: 'MeterValuePeriodic',
  timestamp: at(seqNo),
  seqNo,
  transactionInfo: { transactionId: 'T1', ...(eventType === 'Ended' && { stoppedReason: 'Remote' }) }, // biome-ignore format: one line
  meterValue: [{ timestamp: at(seqNo), sampledValue: [{ value: wh }] }],
  ...more,
})
const STARTED = event(0, 'Started', 10, {
  evse: { id: 2, connectorId: 1 },
  idToken: { idToken: 'TAG-1', type: 'ISO14443' },
})
const EVENTS = [STARTED, event(1, 'Updated', 20), event(2, 'Updated', 30), event(3, 'Ended', 40)]

/** All that messages have led to. */
function effects(store: CsmsStore, station: string) {
  const rows = store.charging.page({ station, limit: 10 }).toReversed()
  return rows.map(({ number: _, protocol: __, ...row }) => ({
    ...row,
    events: store.charging.events(station, row.transactionId, 100),
    readings: store.charging
      .readings(station, row.transactionId, 100)
      .map(({ timestamp, measurand, value, unit }) => [timestamp, measurand, value, unit]),
  }))
}

/** Whether each message that came was marked as repeated. */
const repeated = (store: CsmsStore, station: string) =>
  store.messages.of(station).map(({ isRepeated }) => isRepeated)

test('a 1.6 transaction of which every message comes twice has effects once', async (t) => {
  const { store, station, warnings } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')

  const [first, again] = [await say('StartTransaction', START), await say('StartTransaction', START)] // biome-ignore format: one line
  const { transactionId } = first
  const values = { connectorId: 1, transactionId, meterValue: [energy(1, '1010')] }
  const stop = { transactionId, meterStop: 1020, timestamp: at(2), transactionData: [energy(2, '1020')] } // biome-ignore format: one line
  for (const _ of ['once', 'again']) await say('MeterValues', values)
  for (const _ of ['once', 'again']) await say('StopTransaction', stop)

  assert.deepEqual(again, first)
  const [transaction, ...others] = effects(store, 'CS01')
  assert.deepEqual(others, [])
  assert.deepEqual([transaction?.meterStartWh, transaction?.meterStopWh], [1000, 1020])
  assert.deepEqual(transaction?.readings, [
    [at(2), 'Energy.Active.Import.Register', 1020, 'Wh'],
    [at(2), 'Power.Active.Import', 7200, 'W'],
    [at(1), 'Energy.Active.Import.Register', 1010, 'Wh'],
    [at(1), 'Power.Active.Import', 7200, 'W'],
  ])
  assert.deepEqual(repeated(store, 'CS01'), [false, true, false, true, false, true])
  assert.deepEqual(store.messages.repeats('CS01'), { repeated: 3, conflicts: 0 })
  assert.deepEqual(warnings, [])
})

test('a 1.6 start that differs in one part of its key is another transaction', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  const other = station('CS02', 'ocpp1.6')

  const answers = [
    await say('StartTransaction', START),
    await say('StartTransaction', { ...START, connectorId: 2 }),
    await say('StartTransaction', { ...START, idTag: 'TAG-2' }),
    await say('StartTransaction', { ...START, timestamp: at(1) }),
    // A station that restarts its counter says something new.
    await say('StartTransaction', { ...START, meterStart: 0 }),
    await other('StartTransaction', START),
  ]

  assert.equal(new Set(answers.map(({ transactionId }) => transactionId)).size, answers.length)
  assert.deepEqual(store.messages.repeats('CS01'), { repeated: 0, conflicts: 0 })
})

test('of two 1.6 messages under one key that differ the first counts, and the conflict is told', async (t) => {
  const { store, station, warnings } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')

  const { transactionId } = await say('StartTransaction', START)
  await say('StartTransaction', { ...START, reservationId: 7 })
  const meterValue = [energy(1, '1010')]
  await say('MeterValues', { connectorId: 1, transactionId, meterValue })
  await say('MeterValues', { connectorId: 1, transactionId, meterValue: [energy(1, '1011')] })
  const stop = { transactionId, meterStop: 1020, timestamp: at(2), reason: 'Remote' }
  await say('StopTransaction', stop)
  await say('StopTransaction', { ...stop, meterStop: 99, timestamp: at(3), reason: 'Local', transactionData: [energy(3, '99')] }) // biome-ignore format: one line

  const [transaction] = effects(store, 'CS01')
  const { meterStopWh, endedAt, reason } = transaction ?? {}
  assert.deepEqual([meterStopWh, endedAt, reason], [1020, at(2), 'Remote'])
  assert.deepEqual(
    transaction?.readings.map(([, , value]) => value),
    [1010, 7200],
  )
  assert.deepEqual(store.messages.repeats('CS01'), { repeated: 3, conflicts: 3 })
  assert.deepEqual(
    warnings.map(([name, fields]) => [name, (fields as { action: string }).action]),
    [
      ['message.conflict', 'StartTransaction'],
      ['message.conflict', 'MeterValues'],
      ['message.conflict', 'StopTransaction'],
    ],
  )
})

test('values of 1.6 that only partly came before are stored as far as they are new', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  const { transactionId } = await say('StartTransaction', START)

  await say('MeterValues', { connectorId: 1, transactionId, meterValue: [energy(1, '1010')] })
  await say('MeterValues', { connectorId: 1, transactionId, meterValue: [energy(1, '1010'), energy(2, '1020')] }) // biome-ignore format: one line
  // The stop brings again what was told before: that does not make it a repeated one.
  await say('StopTransaction', { transactionId, meterStop: 1020, timestamp: at(3), transactionData: [energy(1, '1010')] }) // biome-ignore format: one line

  assert.equal(effects(store, 'CS01')[0]?.readings.length, 4)
  assert.deepEqual(repeated(store, 'CS01'), [false, false, false, false])
})

test('values that differ in phase, context, place, unit, connector or transaction are all stored', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp1.6')
  const { transactionId } = await say('StartTransaction', START)
  const sample = { value: '5', measurand: 'Energy.Active.Import.Register' }
  const sampledValue = [
    sample,
    { ...sample, phase: 'L1' },
    { ...sample, context: 'Sample.Clock' },
    { ...sample, location: 'Inlet' },
    { ...sample, unit: 'varh' },
    sample, // the same twice in one message is two values
  ]
  const meterValue = [{ timestamp: at(1), sampledValue }]

  const inTransaction = { connectorId: 1, transactionId, meterValue }
  for (const _ of ['once', 'again']) await say('MeterValues', inTransaction)
  await say('MeterValues', { connectorId: 1, meterValue })
  await say('MeterValues', { connectorId: 2, meterValue })

  assert.equal(effects(store, 'CS01')[0]?.readings.length, sampledValue.length)
  assert.deepEqual(store.messages.repeats('CS01'), { repeated: 1, conflicts: 0 })
})

test('a StopTransaction of an unknown transaction, or of another station, changes no other and counts once', async (t) => {
  const { store, station } = await startCsms(t)
  const { transactionId } = await station('CS01', 'ocpp1.6')('StartTransaction', START)
  const say = station('CS02', 'ocpp1.6')

  for (const id of [transactionId, transactionId, 4711, 4711]) {
    const answer = await say('StopTransaction', { transactionId: id, meterStop: 5, timestamp: at(1), transactionData: [energy(1, '5')] }) // biome-ignore format: one line
    assert.deepEqual(answer, {})
  }

  assert.equal(effects(store, 'CS01')[0]?.endedAt, undefined)
  assert.deepEqual(
    effects(store, 'CS02').map((row) => [row.transactionId, row.meterStopWh, row.readings.length]),
    [
      [`${transactionId}`, 5, 2],
      ['4711', 5, 2],
    ],
  )
  assert.deepEqual(store.messages.repeats('CS02'), { repeated: 2, conflicts: 0 })
})

for (const protocol of ['ocpp2.0.1', 'ocpp2.1'] as const) {
  test(`events of ${protocol} have effects once and end in the same rows in any order`, async (t) => {
    const { store, station } = await startCsms(t)
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 0, 3, 2],
      [2, 2, 3, 0, 0, 1, 3, 1],
    ]

    const found = []
    for (const [i, order] of orders.entries()) {
      const say = station(`CS0${i}`, protocol)
      for (const n of order) await say('TransactionEvent', EVENTS[n] ?? {})
      found.push(effects(store, `CS0${i}`).map(({ station: _, ...rest }) => rest))
    }

    const [inOrder, ...others] = found
    for (const other of others) assert.deepEqual(other, inOrder)
    const [transaction] = inOrder ?? []
    const { evseId, connectorId, idToken, startedAt, meterStartWh } = transaction ?? {}
    assert.deepEqual([evseId, connectorId, idToken, startedAt, meterStartWh], [2, 1, 'TAG-1', at(0), 10]) // biome-ignore format: one line
    const { endedAt, meterStopWh, reason } = transaction ?? {}
    assert.deepEqual([endedAt, meterStopWh, reason], [at(3), 40, 'Remote'])
    assert.deepEqual(
      transaction?.readings.map(([, , value]) => value),
      [40, 30, 20, 10],
    )
    assert.deepEqual(store.messages.repeats('CS03'), { repeated: 4, conflicts: 0 })
  })
}

test('of two events under one number the first counts; only another content is a conflict', async (t) => {
  const { store, station, warnings } = await startCsms(t)
  const say = station('CS01', 'ocpp2.1')

  await say('TransactionEvent', STARTED)
  const before = effects(store, 'CS01')
  // Written otherwise, and offline meanwhile: still the same event.
  await say('TransactionEvent', { offline: true, ...STARTED })
  await say('TransactionEvent', JSON.stringify(STARTED).replace('"value":10', '"value": 10.0'))
  assert.deepEqual([store.messages.repeats('CS01'), warnings], [{ repeated: 2, conflicts: 0 }, []])

  await say('TransactionEvent', event(0, 'Started', 99))

  assert.deepEqual(effects(store, 'CS01'), before)
  assert.deepEqual(store.messages.repeats('CS01'), { repeated: 3, conflicts: 1 })
  assert.deepEqual(
    warnings.map(([name]) => name),
    ['message.conflict'],
  )
})

test('a station that gives all its events one number loses none of them, and its transaction ends', async (t) => {
  const { store, station, warnings } = await startCsms(t)
  const say = station('CS01', 'ocpp2.0.1')

  await say('TransactionEvent', STARTED)
  await say('TransactionEvent', { ...event(1, 'Updated', 20), seqNo: 0 })
  await say('TransactionEvent', { ...event(2, 'Ended', 30), seqNo: 0 })
  await say('TransactionEvent', { ...event(2, 'Ended', 30), seqNo: 0 })

  const [transaction] = store.charging.page({ limit: 10 })
  assert.deepEqual([transaction?.meterStartWh, transaction?.meterStopWh], [10, 30])
  assert.equal(effects(store, 'CS01')[0]?.readings.length, 3)
  assert.deepEqual(store.messages.repeats('CS01'), { repeated: 1, conflicts: 2 })
  assert.equal(warnings.length, 2)
})

test('a repeated event of 2.x is answered like the first one', async (t) => {
  const { station } = await startCsms(t)
  const say = station('CS01', 'ocpp2.0.1')

  assert.deepEqual(await say('TransactionEvent', STARTED), await say('TransactionEvent', STARTED))
})

test('equal values of two events are both stored; equal MeterValues of 2.x once', async (t) => {
  const { store, station } = await startCsms(t)
  const say = station('CS01', 'ocpp2.1')
  const { meterValue } = STARTED

  await say('TransactionEvent', STARTED)
  await say('TransactionEvent', event(1, 'Updated', 0, { meterValue }))
  for (const _ of ['once', 'again']) await say('MeterValues', { evseId: 2, meterValue })

  assert.equal(effects(store, 'CS01')[0]?.readings.length, 2)
  assert.deepEqual(repeated(store, 'CS01'), [false, false, false, true])
})
