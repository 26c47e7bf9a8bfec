import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { CsmsStore, type MeterRow, type TransactionStart } from '../../src/storage/csms-store.ts'
import { temporaryFolder } from '../end-to-end/processes.ts'

const AT = '2026-01-05T11:00:00.000Z'
const START: TransactionStart = {
  station: 'CS01',
  transactionId: undefined,
  evseId: 1,
  connectorId: 1,
  idToken: 'TAG-1',
  startedAt: AT,
  meterStartWh: 0,
}
const EVENT = { seqNo: 0, eventType: 'Started', triggerReason: 'Authorized', timestamp: AT }

function open(context: TestContext, file = join(temporaryFolder(context), 'csms.sqlite')) {
  const store = new CsmsStore(file)
  context.after(() => store.close())
  return { store, file }
}

test('a StartTransaction that is repeated gets the number it got before', async (t) => {
  const { store } = open(t)

  const first = await store.write(() => store.charging.start(START))
  const again = await store.write(() => store.charging.start({ ...START }))

  assert.equal(again, first)
  assert.equal(store.charging.page({ limit: 10 }).length, 1)
})

test('a StartTransaction that differs in one member is another transaction', async (t) => {
  const { store } = open(t)
  const others: Partial<TransactionStart>[] = [
    {},
    { station: 'CS02' },
    { connectorId: 2 },
    { idToken: 'TAG-2' },
    { startedAt: '2026-01-05T11:00:01.000Z' },
    { meterStartWh: 1 },
  ]

  const numbers = await store.write(() =>
    others.map((other) => store.charging.start({ ...START, ...other })),
  )

  assert.equal(new Set(numbers).size, others.length)
  assert.deepEqual(
    store.charging.page({ limit: 10 }).map(({ transactionId }) => transactionId),
    numbers.toReversed().map(String),
  )
})

test('a TransactionEvent that is repeated is stored once, and told apart by seqNo, type and time', async (t) => {
  const { store } = open(t)

  const stored = await store.write(() => [
    store.charging.addEvent('CS01', 'T1', EVENT),
    store.charging.addEvent('CS01', 'T1', { ...EVENT, triggerReason: 'RemoteStart' }),
    store.charging.addEvent('CS01', 'T1', { ...EVENT, eventType: 'Updated' }),
    store.charging.addEvent('CS01', 'T1', { ...EVENT, seqNo: 1, eventType: 'Updated' }),
    store.charging.addEvent('CS01', 'T2', EVENT),
    store.charging.addEvent('CS02', 'T1', EVENT),
  ])

  assert.deepEqual(stored, ['new', 'repeated', 'conflict', 'new', 'new', 'new'])
  assert.deepEqual(
    store.charging
      .events('CS01', 'T1', 10)
      .map(({ seqNo, eventType }) => [seqNo, eventType])
      .toSorted(),
    [
      [0, 'Started'],
      [0, 'Updated'],
      [1, 'Updated'],
    ],
  )
})

test('a number that values of a station bear is not given to a transaction of it', async (t) => {
  const { store } = open(t)
  const value = { station: 'CS01', transactionId: '1', measurand: 'SoC', timestamp: AT, evseId: 1, unit: 'Percent', value: 50 } // biome-ignore format: one line

  const numbers = await store.write(() => {
    store.charging.addMeterValue(value as MeterRow)
    return [store.charging.start(START), store.charging.start({ ...START, station: 'CS02' })]
  })

  assert.deepEqual(numbers, [2, 3])
})

test('ids of profiles and reservations are given once, also from the greatest on, and after a backup', async (t) => {
  const { store } = open(t)
  const profile = { station: 'CS01', evseId: 1, purpose: 'TxProfile', stackLevel: 0, transactionId: undefined, source: 'CSO', profile: {}, changedAt: AT } // biome-ignore format: one line
  const ids = (count: number) =>
    store.write(() => Array.from({ length: count }, () => store.profiles.nextId()))

  assert.deepEqual(await ids(2), [1, 2])
  await store.write(() => store.profiles.put({ ...profile, profileId: 4 }))
  assert.deepEqual(await ids(2), [3, 5])
  const aDayLaterS = 86_400
  await store.passOverForgotten(Date.UTC(2026, 0, 1) + aDayLaterS * 1000)
  assert.deepEqual(await ids(1), [1_000_006])
  await store.passOverForgotten(Date.UTC(2026, 0, 1) + (2 ** 31 - 2) * 1000)
  assert.deepEqual(await ids(3), [2 ** 31 - 1, 1, 2])
  assert.equal(await store.write(() => store.reservations.nextId()), 2 ** 31 - 1)
})

test('a repeated start of a named transaction leaves what was stored first', async (t) => {
  const { store } = open(t)
  const named = { ...START, transactionId: 'T1' }

  await store.write(() => {
    const first = store.charging.start(named)
    assert.equal(store.charging.start({ ...named, meterStartWh: 99, idToken: undefined }), first)
  })

  const [row] = store.charging.page({ limit: 10 })
  assert.deepEqual([row?.meterStartWh, row?.idToken], [0, 'TAG-1'])
})

test('the first end of a transaction counts; an end of none is told', async (t) => {
  const { store } = open(t)
  const end = { station: 'CS01', transactionId: 'T1', endedAt: AT, meterStopWh: 5, reason: 'Local' }

  const known = await store.write(() => {
    const before = store.charging.end(end)
    store.charging.start({ ...START, transactionId: 'T1' })
    store.charging.end(end)
    return [before, store.charging.end({ ...end, meterStopWh: 7, reason: 'Remote' })]
  })

  assert.deepEqual(known, [false, true])
  const [row] = store.charging.page({ state: 'ended', limit: 10 })
  assert.deepEqual([row?.meterStopWh, row?.reason], [5, 'Local'])
})

test('what was written is there when the file is opened again', async (t) => {
  const file = join(temporaryFolder(t), 'csms.sqlite')
  const store = new CsmsStore(file)
  const number = await store.write(() => store.charging.start(START))
  store.close()

  const { store: again } = open(t, file)

  assert.equal(again.charging.one(number)?.station, 'CS01')
  assert.equal(again.charging.one(number + 1), undefined)
  assert.equal(await again.write(() => again.charging.start(START)), number)
})

test('a file of an earlier version gets what it lacks, and its transactions go on', async (t) => {
  const file = join(temporaryFolder(t), 'csms.sqlite')
  const old = new DatabaseSync(file)
  old.exec(`
    CREATE TABLE messages (id INTEGER PRIMARY KEY, station TEXT NOT NULL, protocol TEXT NOT NULL,
      action TEXT NOT NULL, received_at TEXT NOT NULL, payload BLOB NOT NULL) STRICT;
    CREATE TABLE transactions (number INTEGER PRIMARY KEY AUTOINCREMENT, station TEXT NOT NULL,
      transaction_id TEXT, evse_id INTEGER, connector_id INTEGER, id_token TEXT, started_at TEXT,
      meter_start_wh REAL, ended_at TEXT, meter_stop_wh REAL, reason TEXT) STRICT;
    CREATE UNIQUE INDEX transactions_by_id ON transactions (station, transaction_id);
    CREATE TABLE transaction_events (station TEXT NOT NULL, transaction_id TEXT NOT NULL,
      seq_no INTEGER NOT NULL, event_type TEXT NOT NULL, trigger_reason TEXT NOT NULL,
      timestamp TEXT NOT NULL, PRIMARY KEY (station, transaction_id, seq_no)) STRICT;
    CREATE TABLE meter_values (id INTEGER PRIMARY KEY, station TEXT NOT NULL, transaction_id TEXT,
      evse_id INTEGER NOT NULL, timestamp TEXT NOT NULL, measurand TEXT NOT NULL, phase TEXT,
      context TEXT, value REAL NOT NULL, unit TEXT NOT NULL) STRICT;
    INSERT INTO transactions (station, transaction_id, evse_id, connector_id, id_token, started_at,
      meter_start_wh) VALUES ('CS01', 'T1', 2, 1, 'TAG-1', '${AT}', 5);
    INSERT INTO transaction_events VALUES ('CS01', 'T1', 0, 'Started', 'Authorized', '${AT}');
    INSERT INTO meter_values (station, transaction_id, evse_id, timestamp, measurand, value, unit)
      VALUES ('CS02', '9', 1, '${AT}', 'Power.Active.Import', 7, 'W');`)
  old.close()
  const { store } = open(t, file)
  const later = '2026-01-05T12:00:00.000Z'

  await store.write(() => {
    // biome-ignore format: one line
    const ended = { seqNo: 1, eventType: 'Ended', triggerReason: 'StopAuthorized', timestamp: later, lastWh: 25, reason: 'Local' }
    assert.equal(store.charging.addEvent('CS01', 'T1', EVENT), 'repeated')
    assert.equal(store.charging.addEvent('CS01', 'T1', ended), 'new')
    // biome-ignore format: one line
    const value = { station: 'CS02', transactionId: '9', evseId: 1, timestamp: AT, measurand: 'Power.Active.Import', phase: undefined, context: undefined, value: 7, unit: 'W' }
    assert.equal(store.charging.addMeterValue(value), 'repeated')
    assert.equal(store.charging.addMeterValue({ ...value, value: 8 }), 'conflict')
    assert.equal(store.charging.addMeterValue({ ...value, evseId: 2 }), 'new')
  })

  const [row] = store.charging.page({ station: 'CS01', limit: 10 })
  const { evseId, idToken, startedAt, meterStartWh, endedAt, meterStopWh, reason } = row ?? {}
  assert.deepEqual([evseId, idToken, startedAt, meterStartWh], [2, 'TAG-1', AT, 5])
  assert.deepEqual([endedAt, meterStopWh, reason], [later, 25, 'Local'])
})

test('of transactions whose end was never reported only the newest runs, once, and none on a free connector', async (t) => {
  const { store } = open(t)
  const power = (transactionId: string, value: number) =>
    store.charging.addMeterValue({ station: 'CS01', transactionId, evseId: 1, timestamp: AT, measurand: 'Power.Active.Import', phase: undefined, context: undefined, value, unit: 'W' }) // biome-ignore format: one row
  await store.write(() => {
    store.setConnector('CS01', 1, 1, 'Occupied', AT)
    for (const [i, transactionId] of ['LOST-1', 'LOST-2', 'RUNS'].entries()) {
      store.charging.start({ ...START, transactionId })
      power(transactionId, 1_000 * (i + 1))
    }
  })
  assert.deepEqual(store.connectors().map(({ transactionId, powerW }) => [transactionId, powerW]), [['RUNS', 3_000]]) // biome-ignore format: one line
  await store.write(() => store.setConnector('CS01', 1, 1, 'Available', AT))
  assert.deepEqual(store.connectors().map(({ transactionId, powerW }) => [transactionId, powerW]), [[undefined, undefined]]) // biome-ignore format: one line
})

test('an end without a start is stored once; another end under its id, too, and both are told apart', async (t) => {
  const { store } = open(t)
  const end = { station: 'CS01', transactionId: '-1', endedAt: AT, meterStopWh: 5, reason: 'Local', message: 7 } // biome-ignore format: one line

  const stored = await store.write(() => [
    store.charging.endUnseen(end),
    store.charging.endUnseen({ ...end, message: 8, reason: 'Remote' }),
    store.charging.endUnseen({ ...end, meterStopWh: 6 }),
    store.charging.endUnseen({ ...end, endedAt: '2026-01-05T11:00:01.000Z' }),
    store.charging.endUnseen({ ...end, station: 'CS02' }),
  ])

  assert.deepEqual(stored, ['new', 'repeated', 'conflict', 'conflict', 'new'])
  assert.equal(store.charging.knownEnd(end)?.stopMessage, 7)
  assert.equal(store.charging.known('CS01', '-1'), undefined)
  assert.equal(store.charging.page({ state: 'ended', limit: 10 }).length, 4)
})

test('what transactions say of a station outlives it, also when it was entered again and removed again', async (t) => {
  const { store } = open(t)
  const remove = () => store.write(() => store.removeStation('CS01', AT))
  await store.write(() => {
    store.addMessage({ station: 'CS01', protocol: 'ocpp2.1', action: 'Heartbeat', receivedAt: AT, payload: Buffer.from('{}') }) // biome-ignore format: one line
    store.setBoot('CS01', { vendor: 'V', model: 'M' }, AT)
    store.charging.start({ ...START, transactionId: 'T1' })
  })
  const told = () => store.charging.page({ limit: 9 }).map(({ protocol, vendor, isRunning }) => [protocol, vendor, isRunning]) // biome-ignore format: one line
  assert.deepEqual(told(), [['ocpp2.1', 'V', true]])

  assert.deepEqual([await remove(), await remove()], [true, false])
  assert.deepEqual(told(), [['ocpp2.1', 'V', false]])
  await store.write(() => store.putStation('CS01', true))
  assert.equal(await remove(), true)
  assert.deepEqual(told(), [['ocpp2.1', 'V', false]])

  await store.write(() => {
    store.putStation('CS01', true)
    store.charging.start({ ...START, transactionId: 'T2' })
  })
  assert.deepEqual(told().map(([, , isRunning]) => isRunning), [true, false]) // biome-ignore format: one line
})

test('a file with transactions from before ends without a start were kept goes on with its numbers', async (t) => {
  const file = join(temporaryFolder(t), 'csms.sqlite')
  const store = new CsmsStore(file)
  const numbers = await store.write(() => [store.charging.start(START)])
  store.close()
  const old = new DatabaseSync(file)
  old.exec(`DELETE FROM migrations WHERE name >= '6'; DROP TABLE former_stations;
    DROP INDEX transactions_by_id; DROP INDEX transactions_unseen;
    DROP INDEX transactions_by_time; DROP INDEX transactions_by_token;
    CREATE UNIQUE INDEX transactions_by_id ON transactions (station, transaction_id);`)
  old.close()

  const { store: again } = open(t, file)

  numbers.push(await again.write(() => again.charging.start(START)))
  numbers.push(await again.write(() => again.charging.start({ ...START, connectorId: 2 })))
  assert.deepEqual(numbers, [1, 1, 2])
})

test('a station that was entered is known in whatever letters it writes its id, and is one row', async (t) => {
  const { store } = open(t)
  const message = { station: 'cs-01', protocol: 'ocpp1.6', action: 'BootNotification', receivedAt: AT, payload: Buffer.from('{}') } // biome-ignore format: one line
  const ids = () => store.stationPage({ limit: 9 }).map(({ station, known }) => [station, known])
  assert.equal(await store.write(() => store.putStation('CS-01', true)), 'CS-01')

  assert.deepEqual(['CS-01', 'cs-01', 'Cs-01', 'CS-02', 'cS-\u{17f}01'].map((id) => store.isKnownStation(id)), [true, true, true, false, false]) // biome-ignore format: one line
  await store.write(() => {
    store.addMessage(message)
    store.enterStation('cs-01', store.isKnownStation('cs-01'))
  })
  assert.deepEqual(ids(), [['cs-01', true]])
  assert.equal(await store.write(() => store.putStation('CS-01', false)), 'cs-01')
  assert.deepEqual(ids(), [['cs-01', false]])
})
