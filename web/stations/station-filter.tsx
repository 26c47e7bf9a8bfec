import { NO_STATION_FILTER, VERSIONS } from '../navigation/address.ts'
import { useAddress } from '../navigation/use-address.ts'
import buttons from '../shell/button.module.css'
import tables from '../shell/table-room.module.css'
import { formatCount, formatVersion } from '../text/format.ts'
import { text } from '../text/text.ts'
import { STATUSES } from './connector-status.ts'

const words = text.stations

/** Heading of the list: what it is narrowed to, and the way to the next page. */
export function StationFilterBar(props: {
  /** What to ask for to see more. */
  next: string | undefined
  shown: number
}) {
  const { next, shown } = props
  const { stations: filter, narrowStations: narrow } = useAddress()
  const isNarrowed = Boolean(filter.find || filter.version || filter.status || filter.known)
  return (
    <div className={tables.bar}>
      <h2 className={tables.title} id="stations-title">
        {words.title}
      </h2>
      <input
        className={tables.field}
        type="search"
        aria-label={words.find}
        placeholder={words.findHint}
        maxLength={100}
        value={filter.find}
        onChange={({ target }) => narrow({ ...filter, find: target.value, after: '' })}
      />
      <select
        className={tables.field}
        aria-label={words.columns.version}
        value={filter.version}
        onChange={({ target }) => {
          const version = VERSIONS.find((one) => one === target.value) ?? ''
          narrow({ ...filter, version, after: '' })
        }}
      >
        <option value="">{words.everyVersion}</option>
        {VERSIONS.map((version) => (
          <option key={version} value={version}>
            {text.node.version(formatVersion(version))}
          </option>
        ))}
      </select>
      <select
        className={tables.field}
        aria-label={words.status}
        value={filter.status}
        onChange={({ target }) => narrow({ ...filter, status: target.value, after: '' })}
      >
        <option value="">{words.everyStatus}</option>
        {STATUSES.map((status) => (
          <option key={status}>{status}</option>
        ))}
      </select>
      <select
        className={tables.field}
        aria-label={words.entered}
        value={filter.known}
        onChange={({ target }) => {
          const known = target.value === 'yes' || target.value === 'no' ? target.value : ''
          narrow({ ...filter, known, after: '' })
        }}
      >
        <option value="">{words.enteredOrNot}</option>
        <option value="yes">{words.onlyEntered}</option>
        <option value="no">{words.onlyNotEntered}</option>
      </select>
      {isNarrowed && (
        <button type="button" className={buttons.plain} onClick={() => narrow(NO_STATION_FILTER)}>
          {text.frames.clear}
        </button>
      )}
      <div className={tables.end}>
        <p className={tables.count}>
          {next === undefined && !filter.after
            ? formatCount(shown)
            : words.pageFrom(formatCount(shown), filter.after)}
        </p>
        {filter.after && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => narrow({ ...filter, after: '' })}
          >
            {words.first}
          </button>
        )}
        {next !== undefined && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => narrow({ ...filter, after: next })}
          >
            {words.next}
          </button>
        )}
      </div>
    </div>
  )
}
