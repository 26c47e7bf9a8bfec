import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CsmsStore, type TransactionStart } from '../../src/storage/csms-store.ts'
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

  const first = await store.write(() => store.startTransaction(START))
  const again = await store.write(() => store.startTransaction({ ...START }))

  assert.equal(again, first)
  assert.equal(store.transactionPage({ limit: 10 }).length, 1)
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
    others.map((other) => store.startTransaction({ ...START, ...other })),
  )

  assert.equal(new Set(numbers).size, others.length)
  assert.deepEqual(
    store.transactionPage({ limit: 10 }).map(({ transactionId }) => transactionId),
    numbers.toReversed().map(String),
  )
})

test('a TransactionEvent that is repeated is stored once, and told apart by its seqNo', async (t) => {
  const { store } = open(t)

  const stored = await store.write(() => [
    store.addTransactionEvent('CS01', 'T1', EVENT),
    store.addTransactionEvent('CS01', 'T1', { ...EVENT, eventType: 'Updated' }),
    store.addTransactionEvent('CS01', 'T1', { ...EVENT, seqNo: 1, eventType: 'Updated' }),
    store.addTransactionEvent('CS01', 'T2', EVENT),
    store.addTransactionEvent('CS02', 'T1', EVENT),
  ])

  assert.deepEqual(stored, [true, false, true, true, true])
  assert.deepEqual(
    store.events('CS01', 'T1', 10).map(({ seqNo, eventType }) => [seqNo, eventType]),
    [
      [1, 'Updated'],
      [0, 'Started'],
    ],
  )
})

test('a repeated start of a named transaction leaves what was stored first', async (t) => {
  const { store } = open(t)
  const named = { ...START, transactionId: 'T1' }

  await store.write(() => {
    const first = store.startTransaction(named)
    assert.equal(store.startTransaction({ ...named, meterStartWh: 99, idToken: undefined }), first)
  })

  const [row] = store.transactionPage({ limit: 10 })
  assert.deepEqual([row?.meterStartWh, row?.idToken], [0, 'TAG-1'])
})

test('the first end of a transaction counts; an end of none is told', async (t) => {
  const { store } = open(t)
  const end = { station: 'CS01', transactionId: 'T1', endedAt: AT, meterStopWh: 5, reason: 'Local' }

  const known = await store.write(() => {
    const before = store.endTransaction(end)
    store.startTransaction({ ...START, transactionId: 'T1' })
    store.endTransaction(end)
    return [before, store.endTransaction({ ...end, meterStopWh: 7, reason: 'Remote' })]
  })

  assert.deepEqual(known, [false, true])
  const [row] = store.transactionPage({ state: 'ended', limit: 10 })
  assert.deepEqual([row?.meterStopWh, row?.reason], [5, 'Local'])
})

test('what was written is there when the file is opened again', async (t) => {
  const file = join(temporaryFolder(t), 'csms.sqlite')
  const store = new CsmsStore(file)
  const number = await store.write(() => store.startTransaction(START))
  store.close()

  const { store: again } = open(t, file)

  assert.equal(again.transaction(number)?.station, 'CS01')
  assert.equal(again.transaction(number + 1), undefined)
  assert.equal(await again.write(() => again.startTransaction(START)), number)
})
