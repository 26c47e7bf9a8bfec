import { foldId, type NodeId } from '../primitives/ids.ts'
import type { UplinkRule } from './uplink-rules.ts'

/** A connection that lived so long worked. */
const STEADY_MS = 10_000
/** Ids of stations without a credential are anybody's choice. */
const MAX_ENTRIES = 20_000

interface Rest {
  /** How many attempts in a row have failed. */
  readonly failures: number
  /** Not before is it dialled again. */
  readonly untilMs: number
  readonly why: string
}

/**
 * When an upstream may be dialled again in the name of a station that is connected here. Its link is
 * closed when the upstream is lost, and its coming back must not undo what the back-off and the
 * upstream's Retry-After have said.
 */
export class RestingUpstreams {
  readonly #rests = new Map<string, Rest>()

  /** Undefined: it may be dialled now. */
  of(rule: UplinkRule, station: NodeId, nowMs: number): Rest | undefined {
    const rest = this.#rests.get(keyOf(rule, station))
    return rest && rest.untilMs > nowMs ? rest : undefined
  }

  /** How many attempts in a row have failed so far. */
  failures(rule: UplinkRule, station: NodeId): number {
    return this.#rests.get(keyOf(rule, station))?.failures ?? 0
  }

  failed(rule: UplinkRule, station: NodeId, rest: Rest): void {
    const key = keyOf(rule, station)
    this.#rests.delete(key)
    this.#rests.set(key, rest)
    if (this.#rests.size > MAX_ENTRIES) this.#rests.delete(this.#rests.keys().next().value ?? '')
  }

  /** A connection has ended that was open for so long: after a steady one counting begins anew. */
  ended(rule: UplinkRule, station: NodeId, openMs: number): void {
    if (openMs >= STEADY_MS) this.#rests.delete(keyOf(rule, station))
  }
}

function keyOf({ name }: UplinkRule, station: NodeId): string {
  return `${foldId(station)}\n${name}`
}
