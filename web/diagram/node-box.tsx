// biome-ignore-all lint/a11y/useSemanticElements: SVG has no such elements
// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a group or text of an SVG takes no focus
import type { ReactNode } from 'react'
import type { NodeView } from '../../src/http/live-api.ts'
import { formatPower, formatRate, formatVersion, join, shorten } from '../text/format.ts'
import { text } from '../text/text.ts'
import { cellLabel, EvseCells } from './evse-cells.tsx'
import { evseCells, stationPower } from './evse-state.ts'
import { BAR, type Box } from './layout.ts'
import styles from './node-box.module.css'

const FRESH_MS = 1500

interface BoxProps {
  readonly node: NodeView
  readonly box: Box
  /** Frames per second over all its links. */
  readonly rate: number
  readonly isSelected: boolean
  readonly isReachable: boolean
  readonly onOpen: () => void
  readonly onFocus: () => void
}

/** A service, networking node or station on the diagram. */
export function NodeBox(props: BoxProps) {
  const { node, box, isSelected, isReachable, onOpen, onFocus } = props
  const size = { width: box.width, height: box.height, rx: 2 }
  return (
    <g
      className={styles.node}
      data-node={node.id}
      data-tier={box.tier}
      data-state={node.state}
      data-selected={isSelected}
      transform={`translate(${box.x} ${box.y})`}
    >
      <g
        className={styles.button}
        role="button"
        tabIndex={isReachable ? 0 : -1}
        aria-label={nodeLabel(node)}
        onClick={onOpen}
        onFocus={onFocus}
        onKeyDown={(event) => event.key === 'Enter' && onOpen()}
      >
        <title>{node.id}</title>
        <rect className={styles.box} {...size} />
        {node.simulated && <Hatch width={box.width} size={box.isCell ? 9 : 18} />}
        <rect className={styles.frame} {...size} />
        {isFresh(node) && <rect key={node.since} className={styles.fresh} {...size} />}
        <rect
          className={styles.ring}
          x={-4}
          y={-4}
          width={box.width + 8}
          height={box.height + 8}
          rx={3}
        />
      </g>
      <g className={styles.content} aria-hidden="true">
        <Content {...props} />
      </g>
    </g>
  )
}

/** A changed state outlines once. */
function isFresh(node: NodeView): boolean {
  return Date.now() - Date.parse(node.since) < FRESH_MS
}

/** The busbar under a node, from which everything below it hangs. */
export function Busbar({ bar }: { bar: NonNullable<Box['bar']> }) {
  return (
    <rect className={styles.bar} x={bar.left} y={bar.y} width={bar.right - bar.left} height={BAR} />
  )
}

function Content({ node, box, rate }: BoxProps) {
  const cells = evseCells(node.evses)
  if (box.isCell) {
    return <EvseCells cells={cells.slice(0, 1)} x={2.5} y={2.5} max={1} />
  }
  if (box.tier !== 'station') {
    const parts = [text.roles[node.role], rate >= 0.05 ? formatRate(rate) : '']
    return (
      <>
        <Name id={node.id} room={18} />
        <text className={styles.detail} x={10} y={36}>
          {parts.filter(Boolean).join(' · ')}
          <Words node={node} />
        </text>
      </>
    )
  }
  const power = stationPower(node)
  return (
    <>
      <Name id={node.id} room={11} />
      <text className={styles.detail} x={10} y={35}>
        {formatVersion(node.protocol)}
        <Words node={node} />
      </text>
      <EvseCells cells={cells} x={10.5} y={45.5} max={power === undefined ? 6 : 3} />
      {node.state === 'down' ? (
        <text className={styles.down} x={box.width - 9} y={57} textAnchor="end">
          {text.node.down}
        </text>
      ) : (
        power !== undefined && (
          <text className={styles.power} x={box.width - 9} y={57} textAnchor="end">
            {join(formatPower(power))}
          </text>
        )
      )}
    </>
  )
}

function Name({ id, room }: { id: string; room: number }) {
  return (
    <text className={styles.id} x={10} y={19}>
      {shorten(id, room)}
    </text>
  )
}

/** `this node`, `simulated`, `down`: each a word, because no state is told by colour alone. */
function Words({ node }: { node: NodeView }): ReactNode {
  const gap = node.role === 'charging-station' && !node.protocol ? '' : ' · '
  const isStation = node.role === 'charging-station'
  if (node.state === 'down' && !isStation) {
    return <tspan className={styles.down}>{gap + text.node.down}</tspan>
  }
  if (node.simulated) return <tspan className={styles.sim}>{gap + text.node.simulated}</tspan>
  return node.self ? gap + text.node.self : null
}

/** A hatched corner, upper right. */
function Hatch({ width, size }: { width: number; size: number }) {
  const strokes: string[] = []
  for (let step = 4; step <= size; step += 4) strokes.push(`M${width - step} 0L${width} ${step}`)
  return <path className={styles.hatch} d={strokes.join('')} />
}

/** What a screen reader says of a node. */
export function nodeLabel(node: NodeView): string {
  const power = stationPower(node)
  const parts = [
    node.id,
    text.roles[node.role],
    node.protocol ? text.node.version(formatVersion(node.protocol)) : '',
    node.state === 'down' ? text.node.down : '',
    node.self ? text.node.self : '',
    node.simulated ? text.node.simulated : '',
    ...evseCells(node.evses).map(cellLabel),
    power === undefined ? '' : join(formatPower(power)),
  ]
  return parts.filter(Boolean).join(', ')
}
