import { useState } from 'react'
import type { LinkView, NodeView, OverviewView } from '../../src/http/live-api.ts'
import { stationsOf } from '../annunciator/windows.ts'
import { EvseCellsInline } from '../diagram/evse-cells.tsx'
import { evseCells, stationPower } from '../diagram/evse-state.ts'
import { securityWord } from '../diagram/link-words.ts'
import { useAddress } from '../navigation/use-address.ts'
import { Figure, Moment } from '../shell/moment.tsx'
import { NoStations } from '../shell/no-stations.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import tables from '../shell/table-room.module.css'
import { formatCount, formatPower, formatVersion } from '../text/format.ts'
import { text } from '../text/text.ts'
import styles from './stations-room.module.css'

const words = text.stations

/** The stations whose frames pass this node, as a table. */
export function StationsOnTheWay({ overview }: { overview: OverviewView }) {
  const [search, setSearch] = useState('')
  const stations = stationsOf(overview)
  const shown = stations.filter((node) => matches(node, search))
  return (
    <section className={tables.panel} aria-labelledby="stations-title">
      <div className={tables.bar}>
        <h2 className={tables.title} id="stations-title">
          {words.title}
        </h2>
        <input
          className={tables.field}
          type="search"
          aria-label={words.find}
          placeholder={words.findHint}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <p className={tables.count}>
          {shown.length === stations.length
            ? formatCount(stations.length)
            : text.ofAll(formatCount(shown.length), formatCount(stations.length))}
        </p>
      </div>
      {stations.length === 0 && <NoStations overview={overview} />}
      {stations.length > 0 && shown.length === 0 && <p className={tables.note}>{words.noMatch}</p>}
      {shown.length > 0 && <StationTable stations={shown} overview={overview} />}
    </section>
  )
}

/** A row with the links of the station. */
interface Row {
  readonly node: NodeView
  readonly links: readonly LinkView[]
}

const COLUMNS = columnsOf<Row, keyof typeof words.columns>(words.columns, {
  station: ({ node }) => node.id,
  version: ({ node }) => formatVersion(node.protocol) || text.none,
  product: ({ node }) => [node.vendor, node.model].filter(Boolean).join(', ') || text.none,
  evses: ({ node }) => <EvseCellsInline cells={evseCells(node.evses)} />,
  power: ({ node }) => {
    const power = stationPower(node)
    return power === undefined ? text.none : <Figure quantity={formatPower(power)} />
  },
  link: ({ links }) =>
    links.map((link) => (
      <span key={link.id} className={styles.link}>
        <code>{link.to}</code>
        {securityWord(link) && <span className={tables.warn}>{securityWord(link)}</span>}
      </span>
    )),
  since: ({ node }) => <Moment iso={node.since} />,
})

function StationTable(props: { stations: readonly NodeView[]; overview: OverviewView }) {
  const { stations, overview } = props
  const { selection, select } = useAddress()
  const sorted = [...stations].sort((a, b) => (a.id < b.id ? -1 : 1))
  return (
    <RoomTable
      columns={COLUMNS}
      head="station"
      rows={sorted.map(
        (node): Row => ({
          node,
          links: overview.links.filter(({ from }) => from === node.id),
        }),
      )}
      keyOf={({ node }) => node.id}
      data={({ node }) => ({ 'data-node': node.id, 'data-state': node.state })}
      className={styles.table}
      opening={{
        open: ({ node }) => select({ type: 'node', id: node.id }),
        isOpen: ({ node }) => selection?.type === 'node' && selection.id === node.id,
      }}
      marks={({ node }) => (
        <>
          {node.state === 'down' && <span className={tables.alarm}>{text.node.down}</span>}
          {node.simulated && <span className={tables.sim}>{text.node.simulated}</span>}
        </>
      )}
    />
  )
}

function matches(node: NodeView, search: string): boolean {
  const haystack = [node.id, node.vendor, node.model, node.protocol].join(' ').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word))
}
