import type { FrameView } from '../../src/http/live-api.ts'

export const REFUSAL_MS = 5000

/** A cross on the diagram: refusals of one kind from one neighbour, counted together. */
export interface Refusal {
  readonly link: string
  readonly code: string
  readonly count: number
  /** When it goes, in ms of the browser's clock. */
  readonly until: number
}

/** The crosses with more refused frames; a neighbour has one cross, that of its newest refusal. */
export function addRefusals(
  refusals: readonly Refusal[],
  frames: readonly FrameView[],
  now: number,
): readonly Refusal[] {
  const crosses = new Map(withoutOld(refusals, now).map((refusal) => [refusal.link, refusal]))
  for (const { link, errorCode, reaction } of frames) {
    const code = errorCode ?? reaction
    const old = crosses.get(link)
    const count = old?.code === code ? old.count + 1 : 1
    crosses.set(link, { link, code, count, until: now + REFUSAL_MS })
  }
  return [...crosses.values()]
}

/** The crosses that still stand at `now`. */
export function withoutOld(refusals: readonly Refusal[], now: number): readonly Refusal[] {
  const left = refusals.filter(({ until }) => until > now)
  return left.length === refusals.length ? refusals : left
}
