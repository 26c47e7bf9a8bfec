import { useSearchParams } from 'react-router'
import type { SecurityEventPage } from '../../src/http/live-api.ts'
import { usePulse } from '../live/use-pulse.ts'
import { useResource } from '../live/use-resource.ts'
import {
  NO_SECURITY_FILTER,
  parseSecurityFilter,
  type SecurityFilter,
  withLog,
} from '../navigation/log-address.ts'
import { useAddress } from '../navigation/use-address.ts'
import buttons from '../shell/button.module.css'
import { FailureNote } from '../shell/failure-note.tsx'
import { DayMoment } from '../shell/moment.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import { LogBar } from './log-bar.tsx'
import styles from './log-room.module.css'

const words = text.log.security
const REREAD_MS = 5_000
/** SecurityEventTypes of OCPP 2.1 Part 2, appendices, section 1; OCPP 1.6 has the same. */
const TYPES = ['AttemptedReplayAttacks', 'ClockSyncLost', 'FailedToAuthenticateAtCsms', 'FirmwareUpdated', 'InvalidCentralSystemCertificate', 'InvalidChargePointCertificate', 'InvalidChargingStationCertificate', 'InvalidCsmsCertificate', 'InvalidFirmwareSignature', 'InvalidFirmwareSigningCertificate', 'InvalidMessages', 'InvalidTLSCipherSuite', 'InvalidTLSVersion', 'MaintenanceLoginAccepted', 'MaintenanceLoginFailed', 'MemoryExhaustion', 'ReconfigurationOfSecurityParameters', 'ResetOrReboot', 'SecurityLogWasCleared', 'SettingSystemTime', 'StartupOfTheDevice', 'TamperDetectionActivated'] // biome-ignore format: one line

/** What stations reported of their security, all of them or narrowed. */
export function SecurityEvents() {
  const [query, setQuery] = useSearchParams()
  const filter = parseSecurityFilter(query)
  const narrow = (next: SecurityFilter) =>
    setQuery((old) => withLog(old, 'security', next), { replace: next.before === undefined })
  const { data, failure } = useResource<SecurityEventPage>(eventsPath(filter), usePulse(REREAD_MS))
  const isNarrowed = filter.station !== '' || filter.type !== ''
  const types = [...new Set([...TYPES, ...(data?.events.map(({ type }) => type) ?? []), ...(filter.type ? [filter.type] : [])])].sort() // biome-ignore format: one line
  return (
    <section className={tables.panel} aria-labelledby="log-title">
      <LogBar
        part="security"
        onNewest={
          filter.before === undefined ? undefined : () => narrow({ ...filter, before: undefined })
        }
        onOlder={
          data?.older === undefined ? undefined : () => narrow({ ...filter, before: data.older })
        }
      >
        <input
          className={tables.field}
          type="search"
          aria-label={text.operations.station}
          placeholder={text.operations.stationHint}
          maxLength={255}
          value={filter.station}
          onChange={({ target }) => narrow({ ...filter, station: target.value, before: undefined })}
        />
        <select
          className={tables.field}
          aria-label={words.type}
          value={filter.type}
          onChange={({ target }) => narrow({ ...filter, type: target.value, before: undefined })}
        >
          <option value="">{words.everyType}</option>
          {types.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
        {isNarrowed && (
          <button
            type="button"
            className={buttons.plain}
            onClick={() => narrow(NO_SECURITY_FILTER)}
          >
            {text.frames.clear}
          </button>
        )}
      </LogBar>
      <FailureNote failure={failure} />
      {!data && failure === undefined && <p className={tables.note}>{text.log.waiting}</p>}
      {data?.events.length === 0 && (
        <p className={tables.note} data-empty="security">
          {isNarrowed ? words.noMatch : words.empty}
        </p>
      )}
      {data && data.events.length > 0 && <Events events={data.events} />}
    </section>
  )
}

const COLUMNS = columnsOf<SecurityEventPage['events'][number], keyof typeof words.columns>(
  words.columns,
  {
    at: ({ receivedAt }) => <DayMoment iso={receivedAt} />,
    station: ({ station }) => <code>{station}</code>,
    type: ({ type }) => type,
    object: ({ techInfo }) => techInfo ?? text.none,
    said: ({ timestamp }) => <DayMoment iso={timestamp} />,
  },
)

function Events({ events }: Pick<SecurityEventPage, 'events'>) {
  const { selection, select } = useAddress()
  return (
    <RoomTable
      columns={COLUMNS}
      head="type"
      rows={events}
      keyOf={({ id }) => id}
      data={({ type }) => ({ 'data-security-event': type })}
      className={styles.table}
      opening={{
        open: ({ id }) => select({ type: 'security-event', number: id }),
        isOpen: ({ id }) => selection?.type === 'security-event' && selection.number === id,
      }}
    />
  )
}

function eventsPath({ station, type, before }: SecurityFilter): string {
  const query = new URLSearchParams({ limit: '100' })
  if (station) query.set('station', station)
  if (type) query.set('type', type)
  if (before !== undefined) query.set('before', String(before))
  return `/api/security-events?${query}`
}
