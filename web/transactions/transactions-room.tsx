import type { OverviewView, TransactionPage } from '../../src/http/live-api.ts'
import { stationsOf } from '../annunciator/windows.ts'
import { useLive } from '../live/use-live.ts'
import { useResource } from '../live/use-resource.ts'
import { useAddress } from '../navigation/use-address.ts'
import { NoStations } from '../shell/no-stations.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import { TransactionFilterBar } from './transaction-filter.tsx'
import { TransactionTable } from './transaction-table.tsx'
import { runningFirst, transactionPaths } from './transactions.ts'
import { useTransactionPulse } from './use-transaction-pulse.ts'

const words = text.transactions

/** The room with what the CSMS has stored of transactions. */
export function TransactionsRoom() {
  const overview = useLive((state) => state.overview)
  if (!overview) return <p className={tables.note}>{text.diagram.waiting}</p>
  const self = overview.nodes.find((node) => node.self)
  if (self?.role === 'csms') return <Transactions overview={overview} />
  return (
    <section className={tables.panel} aria-labelledby="transactions-title">
      <div className={tables.bar}>
        <h2 className={tables.title} id="transactions-title">
          {words.title}
        </h2>
      </div>
      <p className={tables.note} data-empty="elsewhere">
        {words.elsewhere(overview.nodeId, text.roles[self?.role ?? 'unknown'])}
      </p>
    </section>
  )
}

function Transactions({ overview }: { overview: OverviewView }) {
  const { transactions: filter } = useAddress()
  const status = useLive((state) => state.status)
  const pulse = useTransactionPulse()
  const paths = transactionPaths(filter)
  const running = useResource<TransactionPage>(paths.running, pulse)
  const ended = useResource<TransactionPage>(paths.ended, pulse)
  const shown = [paths.running && running, paths.ended && ended].filter((one) => !!one)
  const failure = shown.find((one) => one.failure !== undefined)?.failure
  const isRead = shown.every((one) => one.data !== undefined)
  const isOld = failure !== undefined || status === 'offline'
  const rows = runningFirst(
    (paths.running && running.data?.transactions) || [],
    (paths.ended && ended.data?.transactions) || [],
  )
  return (
    <section className={tables.panel} aria-labelledby="transactions-title">
      <TransactionFilterBar
        overview={overview}
        asOf={isOld ? shown[0]?.data?.asOf : undefined}
        older={(paths.ended ? ended : running).data?.older}
      />
      {failure !== undefined && (
        <p className={tables.note} role="status">
          {failure === 0 ? words.notReached : words.failed(failure)}
        </p>
      )}
      {!isRead && failure === undefined && <p className={tables.note}>{words.waiting}</p>}
      {paths.ended && paths.running && running.data?.older !== undefined && (
        <p className={tables.note}>{words.moreRunning}</p>
      )}
      {isRead && rows.length === 0 && <Nothing overview={overview} />}
      {rows.length > 0 && <TransactionTable rows={rows} />}
    </section>
  )
}

function Nothing({ overview }: { overview: OverviewView }) {
  const { transactions } = useAddress()
  const isNarrowed = transactions.station !== '' || transactions.state !== ''
  if (isNarrowed) return <p className={tables.note}>{words.noMatch}</p>
  return (
    <>
      <p className={tables.note} data-empty="transactions">
        {words.empty}
      </p>
      {stationsOf(overview).length === 0 && <NoStations overview={overview} />}
    </>
  )
}
