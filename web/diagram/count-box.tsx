import type { NodeView } from '../../src/http/live-api.ts'
import { formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import { evseCells } from './evse-state.ts'
import type { CountBox as CountBoxPlace } from './layout.ts'
import styles from './node-box.module.css'

const STATES = ['Charging', 'Occupied', 'Reserved', 'Available', 'Unavailable', 'Faulted'] as const

/** More than 400 stations under one node: how many EVSEs are in which state. */
export function CountBox(props: { place: CountBoxPlace; nodes: ReadonlyMap<string, NodeView> }) {
  const { place, nodes } = props
  const counts = new Map<string, number>()
  for (const id of place.stations) {
    for (const { status } of evseCells(nodes.get(id)?.evses ?? [])) {
      counts.set(status, (counts.get(status) ?? 0) + 1)
    }
  }
  return (
    <g transform={`translate(${place.x} ${place.y})`} data-count-of={place.owner}>
      <rect className={styles.box} width={place.width} height={place.height} rx={2} />
      <rect className={styles.frame} width={place.width} height={place.height} rx={2} />
      <text className={styles.id} x={10} y={19}>
        {text.node.stationCount(formatCount(place.stations.length))}
      </text>
      {STATES.map((state, index) => (
        <text key={state} className={styles.countState} x={10} y={36 + index * 14}>
          {text.diagram.counts(formatCount(counts.get(state) ?? 0), text.evse.status[state])}
        </text>
      ))}
    </g>
  )
}
