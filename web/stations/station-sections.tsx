import type { ReactNode } from 'react'
import type { StationDetail, TransactionPage, TransactionView } from '../../src/http/live-api.ts'
import { EvseCellsInline } from '../diagram/evse-cells.tsx'
import { GoTo } from '../inspector/go-to.tsx'
import {
  NO_OPERATION_FILTER,
  NO_TRANSACTION_FILTER,
  withOperationFilter,
  withTransactionFilter,
} from '../navigation/address.ts'
import { NO_SECURITY_FILTER, withLog } from '../navigation/log-address.ts'
import { useAddress } from '../navigation/use-address.ts'
import { OperationLife } from '../operations/operation-life.tsx'
import { useOperations } from '../operations/use-operations.ts'
import buttons from '../shell/button.module.css'
import { DayMoment, Figure } from '../shell/moment.tsx'
import { formatEnergy, formatPower, formatVersion } from '../text/format.ts'
import { text } from '../text/text.ts'
import { stateWords } from '../transactions/transaction-table.tsx'
import { CloseTransaction } from './close-transaction.tsx'
import styles from './station-page.module.css'

const words = text.stations
const LATEST = 6

/** What a station is, by its own words. */
export function StationFacts({ station }: { station: StationDetail }) {
  const { vendor, model, serialNumber, firmwareVersion, bootedAt, seenAt } = station
  const rows: readonly (readonly [string, ReactNode])[] = [
    [text.inspector.facts.protocol, formatVersion(station.protocol) || text.none],
    [text.inspector.facts.vendor, [vendor, model].filter(Boolean).join(', ') || text.none],
    [words.facts.serialNumber, serialNumber ?? text.none],
    [words.facts.firmware, firmwareVersion ?? text.none],
    [words.facts.bootedAt, bootedAt ? <DayMoment key="boot" iso={bootedAt} /> : text.none],
    [words.facts.seenAt, seenAt ? <DayMoment key="seen" iso={seenAt} /> : words.neverSeen],
  ]
  return (
    <dl className={styles.facts}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Each connector with what it was said to be, and since when. */
export function StationConnectors({ station }: { station: StationDetail }) {
  if (station.connectors.length === 0) return <p className={styles.note}>{words.noConnectors}</p>
  return (
    <ul className={styles.rows}>
      {station.connectors.map(({ evseId, connectorId, status, state, chargingState, at }) => (
        <li key={`${evseId} ${connectorId}`} data-connector={`${evseId}.${connectorId}`}>
          <EvseCellsInline cells={[{ evseId, status: state }]} />
          <span className={styles.grow}>
            {words.connector(evseId, connectorId, station.protocol)},{' '}
            <span className={state === 'Faulted' ? styles.alarm : undefined}>{status}</span>
            {chargingState !== undefined && <span className={styles.soft}>, {chargingState}</span>}
          </span>
          <DayMoment iso={at} />
        </li>
      ))}
    </ul>
  )
}

/** What runs on it, and what ran lately. */
export function StationTransactions(props: {
  id: string
  page: TransactionPage | undefined
  onClosed: () => void
}) {
  const { id, page, onClosed } = props
  if (!page) return <p className={styles.note}>{text.transactions.waiting}</p>
  const isRunning = ({ state }: TransactionView) => state === 'running'
  const running = page.transactions.filter(isRunning)
  const others = page.transactions.filter((one) => !isRunning(one))
  const shown = [...running, ...others.slice(0, LATEST)]
  return (
    <>
      {shown.length === 0 && <p className={styles.note}>{words.noTransactions}</p>}
      <ul className={styles.rows}>
        {shown.map((one) => (
          <TransactionRow key={one.number} transaction={one} onClosed={onClosed} />
        ))}
      </ul>
      {shown.length > 0 && (
        <GoTo
          room="/transactions"
          label={text.transactions.show}
          query={(old) => withTransactionFilter(old, { ...NO_TRANSACTION_FILTER, station: id })}
        />
      )}
    </>
  )
}

function TransactionRow({
  transaction,
  onClosed,
}: {
  transaction: TransactionView
  onClosed: () => void
}) {
  const { select } = useAddress()
  const { number, transactionId, startedAt, energyWh, powerW, evseId, state } = transaction
  return (
    <li data-transaction={transactionId} data-state={state}>
      <button
        type="button"
        className={buttons.plain}
        onClick={() => select({ type: 'transaction', number })}
      >
        <code>{transactionId}</code>
      </button>
      <span className={styles.soft}>{evseId !== undefined && text.evse.name(evseId)}</span>
      <span className={styles.grow}>{stateWords(transaction)}</span>
      {state === 'running' && powerW !== undefined && <Figure quantity={formatPower(powerW)} />}
      {energyWh !== undefined && <Figure quantity={formatEnergy(energyWh)} />}
      {startedAt !== undefined && <DayMoment iso={startedAt} />}
      {state === 'running' && <CloseTransaction transaction={transaction} onClosed={onClosed} />}
    </li>
  )
}

/** What it was asked to do lately. */
export function StationOperations({ id }: { id: string }) {
  const { select } = useAddress()
  const { operations } = useOperations({ ...NO_OPERATION_FILTER, station: id }, LATEST)
  if (!operations || operations.length === 0) {
    return (
      <p className={`${styles.note} ${styles.more}`}>
        {operations ? words.noOperations : text.operations.waiting}
      </p>
    )
  }
  return (
    <div className={styles.more}>
      <ul className={styles.rows}>
        {operations.map((one) => (
          <li key={one.id} data-operation={one.action} data-state={one.state}>
            <button
              type="button"
              className={buttons.plain}
              onClick={() => select({ type: 'operation', id: one.id })}
            >
              {one.action}
            </button>
            <span className={styles.grow}>{one.askedBy}</span>
            <DayMoment iso={one.askedAt} />
            <OperationLife operation={one} />
          </li>
        ))}
      </ul>
      <GoTo
        room="/operations"
        label={text.operations.show}
        query={(old) => withOperationFilter(old, { ...NO_OPERATION_FILTER, station: id })}
      />
    </div>
  )
}

/** What it said about its security. */
export function StationSecurityEvents(props: {
  id: string
  events: StationDetail['securityEvents']
}) {
  const { id, events } = props
  if (events.length === 0) return <p className={styles.note}>{words.noSecurityEvents}</p>
  return (
    <>
      <ul className={styles.rows}>
        {events.slice(0, LATEST).map((event) => (
          <li key={event.id} data-event={event.type}>
            <DayMoment iso={event.timestamp} />
            <b>{event.type}</b>
            <span className={styles.grow}>{event.techInfo}</span>
          </li>
        ))}
      </ul>
      <GoTo
        room="/log"
        label={text.log.security.show}
        query={(old) => withLog(old, 'security', { ...NO_SECURITY_FILTER, station: id })}
      />
    </>
  )
}
