/** Messages that a policy keeps back until somebody has looked at them. */

import { OverlayError } from '../errors.ts'
import type { ReplayClass } from '../messages/actions.ts'
import { copyOf } from '../primitives/bytes.ts'
import type { NodeId } from '../primitives/ids.ts'
import type { StaleReason } from '../security/freshness/freshness.ts'
import type { SeenMessage } from '../security/freshness/seen-messages.ts'
import type { PolicyReason } from '../security/policies/facts.ts'
import type { Core, RoutedFrame } from './core.ts'
import type { Neighbour } from './neighbour.ts'

/** What freshness found of a request. */
export interface Fresh {
  readonly replay: ReplayClass
  readonly seen: SeenMessage | undefined
  readonly repeated: boolean
  readonly problem?: StaleReason
}

/** Let through after it was held: it counts as of now, as it did when it came. */
export interface Released {
  readonly fresh: Fresh | undefined
  /** Of its frame in the log. */
  readonly sequence: number
}

/** A policy keeps it back. */
export class HeldBack extends OverlayError {
  readonly why: PolicyReason
  readonly fresh: Fresh | undefined

  constructor(reason: PolicyReason, fresh: Fresh | undefined) {
    super('ERR_POLICY_REFUSED', { reason, outcome: 'quarantine' })
    this.why = reason
    this.fresh = fresh
  }
}

export interface Holding {
  readonly from: Neighbour
  /** Of an answer: what it answers. */
  readonly action: string
  readonly destination: NodeId
  readonly reason: PolicyReason
}

/**
 * Puts a frame into quarantine.
 *
 * @param release Lets it go on, later.
 * @throws {OverlayError} ERR_POLICY_REFUSED where there is no room.
 */
export function holdFrame(
  node: Core,
  frame: RoutedFrame,
  { from, action, destination, reason }: Holding,
  release: (kept: RoutedFrame) => void,
): void {
  // The link takes its bytes back.
  const { origin: _, ...rest } = frame
  const kept = { ...rest, payload: copyOf(frame.payload) }
  const [source] = frame.route.networkPath
  const about = { since: node.clock.now(), link: from.label, source, destination, action, reason, payload: kept.payload } // biome-ignore format: one line
  const id = node.quarantine.hold(about, () => release(kept))
  if (id === undefined) throw new OverlayError('ERR_POLICY_REFUSED', { reason })
  node.emit({ name: 'frame.quarantined', id, link: from.label, source, destination, action, reason }) // biome-ignore format: one line
}

/**
 * Tries what may be held back by a rule for what this node, or a standard peer of it, is to obey.
 *
 * @param again Does the same once somebody has let the frame through.
 * @returns undefined where it is held.
 */
export function unlessHeld<T>(
  node: Core,
  frame: RoutedFrame,
  holding: Omit<Holding, 'reason'>,
  attempt: () => T,
  again: (kept: RoutedFrame, released: Released) => void,
): T | undefined {
  try {
    return attempt()
  } catch (error) {
    if (!(error instanceof HeldBack)) throw error
    const { why, fresh } = error
    // It is the frame that is being received.
    const released = { fresh, sequence: node.frameLog.newest + 1 }
    holdFrame(node, frame, { ...holding, reason: why }, (kept) => again(kept, released))
    return undefined
  }
}
