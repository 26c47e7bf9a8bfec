import { OverlayError } from '../errors.ts'
import { isDroppable, type PriorityClass, priorityOf } from '../messages/actions.ts'
import type { Clock } from '../primitives/clock.ts'
import type { MessageId, NodeId } from '../primitives/ids.ts'
import { plainAction } from '../security/signed-message.ts'
import { MIN_DEFLATED_BYTES } from '../transport/deflate.ts'
import type { Link } from '../transport/link.ts'
import { MAX_UNCLASSIFIED_BYTES, SendScheduler } from '../transport/scheduler/send-scheduler.ts'
import type { SendStatistics } from '../transport/scheduler/send-statistics.ts'
import type { SchedulerReceiver } from '../transport/scheduler/shipment.ts'
import type { WireLimits } from '../wire/frame.ts'
import { ByteBudget } from './byte-budget.ts'
import type { LinkCarrier } from './carrying.ts'
import { MAX_RETRY_BYTES_OF_PEER } from './core.ts'
import type { KnownLimits } from './limit-order.ts'
import { AnsweredList, type PendingRequest, PendingTable } from './pending.ts'
import type { UplinkRule } from './uplink-rules.ts'
import { WaitingCalls } from './waiting-calls.ts'

/** Frames on links to one peer, by message type; kept over reconnects, as counters must. */
export interface LinkCounters {
  readonly received: number[]
  readonly sent: number[]
  refused: number
  /** Signatures that it could not carry. */
  lostSignatures: number
}

/** Small frames go at once over a link that has less than this to do. */
const STRAIGHT_QUEUE_BYTES = 64 * 1024
const SWEEP_EVERY_MS = 1_000
/** How long a CALL may wait for its link. */
const QUEUED_CALL_MS = 30_000

/** Message types 2 to 6, and 0 for what could not be decoded. */
const TYPES = 7

export function createLinkCounters(): LinkCounters {
  return {
    received: new Array(TYPES).fill(0),
    sent: new Array(TYPES).fill(0),
    refused: 0,
    lostSignatures: 0,
  }
}

/** What names a frame that waits. */
export interface FrameToken {
  readonly messageId: MessageId
  readonly source: NodeId
  /** Message type. */
  readonly type: number
}

/** Bytes that all neighbours of a node together may make it keep. */
export interface Budgets {
  /** CALLs that wait for standard peers. */
  readonly waiting: ByteBudget
  /** Requests that may have to be asked again. */
  readonly retries: ByteBudget
}

/** What a neighbour needs of its node. */
export interface NeighbourHost extends SchedulerReceiver<FrameToken> {
  readonly nodeId: NodeId
  readonly clock: Clock
  readonly budgets: Budgets
  /** More waits than there is room for. */
  overflown(): void
}

export interface NeighbourFacts {
  readonly label: string
  readonly limits: WireLimits
  readonly counters: LinkCounters
  readonly now: number
  readonly rule: UplinkRule | undefined
  readonly represents: NodeId | undefined
  readonly carrier: LinkCarrier
}

/**
 * A link as the node keeps it: whom it leads to, what is open on it, and what was counted.
 */
export class Neighbour {
  readonly link: Link
  readonly id: NodeId
  /** Label in metrics and logs. */
  readonly label: string
  readonly limits: WireLimits
  readonly counters: LinkCounters
  /** Milliseconds since 1970. */
  readonly since: number
  /** What it is to the stations below, where uplinks differ. */
  readonly rule: UplinkRule | undefined
  /** The one station whose name this connection was opened in. */
  readonly represents: NodeId | undefined
  /** How a standard peer bears signatures; between nodes `wwcp`, or `strip`, which does not count. */
  readonly carrier: LinkCarrier
  /** Requests for it, sent or still waiting, that it has not answered. */
  readonly pending = new PendingTable()
  /** Answers sent to it. */
  readonly answered = new AnsweredList()
  /** Standard peers only: id of the one open CALL, and the calls that wait behind it. */
  activeCall: MessageId | undefined
  readonly waiting: WaitingCalls
  /** What is kept of its open requests to ask again. */
  readonly retries: ByteBudget
  /** Requests that got no answer in time and whose answer still counts for something, oldest first. */
  readonly late = new Map<MessageId, PendingRequest>()
  knownLimits: KnownLimits | undefined
  isOpen = true
  /** It was told that signatures had no room on it. */
  isLossTold = false
  /** Its requests that others have not answered yet. */
  asked = 0
  readonly #host: NeighbourHost
  #scheduler: SendScheduler<FrameToken> | undefined
  #sweptAt = Number.NEGATIVE_INFINITY
  #sweptFor = 0

  constructor(link: Link, facts: NeighbourFacts, host: NeighbourHost) {
    this.#host = host
    this.link = link
    this.id = link.peerIds[0]
    this.label = facts.label
    this.limits = facts.limits
    this.counters = facts.counters
    this.since = facts.now
    this.rule = facts.rule
    this.represents = facts.represents
    this.carrier = facts.carrier
    this.waiting = new WaitingCalls(host.budgets.waiting)
    this.retries = new ByteBudget(MAX_RETRY_BYTES_OF_PEER, host.budgets.retries)
  }

  get isOverlay(): boolean {
    return this.link.form === 'overlay'
  }

  /** CALLRESULTERROR and SEND exist only in OCPP 2.1 and between overlay nodes. */
  get knowsResultErrorAndSend(): boolean {
    return this.isOverlay || this.link.protocol === 'ocpp2.1'
  }

  /** Whether somebody waits for it: for copies, which queue up for a mirror, nobody does. */
  get isBusy(): boolean {
    if (this.pending.isAwaited) return true
    return this.rule?.role !== 'mirror' && this.#scheduler?.held !== undefined
  }

  /** Frames this node keeps back for it; `since` is when the oldest of them came. */
  get held(): { readonly count: number; readonly since: number } | undefined {
    const oldest = this.waiting.since
    const queued = this.#scheduler?.held
    if (oldest === undefined) return queued
    const since = Math.min(oldest, queued?.since ?? oldest)
    return { count: this.waiting.length + (queued?.count ?? 0), since }
  }

  /**
   * Sends a frame when it is its turn; as long as the link keeps up, that is at once.
   *
   * @param bytes The caller's again when this returns.
   * @param action Of an answer: what it answers. Its class decides who goes first on a slow link.
   * @param source path[0] of the frame.
   * @throws {OverlayError} ERR_LINK_BUSY with `retryAfterMs`: there is no room for a CALL.
   */
  send(
    type: number,
    bytes: Uint8Array,
    isBinary: boolean,
    action: string,
    source: NodeId,
    messageId: MessageId,
  ): void {
    const scheduler = this.#scheduler
    const asIs = bytes.length >= MIN_DEFLATED_BYTES && this.#priorityOf(action, source) === 'bulk'
    const isSent = scheduler
      ? scheduler.trySend(bytes, isBinary, asIs)
      : bytes.length <= MAX_UNCLASSIFIED_BYTES && this.link.queuedBytes < STRAIGHT_QUEUE_BYTES
    if (!isSent) return this.#schedule(type, bytes, isBinary, action, source, messageId)
    if (!scheduler) this.link.send(bytes, isBinary, asIs)
    this.#countSent(type)
  }

  /**
   * Forgets requests of links that are gone; looks at all of them, so only if there are any.
   *
   * @param closings How many links of the node have gone so far.
   */
  dropAbandoned(closings: number): void {
    const now = this.#host.clock.now()
    if (closings === this.#sweptFor || now - this.#sweptAt < SWEEP_EVERY_MS) return
    this.#sweptAt = now
    this.#sweptFor = closings
    this.pending.dropAbandoned()
  }

  /** What waits for the link itself, by class; undefined as long as nothing ever had to. */
  get sendStatistics(): SendStatistics | undefined {
    return this.#scheduler?.statistics()
  }

  pong(payload: Uint8Array): void {
    this.#scheduler?.pong(payload)
    this.#watchQueue()
  }

  drained(): void {
    this.#scheduler?.drained()
    this.#watchQueue()
  }

  /** Ends sending; returns the CALLs that were never sent. */
  closeQueue(): readonly FrameToken[] {
    const left = this.#scheduler?.close() ?? []
    return left.flatMap(({ kind, token }) => (kind === 'request' ? [token] : []))
  }

  #schedule(
    type: number,
    bytes: Uint8Array,
    isBinary: boolean,
    action: string,
    source: NodeId,
    messageId: MessageId,
  ): void {
    this.#scheduler ??= this.#createScheduler()
    const isRequest = type === 2 && this.isOverlay
    const admission = this.#scheduler.enqueue({
      bytes,
      isBinary,
      priority: this.#priorityOf(action, source),
      source,
      // Towards standard peers one CALL is open at a time, so there is always room for it.
      kind: isRequest ? 'request' : type === 6 ? 'send' : 'answer',
      isDroppable: isDroppable(action),
      expiresAt: isRequest ? this.#host.clock.now() + QUEUED_CALL_MS : undefined,
      token: { messageId, source, type },
    })
    if (admission.outcome === 'congested') {
      throw new OverlayError('ERR_LINK_BUSY', { retryAfterMs: admission.retryAfterMs })
    }
    if (admission.outcome === 'overflow') this.#host.overflown()
    this.#watchQueue()
  }

  #createScheduler(): SendScheduler<FrameToken> {
    const { clock, expired, dropped } = this.#host
    const shipped = ({ type }: FrameToken) => this.#countSent(type)
    return new SendScheduler(this.link, { expired, dropped, shipped }, { clock })
  }

  /** What was dropped, or waits, was not sent. */
  #countSent(type: number): void {
    this.counters.sent[type] = (this.counters.sent[type] ?? 0) + 1
  }

  #watchQueue(): void {
    if (this.#scheduler?.awaitsDrain) this.link.notifyDrained()
  }

  /** What routes and links live by is urgent only in this node's own words. */
  #priorityOf(action: string, source: NodeId): PriorityClass {
    const priority = this.isOverlay
      ? overlayPriority(action)
      : priorityOf(this.link.protocol, plainAction(action) ?? action)
    return priority === 'control' && source !== this.#host.nodeId ? 'telemetry' : priority
  }
}

const priorities = new Map<string, PriorityClass>()
const MAX_PRIORITIES = 1_000

/** Where the version is not known all have to be asked, so what they say is remembered. */
function overlayPriority(action: string): PriorityClass {
  const known = priorities.get(action)
  if (known) return known
  if (priorities.size >= MAX_PRIORITIES) priorities.clear() // peers choose actions
  const priority = priorityOf(undefined, plainAction(action) ?? action)
  priorities.set(action, priority)
  return priority
}
