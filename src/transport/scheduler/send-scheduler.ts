import type { Clock } from '../../primitives/clock.ts'
import { Alarm } from './alarm.ts'
import { BulkWindow } from './bulk-window.ts'
import { QueuedFrame } from './frame-stream.ts'
import { resolveSchedulerOptions, type SchedulerOptions } from './options.ts'
import type { SendStatistics } from './send-statistics.ts'
// biome-ignore format: one line
import { type Admission, type Carrier, PRIORITIES, type SchedulerReceiver, type Shipment, type WaitingFrame } from './shipment.ts'
import { WaitingRoom } from './waiting-room.ts'

/** A frame up to this size may be sent before anybody knows its class; a chunk is larger. */
export const MAX_UNCLASSIFIED_BYTES = 8 * 1024
const MIN_RETRY_MS = 100
const MAX_RETRY_MS = 60_000

const SENT = { outcome: 'sent' } as const
const EXPIRED = { outcome: 'expired' } as const
const CLOSED = { outcome: 'closed' } as const

/**
 * Decides what is sent on one link, and when. As long as the link keeps up every frame goes straight
 * to the carrier; once it is behind they wait here, where a command can still overtake a file.
 *
 * Small frames of a tick leave in one write: that is the carrier's doing.
 *
 * @spec RFC 6455 sections 5.5.2 and 5.5.3 (the pings and pongs that bulk is measured by)
 */
export class SendScheduler<Token> {
  readonly #carrier: Carrier
  readonly #receiver: SchedulerReceiver<Token>
  readonly #clock: Clock
  readonly #window: BulkWindow
  readonly #room: WaitingRoom<Token>
  readonly #alarm: Alarm
  /** Bytes of all classes sent on the link so far. */
  #sentBytes = 0
  #isFilling = false
  #isClosed = false

  /** @throws {TypeError} when an option is out of range. */
  constructor(carrier: Carrier, receiver: SchedulerReceiver<Token>, options: SchedulerOptions) {
    const resolved = resolveSchedulerOptions(options)
    const window = new BulkWindow(resolved)
    this.#carrier = carrier
    this.#receiver = receiver
    this.#clock = options.clock
    this.#window = window
    this.#alarm = new Alarm(options.clock, () => this.#onAlarm())
    this.#room = new WaitingRoom({
      ...resolved,
      urgentBytesPerSecond: () => resolved.commandShare * window.bytesPerSecond,
      allowsBulk: (bytes, now) => window.allows(bytes, now),
    })
  }

  /** Nothing waits and the carrier takes more. */
  get isIdle(): boolean {
    return this.#room.size === 0 && this.#carrierHasRoom
  }

  /**
   * Frames wait for the carrier to drain, so `drained` has to be called. Bulk that waits for a pong
   * does not count: to call for its sake would be to spin.
   */
  get awaitsDrain(): boolean {
    return this.#room.size !== 0 && !this.#carrierHasRoom
  }

  /** Data bytes a chunk should have now: 64 KiB, 16 KiB on a slow link. */
  get chunkBytes(): number {
    return this.#window.chunkBytes
  }

  /** Frames that wait; `since` is when the oldest came, in milliseconds since 1970. */
  get held(): { readonly count: number; readonly since: number } | undefined {
    const since = this.#room.oldestSince
    return since === undefined ? undefined : { count: this.#room.size, since }
  }

  /**
   * Sends a frame at once, if nothing has to be decided: the short way of a link that keeps up,
   * taken before class, source and order key of the frame are known.
   *
   * A frame of bulk may: with nothing waiting it overtakes nothing, and not many pass before the
   * link is behind.
   *
   * @param asIs It is not to be compressed.
   * @returns False when it was not sent: `enqueue` it.
   */
  trySend(bytes: Uint8Array, isBinary: boolean, asIs = false): boolean {
    if (this.#room.size !== 0 || this.#isClosed) return false
    if (bytes.length > MAX_UNCLASSIFIED_BYTES || !this.#carrierHasRoom) return false
    this.#sentBytes += bytes.length
    this.#carrier.send(bytes, isBinary, asIs)
    return true
  }

  /** Sends a frame when it is its turn. It may be sent already although the outcome is `queued`. */
  enqueue(shipment: Shipment<Token>): Admission<Token> {
    if (this.#isClosed) return CLOSED
    const now = this.#clock.now()
    if (shipment.expiresAt !== undefined && shipment.expiresAt <= now) {
      this.#room.countExpired(shipment.priority)
      return EXPIRED
    }
    if (this.#canGoStraight(shipment, now)) {
      this.#ship(shipment, now)
      return SENT
    }
    const evicted: WaitingFrame<Token>[] = []
    const frame = this.#room.admit(shipment, now, evicted)
    this.drained()
    for (const victim of evicted) this.#receiver.dropped(victim)
    if (frame instanceof QueuedFrame) return { outcome: 'queued', frame }
    if (frame !== 'congested') return { outcome: frame }
    return { outcome: frame, retryAfterMs: this.#retryAfterMs(shipment) }
  }

  /** Tells that the carrier has room again, or may have. Costs nothing when nothing waits. */
  drained(): void {
    if (this.#room.size !== 0) this.#fill()
  }

  /**
   * Tells that a pong came.
   *
   * @returns False when it answers no open ping of this scheduler; it has changed nothing then.
   */
  pong(payload: Uint8Array): boolean {
    if (!this.#window.pong(payload, this.#clock.now(), this.#carrier.roundTripMs)) return false
    this.drained()
    return true
  }

  /**
   * Takes back a frame that waits.
   *
   * @returns False when it does not wait any more: sent, expired, dropped or given back.
   */
  retract(frame: WaitingFrame<Token>): boolean {
    const waited = frame instanceof QueuedFrame && this.#room.remove(frame)
    if (waited) this.#setAlarm(this.#clock.now())
    return waited
  }

  /**
   * Ends it: nothing is sent any more and no timer is left behind.
   *
   * @returns The frames that were never sent, the oldest first.
   */
  close(): readonly WaitingFrame<Token>[] {
    this.#isClosed = true
    const frames = this.#room.clear()
    this.#setAlarm(this.#clock.now())
    return frames
  }

  statistics(): SendStatistics {
    const now = this.#clock.now()
    const classes = PRIORITIES.map((one) => [one, this.#room.statisticsOf(one, now)])
    const { measuredBytesPerSecond, leastRoundTripMs, unacknowledgedBytes } = this.#window
    return {
      classes: Object.fromEntries(classes) as SendStatistics['classes'],
      measuredBytesPerSecond,
      leastRoundTripMs,
      unacknowledgedBytes,
      stateEntries: this.#room.stateSize,
    }
  }

  // ---- Sending

  get #carrierHasRoom(): boolean {
    return this.#carrier.queuedBytes < this.#window.chunkBytes
  }

  /** Only waiting bulk may be passed, and that by anything but bulk. */
  #canGoStraight({ priority, bytes }: Shipment<Token>, now: number): boolean {
    if (!this.#carrierHasRoom) return false
    if (priority !== 'bulk') return this.#room.size === this.#room.bulkSize
    return this.#room.size === 0 && this.#window.allows(bytes.length, now)
  }

  /** Sends what may be sent until the carrier has enough. */
  #fill(): void {
    // A receiver that is told of an expired frame may send something itself.
    if (this.#isFilling) return
    this.#isFilling = true
    const now = this.#clock.now()
    try {
      for (let late = this.#room.takeExpired(now); late; late = this.#room.takeExpired(now)) {
        this.#receiver.expired(late)
      }
      while (this.#carrierHasRoom) {
        const frame = this.#room.take(now)
        if (!frame) break
        this.#ship(frame, now)
      }
    } finally {
      this.#isFilling = false
      this.#setAlarm(now)
    }
  }

  #ship(shipment: Shipment<Token>, now: number): void {
    const { bytes, isBinary } = shipment
    const isBulk = shipment.priority === 'bulk'
    if (isBulk && this.#window.isBarePingDue(now)) {
      this.#window.barePingSent(this.#sentBytes, now)
      this.#carrier.ping(this.#window.payload)
    }
    this.#sentBytes += bytes.length
    this.#carrier.send(bytes, isBinary, isBulk)
    this.#receiver.shipped?.(shipment.token)
    if (!isBulk) return
    const hasWaited = shipment instanceof QueuedFrame
    const isLinkLimited = hasWaited || this.#room.bulkSize > 0 || !this.#carrierHasRoom
    this.#window.frameSent(bytes.length, isLinkLimited, now, this.#sentBytes)
    this.#carrier.ping(this.#window.payload)
  }

  #retryAfterMs({ priority }: Shipment<Token>): number {
    const bytes = this.#room.bytesAheadOf(priority) + this.#carrier.queuedBytes
    const ms = Math.ceil((bytes / this.#window.bytesPerSecond) * 1000)
    return Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, ms))
  }

  // ---- One timer: for deadlines, and for bulk that no pong wakes. None when nothing waits

  #setAlarm(now: number): void {
    this.#alarm.set(Math.min(this.#room.nextExpiryAt, this.#bulkWakesAt(now)), now)
  }

  #bulkWakesAt(now: number): number {
    if (this.#room.bulkSize === 0) return Number.POSITIVE_INFINITY
    const { repeatAt } = this.#window
    // A carrier that has enough tells when it has not.
    if (!this.#carrierHasRoom) return repeatAt
    return Math.min(repeatAt, this.#window.opensAt(this.#room.nextBulkBytes, now))
  }

  #onAlarm(): void {
    const now = this.#clock.now()
    if (this.#room.bulkSize > 0 && this.#window.repeatAt <= now) {
      this.#window.repeated(now)
      this.#carrier.ping(this.#window.payload)
    }
    this.#fill()
  }
}
