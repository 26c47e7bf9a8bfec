import { useState } from 'react'
import type { NodeView, OverviewView } from '../../src/http/live-api.ts'
import { stationsOf } from '../annunciator/windows.ts'
import { EvseCellsInline } from '../diagram/evse-cells.tsx'
import { evseCells, stationPower } from '../diagram/evse-state.ts'
import { securityWord } from '../diagram/link-words.ts'
import { useAddress } from '../navigation/use-address.ts'
import { Figure, Moment } from '../shell/moment.tsx'
import { NoStations } from '../shell/no-stations.tsx'
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

function StationTable({
  stations,
  overview,
}: {
  stations: readonly NodeView[]
  overview: OverviewView
}) {
  const sorted = [...stations].sort((a, b) => (a.id < b.id ? -1 : 1))
  return (
    <div className={tables.scroller}>
      <table className={`${tables.table} ${styles.table}`}>
        <thead>
          <tr>
            {Object.entries(words.columns).map(([name, label]) => (
              <th key={name} scope="col" data-column={name}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((node) => (
            <StationRow key={node.id} node={node} overview={overview} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function StationRow({ node, overview }: { node: NodeView; overview: OverviewView }) {
  const { selection, select } = useAddress()
  const open = () => select({ type: 'node', id: node.id })
  const links = overview.links.filter(({ from }) => from === node.id)
  const power = stationPower(node)
  const isOpen = selection?.type === 'node' && selection.id === node.id
  return (
    <tr
      className={tables.row}
      data-node={node.id}
      data-open={isOpen}
      data-state={node.state}
      onClick={open}
    >
      <th scope="row" data-column="station">
        <button type="button" className={tables.id} onClick={open}>
          {node.id}
        </button>
        {node.state === 'down' && <span className={tables.alarm}>{text.node.down}</span>}
        {node.simulated && <span className={tables.sim}>{text.node.simulated}</span>}
      </th>
      <td data-column="version">{formatVersion(node.protocol) || text.none}</td>
      <td data-column="product">
        {[node.vendor, node.model].filter(Boolean).join(', ') || text.none}
      </td>
      <td data-column="evses">
        <EvseCellsInline cells={evseCells(node.evses)} />
      </td>
      <td data-column="power">
        {power === undefined ? text.none : <Figure quantity={formatPower(power)} />}
      </td>
      <td data-column="link">
        {links.map((link) => (
          <span key={link.id} className={styles.link}>
            <code>{link.to}</code>
            {securityWord(link) && <span className={tables.warn}>{securityWord(link)}</span>}
          </span>
        ))}
      </td>
      <td data-column="since">
        <Moment iso={node.since} />
      </td>
    </tr>
  )
}

function matches(node: NodeView, search: string): boolean {
  const haystack = [node.id, node.vendor, node.model, node.protocol].join(' ').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word))
}
