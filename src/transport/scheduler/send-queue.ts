import type { PriorityClass } from '../../messages/actions.ts'
import { foldId } from '../../primitives/ids.ts'
import { FairRing } from './fair-ring.ts'
import { FrameStream, type QueuedFrame } from './frame-stream.ts'
import { IndexedHeap } from './indexed-heap.ts'
import { Round } from './lane.ts'
import { PRIORITIES, type Shipment } from './shipment.ts'
import { TokenBuckets } from './token-bucket.ts'

/** Shares of the link while all three of the fair classes have something to send. */
const WEIGHTS = { control: 1, command: 1, transaction: 4, telemetry: 2, bulk: 1 } as const
const STRICT = ['control', 'command'] as const

export interface SendQueueOptions {
  /** What each source may send urgently, in bytes per second, now. */
  readonly urgentBytesPerSecond: () => number
  /** Whether a bulk frame of so many bytes may be sent now. */
  readonly allowsBulk: (bytes: number, now: number) => boolean
}

/**
 * Which of the waiting frames goes next.
 *
 *     control ─┐ strict, each source       ┌─ lane of a source ─┬─ stream ─ frames, oldest first
 *     command ─┤ as long as its bucket     │                    └─ stream
 *              │ is not empty        round ┼─ lane
 *     transaction ×4 ─┐ deficit            └─ lane
 *     telemetry   ×2 ─┼ round robin
 *     bulk        ×1 ─┘ at each fork
 *
 * A stream is the frames of one class and source; in bulk, where one source may send many files at
 * once, of one class, source and order key. It is first in, first out, so frames of a class with the
 * same order key never overtake each other, whatever turns its stream takes. A control or command
 * stream whose source has an empty bucket moves as a whole into its source's lane of the transaction
 * round, and back when the bucket has something again.
 *
 * Nothing is kept of a source that has nothing waiting, but how much it has lately sent urgently.
 */
export class SendQueue<Token> {
  readonly #options: SendQueueOptions
  readonly #rounds = new Map(PRIORITIES.map((one) => [one, new Round<Token>(WEIGHTS[one])]))
  readonly #fair = new FairRing<Round<Token>>()
  readonly #streams = new Map(PRIORITIES.map((one) => [one, new Map<string, FrameStream<Token>>()]))
  readonly #buckets: TokenBuckets
  /** Streams whose source has an empty bucket, by when it will have something. */
  readonly #demoted = new IndexedHeap<FrameStream<Token>>()
  /** Bulk streams that can be dropped from, the fullest first. */
  readonly #fullest = new IndexedHeap<FrameStream<Token>>()
  #size = 0
  #bulkSize = 0

  constructor(options: SendQueueOptions) {
    this.#options = options
    this.#buckets = new TokenBuckets(options.urgentBytesPerSecond)
  }

  /** Frames that wait. */
  get size(): number {
    return this.#size
  }

  get bulkSize(): number {
    return this.#bulkSize
  }

  /** Bytes of the bulk frame that goes next; 0 when there is none. */
  get nextBulkBytes(): number {
    return this.#roundOf('bulk').nextBytes
  }

  /** Entries kept about sources, streams and buckets; 0 when nothing waits. */
  get stateSize(): number {
    let size = this.#buckets.size + this.#demoted.size + this.#fullest.size
    for (const round of this.#rounds.values()) size += round.size
    for (const streams of this.#streams.values()) size += streams.size
    return size
  }

  add(frame: QueuedFrame<Token>): void {
    const { priority } = frame
    const streams = this.#streamsOf(priority)
    const key = streamKey(frame)
    let stream = streams.get(key)
    if (!stream) {
      stream = new FrameStream(priority, foldId(frame.source), key)
      streams.set(key, stream)
    }
    stream.add(frame)
    if (!stream.lane) this.#enter(stream, priority)
    this.#size++
    if (priority === 'bulk') {
      this.#bulkSize++
      this.#rankFullness(stream)
    }
  }

  /** Takes a frame out; false when it is not in here any more. */
  remove(frame: QueuedFrame<Token>): boolean {
    const { stream } = frame
    // It may also wait for another link.
    if (!stream || this.#streamsOf(stream.priority).get(stream.key) !== stream) return false
    stream.remove(frame)
    this.#size--
    if (stream.priority === 'bulk') {
      this.#bulkSize--
      this.#rankFullness(stream)
    }
    if (!stream.oldest) {
      this.#leave(stream)
      this.#demoted.delete(stream)
      this.#streamsOf(stream.priority).delete(stream.key)
    }
    // All that waited has been sent, so nobody suffers when everybody's bucket is full again.
    if (this.#size === 0) this.#buckets.clear()
    return true
  }

  /**
   * The frame to send now, already paid for, so it has to be removed and sent; undefined when none
   * waits, or only bulk that has to.
   */
  next(now: number): QueuedFrame<Token> | undefined {
    if (this.#size === 0) return undefined
    this.#promote(now)
    return this.#nextStrict(now) ?? this.#nextFair(now)
  }

  /** Bulk bytes that wait in the stream of this frame and may be dropped. */
  droppableBytesOf(shipment: Shipment<Token>): number {
    const stream = this.#streamsOf(shipment.priority).get(streamKey(shipment))
    return stream?.droppableBytes ?? 0
  }

  /** The bulk stream that has the most bytes which may be dropped. */
  get fullest(): FrameStream<Token> | undefined {
    return this.#fullest.first
  }

  /** When the oldest frame of a class came, in milliseconds since 1970. */
  oldestOf(priority: PriorityClass): number | undefined {
    let oldest: number | undefined
    for (const stream of this.#streamsOf(priority).values()) {
      const since = stream.oldest?.since
      if (since !== undefined && !(oldest !== undefined && oldest <= since)) oldest = since
    }
    return oldest
  }

  // ---- Who is next

  #nextStrict(now: number): QueuedFrame<Token> | undefined {
    for (const priority of STRICT) {
      const round = this.#roundOf(priority)
      for (let stream = round.next(); stream; stream = round.next()) {
        if (this.#buckets.take(stream.source, stream.nextBytes, now)) return this.#pay(stream)
        this.#leave(stream)
        this.#enter(stream, 'transaction')
        this.#demoted.set(stream, this.#buckets.readyAt(stream.source, now))
      }
    }
    return undefined
  }

  #nextFair(now: number): QueuedFrame<Token> | undefined {
    const bulk = this.#roundOf('bulk')
    // Bulk that has to wait gathers no credit: it would be sent in one go later.
    const isOpen = bulk.size > 0 && this.#options.allowsBulk(bulk.nextBytes, now)
    if (isOpen) this.#fair.enter(bulk)
    else this.#fair.leave(bulk)
    const stream = this.#fair.next()?.next()
    return stream && this.#pay(stream)
  }

  /** The stream's oldest frame, paid for at each fork on the way to it. */
  #pay(stream: FrameStream<Token>): QueuedFrame<Token> | undefined {
    const frame = stream.oldest
    const { lane } = stream
    if (!frame || !lane) return undefined
    const bytes = frame.bytes.length
    stream.deficitBytes -= bytes
    lane.deficitBytes -= bytes
    lane.round.deficitBytes -= bytes
    return frame
  }

  /** Streams whose source's bucket has something again are urgent again. */
  #promote(now: number): void {
    for (;;) {
      const stream = this.#demoted.first
      if (!stream || stream.rank > now) return
      const readyAt = this.#buckets.readyAt(stream.source, now)
      // The other stream of the source has taken what there was, or the rate has fallen.
      if (readyAt > now) {
        this.#demoted.set(stream, readyAt)
        continue
      }
      this.#demoted.delete(stream)
      this.#leave(stream)
      this.#enter(stream, stream.priority)
    }
  }

  // ---- Where a stream takes its turns

  #enter(stream: FrameStream<Token>, priority: PriorityClass): void {
    const round = this.#roundOf(priority)
    round.enter(stream)
    if (priority === 'transaction' || priority === 'telemetry') this.#fair.enter(round)
  }

  #leave(stream: FrameStream<Token>): void {
    const round = stream.lane?.round
    round?.leave(stream)
    if (round?.size === 0) this.#fair.leave(round)
  }

  #rankFullness(stream: FrameStream<Token>): void {
    if (stream.droppableBytes > 0) this.#fullest.set(stream, -stream.droppableBytes)
    else this.#fullest.delete(stream)
  }

  #roundOf(priority: PriorityClass): Round<Token> {
    return this.#rounds.get(priority) as Round<Token>
  }

  #streamsOf(priority: PriorityClass): Map<string, FrameStream<Token>> {
    return this.#streams.get(priority) as Map<string, FrameStream<Token>>
  }
}

/** Ids are printable, so the separator is in none of them. */
function streamKey({ priority, source, order }: Shipment<unknown>): string {
  const folded = foldId(source)
  return priority === 'bulk' ? `${folded}\n${order ?? ''}` : folded
}
