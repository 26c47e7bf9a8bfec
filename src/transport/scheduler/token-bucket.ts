/** A bucket holds what flows in during this time. */
const BURST_MS = 1000
/** And never less than this, so that on a slow link a few commands in a row are still urgent. */
const MIN_BURST_BYTES = 16 * 1024
const FIRST_SWEEP = 1024

interface Bucket {
  /** Bytes; below zero after a frame that was larger than what was left. */
  tokens: number
  /** When `tokens` was right, in milliseconds since 1970. */
  at: number
}

/**
 * How much each source may send urgently: one token bucket per source, refilled with a share of the
 * link's rate. A source that is not known has a full bucket, so a full one need not be remembered.
 */
export class TokenBuckets {
  readonly #bytesPerSecond: () => number
  readonly #bySource = new Map<string, Bucket>()
  #sweepAt = FIRST_SWEEP

  /** @param bytesPerSecond What flows into each bucket now. */
  constructor(bytesPerSecond: () => number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  get size(): number {
    return this.#bySource.size
  }

  /**
   * Pays for a frame. Any size is allowed while anything is left, and the debt paid back later:
   * else a frame larger than a bucket could never be urgent.
   *
   * @returns False when nothing is left; nothing is taken then.
   */
  take(source: string, bytes: number, now: number): boolean {
    const bucket = this.#bySource.get(source) ?? this.#create(source, now)
    this.#refill(bucket, now)
    if (bucket.tokens <= 0) return false
    bucket.tokens -= bytes
    return true
  }

  /** When something will be left again, in milliseconds since 1970. */
  readyAt(source: string, now: number): number {
    const bucket = this.#bySource.get(source)
    if (!bucket) return now
    this.#refill(bucket, now)
    if (bucket.tokens > 0) return now
    return now + ((1 - bucket.tokens) / this.#bytesPerSecond()) * 1000
  }

  clear(): void {
    this.#bySource.clear()
    this.#sweepAt = FIRST_SWEEP
  }

  get #burstBytes(): number {
    return Math.max(MIN_BURST_BYTES, (this.#bytesPerSecond() * BURST_MS) / 1000)
  }

  #create(source: string, now: number): Bucket {
    if (this.#bySource.size >= this.#sweepAt) this.#sweep(now)
    const bucket = { tokens: this.#burstBytes, at: now }
    this.#bySource.set(source, bucket)
    return bucket
  }

  #refill(bucket: Bucket, now: number): void {
    const elapsedMs = Math.max(0, now - bucket.at) // the clock may have been set back
    const tokens = bucket.tokens + (elapsedMs / 1000) * this.#bytesPerSecond()
    bucket.tokens = Math.min(this.#burstBytes, tokens)
    bucket.at = now
  }

  /** Sources are chosen by peers: who has a full bucket again is forgotten. */
  #sweep(now: number): void {
    for (const [source, bucket] of this.#bySource) {
      this.#refill(bucket, now)
      if (bucket.tokens >= this.#burstBytes) this.#bySource.delete(source)
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#bySource.size)
  }
}
