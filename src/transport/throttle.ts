import type { Clock } from '../primitives/clock.ts'

const SPAN_MS = 60_000
const FREE_FAILURES = 5
const FIRST_DELAY_MS = 1_000
const MAX_DELAY_MS = 60_000
const ADDRESS_FAILURES = 50
/** The oldest are forgotten first; an attacker with more addresses than this has better ways. */
const MAX_ENTRIES = 20_000

interface Failures {
  count: number
  /** When the span began in which they are counted. */
  since: number
}

/**
 * Remembers failed attempts. Five of one id from one address within 60 s slow that pair, 1 s at
 * first and doubling to 60 s; fifty from one address mark the address. An id alone is never locked,
 * or anybody could keep a station out by asking for it.
 *
 * @spec docs/overlay.md section 4.3
 */
export class AttemptThrottle {
  readonly #clock: Clock
  readonly #pairs = new Map<string, Failures>()
  readonly #addresses = new Map<string, Failures>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  failed(id: string, address: string): void {
    this.#count(this.#pairs, pairOf(id, address))
    this.#count(this.#addresses, address)
  }

  /** Whoever got in may mistype again later. */
  succeeded(id: string, address: string): void {
    this.#pairs.delete(pairOf(id, address))
  }

  /** How long the next answer to this pair is held back, in ms; 0 for a pair that did nothing. */
  delayMs(id: string, address: string): number {
    const count = this.#current(this.#pairs, pairOf(id, address))
    if (count < FREE_FAILURES) return 0
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - FREE_FAILURES))
  }

  /** Too many wrong attempts came from this address lately. */
  isFlooding(address: string): boolean {
    return this.#current(this.#addresses, address) >= ADDRESS_FAILURES
  }

  #count(map: Map<string, Failures>, key: string): void {
    const known = map.get(key)
    map.delete(key) // to the end: the first is the one untouched longest
    const now = this.#clock.now()
    if (known && now - known.since < SPAN_MS) {
      known.count++
      // The span of a pair that goes on failing goes on too, or its delay would fall back to 1 s.
      if (known.count >= FREE_FAILURES) known.since = now
      map.set(key, known)
      return
    }
    if (map.size >= MAX_ENTRIES) map.delete(map.keys().next().value ?? '')
    map.set(key, { count: 1, since: now })
  }

  #current(map: Map<string, Failures>, key: string): number {
    const known = map.get(key)
    if (!known) return 0
    if (this.#clock.now() - known.since < SPAN_MS) return known.count
    map.delete(key)
    return 0
  }
}

/** Ids have no control characters, so no two pairs read the same. */
function pairOf(id: string, address: string): string {
  return `${address}\n${id}`
}
