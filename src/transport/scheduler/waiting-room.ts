import type { PriorityClass } from '../../messages/actions.ts'
import { ArrivalList } from './arrival-list.ts'
import { QueuedFrame } from './frame-stream.ts'
import { IndexedHeap } from './indexed-heap.ts'
import { type BudgetOptions, mustBeAdmitted, SendBudget } from './send-budget.ts'
import { SendQueue, type SendQueueOptions } from './send-queue.ts'
import { ClassCounters, type ClassStatistics } from './send-statistics.ts'
import { PRIORITIES, type Shipment, type WaitingFrame } from './shipment.ts'

/**
 * The frames that wait for a link: who is let in, who has to make room, who has waited too long, and
 * what is counted about them.
 */
export class WaitingRoom<Token> {
  readonly #queue: SendQueue<Token>
  readonly #budget: SendBudget
  readonly #arrivals = new ArrivalList<Token>()
  readonly #expiring = new IndexedHeap<QueuedFrame<Token>>()
  readonly #counters = new Map(PRIORITIES.map((one) => [one, new ClassCounters()]))

  constructor(options: BudgetOptions & SendQueueOptions) {
    this.#queue = new SendQueue(options)
    this.#budget = new SendBudget(options)
  }

  get size(): number {
    return this.#queue.size
  }

  get bulkSize(): number {
    return this.#queue.bulkSize
  }

  /** Bytes of the bulk frame that goes next; 0 when there is none. */
  get nextBulkBytes(): number {
    return this.#queue.nextBulkBytes
  }

  /** Entries kept about sources, streams, buckets and deadlines; 0 when nothing waits. */
  get stateSize(): number {
    return this.#queue.stateSize + this.#expiring.size
  }

  /** The next deadline, in milliseconds since 1970. */
  get nextExpiryAt(): number {
    return this.#expiring.first?.rank ?? Number.POSITIVE_INFINITY
  }

  /** When the oldest frame came, in milliseconds since 1970. */
  get oldestSince(): number | undefined {
    return this.#arrivals.oldest?.since
  }

  /**
   * Lets a frame in, or says why not.
   *
   * @param evicted Gets the frames that had to make room for it.
   */
  admit(
    shipment: Shipment<Token>,
    now: number,
    evicted: WaitingFrame<Token>[],
  ): QueuedFrame<Token> | 'congested' | 'dropped' | 'overflow' {
    const counters = this.#countersOf(shipment.priority)
    if (!this.#budget.hasRoomFor(shipment)) {
      if (mustBeAdmitted(shipment)) return 'overflow'
      if (shipment.kind !== 'send') {
        counters.congested++
        return 'congested'
      }
      if (!this.#makeRoom(shipment, evicted)) {
        counters.dropped++
        return 'dropped'
      }
    }
    const frame = new QueuedFrame(shipment, now)
    this.#queue.add(frame)
    this.#arrivals.add(frame)
    this.#budget.take(frame)
    if (frame.expiresAt !== undefined) this.#expiring.set(frame, frame.expiresAt)
    counters.frames++
    counters.bytes += frame.bytes.length
    return frame
  }

  /** Takes out the frame to send now; undefined when none waits, or only bulk that has to. */
  take(now: number): QueuedFrame<Token> | undefined {
    const frame = this.#queue.next(now)
    if (!frame) return undefined
    this.remove(frame)
    const counters = this.#countersOf(frame.priority)
    counters.waitedFrames++
    counters.waitedMs += Math.max(0, now - frame.since)
    return frame
  }

  /** Takes out a frame whose deadline has passed. */
  takeExpired(now: number): QueuedFrame<Token> | undefined {
    const frame = this.#expiring.first
    if (!frame || frame.rank > now) return undefined
    this.remove(frame)
    this.#countersOf(frame.priority).expired++
    return frame
  }

  /** Takes a frame out; false when it is not in here any more. */
  remove(frame: QueuedFrame<Token>): boolean {
    if (!this.#queue.remove(frame)) return false
    this.#arrivals.remove(frame)
    this.#expiring.delete(frame)
    this.#budget.giveBack(frame)
    const counters = this.#countersOf(frame.priority)
    counters.frames--
    counters.bytes -= frame.bytes.length
    return true
  }

  /** Takes out everything, the oldest first. */
  clear(): QueuedFrame<Token>[] {
    const frames: QueuedFrame<Token>[] = []
    for (let frame = this.#arrivals.oldest; frame; frame = this.#arrivals.oldest) {
      this.remove(frame)
      frames.push(frame)
    }
    return frames
  }

  /** Bytes that wait in this class and in the more urgent ones. */
  bytesAheadOf(priority: PriorityClass): number {
    const ahead = PRIORITIES.slice(0, PRIORITIES.indexOf(priority) + 1)
    return ahead.reduce((sum, one) => sum + this.#countersOf(one).bytes, 0)
  }

  statisticsOf(priority: PriorityClass, now: number): ClassStatistics {
    const since = this.#queue.oldestOf(priority) ?? now
    return { ...this.#countersOf(priority), oldestWaitMs: Math.max(0, now - since) }
  }

  countExpired(priority: PriorityClass): void {
    this.#countersOf(priority).expired++
  }

  /**
   * Room for a frame that may be dropped. A full bulk queue loses the newest chunk of its fullest
   * stream: what has waited long still goes, and a small transfer survives a large one. Where the
   * newcomer's own stream is the fullest, the newest is the newcomer.
   */
  #makeRoom(shipment: Shipment<Token>, evicted: WaitingFrame<Token>[]): boolean {
    if (shipment.priority !== 'bulk') return false
    const own = this.#queue.droppableBytesOf(shipment) + shipment.bytes.length
    while (!this.#budget.hasRoomFor(shipment)) {
      const stream = this.#queue.fullest
      const victim = stream?.newestDroppable
      if (!stream || !victim || stream.droppableBytes <= own) return false
      this.remove(victim)
      this.#countersOf('bulk').dropped++
      evicted.push(victim)
    }
    return true
  }

  #countersOf(priority: PriorityClass): ClassCounters {
    return this.#counters.get(priority) as ClassCounters
  }
}
