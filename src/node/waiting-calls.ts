import type { MessageId, NodeId } from '../primitives/ids.ts'
import { ByteBudget } from './byte-budget.ts'
import { MAX_WAITING_BYTES_OF_PEER, MAX_WAITING_CALLS, MAX_WAITING_LIMITS } from './core.ts'
import { type LimitChange, mayChangeLimit } from './limit-order.ts'

/** A CALL that waits until a standard peer has answered the one before. */
export interface QueuedCall {
  readonly messageId: MessageId
  readonly bytes: Uint8Array
  readonly isBinary: boolean
  /** Milliseconds since 1970. */
  readonly since: number
  readonly action: string
  readonly source: NodeId
  /** What it changes of the station's limits. */
  readonly change: LimitChange | undefined
}

/** Of the bounds in bytes: what nobody here answers for has to leave room for what somebody asks. */
export const COPIES_SHARE = 1 / 8
const CALLS_SHARE = 1 / 2

/** The CALLs that wait for one standard peer, bounded in number and in bytes. */
export class WaitingCalls {
  readonly #budget: ByteBudget
  #calls: QueuedCall[] = []

  /** @param whole What may wait for all peers of the node. */
  constructor(whole: ByteBudget) {
    this.#budget = new ByteBudget(MAX_WAITING_BYTES_OF_PEER, whole)
  }

  get length(): number {
    return this.#calls.length
  }

  get bytes(): number {
    return this.#budget.used
  }

  /** Since when the oldest of them waits, which need not be the next. */
  get since(): number | undefined {
    return this.length === 0 ? undefined : Math.min(...this.#calls.map(({ since }) => since))
  }

  /** @param isCopy Nobody waits for its answer. */
  hasRoom(bytes: number, action: string, isCopy: boolean): boolean {
    const isLimit = !isCopy && mayChangeLimit(action)
    const most = MAX_WAITING_CALLS + (isLimit ? MAX_WAITING_LIMITS : 0)
    const share = isLimit ? 1 : isCopy ? COPIES_SHARE : CALLS_SHARE
    return this.#calls.length < most && this.#budget.hasRoom(bytes, share)
  }

  /** Adds one that there is room for. */
  add(call: QueuedCall): void {
    this.#budget.take(call.bytes.length)
    enqueue(this.#calls, call)
  }

  /** Takes out the one whose turn it is. */
  next(): QueuedCall | undefined {
    const call = this.#calls.shift()
    if (call) this.#budget.give(call.bytes.length)
    return call
  }

  /** Drops those that are over. */
  remove(messageIds: ReadonlySet<MessageId>): void {
    if (!this.#calls.some(({ messageId }) => messageIds.has(messageId))) return
    const isOver = Map.groupBy(this.#calls, ({ messageId }) => messageIds.has(messageId))
    this.#calls = isOver.get(false) ?? []
    for (const { bytes } of isOver.get(true) ?? []) this.#budget.give(bytes.length)
  }

  /** Takes out all. */
  drain(): QueuedCall[] {
    const calls = this.#calls
    this.#calls = []
    this.#budget.give(this.#budget.used)
    return calls
  }
}

/**
 * Puts a call in its place: one that lowers a limit at the head, behind those that do. Earlier changes
 * of the same EVSE, which would undo it if they came later, go there before it.
 */
function enqueue(waiting: QueuedCall[], call: QueuedCall): void {
  const { change } = call
  if (!change?.isLower) {
    waiting.push(call)
    return
  }
  const head = waiting.findLastIndex(({ change: other }) => other?.isLower) + 1
  const first = [call]
  const rest: QueuedCall[] = []
  // From the end on: what one that goes first must not overtake goes before it, too.
  for (const earlier of waiting.slice(head).reverse()) {
    const mustPrecede = first.some(({ change: other }) => isSamePlace(earlier.change, other))
    if (mustPrecede) first.unshift(earlier)
    else rest.unshift(earlier)
  }
  waiting.splice(head, waiting.length, ...first, ...rest)
}

/** EVSE 0 and `*` stand for the whole station. */
function isSamePlace(a: LimitChange | undefined, b: LimitChange | undefined): boolean {
  if (!a || !b) return false
  return a.order === b.order || [a, b].some(({ order }) => order === '*' || order === '0')
}
