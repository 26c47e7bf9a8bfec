/** Of one originator over one link; who signs wrongly by mistake does so a few times. */
const PER_SECOND = 300
const BURST = 1_000
const MAX_KEPT = 10_000

interface Bucket {
  tokens: number
  atMs: number
}

/**
 * How many wrong signatures are verified of an originator over a link. Each costs as much as a right
 * one, so whoever sends nothing else would have the time of all. What is over the limit is refused
 * unread, until the next is due; others, over other links or with other names, are not concerned.
 */
export class WrongSignatures {
  /** Only of those who have signed wrongly lately. */
  readonly #buckets = new Map<string, Bucket>()

  /** Whether a message of an originator is looked at now. */
  allows(link: string, from: string, nowMs: number): boolean {
    if (this.#buckets.size === 0) return true
    const key = `${link} ${from}`
    const bucket = this.#buckets.get(key)
    if (!bucket) return true
    bucket.tokens = Math.min(BURST, bucket.tokens + ((nowMs - bucket.atMs) * PER_SECOND) / 1_000)
    bucket.atMs = nowMs
    if (bucket.tokens >= BURST) this.#buckets.delete(key)
    return bucket.tokens >= 1
  }

  /** One was wrong. */
  note(link: string, from: string, nowMs: number): void {
    const key = `${link} ${from}`
    const bucket = this.#buckets.get(key) ?? { tokens: BURST, atMs: nowMs }
    bucket.tokens -= 1
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > MAX_KEPT) this.#buckets.delete(this.#buckets.keys().next().value ?? '')
  }
}
