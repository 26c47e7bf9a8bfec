import type { Clock } from '../primitives/clock.ts'
import { networkOf } from './network-of.ts'

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
 * first and doubling to 60 s; fifty from one address within the last 60 s mark the address. An id
 * alone is never locked, or anybody could keep a station out by asking for it.
 *
 * @spec docs/overlay.md section 4.3
 */
export class AttemptThrottle {
  readonly #clock: Clock
  readonly #pairs = new Map<string, Failures>()
  /** When the last ones were, at most as many as mark an address; the oldest first. */
  readonly #addresses = new Map<string, number[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  failed(id: string, address: string): void {
    this.#countPair(pairOf(id, address))
    const network = networkOf(address)
    const times = takeOut(this.#addresses, network) ?? []
    times.push(this.#clock.now())
    if (times.length > ADDRESS_FAILURES) times.shift()
    this.#addresses.set(network, times)
  }

  /** Whoever got in may mistype again later. */
  succeeded(id: string, address: string): void {
    this.#pairs.delete(pairOf(id, address))
  }

  /** How long the next answer to this pair is held back, in ms; 0 for a pair that did nothing. */
  delayMs(id: string, address: string): number {
    const count = this.#countOf(pairOf(id, address))
    if (count < FREE_FAILURES) return 0
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - FREE_FAILURES))
  }

  /** Too many wrong attempts came from this address lately. */
  isFlooding(address: string): boolean {
    const times = this.#addresses.get(networkOf(address))
    const [oldest = 0] = times ?? []
    return times?.length === ADDRESS_FAILURES && this.#clock.now() - oldest < SPAN_MS
  }

  #countPair(pair: string): void {
    const known = takeOut(this.#pairs, pair)
    const now = this.#clock.now()
    if (!known || now - known.since >= SPAN_MS) {
      this.#pairs.set(pair, { count: 1, since: now })
      return
    }
    known.count++
    // The span of a pair that goes on failing goes on too, or its delay would fall back to 1 s.
    if (known.count >= FREE_FAILURES) known.since = now
    this.#pairs.set(pair, known)
  }

  #countOf(pair: string): number {
    const known = this.#pairs.get(pair)
    if (!known) return 0
    if (this.#clock.now() - known.since < SPAN_MS) return known.count
    this.#pairs.delete(pair)
    return 0
  }
}

/** What is set again afterwards goes to the end: the first is the one untouched longest. */
function takeOut<T>(map: Map<string, T>, key: string): T | undefined {
  const known = map.get(key)
  if (known !== undefined) map.delete(key)
  else if (map.size >= MAX_ENTRIES) map.delete(map.keys().next().value ?? '')
  return known
}

/** Ids have no control characters, so no two pairs read the same. */
function pairOf(id: string, address: string): string {
  return `${networkOf(address)}\n${id}`
}
