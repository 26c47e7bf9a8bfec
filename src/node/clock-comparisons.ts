import { foldId, type NodeId } from '../primitives/ids.ts'

/** How the clock of another node stands to that of this one. */
export interface ClockComparison {
  readonly peer: string
  /**
   * Seconds that its clock is ahead, behind where negative, by what it has signed lately; messages
   * take time, and times are whole seconds, so it may be ahead by a second more.
   */
  readonly offsetS: number
  /** When its last signed message came: milliseconds since 1970. */
  readonly at: number
}

interface Heard {
  readonly peer: string
  /** Greatest offsets of this span and of the one before. */
  best: number
  before: number
  since: number
  at: number
}

/** Over such a span some message comes without delay. */
const SPAN_MS = 300_000
const FORGET_MS = 900_000
const MAX_PEERS = 2_000

/**
 * Clocks of others, by the times in what they sign. A hop that delays messages makes a clock look
 * behind; the quickest message of the last minutes is the one that says most.
 *
 * @spec docs/security.md, "Freshness"
 */
export class ClockComparisons {
  readonly #heard = new Map<string, Heard>()

  /**
   * @param peer Who chose the time, and has verifiably signed it.
   * @param iat Seconds since 1970.
   */
  note(peer: string, iat: number, nowMs: number): void {
    const offset = iat - nowMs / 1_000
    const key = foldId(peer as NodeId)
    const known = this.#heard.get(key)
    if (!known) {
      if (this.#heard.size >= MAX_PEERS) this.#heard.delete(this.#heard.keys().next().value ?? '')
      this.#heard.set(key, { peer, best: offset, before: Number.NEGATIVE_INFINITY, since: nowMs, at: nowMs }) // biome-ignore format: one line
      return
    }
    if (nowMs - known.since >= SPAN_MS) {
      known.before = nowMs - known.since < 2 * SPAN_MS ? known.best : Number.NEGATIVE_INFINITY
      known.best = offset
      known.since = nowMs
    }
    known.best = Math.max(known.best, offset)
    known.at = nowMs
  }

  /** Of one peer; undefined where nothing was heard of it lately. */
  of(peer: string, nowMs: number): ClockComparison | undefined {
    const known = this.#heard.get(foldId(peer as NodeId))
    return known && comparisonOf(known, nowMs)
  }

  /** All that are known, the furthest off first. */
  list(nowMs: number): readonly ClockComparison[] {
    const all = [...this.#heard.values()].flatMap((one) => comparisonOf(one, nowMs) ?? [])
    return all.sort((a, b) => Math.abs(b.offsetS) - Math.abs(a.offsetS))
  }
}

function comparisonOf(
  { peer, best, before, at }: Heard,
  nowMs: number,
): ClockComparison | undefined {
  // biome-ignore format: one line
  if (nowMs - at > FORGET_MS) return undefined
  return { peer, offsetS: Math.round(Math.max(best, before)), at }
}
