import type { Protocol } from '../messages/protocols.ts'
import type { NodeEvent } from '../node/core.ts'
import type { Node } from '../node/node.ts'
import { type Clock, systemClock } from '../primitives/clock.ts'
import { foldId } from '../primitives/ids.ts'
import type { Closer, LinkFacts } from '../transport/link.ts'
import type { ClassStatistics, SendStatistics } from '../transport/scheduler/send-statistics.ts'

/** What is remembered of a link when it is gone. */
export type KnownLink = Pick<LinkFacts, 'peer' | 'way' | 'protocol'>

/** A message that a rule let through though it fails it, and when, in ms since 1970. */
export type Alert = Extract<NodeEvent, { name: 'message.alerted' }> & { readonly atMs: number }

/** Classes of a scheduler, as what tells them apart. */
export type PriorityClass = keyof SendStatistics['classes']

/** What is counted about one class from the opening of a link to its end. */
export type QueueTotals = Pick<
  ClassStatistics,
  'waitedFrames' | 'waitedMs' | 'dropped' | 'expired' | 'congested'
>

export const NO_TOTALS: QueueTotals = {
  waitedFrames: 0,
  waitedMs: 0,
  dropped: 0,
  expired: 0,
  congested: 0,
}

/** Close codes below are those of the WebSocket protocol. */
const FIRST_FREE_CODE = 3_000

/** Peers choose names, so only the newest are remembered. */
const MAX_NAMES = 20_000

/**
 * What a node tells only when it happens, kept for whoever asks later: counts of events, and what
 * kind of peer was at a link that is gone.
 */
export class Observations {
  /** Links that are gone: by who ended them, and the WebSocket close code. */
  readonly closedLinks = new Map<Closer, Map<string, number>>()
  /** By HTTP status, or WebSocket close code where the upgrade itself was accepted. */
  readonly refusedUpgrades = new Map<string, number>()
  /** By URL, without what stands in it as a credential. */
  readonly dialRetries = new Map<string, number>()
  /** By name of the upstream. */
  readonly lostUpstreams = new Map<string, number>()
  /** By error code. */
  readonly droppedCopies = new Map<string, number>()
  /** Frames that a policy kept back, by its reason. */
  readonly quarantined = new Map<string, number>()
  /** Errors that nobody has signed, by kind. */
  readonly unsignedErrors = new Map<string, number>()
  /** Messages that a rule let through though they fail it, by its reason. */
  readonly alerted = new Map<string, number>()
  #newestAlert: Alert | undefined
  /** What the schedulers of links that are gone have counted. */
  readonly endedQueues = new Map<PriorityClass, QueueTotals>()
  readonly #links = new Map<string, KnownLink>()
  readonly #stations = new Map<string, Protocol>()
  /** By label of a link that is down: when it is dialled again, in ms since 1970. */
  readonly #nextTries = new Map<string, number>()
  readonly #clock: Clock

  constructor(node: Node, clock: Clock = systemClock) {
    this.#clock = clock
    for (const { label, link } of node.neighbours) this.#linkUp(label, link)
    for (const [id, { announced }] of node.table.entries()) {
      if (announced) remember(this.#stations, foldId(id), announced.protocol as Protocol)
    }
    node.onEvent((event) => this.#onEvent(event))
  }

  /** @param label Of a link, open or gone. */
  link(label: string): KnownLink | undefined {
    return this.#links.get(label)
  }

  /** The version of a standard station, here or behind another node; undefined for others. */
  protocolOf(id: string): Protocol | undefined {
    return this.#stations.get(foldId(id))
  }

  /** When a link that is down is dialled again, in ms since 1970; undefined where this node does not. */
  nextTryOf(label: string): number | undefined {
    return this.#nextTries.get(label)
  }

  /** The last message that a rule let through though it fails it. */
  get newestAlert(): Alert | undefined {
    return this.#newestAlert
  }

  #onEvent(event: NodeEvent): void {
    switch (event.name) {
      case 'link.up':
        return this.#linkUp(event.link, event.facts)
      case 'link.down':
        return this.#linkDown(event)
      case 'presence':
        return remember(this.#stations, foldId(event.id), event.protocol)
      case 'link.refused':
        return count(this.refusedUpgrades, `${event.status}`)
      case 'link.retry':
        if (event.link !== undefined)
          this.#nextTries.set(event.link, this.#clock.now() + event.inMs)
        return count(this.dialRetries, withoutCredentials(event.url))
      case 'upstream.lost':
        return count(this.lostUpstreams, withoutCredentials(event.upstream))
      case 'copy.dropped':
        return count(this.droppedCopies, event.code)
      case 'frame.quarantined':
        return count(this.quarantined, event.reason)
      case 'error.unsigned':
        return count(this.unsignedErrors, event.kind)
      case 'message.alerted':
        this.#newestAlert = { ...event, atMs: this.#clock.now() }
        return count(this.alerted, event.reason)
    }
  }

  #linkUp(label: string, { peer, way, protocol, peerIds }: LinkFacts): void {
    this.#nextTries.delete(label)
    remember(this.#links, label, { peer, way, protocol })
    if (peer === 'station') remember(this.#stations, foldId(peerIds[0]), protocol)
  }

  #linkDown({ by, code, sending }: Extract<NodeEvent, { name: 'link.down' }>): void {
    const codes = this.closedLinks.get(by) ?? new Map<string, number>()
    this.closedLinks.set(by, codes)
    // Peers may choose from 3000 on what they like: a label has values that this program knows.
    count(codes, code < FIRST_FREE_CODE ? String(code) : 'other')
    if (!sending) return
    for (const [name, counts] of Object.entries(sending.classes)) {
      const known = this.endedQueues.get(name as PriorityClass)
      this.endedQueues.set(name as PriorityClass, addTotals(known ?? NO_TOTALS, counts))
    }
  }
}

/** The sum of what two schedulers, or one and those before it, have counted. */
export function addTotals(a: QueueTotals, b: QueueTotals): QueueTotals {
  return {
    waitedFrames: a.waitedFrames + b.waitedFrames,
    waitedMs: a.waitedMs + b.waitedMs,
    dropped: a.dropped + b.dropped,
    expired: a.expired + b.expired,
    congested: a.congested + b.congested,
  }
}

/** A URL without user, password and query; other texts as they are. */
function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return text
  const { protocol, host, pathname } = new URL(text)
  return `${protocol}//${host}${pathname}`
}

function count(counts: Map<string, number>, label: string): void {
  counts.set(label, (counts.get(label) ?? 0) + 1)
}

function remember<T>(names: Map<string, T>, name: string, fact: T): void {
  names.delete(name)
  names.set(name, fact)
  if (names.size > MAX_NAMES) names.delete(names.keys().next().value ?? '')
}
