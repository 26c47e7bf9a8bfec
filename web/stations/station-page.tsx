import { type ReactNode, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import type { StationDetail, TransactionPage } from '../../src/http/live-api.ts'
import { useLive } from '../live/use-live.ts'
import { usePulse } from '../live/use-pulse.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { OperationForm } from '../operations/operation-form.tsx'
import { AtCsms } from '../shell/at-csms.tsx'
import { failureWords } from '../shell/failure-note.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import { useTransactionPulse } from '../transactions/use-transaction-pulse.ts'
import { EnterStation } from './enter-station.tsx'
import { type OfStation, Part } from './part.tsx'
import { StationLocalList } from './station-local-list.tsx'
import { StationMessages } from './station-messages.tsx'
import styles from './station-page.module.css'
import { stationApi } from './station-path.ts'
import { StationProfiles } from './station-profiles.tsx'
import { StationReservations } from './station-reservations.tsx'
import {
  StationConnectors,
  StationFacts,
  StationOperations,
  StationSecurityEvents,
  StationTransactions,
} from './station-sections.tsx'
import { StationVariables } from './station-variables.tsx'

const words = text.stations
const REREAD_MS = 5_000

/** One station: what it is, what it does, and what it can be asked to do. */
export function StationPage() {
  const { station = '' } = useParams()
  return (
    <AtCsms title={station} kept={words.kept}>
      {() => <Station key={station} id={station} />}
    </AtCsms>
  )
}

function Station({ id }: { id: string }) {
  const path = stationApi(id)
  const pulse = usePulse(REREAD_MS)
  /** How many transactions were closed here. */
  const [closed, setClosed] = useState(0)
  const operated = useLive((state) => state.operations)
  const changes = operated
    .filter((one) => one.station === id)
    .reduce((sum, one) => sum + (one.answeredAt ? 1 : 0) + (one.effectAt ? 1 : 0), 0)
  const { data, failure } = useResource<StationDetail>(path, pulse + changes)
  const transactions = useResource<TransactionPage>(
    `/api/transactions?${new URLSearchParams({ station: id, limit: '20' })}`,
    useTransactionPulse() + pulse + closed,
  )
  const running = useResource<TransactionPage>(
    `/api/transactions?${new URLSearchParams({ station: id, state: 'running' })}`,
    useTransactionPulse() + pulse + closed,
  )
  const mayOperate = useMay('operator')
  if (!data) {
    const note =
      failure === undefined
        ? words.waiting
        : failure === 404
          ? words.unheard(id)
          : failureWords(failure)
    return (
      <section className={styles.page} data-station={id}>
        <Head id={id} />
        <p className={tables.note}>{note}</p>
      </section>
    )
  }
  const of: OfStation = {
    id,
    protocol: data.protocol,
    evseIds: evseIdsOf(data),
    version: pulse + changes,
  }
  return (
    <section className={styles.page} aria-label={words.page(id)} data-station={id}>
      <Head id={id}>
        <span data-tone={data.connected ? undefined : 'alarm'}>
          {data.connected ? words.connected : words.gone}
        </span>
        {failure !== undefined && <span role="status">{failureWords(failure)}</span>}
      </Head>
      {!data.known && <EnterStation id={id} />}
      <div className={styles.columns}>
        <div className={styles.side}>
          <Part title={text.operations.title}>
            {mayOperate ? (
              <OperationForm station={data} running={running.data?.transactions ?? []} />
            ) : (
              <p className={styles.note}>{text.commands.mayNot}</p>
            )}
            <StationOperations id={id} />
          </Part>
        </div>
        <div className={styles.main}>
          <Part title={text.inspector.sections.facts}>
            <StationFacts station={data} />
          </Part>
          <Part title={words.connectors}>
            <StationConnectors station={data} />
          </Part>
          <Part title={text.transactions.title}>
            <StationTransactions
              id={id}
              page={transactions.data}
              onClosed={() => setClosed((count) => count + 1)}
            />
          </Part>
          <Part title={words.reservations.title}>
            <StationReservations of={of} />
          </Part>
          <Part title={words.profiles.title}>
            <StationProfiles of={of} running={running.data?.transactions ?? []} />
          </Part>
          <Part title={words.localList.title}>
            <StationLocalList of={of} />
          </Part>
          <Part title={words.variables} note={words.variableCount(data.variables.length)}>
            <StationVariables station={data} />
          </Part>
          <Part title={words.securityEvents}>
            <StationSecurityEvents id={id} events={data.securityEvents} />
          </Part>
          <Part title={words.messages} note={text.transactions.newestFirst}>
            <StationMessages of={of} />
          </Part>
        </div>
      </div>
    </section>
  )
}

function Head({ id, children }: { id: string; children?: ReactNode }) {
  const [query] = useSearchParams()
  return (
    <header className={styles.head}>
      <Link className={styles.back} to={{ pathname: '/stations', search: query.toString() }}>
        {words.all}
      </Link>
      <h2 className={styles.id}>{id}</h2>
      <p className={styles.state}>{children}</p>
    </header>
  )
}

function evseIdsOf({ connectors }: StationDetail): readonly number[] {
  const ids = connectors.map(({ evseId }) => evseId).filter((evseId) => evseId > 0)
  return [...new Set(ids)].sort((a, b) => a - b)
}
