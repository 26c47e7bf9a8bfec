import type { ReactNode } from 'react'
import type { TransactionView } from '../../src/http/live-api.ts'
import { useNow } from '../live/use-live.ts'
import { useAddress } from '../navigation/use-address.ts'
import { DayMoment, Figure } from '../shell/moment.tsx'
import tables from '../shell/table-room.module.css'
import { formatEnergy, formatPower, formatSpan, shorten } from '../text/format.ts'
import { text } from '../text/text.ts'
import { durationOf } from './transactions.ts'
import styles from './transactions-room.module.css'

const words = text.transactions

/** Transactions as rows that open them. */
export function TransactionTable({ rows }: { rows: readonly TransactionView[] }) {
  return (
    <div className={tables.scroller}>
      <table className={`${tables.table} ${styles.table}`}>
        <thead>
          <tr>
            {Object.entries(words.columns).map(([name, label]) => (
              <th key={name} scope="col" data-column={name}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.number} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ row }: { row: TransactionView }) {
  const now = useNow()
  const { selection, select } = useAddress()
  const open = () => select({ type: 'transaction', number: row.number })
  const isOpen = selection?.type === 'transaction' && selection.number === row.number
  const duration = durationOf(row, now)
  return (
    <tr
      className={tables.row}
      data-transaction={row.transactionId}
      data-open={isOpen}
      data-state={row.state}
      onClick={open}
    >
      <Cell column="start">{row.startedAt && <DayMoment iso={row.startedAt} />}</Cell>
      <Cell column="station">
        <code>{row.station}</code>
        {row.simulated && <span className={tables.sim}>{text.node.simulated}</span>}
      </Cell>
      <Cell column="evse">{row.evseId}</Cell>
      <th scope="row" data-column="transaction">
        <button type="button" className={tables.id} title={row.transactionId} onClick={open}>
          {shorten(row.transactionId, 24)}
        </button>
      </th>
      <Cell column="token">{row.token && <code>{row.token}</code>}</Cell>
      <Cell column="duration">{duration !== undefined && formatSpan(duration)}</Cell>
      <Cell column="energy">
        {row.energyWh !== undefined && <Figure quantity={formatEnergy(row.energyWh)} />}
      </Cell>
      <Cell column="power">
        {row.state === 'running' && row.powerW !== undefined && (
          <Figure quantity={formatPower(row.powerW)} />
        )}
      </Cell>
      <Cell column="state">
        {stateWords(row)}
        {row.problems && (
          <span
            className={tables.flag}
            title={row.problems.map((one) => words.problems[one]).join(' ')}
          >
            {words.implausible}
          </span>
        )}
      </Cell>
    </tr>
  )
}

function Cell({ column, children }: { column: string; children: ReactNode }) {
  const isEmpty = children === undefined || children === false
  return <td data-column={column}>{isEmpty ? text.none : children}</td>
}

/** `running`, or `ended, EVDisconnected`. */
export function stateWords({ state, reason }: TransactionView): string {
  if (state !== 'ended') return words.states[state]
  return reason === undefined ? words.states.ended : words.endedBy(reason)
}
