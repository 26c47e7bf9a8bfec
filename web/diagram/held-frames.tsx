// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a group or text of an SVG takes no focus
import type { LinkView } from '../../src/http/live-api.ts'
import { formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import styles from './held-frames.module.css'
import type { Point, Wire } from './layout.ts'
import { ageOf } from './link-words.ts'

const STEP = 4
/** Beside a link with room, and in the gap at the left of a station in a lower row. */
const WIDE = { width: 10, max: 5 } as const
const SMALL = { width: 4, max: 3 } as const

/** A stack of short bars at the end where calls are kept back, with number and age of the oldest. */
export function HeldFrames(props: {
  held: NonNullable<LinkView['held']>
  wire: Wire
  now: number
}) {
  const { held, wire, now } = props
  return (
    <g
      className={styles.held}
      data-held={held.count}
      transform={`translate(${placeOf(wire).join(' ')})`}
      aria-hidden="true"
    >
      <path className={styles.bars} d={barsPath(held.count, isLowerRow(wire) ? SMALL : WIDE)} />
      {wire.hasRoomForLabel && (
        <text className={styles.label} x={-5} y={8} textAnchor="end">
          {text.link.heldShort(formatCount(held.count), ageOf(held.since, now))}
        </text>
      )}
    </g>
  )
}

/** Stations in lower rows share the way up; only beside its own box is a stack theirs. */
function placeOf(wire: Wire): Point {
  const [x, y] = wire.upper
  if (!isLowerRow(wire)) return [x - WIDE.width - 6, y + 8]
  const [cornerX, cornerY] = wire.points[1] ?? wire.upper
  return [cornerX + 1, cornerY - SMALL.max * STEP]
}

/** Its link leaves a station in a lower row sideways. */
function isLowerRow({ points: [start, next] }: Wire): boolean {
  return start !== undefined && next !== undefined && start[1] === next[1]
}

/** The same stack, for lists. */
export function HeldIcon({ count }: { count: number }) {
  return (
    <svg width="10" height="12" viewBox="0 -2 10 20" aria-hidden="true">
      <path className={styles.bars} d={barsPath(count, WIDE)} />
    </svg>
  )
}

function barsPath(count: number, { width, max }: typeof WIDE | typeof SMALL): string {
  const bars = Array.from({ length: Math.min(count, max) }, (_, index) => index * STEP)
  return bars.map((y) => `M0 ${y}H${width}`).join('')
}
