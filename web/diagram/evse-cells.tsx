import { text } from '../text/text.ts'
import styles from './evse-cells.module.css'
import type { EvseCell } from './evse-state.ts'

const SIZE = 13
const STEP = 16

/** EVSE cells in a row, as part of a larger drawing; each with a sign of its own per state. */
export function EvseCells(props: {
  cells: readonly EvseCell[]
  x: number
  y: number
  max: number
}) {
  const { cells, x, y, max } = props
  const isCut = cells.length > max
  const shown = isCut ? cells.slice(0, max - 1) : cells
  return (
    <g transform={`translate(${x} ${y})`}>
      {shown.map((cell, index) => (
        <Cell key={cell.evseId} cell={cell} x={index * STEP} />
      ))}
      {isCut && (
        <text className={styles.more} x={shown.length * STEP} y={11}>
          {text.evse.more(cells.length - shown.length)}
        </text>
      )}
    </g>
  )
}

/** The same as a drawing of its own, for tables and lists. */
export function EvseCellsInline({ cells }: { cells: readonly EvseCell[] }) {
  const width = Math.max(SIZE + 1, cells.length * STEP - 2)
  const label = cells.map(cellLabel).join(', ')
  return (
    <svg
      className={styles.inline}
      width={width}
      height={SIZE + 1}
      viewBox={`-0.5 -0.5 ${width} ${SIZE + 1}`}
      role="img"
      aria-label={label || text.none}
    >
      {cells.map((cell, index) => (
        <Cell key={cell.evseId} cell={cell} x={index * STEP} />
      ))}
    </svg>
  )
}

export function cellLabel({ evseId, status }: EvseCell): string {
  return `${text.evse.name(evseId)} ${text.evse.status[status]}`
}

/** One cell: outline, half, full, dots, grey, or crossed. */
function Cell({ cell, x }: { cell: EvseCell; x: number }) {
  return (
    <g className={styles.cell} data-status={cell.status} transform={`translate(${x} 0)`}>
      <title>{cellLabel(cell)}</title>
      <rect className={styles.outline} width={SIZE} height={SIZE} />
      <Sign status={cell.status} />
    </g>
  )
}

function Sign({ status }: { status: EvseCell['status'] }) {
  if (status === 'Occupied')
    return <path className={styles.full} d={`M0 ${SIZE}V0L${SIZE} ${SIZE}Z`} />
  if (status === 'Charging') return <rect className={styles.full} width={SIZE} height={SIZE} />
  if (status === 'Unavailable') return <rect className={styles.grey} width={SIZE} height={SIZE} />
  if (status === 'Faulted') return <path className={styles.cross} d="M0 0L13 13M13 0L0 13" />
  if (status !== 'Reserved') return null
  return <path className={styles.dots} d="M3.5 3.5h0M9.5 3.5h0M6.5 6.5h0M3.5 9.5h0M9.5 9.5h0" />
}
