import type { FrameView } from '../../src/http/live-api.ts'
import { messageOf, wayOf } from './weave.ts'

/** One step of a message: over a link, or waiting at a node. */
export interface WayStep {
  readonly from: string
  /** The same as `from` where it waited. */
  readonly to: string
  /** When it passed, in ms; undefined where the node that serves this page did not see it. */
  readonly at: number | undefined
  /** How long it waited. */
  readonly waitMs?: number
}

/** The sightings of the message that a frame belongs to, itself among them, oldest first. */
export function sightingsOf(frame: FrameView, frames: readonly FrameView[]): readonly FrameView[] {
  const key = messageOf(frame)
  const others = frames.filter((one) => one.sequence !== frame.sequence && messageOf(one) === key)
  return [...others, frame].sort((a, b) => a.sequence - b.sequence)
}

/** The way of one message, step by step, with a wait between two hops that were both seen. */
export function stepsOf(sightings: readonly FrameView[], self: string): readonly WayStep[] {
  const { times, route } = wayOf(sightings, self)
  const steps: WayStep[] = []
  let before: number | undefined
  for (const [index, from] of route.slice(0, -1).entries()) {
    const to = route[index + 1] ?? ''
    const at = times.get(`${from}>${to}`)
    if (at !== undefined && before !== undefined && at >= before) {
      steps.push({ from, to: from, at: before, waitMs: at - before })
    }
    steps.push({ from, to, at })
    before = at
  }
  return steps
}
