import { useMemo } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import type { OverviewView, StationPage, StationView } from '../../src/http/live-api.ts'
import { EvseCellsInline } from '../diagram/evse-cells.tsx'
import { stationPower } from '../diagram/evse-state.ts'
import { usePulse } from '../live/use-pulse.ts'
import { useResource } from '../live/use-resource.ts'
import { type StationFilter, withSelection } from '../navigation/address.ts'
import { useAddress } from '../navigation/use-address.ts'
import { FailureNote } from '../shell/failure-note.tsx'
import { DayMoment, Figure } from '../shell/moment.tsx'
import { NoStations } from '../shell/no-stations.tsx'
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

function Table({ rows, overview }: { rows: readonly StationView[]; overview: OverviewView }) {
  const nodes = useMemo(() => new Map(overview.nodes.map((node) => [node.id, node])), [overview])
  return (
    <div className={tables.scroller}>
      <table className={`${tables.table} ${styles.table}`}>
        <thead>
          <tr>
            {Object.entries(words.listColumns).map(([name, label]) => (
              <th key={name} scope="col" data-column={name}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const node = nodes.get(row.station)
            const power = node && stationPower(node)
            return (
              <Row
                key={row.station}
                row={row}
                power={power}
                isSimulated={node?.simulated ?? false}
              />
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

function Row(props: { row: StationView; power: number | undefined; isSimulated: boolean }) {
  const { row, power, isSimulated } = props
  const navigate = useNavigate()
  const [query] = useSearchParams()
  const search = withSelection(query, undefined).toString()
  const open = () => navigate({ pathname: stationPath(row.station), search })
  return (
    <tr
      className={tables.row}
      data-node={row.station}
      data-state={row.connected ? 'up' : 'down'}
      onClick={open}
    >
      <th scope="row" data-column="station">
        <button type="button" className={tables.id} onClick={open}>
          {row.station}
        </button>
        {!row.known && <span className={tables.flag}>{words.notEntered}</span>}
        {isSimulated && <span className={tables.sim}>{text.node.simulated}</span>}
      </th>
      <td data-column="connected">
        {row.connected ? words.connected : <span className={tables.alarm}>{words.gone}</span>}
      </td>
      <td data-column="version">{formatVersion(row.protocol) || text.none}</td>
      <td data-column="product">
        {[row.vendor, row.model].filter(Boolean).join(', ') || text.none}
      </td>
      <td data-column="evses">
        <EvseCellsInline cells={cellsOf(row)} />
      </td>
      <td data-column="power">
        {power === undefined ? text.none : <Figure quantity={formatPower(power)} />}
      </td>
      <td data-column="seen">
        <DayMoment iso={row.seenAt} />
      </td>
    </tr>
  )
}
