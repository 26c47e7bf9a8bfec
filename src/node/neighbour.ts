import type { MessageId, NodeId } from '../primitives/ids.ts'
import type { Link } from '../transport/link.ts'
import type { WireLimits } from '../wire/frame.ts'
import { AnsweredList, PendingTable } from './pending.ts'
import type { UplinkRule } from './uplink-rules.ts'

/** Frames on links to one peer, by message type; kept over reconnects, as counters must. */
export interface LinkCounters {
  readonly received: number[]
  readonly sent: number[]
  refused: number
}

/** Message types 2 to 6, and 0 for what could not be decoded. */
const TYPES = 7

export function createLinkCounters(): LinkCounters {
  return { received: new Array(TYPES).fill(0), sent: new Array(TYPES).fill(0), refused: 0 }
}

/** A CALL that waits until a standard peer has answered the one before. */
export interface QueuedCall {
  readonly messageId: MessageId
  readonly bytes: Uint8Array
  readonly isBinary: boolean
  /** Milliseconds since 1970. */
  readonly since: number
}

export interface NeighbourFacts {
  readonly label: string
  readonly limits: WireLimits
  readonly counters: LinkCounters
  readonly now: number
  readonly rule: UplinkRule | undefined
  readonly represents: NodeId | undefined
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
  /** Requests for it, sent or still waiting, that it has not answered. */
  readonly pending = new PendingTable()
  /** Answers sent to it. */
  readonly answered = new AnsweredList()
  /** Standard peers only: id of the one open CALL, and the calls that wait behind it. */
  activeCall: MessageId | undefined
  waiting: QueuedCall[] = []
  isOpen = true

  constructor(link: Link, facts: NeighbourFacts) {
    this.link = link
    this.id = link.peerIds[0]
    this.label = facts.label
    this.limits = facts.limits
    this.counters = facts.counters
    this.since = facts.now
    this.rule = facts.rule
    this.represents = facts.represents
  }

  get isOverlay(): boolean {
    return this.link.form === 'overlay'
  }

  /** CALLRESULTERROR and SEND exist only in OCPP 2.1 and between overlay nodes. */
  get knowsResultErrorAndSend(): boolean {
    return this.isOverlay || this.link.protocol === 'ocpp2.1'
  }

  /** Frames this node keeps back for it; `since` is when the oldest of them came. */
  get held(): { readonly count: number; readonly since: number } | undefined {
    const [oldest] = this.waiting
    return oldest && { count: this.waiting.length, since: oldest.since }
  }

  send(type: number, bytes: Uint8Array, isBinary: boolean): void {
    this.counters.sent[type] = (this.counters.sent[type] ?? 0) + 1
    this.link.send(bytes, isBinary)
  }
}
