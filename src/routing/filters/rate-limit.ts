import type { Rate } from './rule.ts'

/** Keys of one rule that are remembered; the one unseen longest is forgotten first. */
export const MAX_RATE_KEYS = 10_000

interface Bucket {
  /** Tokens times the milliseconds in which `count` of them come: whole numbers stay exact. */
  level: number
  at: number
}

/**
 * A token bucket for each key: full at first, `count` tokens large, refilled evenly.
 */
export class RateLimit {
  readonly #count: number
  readonly #tokenLevel: number
  readonly #buckets = new Map<string, Bucket>()

  constructor({ count, perSeconds }: Rate) {
    this.#count = count
    this.#tokenLevel = Math.round(perSeconds * 1000)
  }

  /** Keys that are remembered now. */
  get size(): number {
    return this.#buckets.size
  }

  /**
   * Counts one frame of a key.
   *
   * @param now Milliseconds. Where it falls back, nothing is refilled, and nothing is held up either.
   * @returns Whether it is one too many; such a frame takes no token.
   */
  exceeds(key: string, now: number): boolean {
    const full = this.#count * this.#tokenLevel
    const known = this.#buckets.get(key)
    const elapsed = known ? Math.max(0, now - known.at) : 0
    const level = known ? Math.min(full, known.level + elapsed * this.#count) : full
    const isOver = level < this.#tokenLevel
    // To the end of the map: its first key is the one unseen longest.
    if (known) this.#buckets.delete(key)
    else if (this.#buckets.size >= MAX_RATE_KEYS) {
      this.#buckets.delete(this.#buckets.keys().next().value ?? '')
    }
    this.#buckets.set(key, { level: isOver ? level : level - this.#tokenLevel, at: now })
    return isOver
  }
}
