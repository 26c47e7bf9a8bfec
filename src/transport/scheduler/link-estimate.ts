/** How old the least round trip may get before it is measured anew. */
const ROUND_TRIP_LIFETIME_MS = 10_000
/** The largest rate of one to two such spans counts, in round trips. */
const RATE_SPAN_ROUND_TRIPS = 10
const MIN_RATE_SPAN_MS = 1000

/**
 * What a link can do, from samples: the largest rate at which it has delivered lately, and the least
 * round trip. Either alone is spoilt by the queue that this node itself builds up in buffers it
 * cannot see; their product is what fits on the way without a queue.
 *
 * @spec draft-ietf-ccwg-bbr section 4.5 (delivery rate, windowed maximum, minimum round trip)
 */
export class LinkEstimate {
  #rate = 0
  #rateBefore = 0
  #spanStartedAt = 0
  #leastMs: number | undefined
  #leastAt = 0

  /** Bytes per second; undefined until measured. */
  get bytesPerSecond(): number | undefined {
    return Math.max(this.#rate, this.#rateBefore) || undefined
  }

  /** In ms; undefined until measured. */
  get leastRoundTripMs(): number | undefined {
    return this.#leastMs
  }

  /** The least round trip has to be measured anew, on an empty link. */
  isRoundTripStale(now: number): boolean {
    if (this.#leastMs === undefined) return true
    return now - this.#leastAt > ROUND_TRIP_LIFETIME_MS || now < this.#leastAt
  }

  /**
   * @param isLinkLimited More was waiting to be sent. Otherwise a low rate says what there was to
   *   send, not what the link can do, and only a higher one than known counts.
   */
  addRate(bytesPerSecond: number, isLinkLimited: boolean, now: number): void {
    if (!isLinkLimited && bytesPerSecond <= (this.bytesPerSecond ?? 0)) return
    const spanMs = Math.max(MIN_RATE_SPAN_MS, RATE_SPAN_ROUND_TRIPS * (this.#leastMs ?? 0))
    if (now - this.#spanStartedAt > spanMs || now < this.#spanStartedAt) {
      this.#rateBefore = this.#rate
      this.#rate = 0
      this.#spanStartedAt = now
    }
    this.#rate = Math.max(this.#rate, bytesPerSecond)
  }

  /**
   * @param isBare The ping had no chunk of ours before it, which others had to wait for. Only such a
   *   sample begins a measurement or replaces an old one.
   */
  addRoundTrip(ms: number, isBare: boolean, now: number): void {
    if (ms < 0) return // the clock was set back
    const sampleMs = Math.max(1, ms) // a clock of milliseconds sees no less
    const least = this.#leastMs
    // Frames of other classes may have been on the way: one bad moment must not open the window far.
    if (isBare) this.#leastMs = Math.min(sampleMs, 2 * (least ?? sampleMs))
    else if (least !== undefined && sampleMs <= least) this.#leastMs = sampleMs
    else return
    this.#leastAt = now
  }
}
