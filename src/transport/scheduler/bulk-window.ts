import { LinkEstimate } from './link-estimate.ts'

/**
 * The ping behind each bulk chunk:
 *
 *     +----+-------------------------------+
 *     | w  | u64 bulk bytes sent on the    |
 *     |0x77| link so far, big-endian       |
 *     +----+-------------------------------+
 */
const WINDOW = 'w'.charCodeAt(0)
const PAYLOAD_BYTES = 9
const HIGH_UNIT = 2 ** 32

/** What the envelope and the proof may add to a chunk of data. */
const ENVELOPE_BYTES = 4 * 1024
/** Below this rate (64 KiB take a quarter of a second) chunks are the small ones. */
const SLOW_BYTES_PER_SECOND = 256 * 1024
/** Without any pong for this long, and after each repetition twice as long, a ping is repeated. */
const FIRST_REPEAT_MS = 250
const MAX_REPEAT_MS = 30_000

/** A ping that no pong came back for. */
interface Ping {
  /** Bulk bytes sent before it. */
  readonly count: number
  readonly sentAt: number
  readonly isBare: boolean
  readonly isLinkLimited: boolean
  /** Bytes of all classes sent before it. */
  readonly sentBytes: number
  // What was known when it was sent: up to where and when all was delivered, and when that was sent.
  readonly deliveredBytes: number
  readonly deliveredAt: number
  readonly deliveredSentAt: number
}

export interface WindowOptions {
  readonly chunkBytes: number
  readonly slowChunkBytes: number
  readonly assumedBytesPerSecond: number
}

/**
 * How much bulk may be on its way. A socket tells what it has not taken yet, but not what lies in
 * the buffers behind it; so each chunk is followed by a ping, and what no pong came back for is kept
 * below the rate of the link × its least round trip + 2 chunks.
 *
 * Any RFC 6455 peer answers these pings; one that answers only the newest acknowledges all before
 * it. A pong that no open ping has asked for changes nothing.
 */
export class BulkWindow {
  readonly #options: WindowOptions
  readonly #estimate = new LinkEstimate()
  readonly #payload = new Uint8Array(PAYLOAD_BYTES)
  readonly #view = new DataView(this.#payload.buffer)
  readonly #open: Ping[] = []
  #sent = 0
  #acknowledged = 0
  #deliveredBytes = 0
  #deliveredAt = 0
  #deliveredSentAt = 0
  #startedAt = 0
  #repeatMs = FIRST_REPEAT_MS
  #quietSince = 0
  #chunkBytes: number

  constructor(options: WindowOptions) {
    this.#options = options
    this.#payload[0] = WINDOW
    this.#chunkBytes = this.#chosenChunkBytes
  }

  /** Data bytes of a chunk: 64 KiB, 16 KiB on a slow link. Also how far the carrier is filled. */
  get chunkBytes(): number {
    return this.#chunkBytes
  }

  get unacknowledgedBytes(): number {
    return this.#sent - this.#acknowledged
  }

  /** Measured, or assumed as long as it was not. */
  get bytesPerSecond(): number {
    return this.#estimate.bytesPerSecond ?? this.#options.assumedBytesPerSecond
  }

  get measuredBytesPerSecond(): number | undefined {
    return this.#estimate.bytesPerSecond
  }

  get leastRoundTripMs(): number | undefined {
    return this.#estimate.leastRoundTripMs
  }

  /** The ping to send now; valid until the next call. */
  get payload(): Uint8Array {
    this.#view.setUint32(1, Math.floor(this.#sent / HIGH_UNIT))
    this.#view.setUint32(5, this.#sent % HIGH_UNIT)
    return this.#payload
  }

  /** Whether a bulk frame may be sent. One larger than the window goes when nothing is on its way. */
  allows(bytes: number, now: number): boolean {
    if (this.unacknowledgedBytes === 0) return true
    if (this.#isEmptying(now)) return false
    return this.#pathBytesFor(bytes) <= this.#pathBytes(now - this.#startedAt)
  }

  /** When a frame that is not allowed now will be, if no pong comes; in milliseconds since 1970. */
  opensAt(bytes: number, now: number): number {
    const needed = this.#pathBytesFor(bytes)
    if (this.#isEmptying(now) || needed > this.#pathBytes(Number.POSITIVE_INFINITY)) {
      return Number.POSITIVE_INFINITY
    }
    return Math.max(now + 1, this.#startedAt + (needed / this.bytesPerSecond) * 1000)
  }

  /** Before this bulk frame a ping has to go alone, to measure the round trip. */
  isBarePingDue(now: number): boolean {
    return this.unacknowledgedBytes === 0 && this.#estimate.isRoundTripStale(now)
  }

  /** @param sentBytes Bytes of all classes sent so far. */
  barePingSent(sentBytes: number, now: number): void {
    this.#start(sentBytes, now)
    this.#push(sentBytes, now, { isBare: true, isLinkLimited: false })
  }

  /**
   * A bulk frame was sent, and its ping follows.
   *
   * @param sentBytes Bytes of all classes sent so far, with it.
   * @param isLinkLimited It had to wait for the link, or more is waiting.
   */
  frameSent(bytes: number, isLinkLimited: boolean, now: number, sentBytes: number): void {
    if (this.unacknowledgedBytes === 0) this.#start(sentBytes - bytes, now)
    this.#sent += bytes
    this.#push(sentBytes, now, { isBare: false, isLinkLimited })
  }

  /**
   * A pong came.
   *
   * @param linkRoundTripMs What pings for liveness took, if any were answered. One bare ping may have
   *   waited for this node itself, which is busiest when a transfer begins.
   * @returns False when it is none of ours, malformed, or answers no open ping.
   */
  pong(payload: Uint8Array, now: number, linkRoundTripMs?: number): boolean {
    if (payload.length !== PAYLOAD_BYTES || payload[0] !== WINDOW) return false
    const view = new DataView(payload.buffer, payload.byteOffset, PAYLOAD_BYTES)
    const count = view.getUint32(1) * HIGH_UNIT + view.getUint32(5)
    const at = this.#open.findIndex((ping) => ping.count >= count)
    const ping = this.#open[at]
    if (!ping || ping.count !== count) return false
    this.#open.splice(0, at + 1)
    this.#acknowledged = count
    this.#repeatMs = FIRST_REPEAT_MS
    this.#quietSince = now
    const sampleMs = now - ping.sentAt
    const knownMs = ping.isBare ? Math.min(sampleMs, linkRoundTripMs ?? sampleMs) : sampleMs
    this.#estimate.addRoundTrip(knownMs, ping.isBare, now)
    this.#measure(ping, now)
    return true
  }

  /** When a ping has to be repeated, in milliseconds since 1970. */
  get repeatAt(): number {
    if (this.unacknowledgedBytes === 0) return Number.POSITIVE_INFINITY
    return this.#quietSince + Math.max(this.#repeatMs, 4 * (this.leastRoundTripMs ?? 0))
  }

  /**
   * The newest ping is sent once more. A peer may answer only the newest of several pings (section
   * 5.5.3), and that may have been one for liveness: without this, bulk could wait for ever.
   */
  repeated(now: number): void {
    this.#quietSince = now
    this.#repeatMs = Math.min(MAX_REPEAT_MS, 2 * this.#repeatMs)
  }

  get #chosenChunkBytes(): number {
    const { chunkBytes, slowChunkBytes } = this.#options
    return this.bytesPerSecond < SLOW_BYTES_PER_SECOND ? slowChunkBytes : chunkBytes
  }

  /** The least round trip shows only on an empty link: nothing new until all is acknowledged. */
  #isEmptying(now: number): boolean {
    return this.#estimate.isRoundTripStale(now) && !this.#open[0]?.isBare
  }

  /** What the way has to hold so that this frame is let on it: all but two chunks. */
  #pathBytesFor(bytes: number): number {
    // A chunk as it is on the wire. Large ones also count as such on a link that seems slow: it may
    // only seem so because it was not given more.
    const onWire = Math.min(bytes, this.#options.chunkBytes + ENVELOPE_BYTES)
    return this.unacknowledgedBytes + bytes - 2 * Math.max(this.#chunkBytes, onWire)
  }

  /**
   * What the way there and back holds without a queue, so long after the first frame was let on it
   * when it was empty. To send all of that at once would be to queue it.
   */
  #pathBytes(elapsedMs: number): number {
    const { bytesPerSecond = 0, leastRoundTripMs = 0 } = this.#estimate
    return (bytesPerSecond * Math.min(Math.max(0, elapsedMs), leastRoundTripMs)) / 1000
  }

  /** The link was idle: time without anything to deliver must not count against its rate. */
  #start(sentBytes: number, now: number): void {
    this.#startedAt = now
    this.#deliveredBytes = sentBytes
    this.#deliveredAt = now
    this.#deliveredSentAt = now
  }

  #push(sentBytes: number, now: number, kind: Pick<Ping, 'isBare' | 'isLinkLimited'>): void {
    this.#quietSince = now
    this.#open.push({
      count: this.#sent,
      sentAt: now,
      ...kind,
      sentBytes,
      deliveredBytes: this.#deliveredBytes,
      deliveredAt: this.#deliveredAt,
      deliveredSentAt: this.#deliveredSentAt,
    })
  }

  #measure(ping: Ping, now: number): void {
    // Pongs may come bunched, and frames may be sent bunched; the slower of the two is the link.
    const elapsedMs = Math.max(1, now - ping.deliveredAt, ping.sentAt - ping.deliveredSentAt)
    const bytes = ping.sentBytes - ping.deliveredBytes
    if (bytes > 0) {
      this.#estimate.addRate((bytes / elapsedMs) * 1000, ping.isLinkLimited, now)
    }
    this.#deliveredBytes = ping.sentBytes
    this.#deliveredAt = now
    this.#deliveredSentAt = ping.sentAt
    this.#chunkBytes = this.#chosenChunkBytes
  }
}
