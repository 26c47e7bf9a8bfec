import { useMemo } from 'react'
import type { FrameView, NodeView, OverviewView } from '../../src/http/live-api.ts'
import { EvseCellsInline } from '../diagram/evse-cells.tsx'
import { stationPower } from '../diagram/evse-state.ts'
import { useLive } from '../live/use-live.ts'
import {
  NO_FILTER,
  NO_TRANSACTION_FILTER,
  withFilter,
  withSelection,
  withTransactionFilter,
} from '../navigation/address.ts'
import { Figure, Moment } from '../shell/moment.tsx'
import { stationPath } from '../stations/station-path.ts'
import { formatEnergy, formatPower, formatVersion } from '../text/format.ts'
import { text } from '../text/text.ts'
import { GoTo, ShowFrames } from './go-to.tsx'
import styles from './inspector.module.css'
import { Facts, FrameRows, LinkRows, Section } from './parts.tsx'

const LATEST = 12

/** A node: what it is, what it does now, its links and what passed lately. */
export function NodeInspector({ id, overview }: { id: string; overview: OverviewView }) {
  const frames = useLive((state) => state.frames)
  const latest = useMemo(() => latestOf(frames, id), [frames, id])
  const node = overview.nodes.find((known) => known.id === id)
  if (!node) return <p className={styles.note}>{text.inspector.nodeGone(id)}</p>
  const links = overview.links.filter(({ from, to }) => from === id || to === id)
  const isCsms = overview.nodes.some(({ self, role }) => self && role === 'csms')
  const isStored = isCsms && node.role === 'charging-station'
  const names = text.inspector.sections
  return (
    <>
      <Section title={names.facts}>
        <Facts rows={factsOf(node)} />
        {isStored && (
          <GoTo
            room={stationPath(id)}
            label={text.stations.open}
            query={(old) => withSelection(old, undefined)}
          />
        )}
      </Section>
      {node.evses.length > 0 && (
        <Section title={names.evses}>
          <Evses node={node} />
          <GoTo
            room="/transactions"
            label={text.transactions.show}
            query={(old) => withTransactionFilter(old, { ...NO_TRANSACTION_FILTER, station: id })}
          />
        </Section>
      )}
      {links.length > 0 && (
        <Section title={names.links}>
          <LinkRows links={links} />
        </Section>
      )}
      <Section title={names.frames}>
        <FrameRows frames={latest} />
        <ShowFrames query={(old) => withFilter(old, { ...NO_FILTER, text: id })} />
      </Section>
    </>
  )
}

function factsOf(node: NodeView) {
  const names = text.inspector.facts
  const power = stationPower(node)
  const product = [node.vendor, node.model].filter(Boolean).join(', ')
  const role = node.self ? `${text.roles[node.role]}, ${text.node.self}` : text.roles[node.role]
  return [
    [names.role, role],
    [
      names.state,
      <span key="state" data-tone={node.state === 'down' ? 'alarm' : undefined}>
        {text.node[node.state]}
      </span>,
    ],
    [names.since, <Moment key="since" iso={node.since} />],
    ...(node.protocol ? [[names.protocol, formatVersion(node.protocol)] as const] : []),
    ...(product ? [[names.vendor, product] as const] : []),
    ...(node.services.length > 0 ? [[names.services, node.services.join(', ')] as const] : []),
    ...(power === undefined
      ? []
      : [[names.power, <Figure key="w" quantity={formatPower(power)} />] as const]),
    [names.simulated, node.simulated ? text.yes : text.no],
  ] as const
}

function Evses({ node }: { node: NodeView }) {
  return (
    <ul className={styles.rows}>
      {node.evses.map((evse) => (
        <li key={`${evse.evseId} ${evse.connectorId}`} className={styles.evse}>
          <EvseCellsInline cells={[{ evseId: evse.evseId, status: evse.status }]} />
          <span>
            {text.evse.name(evse.evseId)}, {text.evse.status[evse.status]}
          </span>
          <span className={styles.rowNote}>
            {evse.transactionId !== undefined && text.stations.transaction(evse.transactionId)}
          </span>
          <span className={styles.rowEnd}>
            {evse.powerW !== undefined && <Figure quantity={formatPower(evse.powerW)} />}
          </span>
          <span className={styles.rowEnd}>
            {evse.energyWh !== undefined && <Figure quantity={formatEnergy(evse.energyWh)} />}
          </span>
        </li>
      ))}
    </ul>
  )
}

function latestOf(frames: readonly FrameView[], id: string): readonly FrameView[] {
  const found: FrameView[] = []
  for (let index = frames.length - 1; index >= 0 && found.length < LATEST; index -= 1) {
    const frame = frames[index]
    if (frame && concerns(frame, id)) found.push(frame)
  }
  return found
}

function concerns(frame: FrameView, id: string): boolean {
  return frame.link === id || frame.destination === id || frame.networkPath.includes(id)
}
