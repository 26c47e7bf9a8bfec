import type { FrameView, OperationView, OverviewView } from '../../src/http/live-api.ts'

/** How many of the newest frames the console keeps. */
export const FRAMES_KEPT = 2000

/** Everything the console knows at one moment. */
export interface LiveState {
  readonly status: 'connecting' | 'live' | 'offline'
  /** RFC 3339, told by the server with the newest event. */
  readonly asOf: string | undefined
  /** How far the server's clock is ahead of this one. */
  readonly clockOffsetMs: number
  readonly overview: OverviewView | undefined
  /** Oldest first. */
  readonly frames: readonly FrameView[]
  /** Frames the server left out because they came too fast. */
  readonly skipped: number
  /** Operations that were asked for or changed since the page was opened, as they are now. */
  readonly operations: readonly OperationView[]
}

export const INITIAL_STATE: LiveState = {
  status: 'connecting',
  asOf: undefined,
  clockOffsetMs: 0,
  overview: undefined,
  frames: [],
  skipped: 0,
  operations: [],
}

/** How many of the newest operations the console keeps beside what it reads. */
const OPERATIONS_KEPT = 500

/** The kept operations with the changed ones in their places, the newest first. */
export function mergeOperations(
  kept: readonly OperationView[],
  changed: readonly OperationView[],
): readonly OperationView[] {
  if (changed.length === 0) return kept
  const byId = new Map(kept.map((one) => [one.id, one]))
  for (const one of changed) {
    const old = byId.get(one.id)
    if (!old || STAGES[one.state] >= STAGES[old.state]) byId.set(one.id, one)
  }
  // UUIDv7: ids rise with time.
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, OPERATIONS_KEPT)
}

/** An operation only goes forward: what says less is older. */
const STAGES: Readonly<Record<OperationView['state'], number>> = {
  sent: 0,
  accepted: 1,
  refused: 2,
  failed: 2,
  'effect-seen': 2,
  'no-effect': 2,
}

/** The kept frames with `incoming` behind them; what is already there is not doubled. */
export function appendFrames(
  kept: readonly FrameView[],
  incoming: readonly FrameView[],
): readonly FrameView[] {
  const newest = kept.at(-1)?.sequence ?? 0
  const added = incoming.filter((frame) => frame.sequence > newest)
  if (added.length === 0) return kept
  return [...kept, ...added].slice(-FRAMES_KEPT)
}

/**
 * The kept frames after a reconnection brought the server's newest ones. A server that was started
 * anew counts from one again; then nothing kept is in its log any more and the list starts afresh.
 */
export function rejoinFrames(
  kept: readonly FrameView[],
  incoming: readonly FrameView[],
): readonly FrameView[] {
  return isSameProcess(kept, incoming) ? appendFrames(kept, incoming) : incoming.slice(-FRAMES_KEPT)
}

function isSameProcess(kept: readonly FrameView[], incoming: readonly FrameView[]): boolean {
  const last = kept.at(-1)
  const first = incoming[0]
  if (!last || !first) return !last
  if (first.sequence > last.sequence) return first.time >= last.time
  const times = new Map(kept.map((frame) => [frame.sequence, frame.time]))
  return incoming.some((frame) => times.get(frame.sequence) === frame.time)
}
