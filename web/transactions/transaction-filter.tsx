import type { OverviewView } from '../../src/http/live-api.ts'
import { stationsOf } from '../annunciator/windows.ts'
import { NO_TRANSACTION_FILTER, TRANSACTION_STATES } from '../navigation/address.ts'
import { useAddress } from '../navigation/use-address.ts'
import buttons from '../shell/button.module.css'
import { Moment } from '../shell/moment.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import styles from './transactions-room.module.css'

const words = text.transactions

/** Heading of the room: what the table is narrowed to, and whether it is old. */
export function TransactionFilterBar(props: {
  overview: OverviewView
  /** RFC 3339; told where the table does not follow any more. */
  asOf: string | undefined
  /** What to ask for to see older ones. */
  older: number | undefined
}) {
  const { overview, asOf, older } = props
  const { transactions: filter, narrowTransactions: narrow } = useAddress()
  const ids = stationsOf(overview)
    .map(({ id }) => id)
    .sort()
  return (
    <div className={`${tables.bar} ${styles.bar}`}>
      <h2 className={tables.title} id="transactions-title">
        {words.title}
      </h2>
      <input
        className={tables.field}
        type="search"
        aria-label={text.stations.find}
        placeholder={words.everyStation}
        list="transactions-stations"
        maxLength={100}
        value={filter.station}
        onChange={({ target }) => narrow({ ...filter, station: target.value, before: undefined })}
      />
      <datalist id="transactions-stations">
        {ids.map((id) => (
          <option key={id} value={id} />
        ))}
      </datalist>
      <select
        className={tables.field}
        aria-label={words.columns.state}
        value={filter.state}
        onChange={({ target }) => {
          const state = TRANSACTION_STATES.find((one) => one === target.value) ?? ''
          narrow({ ...filter, state, before: undefined })
        }}
      >
        <option value="">{words.everyState}</option>
        {TRANSACTION_STATES.map((state) => (
          <option key={state} value={state}>
            {words.only[state]}
          </option>
        ))}
      </select>
      {(filter.station || filter.state) && (
        <button
          type="button"
          className={buttons.plain}
          onClick={() => narrow(NO_TRANSACTION_FILTER)}
        >
          {text.frames.clear}
        </button>
      )}
      <div className={styles.end}>
        {asOf !== undefined && (
          <p className={tables.count} data-as-of={asOf}>
            {text.asOf('')}
            <Moment iso={asOf} short />
          </p>
        )}
        {filter.before !== undefined && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => narrow({ ...filter, before: undefined })}
          >
            {words.newest}
          </button>
        )}
        {older !== undefined && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => narrow({ ...filter, before: older })}
          >
            {words.older}
          </button>
        )}
      </div>
    </div>
  )
}
