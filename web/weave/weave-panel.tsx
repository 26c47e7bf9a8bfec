import { type KeyboardEvent, type PointerEvent, useContext, useMemo, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import type { FrameView, OverviewView } from '../../src/http/live-api.ts'
import { LiveContext, useLive, useNow } from '../live/use-live.ts'
import { useAddress } from '../navigation/use-address.ts'
import { parseWeave, type WeaveAddress, withWeave } from '../navigation/weave-address.ts'
import buttons from '../shell/button.module.css'
import { formatCount, formatSeconds } from '../text/format.ts'
import { text } from '../text/text.ts'
import { useWeaveCanvas } from './use-weave-canvas.ts'
import { bandAt, pathsOf, threadAt, timeAt } from './weave.ts'
import styles from './weave-panel.module.css'

const words = text.weave
const MAX_PATHS = 30
/** A pointer that moved less has clicked. */
const DRAG_PX = 4
const PATHS_EVERY_MS = 10_000

/** What passed between the nodes of one path, and when. */
export function WeavePanel({ overview }: { overview: OverviewView }) {
  const store = useContext(LiveContext)
  const { filter, narrow, select } = useAddress()
  const [query, setQuery] = useSearchParams()
  const { leaf: chosen, pausedAt } = parseWeave(query)
  const show = (weave: WeaveAddress) => setQuery((old) => withWeave(old, weave), { replace: true })
  const held = useRef<{ frames: readonly FrameView[]; at: number }>(undefined)
  const frames = held.current?.at === pausedAt ? held.current?.frames : undefined
  const paused = pausedAt === undefined ? undefined : { at: pausedAt, frames }
  const [drag, setDrag] = useState<readonly [number, number]>()
  const canvas = useRef<HTMLCanvasElement>(null)
  const now = useNow()
  // The busiest one is looked for now and then: lines that come and go cannot be read.
  const minute = Math.floor(now / PATHS_EVERY_MS)
  const shape = overview.links.map(({ id, state }) => `${id} ${state}`).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: links and time decide
  const paths = useMemo(
    () => pathsOf(overview, store.snapshot().frames.slice(-500)),
    [minute, shape, store],
  )
  const path = paths.find(([leaf]) => leaf === chosen) ?? paths[0] ?? []
  const selected = drag ?? spanOf(filter)
  const drawn = useWeaveCanvas(canvas, { overview, path, paused, span: selected })
  const count = useLive((state) => state.frames.length)

  function toggle(): void {
    const { clockOffsetMs, frames } = store.snapshot()
    const at = Math.round(Date.now() + clockOffsetMs)
    held.current = paused ? undefined : { frames, at }
    show({ leaf: chosen, pausedAt: paused ? undefined : at })
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== ' ') return
    event.preventDefault()
    toggle()
  }

  const timeOf = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect()
    return drawn.current ? timeAt(drawn.current.area, event.clientY - box.top) : 0
  }

  function onPointerDown(event: PointerEvent<HTMLCanvasElement>): void {
    event.currentTarget.setPointerCapture(event.pointerId)
    const time = timeOf(event)
    start.current = { y: event.clientY, time }
  }

  function onPointerMove(event: PointerEvent): void {
    const from = start.current
    if (!from || Math.abs(event.clientY - from.y) < DRAG_PX) return
    setDrag(ordered(from.time, timeOf(event)))
  }

  function onPointerUp(event: PointerEvent): void {
    const from = start.current
    start.current = undefined
    setDrag(undefined)
    if (from && drag) return narrow({ ...filter, from: drag[0], to: drag[1] })
    const box = event.currentTarget.getBoundingClientRect()
    const { current } = drawn
    const [x, y] = [event.clientX - box.left, event.clientY - box.top]
    const hit = current && (threadAt(current.weave, x, y) ?? bandAt(current.weave, x, y))
    if (hit) select({ type: 'frame', sequence: hit.sequence })
  }

  const start = useRef<{ y: number; time: number }>(undefined)
  const span = spanOf(filter)
  return (
    <section className={styles.panel} aria-labelledby="weave-title">
      <div className={styles.head}>
        <h2 className={styles.title} id="weave-title">
          {words.title}
        </h2>
        {paths.length > 0 && (
          <select
            className={styles.path}
            aria-label={words.path}
            value={chosen}
            onChange={({ target }) => show({ leaf: target.value, pausedAt })}
          >
            <option value="">{words.busiest((paths[0] ?? []).join(' › '))}</option>
            {paths.slice(0, MAX_PATHS).map((one) => (
              <option key={one[0]} value={one[0]}>
                {one.join(' › ')}
              </option>
            ))}
          </select>
        )}
        {span && (
          <button
            type="button"
            className={buttons.plain}
            onClick={() => narrow({ ...filter, from: undefined, to: undefined })}
          >
            {words.clearSpan}
          </button>
        )}
        <button
          type="button"
          className={buttons.button}
          aria-pressed={paused !== undefined}
          onClick={toggle}
        >
          {paused ? words.resume : words.pause}
        </button>
      </div>
      {paths.length === 0 ? (
        <p className={styles.note}>{words.noPath}</p>
      ) : (
        <>
          <canvas
            ref={canvas}
            className={styles.canvas}
            role="img"
            aria-label={words.summary(formatCount(count), path.join(' › '))}
            title={words.hint}
            tabIndex={0}
            data-weave={path.join('>')}
            data-paused={paused !== undefined}
            onKeyDown={onKeyDown}
            onPointerDown={onPointerDown}
            onPointerMove={onPointerMove}
            onPointerUp={onPointerUp}
          />
          {span && (
            <p className={styles.span} role="status">
              {words.span(clock(span[0]), clock(span[1]))}
            </p>
          )}
        </>
      )}
    </section>
  )
}

function spanOf({ from, to }: { from?: number | undefined; to?: number | undefined }) {
  return from === undefined || to === undefined ? undefined : ([from, to] as const)
}

function ordered(a: number, b: number): readonly [number, number] {
  return [Math.floor(Math.min(a, b)), Math.ceil(Math.max(a, b))]
}

function clock(ms: number): string {
  return formatSeconds(new Date(ms).toISOString())
}
