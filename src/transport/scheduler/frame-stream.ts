import type { PriorityClass } from '../../messages/actions.ts'
import type { Turn } from './fair-ring.ts'
import type { HeapItem } from './indexed-heap.ts'
import type { Lane } from './lane.ts'
import type { Shipment, WaitingFrame } from './shipment.ts'

/** A frame in the queue. By rank `expiresAt` it is also among those that can expire. */
export class QueuedFrame<Token> implements WaitingFrame<Token>, HeapItem {
  readonly bytes: Uint8Array
  readonly isBinary: boolean
  readonly priority: PriorityClass
  readonly source: string
  readonly order: string | undefined
  readonly kind: 'request' | 'answer' | 'send'
  readonly isDroppable: boolean
  readonly expiresAt: number | undefined
  readonly token: Token
  readonly since: number
  rank = 0
  heapIndex = -1
  /** The stream it waits in; undefined once it left. */
  stream: FrameStream<Token> | undefined
  before: QueuedFrame<Token> | undefined
  after: QueuedFrame<Token> | undefined
  /** Who came just before and just after it, whatever their streams. */
  older: QueuedFrame<Token> | undefined
  newer: QueuedFrame<Token> | undefined

  constructor(shipment: Shipment<Token>, now: number) {
    this.bytes = new Uint8Array(shipment.bytes) // the caller's bytes are only valid until it returns
    this.isBinary = shipment.isBinary
    this.priority = shipment.priority
    this.source = shipment.source
    this.order = shipment.order
    this.kind = shipment.kind
    this.isDroppable = shipment.kind === 'send' && shipment.isDroppable === true
    this.expiresAt = shipment.expiresAt
    this.token = shipment.token
    this.since = now
  }
}

/**
 * Frames that keep their order, oldest first. By rank it is among the demoted streams (when it may
 * be urgent again) or, in class bulk, among those that can be dropped from (bytes, negative).
 */
export class FrameStream<Token> implements Turn<FrameStream<Token>>, HeapItem {
  readonly priority: PriorityClass
  /** Folded. */
  readonly source: string
  readonly key: string
  readonly weight = 1
  deficitBytes = 0
  before: FrameStream<Token> | undefined
  after: FrameStream<Token> | undefined
  rank = 0
  heapIndex = -1
  /** Where it takes its turns. */
  lane: Lane<Token> | undefined
  /** Bytes of its frames that may be dropped. */
  droppableBytes = 0
  #oldest: QueuedFrame<Token> | undefined
  #newest: QueuedFrame<Token> | undefined

  constructor(priority: PriorityClass, source: string, key: string) {
    this.priority = priority
    this.source = source
    this.key = key
  }

  get oldest(): QueuedFrame<Token> | undefined {
    return this.#oldest
  }

  get nextBytes(): number {
    return this.#oldest?.bytes.length ?? 0
  }

  get newestDroppable(): QueuedFrame<Token> | undefined {
    let frame = this.#newest
    while (frame && !frame.isDroppable) frame = frame.before
    return frame
  }

  add(frame: QueuedFrame<Token>): void {
    frame.stream = this
    frame.before = this.#newest
    if (this.#newest) this.#newest.after = frame
    else this.#oldest = frame
    this.#newest = frame
    if (frame.isDroppable) this.droppableBytes += frame.bytes.length
  }

  remove(frame: QueuedFrame<Token>): void {
    const { before, after } = frame
    if (before) before.after = after
    else this.#oldest = after
    if (after) after.before = before
    else this.#newest = before
    // Whoever keeps the frame as a ticket must not keep its neighbours.
    frame.before = undefined
    frame.after = undefined
    frame.stream = undefined
    if (frame.isDroppable) this.droppableBytes -= frame.bytes.length
  }
}
