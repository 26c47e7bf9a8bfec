import type { FrameView, LiveEvent, OperationView, OverviewView } from '../../src/http/live-api.ts'
import {
  appendFrames,
  FRAMES_KEPT,
  type LiveState,
  mergeOperations,
  rejoinFrames,
} from './state.ts'
import type { LiveStore } from './store.ts'

const SILENCE_MS = 12_000
const RETRY_MS = 2_000
const FLUSH_MS = 100

type Data<T extends LiveEvent['type']> = Extract<LiveEvent, { type: T }>['data']

/**
 * Keeps the store fed from `GET /api/live` until the returned function is called. Events are
 * gathered and handed on at most ten times a second, and not at all while the tab is hidden.
 *
 * @param onRefused Called when the node has ended the stream for good: the session may be over.
 */
export function connectLive(store: LiveStore, onRefused: () => void): () => void {
  let source: EventSource | undefined
  let rejoining = true
  let heardAt = performance.now()
  let openedAt = 0
  let flushTimer: ReturnType<typeof setTimeout> | undefined
  let gathered: FrameView[] = []
  let skipped = 0
  let operations: OperationView[] = []
  let overview: OverviewView | undefined
  let asOf: string | undefined
  let clockOffsetMs = 0

  function open(): void {
    source?.close()
    rejoining = true
    openedAt = performance.now()
    source = new EventSource('/api/live')
    source.addEventListener('error', cutOff)
    source.addEventListener('overview', (event) => {
      overview = JSON.parse(event.data) as Data<'overview'>
      heard(overview.asOf)
    })
    source.addEventListener('heartbeat', (event) => {
      heard((JSON.parse(event.data) as Data<'heartbeat'>).asOf)
    })
    source.addEventListener('frames', (event) => {
      take(JSON.parse(event.data) as Data<'frames'>)
      heard(asOf)
    })
    source.addEventListener('operation', (event) => {
      operations.push(JSON.parse(event.data) as Data<'operation'>)
      heard(asOf)
    })
    source.addEventListener('open', () => {
      rejoining = true
    })
  }

  /** What was gathered is still shown, but as what it is: old. */
  function cutOff(): void {
    if (flushTimer !== undefined) flush()
    store.update({ status: 'offline' })
  }

  function take(data: Data<'frames'>): void {
    skipped += data.skipped
    if (!rejoining) {
      gathered.push(...data.frames)
      if (gathered.length > 2 * FRAMES_KEPT) gathered = gathered.slice(-FRAMES_KEPT)
      return
    }
    rejoining = false
    gathered = []
    store.update({ frames: rejoinFrames(store.snapshot().frames, data.frames) })
  }

  function heard(moment: string | undefined): void {
    if (moment !== undefined && moment !== asOf) {
      clockOffsetMs = Date.parse(moment) - Date.now()
      asOf = moment
    }
    heardAt = performance.now()
    if (flushTimer === undefined && !document.hidden) flushTimer = setTimeout(flush, FLUSH_MS)
  }

  function flush(): void {
    clearTimeout(flushTimer)
    flushTimer = undefined
    const before = store.snapshot()
    const frames = appendFrames(before.frames, gathered)
    const passed = gathered
    gathered = []
    const change: { -readonly [K in keyof LiveState]?: LiveState[K] } = {
      status: 'live',
      asOf,
      clockOffsetMs,
      frames,
      skipped: before.skipped + skipped,
      operations: mergeOperations(before.operations, operations),
    }
    if (overview) change.overview = overview
    skipped = 0
    operations = []
    overview = undefined
    store.update(change)
    if (passed.length > 0 && !document.hidden) store.passed(passed)
  }

  function watch(): void {
    const now = performance.now()
    const closed = source?.readyState === EventSource.CLOSED
    const silent = now - Math.max(heardAt, openedAt) >= SILENCE_MS
    if (now - heardAt >= SILENCE_MS || closed) store.update({ status: 'offline' })
    if (closed && now - openedAt >= RETRY_MS) onRefused()
    if (silent || (closed && now - openedAt >= RETRY_MS)) open()
  }

  function onVisibility(): void {
    if (!document.hidden && performance.now() - heardAt < SILENCE_MS) flush()
  }

  open()
  const watchTimer = setInterval(watch, 1000)
  document.addEventListener('visibilitychange', onVisibility)
  return () => {
    clearInterval(watchTimer)
    clearTimeout(flushTimer)
    document.removeEventListener('visibilitychange', onVisibility)
    source?.close()
  }
}
