/** Of one originator by one way; who signs wrongly by mistake does so a few times. */
const PER_SECOND = 300
const BURST = 1_000
/** Of all that one hop sends on, by the names that it chooses; the nearer the hop, the more. */
const MORE_PER_SECOND = 300
const MORE_BURST = 500
const MAX_KEPT = 10_000

interface Bucket {
  tokens: number
  atMs: number
  readonly perSecond: number
  readonly burst: number
}

/**
 * How many wrong signatures are verified of an originator, and of all that comes by one way. Each
 * costs as much as a right one, so whoever sends nothing else would have the time of all. What is over
 * a limit is refused unread, until the next is due.
 *
 * Who lies chooses the names before his own in the path, and none behind it: each entry was proved to
 * the one after it. So each end of the path has a limit, and the longer the end the lower, so that the
 * liar's own is reached first, and others whose messages share the rest of the way are not concerned.
 */
export class WrongSignatures {
  /** By the end of a path. Only of those where something was signed wrongly lately. */
  readonly #buckets = new Map<string, Bucket>()

  /**
   * Whether a message is looked at now.
   *
   * @param path The originator first, the neighbour last.
   */
  allows(path: readonly string[], nowMs: number): boolean {
    if (this.#buckets.size === 0) return true
    return endsOf(path).every((key) => {
      const bucket = this.#buckets.get(key)
      if (!bucket) return true
      const { perSecond, burst } = bucket
      bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1_000)
      bucket.atMs = nowMs
      if (bucket.tokens >= burst) this.#buckets.delete(key)
      return bucket.tokens >= 1
    })
  }

  /** One was wrong. */
  note(path: readonly string[], nowMs: number): void {
    for (const [i, key] of endsOf(path).entries()) {
      const bucket = this.#buckets.get(key) ?? newBucket(i + 1 === path.length, i + 1, nowMs)
      bucket.tokens -= 1
      // What was wrong longest ago makes room; names that are chosen anew must not push out their chooser.
      this.#buckets.delete(key)
      this.#buckets.set(key, bucket)
    }
    for (const key of this.#buckets.keys()) {
      if (this.#buckets.size <= MAX_KEPT) break
      this.#buckets.delete(key)
    }
  }
}

/** The neighbour alone, then with whoever came before it, and so on. */
function endsOf(path: readonly string[]): string[] {
  let end = ''
  return path.toReversed().map((id) => {
    end = `${id} ${end}`
    return end
  })
}

/** @param depth How many of the path it is of; 1: the neighbour. */
function newBucket(isWhole: boolean, depth: number, atMs: number): Bucket {
  const burst = BURST + (isWhole ? 0 : MORE_BURST / depth)
  const perSecond = PER_SECOND + (isWhole ? 0 : MORE_PER_SECOND / depth)
  return { tokens: burst, atMs, perSecond, burst }
}
