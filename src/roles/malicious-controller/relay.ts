import { PROTOCOLS } from '../../messages/protocols.ts'
import {
  foldId,
  isReservedId,
  isSameId,
  type MessageId,
  type NodeId,
} from '../../primitives/ids.ts'
import {
  announcementsOf,
  NOTIFY_NETWORK_TOPOLOGY,
  type Presence,
  readAnnouncement,
} from '../../routing/topology.ts'
import type { Link } from '../../transport/link.ts'
import type { Frame, MessageType } from '../../wire/frame.ts'
import { encodePayload, parsePayload } from '../../wire/payload.ts'

/** What a frame is made of; the rest is empty. */
export interface Draft {
  readonly type: MessageType
  readonly destination: readonly [NodeId, ...NodeId[]]
  readonly networkPath: readonly [NodeId, ...NodeId[]]
  readonly messageId: MessageId
  readonly action?: string
  readonly payload: Uint8Array
  readonly errorCode?: string
  readonly errorDescription?: string
}

export function frameOf({ destination, networkPath, ...draft }: Draft): Frame {
  const route = { destination, networkPath }
  return { encoding: 'text', action: '', errorCode: '', errorDescription: '', ...draft, route }
}

/** What a relay does with the frames that it makes itself. */
export interface RelayHost {
  readonly nodeId: NodeId
  now(): number
  newMessageId(): MessageId
  send(link: Link, frame: Frame): void
}

/**
 * The honest half: who is behind which link, and what is told about that. Routes are learned from
 * paths and from announcements, which it repeats as its own, as nodes do.
 *
 * @spec docs/overlay.md sections 6 and 7
 */
export class Relay {
  readonly #host: RelayHost
  readonly #uplinks = new Set<Link>()
  /** By folded id. */
  readonly #links = new Map<string, Link>()
  readonly #presences = new Map<string, { readonly presence: Presence; readonly link: Link }>()

  constructor(host: RelayHost) {
    this.#host = host
  }

  opened(link: Link): void {
    for (const id of link.peerIds) this.#links.set(foldId(id), link)
    if (link.way !== 'up') return
    this.#uplinks.add(link)
    this.#announce([link], [...this.#presences.values()].map(({ presence }) => presence)) // biome-ignore format: one line
  }

  closed(link: Link): void {
    this.#uplinks.delete(link)
    for (const [id, one] of this.#links) if (one === link) this.#links.delete(id)
    const gone = [...this.#presences].filter(([, one]) => one.link === link)
    for (const [id] of gone) this.#presences.delete(id)
    this.#announce(this.#uplinks, gone.map(([, { presence }]) => ({ ...presence, state: 'down' }))) // biome-ignore format: one line
  }

  /** Remembers who is behind a link. */
  learn({ route }: Frame, from: Link): void {
    for (const id of route?.networkPath ?? []) {
      const isAnnounced = this.#presences.has(foldId(id))
      if (!isReservedId(id) && !isAnnounced) this.#links.set(foldId(id), from)
    }
  }

  /** Where a frame goes from here; undefined: nowhere. */
  wayTo(destination: NodeId, from?: Link): Link | undefined {
    const known = this.#links.get(foldId(destination))
    if (known) return known
    for (const uplink of this.#uplinks) if (uplink !== from) return uplink
    return undefined
  }

  /** Takes an announcement that is for this node. @returns Whether it was one. */
  hear(frame: Frame, from: Link): boolean {
    const isForThis = isSameId(frame.route?.destination[0] ?? '', this.#host.nodeId)
    if (!isForThis || frame.type !== 6 || frame.action !== NOTIFY_NETWORK_TOPOLOGY) return false
    const { presences } = readAnnouncement(parsePayload(frame.payload), from.peerIds[0])
    const told = presences.filter(({ protocol }) => PROTOCOLS.some((one) => one === protocol))
    const news = told.map((presence) => ({ ...presence, distance: presence.distance + 1 }))
    for (const presence of news) this.#remember(presence, from)
    this.#announce(this.#uplinks, news)
    return true
  }

  #remember(presence: Presence, link: Link): void {
    const key = foldId(presence.id)
    if (presence.state === 'up') {
      this.#links.set(key, link)
      this.#presences.set(key, { presence, link })
    } else if (this.#presences.get(key)?.link === link) {
      this.#links.delete(key)
      this.#presences.delete(key)
    }
  }

  #announce(uplinks: Iterable<Link>, presences: readonly Presence[]): void {
    const { nodeId } = this.#host
    for (const uplink of uplinks) {
      for (const page of announcementsOf(nodeId, presences, this.#host.now())) {
        const messageId = this.#host.newMessageId()
        this.#host.send(uplink, frameOf({ type: 6, destination: [uplink.peerIds[0]], networkPath: [nodeId], messageId, action: NOTIFY_NETWORK_TOPOLOGY, payload: encodePayload(page) })) // biome-ignore format: one line
      }
    }
  }
}
