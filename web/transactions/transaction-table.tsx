import type { TransactionView } from '../../src/http/live-api.ts'
import { useNow } from '../live/use-live.ts'
import { useAddress } from '../navigation/use-address.ts'
import { DayMoment, Figure } from '../shell/moment.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import tables from '../shell/table-room.module.css'
import { formatEnergy, formatPower, formatSpan, shorten } from '../text/format.ts'
import { text } from '../text/text.ts'
import { durationOf } from './transactions.ts'
import styles from './transactions-room.module.css'

const words = text.transactions

const COLUMNS = columnsOf<TransactionView, keyof typeof words.columns>(words.columns, {
  start: (row) => (row.startedAt ? <DayMoment iso={row.startedAt} /> : text.none),
  station: (row) => (
    <>
      <code>{row.station}</code>
      {row.simulated && <span className={tables.sim}>{text.node.simulated}</span>}
    </>
  ),
  evse: (row) => row.evseId ?? text.none,
  transaction: (row) => shorten(row.transactionId, 24),
  token: (row) => (row.token ? <code>{row.idToken ?? row.token}</code> : text.none),
  duration: (row) => <Duration row={row} />,
  energy: (row) =>
    row.energyWh === undefined ? text.none : <Figure quantity={formatEnergy(row.energyWh)} />,
  power: (row) =>
    row.state === 'running' && row.powerW !== undefined ? (
      <Figure quantity={formatPower(row.powerW)} />
    ) : (
      text.none
    ),
  state: (row) => (
    <>
      {stateWords(row)}
      {row.problems && (
        <span
          className={tables.flag}
          title={row.problems.map((one) => words.problems[one]).join(' ')}
        >
          {words.implausible}
        </span>
      )}
    </>
  ),
})

/** Transactions as rows that open them. */
export function TransactionTable({ rows }: { rows: readonly TransactionView[] }) {
  const { selection, select } = useAddress()
  return (
    <RoomTable
      columns={COLUMNS}
      head="transaction"
      rows={rows}
      keyOf={({ number }) => number}
      data={(row) => ({ 'data-transaction': row.transactionId, 'data-state': row.state })}
      className={styles.table}
      opening={{
        open: ({ number }) => select({ type: 'transaction', number }),
        isOpen: ({ number }) => selection?.type === 'transaction' && selection.number === number,
        title: ({ transactionId }) => transactionId,
      }}
    />
  )
}

function Duration({ row }: { row: TransactionView }) {
  const duration = durationOf(row, useNow())
  return duration === undefined ? text.none : formatSpan(duration)
}

/** `running`, or `ended, EVDisconnected`. */
export function stateWords({ state, reason }: TransactionView): string {
  if (state !== 'ended') return words.states[state]
  return reason === undefined ? words.states.ended : words.endedBy(reason)
}
