import { useMemo } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import type { NodeView, OverviewView, StationPage, StationView } from '../../src/http/live-api.ts'
import { EvseCellsInline } from '../diagram/evse-cells.tsx'
import { stationPower } from '../diagram/evse-state.ts'
import { usePulse } from '../live/use-pulse.ts'
import { useResource } from '../live/use-resource.ts'
import { type StationFilter, withSelection } from '../navigation/address.ts'
import { useAddress } from '../navigation/use-address.ts'
import { FailureNote } from '../shell/failure-note.tsx'
import { DayMoment, Figure } from '../shell/moment.tsx'
import { NoStations } from '../shell/no-stations.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import tables from '../shell/table-room.module.css'
import { formatPower, formatVersion } from '../text/format.ts'
import { text } from '../text/text.ts'
import { cellsOf } from './connector-status.ts'
import { StationFilterBar } from './station-filter.tsx'
import styles from './station-list.module.css'
import { stationPath } from './station-path.ts'

const words = text.stations
const PER_PAGE = 100
const REREAD_MS = 5_000

/** A page of what the CSMS has stored of stations. However many there are, it draws one page. */
export function StationList({ overview }: { overview: OverviewView }) {
  const { stations: filter } = useAddress()
  const path = stationsPath(filter)
  const { data, failure } = useResource<StationPage>(path, usePulse(REREAD_MS))
  const rows = data?.stations
  const isNarrowed = Object.values(filter).some((value) => value !== '')
  return (
    <section className={tables.panel} aria-labelledby="stations-title">
      <StationFilterBar next={data?.next} shown={rows?.length ?? 0} />
      <FailureNote failure={failure} />
      {!rows && failure === undefined && <p className={tables.note}>{words.waiting}</p>}
      {rows?.length === 0 && isNarrowed && <p className={tables.note}>{words.noMatch}</p>}
      {rows?.length === 0 && !isNarrowed && <NoStations overview={overview} />}
      {rows && rows.length > 0 && <Table rows={rows} overview={overview} />}
    </section>
  )
}

function stationsPath({ find, version, status, known, after }: StationFilter): string {
  const query = new URLSearchParams({ limit: String(PER_PAGE) })
  const search = find.trim().slice(0, 100)
  if (search) query.set('search', search)
  if (version) query.set('protocol', version)
  if (status) query.set('status', status.slice(0, 20))
  if (known) query.set('known', String(known === 'yes'))
  if (after) query.set('after', after)
  return `/api/stations?${query}`
}

/** A row with what the overlay knows of the station now. */
interface Row {
  readonly station: StationView
  readonly node: NodeView | undefined
}

const COLUMNS = columnsOf<Row, keyof typeof words.listColumns>(words.listColumns, {
  station: ({ station }) => station.station,
  connected: ({ station }) =>
    station.connected ? words.connected : <span className={tables.alarm}>{words.gone}</span>,
  version: ({ station }) => formatVersion(station.protocol) || text.none,
  product: ({ station }) => [station.vendor, station.model].filter(Boolean).join(', ') || text.none,
  evses: ({ station }) => <EvseCellsInline cells={cellsOf(station)} />,
  power: ({ node }) => {
    const power = node && stationPower(node)
    return power === undefined ? text.none : <Figure quantity={formatPower(power)} />
  },
  seen: ({ station: { seenAt } }) => (seenAt ? <DayMoment iso={seenAt} /> : words.neverSeen),
})

function Table({ rows, overview }: { rows: readonly StationView[]; overview: OverviewView }) {
  const nodes = useMemo(() => new Map(overview.nodes.map((node) => [node.id, node])), [overview])
  const navigate = useNavigate()
  const [query] = useSearchParams()
  const search = withSelection(query, undefined).toString()
  return (
    <RoomTable
      columns={COLUMNS}
      head="station"
      rows={rows.map((station): Row => ({ station, node: nodes.get(station.station) }))}
      keyOf={({ station }) => station.station}
      data={({ station }) => ({
        'data-node': station.station,
        'data-state': station.connected ? 'up' : 'down',
      })}
      className={styles.table}
      opening={{
        open: ({ station }) => navigate({ pathname: stationPath(station.station), search }),
      }}
      marks={({ station, node }) => (
        <>
          {!station.known && <span className={tables.flag}>{words.notEntered}</span>}
          {node?.simulated && <span className={tables.sim}>{text.node.simulated}</span>}
        </>
      )}
    />
  )
}
