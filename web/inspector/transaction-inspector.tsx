import type { ReactNode } from 'react'
import type { TransactionDetail } from '../../src/http/live-api.ts'
import { TransactionCharts } from '../charts/transaction-charts.tsx'
import { useLive, useNow } from '../live/use-live.ts'
import { useResource } from '../live/use-resource.ts'
import { useAddress } from '../navigation/use-address.ts'
import buttons from '../shell/button.module.css'
import { DayMoment, Figure, Moment } from '../shell/moment.tsx'
import {
  formatCount,
  formatEnergy,
  formatPower,
  formatSpan,
  formatVersion,
} from '../text/format.ts'
import { text } from '../text/text.ts'
import { stateWords } from '../transactions/transaction-table.tsx'
import { durationOf } from '../transactions/transactions.ts'
import { useTransactionPulse } from '../transactions/use-transaction-pulse.ts'
import styles from './inspector.module.css'
import { Facts, Section } from './parts.tsx'
import { Readings } from './readings.tsx'

const words = text.transactions
/** Readings per measurand that a chart of this width can show. */
const PER_CHART = 400

/** A transaction: its facts, what the meter said, and what the station told. */
export function TransactionInspector({ number }: { number: number }) {
  const { data, failure } = useResource<TransactionDetail>(
    `/api/transactions/${number}?thin=${PER_CHART}`,
    useTransactionPulse(),
  )
  const status = useLive((state) => state.status)
  const isThis = data?.number === number
  if (failure === 404) return <p className={styles.note}>{words.gone(number)}</p>
  if (!isThis) {
    const note = failure === undefined ? words.waiting : failureNote(failure)
    return <p className={styles.note}>{note}</p>
  }
  return (
    <>
      {(failure !== undefined || status === 'offline') && (
        <p className={styles.lead} role="status">
          {failure !== undefined && `${failureNote(failure)} `}
          {text.asOf('')}
          <Moment iso={data.asOf} short />
        </p>
      )}
      <Section title={text.inspector.sections.facts}>
        <TransactionFacts detail={data} />
      </Section>
      {detailProblems(data)}
      {data.readings.length > 0 && (
        <Section title={words.curves}>
          <TransactionCharts detail={data} />
        </Section>
      )}
      <Section title={words.readings} note={partWords(data.readings.length, data.readingCount)}>
        {data.readings.length > 0 ? (
          <Readings readings={data.readings} />
        ) : (
          <p className={styles.note}>{words.noReadings}</p>
        )}
      </Section>
      <Section title={words.events} note={partWords(data.events.length, data.eventCount)}>
        <Events detail={data} />
      </Section>
    </>
  )
}

/** `newest first`, or how many more there are. */
function partWords(shown: number, all: number): string {
  return shown < all ? words.newestOf(formatCount(shown), formatCount(all)) : words.newestFirst
}

/** What was told of it that cannot all be true. */
function detailProblems({ problems = [] }: TransactionDetail): ReactNode {
  if (problems.length === 0) return null
  return (
    <Section title={words.problemsTitle}>
      {problems.map((problem) => (
        <p key={problem} className={styles.warning} data-problem={problem}>
          {words.problems[problem]}
        </p>
      ))}
    </Section>
  )
}

function failureNote(failure: number): string {
  return failure === 0 ? words.notReached : words.failed(failure)
}

function TransactionFacts({ detail }: { detail: TransactionDetail }) {
  const now = useNow()
  const { select } = useAddress()
  const names = words.facts
  const duration = durationOf(detail, now)
  const rows: (readonly [string, ReactNode])[] = [
    [words.columns.state, stateWords(detail)],
    [
      words.columns.station,
      <button
        key="station"
        type="button"
        className={buttons.plain}
        onClick={() => select({ type: 'node', id: detail.station })}
      >
        <code>{detail.station}</code>
      </button>,
    ],
    [text.inspector.facts.protocol, formatVersion(detail.protocol) || text.none],
    [words.columns.evse, detail.evseId ?? text.none],
    [words.columns.transaction, <code key="id">{detail.transactionId}</code>],
    [names.number, detail.number],
    [
      words.columns.token,
      detail.token ? <code key="token">{detail.idToken ?? detail.token}</code> : text.none,
    ],
    [
      words.columns.start,
      detail.startedAt ? <DayMoment key="start" iso={detail.startedAt} /> : text.none,
    ],
    ...(detail.endedAt ? [[names.end, <DayMoment key="end" iso={detail.endedAt} />] as const] : []),
    [words.columns.duration, duration === undefined ? text.none : formatSpan(duration)],
    [words.columns.energy, energy(detail.energyWh)],
    [names.meterStart, energy(detail.meterStartWh)],
    ...(detail.endedAt ? [[names.meterStop, energy(detail.meterStopWh)] as const] : []),
    ...(detail.powerW === undefined
      ? []
      : [[names.power, <Figure key="power" quantity={formatPower(detail.powerW)} />] as const]),
    [text.inspector.facts.simulated, detail.simulated ? text.yes : text.no],
  ]
  return <Facts rows={rows} />
}

function energy(wattHours: number | undefined): ReactNode {
  return wattHours === undefined ? text.none : <Figure quantity={formatEnergy(wattHours)} />
}

function Events({ detail }: { detail: TransactionDetail }) {
  if (detail.events.length === 0) {
    const isOld = detail.protocol === 'ocpp1.6'
    return <p className={styles.note}>{isOld ? words.noEvents16 : words.noEvents}</p>
  }
  return (
    <ul className={styles.rows}>
      {detail.events.map((event) => (
        <li key={event.seqNo} className={styles.event}>
          <DayMoment iso={event.timestamp} />
          <span>{event.eventType}</span>
          <span className={styles.rowNote}>{event.triggerReason}</span>
          <span className={styles.rowEnd}>{words.seqNo(event.seqNo)}</span>
        </li>
      ))}
    </ul>
  )
}
