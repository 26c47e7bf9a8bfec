import { useMemo } from 'react'
import type { FrameDetail, FrameView } from '../../src/http/live-api.ts'
import { useLive } from '../live/use-live.ts'
import { useResource } from '../live/use-resource.ts'
import { Moment } from '../shell/moment.tsx'
import { formatMs, join, shorten } from '../text/format.ts'
import { text } from '../text/text.ts'
import { sightingsOf, stepsOf, type WayStep } from './message-way.ts'
import styles from './message-weave.module.css'

const words = text.weave.message
const STEP_PX = 22
const TOP_PX = 20
const WIDTH = 400
const EDGE = 52

/** The way of one message: its hops, how long it waited between them, and what is not known. */
export function MessageWeave({ detail }: { detail: FrameDetail }) {
  const live = useLive((state) => state.frames)
  // The page keeps fewer frames than the node; those that came since are in the page only.
  const path = detail.trace && `/api/frames?trace=${encodeURIComponent(detail.trace)}`
  const { data } = useResource<{ frames: readonly FrameView[] }>(path)
  const self = useLive((state) => state.overview?.nodeId) ?? ''
  const steps = useMemo(() => {
    const known = [...(data?.frames ?? []), ...live].map(
      (frame) => [frame.sequence, frame] as const,
    )
    return stepsOf(sightingsOf(detail, [...new Map(known).values()]), self)
  }, [detail, data, live, self])
  if (steps.length === 0) return null
  return (
    <figure className={styles.way} data-way={steps.length}>
      <Drawing steps={steps} />
      <ol className={styles.steps}>
        {steps.map((step) => (
          <li
            key={`${step.from}>${step.to}`}
            data-step={step.waitMs === undefined ? 'hop' : 'wait'}
          >
            {step.waitMs === undefined ? (
              <>
                <code>
                  {step.from} › {step.to}
                </code>
                {step.at === undefined ? (
                  <span className={styles.unknown}>{words.notSeen(self)}</span>
                ) : (
                  <Moment iso={new Date(step.at).toISOString()} />
                )}
              </>
            ) : (
              <span>{words.waited(step.from, join(formatMs(step.waitMs)))}</span>
            )}
          </li>
        ))}
      </ol>
    </figure>
  )
}

/** Lifelines side by side, steps downwards one below the other; the words beside say how long. */
function Drawing({ steps }: { steps: readonly WayStep[] }) {
  const nodes = [...new Set(steps.flatMap(({ from, to }) => [from, to]))]
  const gap = (WIDTH - 2 * EDGE) / Math.max(1, nodes.length - 1)
  const x = (id: string) => EDGE + nodes.indexOf(id) * gap
  const bottom = TOP_PX + steps.length * STEP_PX
  return (
    <svg className={styles.drawing} viewBox={`0 0 ${WIDTH} ${bottom + 4}`} aria-hidden="true">
      {nodes.map((id) => (
        <g key={id}>
          <text x={x(id)} y={12} textAnchor="middle">
            {shorten(id, Math.max(6, Math.floor(gap / 8)))}
          </text>
          <path className={styles.lifeline} d={`M${x(id)} ${TOP_PX}V${bottom}`} />
        </g>
      ))}
      {steps.map((step, index) => {
        const y = TOP_PX + (index + 0.5) * STEP_PX
        const isWait = step.waitMs !== undefined
        return (
          <g key={`${step.from}>${step.to}`}>
            <path
              className={styles.step}
              data-known={step.at !== undefined}
              d={
                isWait
                  ? `M${x(step.from)} ${y - STEP_PX / 2}v${STEP_PX}`
                  : `M${x(step.from)} ${y}H${x(step.to)}`
              }
            />
            {isWait && (
              <text x={x(step.from) + 6} y={y + 4}>
                {join(formatMs(step.waitMs ?? 0))}
              </text>
            )}
          </g>
        )
      })}
    </svg>
  )
}
