import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TransactionView } from '../../src/http/live-api.ts'
import {
  formatSelection,
  NO_TRANSACTION_FILTER,
  parseSelection,
  parseTransactionFilter,
  withTransactionFilter,
} from '../../web/navigation/address.ts'
import { formatDay, formatMeasured, join } from '../../web/text/format.ts'
import {
  changesTransactions,
  durationOf,
  runningFirst,
  transactionPaths,
} from '../../web/transactions/transactions.ts'
import { frame } from './park.ts'

const START = '2026-01-05T11:00:00.000Z'

function transaction(number: number, more: Partial<TransactionView> = {}): TransactionView {
  const station = 'CS01'
  return { number, station, transactionId: `T${number}`, state: 'running', simulated: false, ...more } // biome-ignore format: one line
}

test('the first page asks for running and ended transactions, later ones for ended alone', () => {
  const first = transactionPaths(NO_TRANSACTION_FILTER)
  assert.match(first.running ?? '', /^\/api\/transactions\?state=running&limit=\d+$/)
  assert.match(first.ended ?? '', /\?state=ended&limit=\d+$/)

  const later = transactionPaths({ ...NO_TRANSACTION_FILTER, before: 7, station: 'A&B' })
  assert.equal(later.running, undefined)
  assert.match(later.ended ?? '', /&find=A%26B&before=7$/)
})

test('a state that was chosen is the only one asked for, on every page', () => {
  const running = transactionPaths({ station: '', state: 'running', before: 7 })
  assert.match(running.running ?? '', /before=7/)
  assert.equal(running.ended, undefined)
  assert.equal(transactionPaths({ station: '', state: 'ended', before: undefined }).running, undefined) // biome-ignore format: one line
})

test('what ended between two readings is listed once, as ended', () => {
  const rows = runningFirst(
    [transaction(3), transaction(1)],
    [transaction(3, { state: 'ended' }), transaction(2, { state: 'ended' })],
  )
  assert.deepEqual(
    rows.map(({ number, state }) => [number, state]),
    [
      [1, 'running'],
      [3, 'ended'],
      [2, 'ended'],
    ],
  )
})

test('a transaction lasts until its end, a running one until now', () => {
  const now = Date.parse(START) + 90_000
  assert.equal(durationOf(transaction(1, { startedAt: START }), now), 90_000)
  const endedAt = '2026-01-05T11:00:30.000Z'
  const ended = transaction(1, { state: 'ended', startedAt: START, endedAt })
  assert.equal(durationOf(ended, now), 30_000)
  assert.equal(durationOf(transaction(1), now), undefined)
})

test('new frames of transactions of both generations make the room look again', () => {
  for (const action of ['TransactionEvent', 'StartTransaction', 'StopTransaction', 'MeterValues']) {
    const frames = [frame(4), frame(5, { action }), frame(6)]
    assert.equal(changesTransactions(frames, 4), true, action)
    assert.equal(changesTransactions(frames, 0), true, action)
    assert.equal(changesTransactions(frames, 5), false, action)
  }
  assert.equal(changesTransactions([frame(1, { action: 'StatusNotification' })], 0), false)
  assert.equal(changesTransactions([], 0), false)
})

test('the address holds the open transaction and what the list is narrowed to', () => {
  const selection = { type: 'transaction', number: 12 } as const
  assert.deepEqual(
    parseSelection(new URLSearchParams({ open: formatSelection(selection) })),
    selection,
  )
  assert.equal(parseSelection(new URLSearchParams('open=transaction:T1')), undefined)

  const filter = { station: 'CS01', state: 'ended', before: 40 } as const
  const query = withTransactionFilter(new URLSearchParams('open=node%3ACS01'), filter)
  assert.deepEqual(parseTransactionFilter(query), filter)
  assert.equal(withTransactionFilter(query, NO_TRANSACTION_FILTER).toString(), 'open=node%3ACS01')
  assert.deepEqual(
    parseTransactionFilter(new URLSearchParams('state=open&before=x')),
    NO_TRANSACTION_FILTER,
  )
})

test('a day stands before its time, and a measured value before the unit it came in', () => {
  assert.equal(formatDay(START, 'UTC'), '5 Jan, 11:00:00.000')
  assert.equal(join(formatMeasured(22_050, 'W')), '22.1\u202fkW')
  assert.equal(join(formatMeasured(16, 'A')), '16\u202fA')
  assert.equal(join(formatMeasured(229.857, 'V')), '229.86\u202fV')
})
