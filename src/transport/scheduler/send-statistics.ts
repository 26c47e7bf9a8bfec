import type { PriorityClass } from '../../messages/actions.ts'

/** What a scheduler tells about one class. Frames that went straight through are in none of these. */
export interface ClassStatistics {
  /** Waiting now. */
  readonly frames: number
  /** Waiting now; of the frames alone. */
  readonly bytes: number
  /** How long the oldest has waited, in ms; 0 when none waits. */
  readonly oldestWaitMs: number
  // Since the link opened:
  /** Frames sent after they had waited, and how long all of them together, in ms. */
  readonly waitedFrames: number
  readonly waitedMs: number
  readonly dropped: number
  readonly expired: number
  /** CALLs for which there was no room. */
  readonly congested: number
}

export interface SendStatistics {
  readonly classes: Readonly<Record<PriorityClass, ClassStatistics>>
  /** Undefined until bulk has been sent. */
  readonly measuredBytesPerSecond: number | undefined
  /** In ms; undefined until bulk has been sent. */
  readonly leastRoundTripMs: number | undefined
  /** Bulk on its way without a pong. */
  readonly unacknowledgedBytes: number
  /** Entries kept about sources, streams and deadlines; 0 when nothing waits. */
  readonly stateEntries: number
}

/** Counters of one class. */
export class ClassCounters {
  frames = 0
  bytes = 0
  waitedFrames = 0
  waitedMs = 0
  dropped = 0
  expired = 0
  congested = 0
}
