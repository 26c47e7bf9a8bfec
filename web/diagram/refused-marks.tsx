// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a group or text of an SVG takes no focus
import { useContext, useEffect, useState } from 'react'
import type { OverviewView } from '../../src/http/live-api.ts'
import { isRefused } from '../frames/filter.ts'
import { LiveContext } from '../live/use-live.ts'
import type { Layout, Point } from './layout.ts'
import styles from './marks.module.css'
import { addRefusals, type Refusal, withoutOld } from './refusals.ts'

interface Scene {
  readonly layout: Layout
  readonly overview: OverviewView
}

/** A cross with its reason where this node refused a frame, for five seconds. */
export function RefusedMarks({ layout, overview }: Scene) {
  const refusals = useRefusals()
  return (
    <g aria-hidden="true">
      {refusals.map((refusal) => {
        const place = placeOf(refusal.link, { layout, overview })
        return place && <Cross key={refusal.link} refusal={refusal} place={place} />
      })}
    </g>
  )
}

function Cross({ refusal, place }: { refusal: Refusal; place: Point }) {
  const label = refusal.count > 1 ? `${refusal.code} ×${refusal.count}` : refusal.code
  return (
    <g
      className={styles.refusal}
      data-refusal={refusal.code}
      transform={`translate(${place[0]} ${place[1]})`}
    >
      <path className={styles.halo} d="M-5-5L5 5M-5 5L5-5" />
      <path className={styles.cross} d="M-5-5L5 5M-5 5L5-5" />
      <rect className={styles.plate} x={12} y={-8} width={label.length * 6.9 + 8} height={16} />
      <text className={styles.reason} x={16} y={4}>
        {label}
      </text>
    </g>
  )
}

/** On the link the frame came by, just before this node. */
function placeOf(neighbour: string, { layout, overview }: Scene): Point | undefined {
  const self = overview.nodeId
  const link = overview.links.find(
    ({ from, to }) => (from === self && to === neighbour) || (to === self && from === neighbour),
  )
  const wire = link && layout.wires.get(link.id)
  if (wire && link.to === self) return [wire.upper[0], wire.upper[1] + 11]
  if (wire) return [wire.lower[0], wire.lower[1] - 11]
  const box = layout.boxes.get(self)
  return box && [box.x + 16, box.y + box.height + 12]
}

function useRefusals(): readonly Refusal[] {
  const store = useContext(LiveContext)
  const [refusals, setRefusals] = useState<readonly Refusal[]>([])
  useEffect(
    () =>
      store.onFrames((frames) => {
        const refused = frames.filter(isRefused)
        if (refused.length > 0) setRefusals((old) => addRefusals(old, refused, Date.now()))
      }),
    [store],
  )
  useEffect(() => {
    if (refusals.length === 0) return
    const next = Math.min(...refusals.map(({ until }) => until))
    const sweep = () => setRefusals((old) => withoutOld(old, Date.now()))
    const timer = setTimeout(sweep, Math.max(0, next - Date.now()) + 20)
    return () => clearTimeout(timer)
  }, [refusals])
  return refusals
}
