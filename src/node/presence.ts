import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import { foldId, isReservedId, isSameId, isStationId, type NodeId } from '../primitives/ids.ts'
import {
  announcementsOf,
  NOTIFY_NETWORK_TOPOLOGY,
  type Presence,
  readAnnouncement,
} from '../routing/topology.ts'
import { encodePayload } from '../wire/payload.ts'
import type { Core } from './core.ts'
import type { Neighbour } from './neighbour.ts'
import { isFor } from './uplink-rules.ts'
import { writeOwn } from './writing.ts'

/**
 * Tells the overlay uplinks which standard peers are behind this node, and in which version they
 * speak. Sent when an uplink opens and whenever one comes or goes, always before its first frame.
 * An uplink that is for some stations only hears of those.
 *
 * @spec docs/overlay.md section 7
 */
export function announce(node: Core, uplinks: Iterable<Neighbour>, presences: Presence[]): void {
  if (presences.length === 0) return
  const now = node.clock.now()
  for (const uplink of uplinks) {
    const { rule } = uplink
    const seen = rule ? presences.filter(({ id }) => isFor(rule, id)) : presences
    if (seen.length === 0) continue
    for (const payload of announcementsOf(node.id, seen, now).map(encodePayload)) {
      const frame = {
        type: 6,
        encoding: 'text',
        route: { destination: [uplink.id], networkPath: [node.id] },
        messageId: node.newMessageId(),
        action: NOTIFY_NETWORK_TOPOLOGY,
        payload,
        errorCode: '',
        errorDescription: '',
      } as const
      writeOwn(node, uplink, frame)
    }
  }
}

/** Every standard peer at this node, and those that nodes below have announced. */
export function knownPresences(node: Core): Presence[] {
  const presences: Presence[] = []
  for (const neighbour of node.neighbours) {
    if (isStandardStation(neighbour)) presences.push(presenceOf(neighbour, 'up'))
  }
  for (const [id, { announced, link }] of node.table.entries()) {
    if (!announced || link.link.way === 'up') continue
    const { protocol, distance } = announced
    presences.push({ id, protocol, state: 'up', distance: distance + 1 })
  }
  return presences
}

export function isStandardStation(neighbour: Neighbour): boolean {
  return !neighbour.isOverlay && neighbour.link.peer === 'station'
}

export function presenceOf(neighbour: Neighbour, state: 'up' | 'down'): Presence {
  return { id: neighbour.id, protocol: neighbour.link.protocol, state, distance: 1 }
}

/**
 * Takes a neighbour's announcement: its leaves become learned routes with a version. Leaves that it
 * may not speak for are counted and left out; the others count. Stations are below: who is above
 * has none to announce.
 *
 * @throws {OverlayError} ERR_ROUTE_ANNOUNCEMENT when it speaks for somebody else.
 */
export function receiveAnnouncement(node: Core, from: Neighbour, payload: unknown): void {
  const news = readAnnouncement(payload, from.id).presences.flatMap((presence) => {
    const { id, protocol } = presence
    const isLeaf = isProtocol(protocol) && isStationId(id) && !isReservedId(id)
    const isForeign = isLeaf && !isSameId(id, node.id) && from.link.way === 'down'
    const isTheirs = isForeign && !isUnproved(node, from, id)
    return isTheirs ? apply(node, from, { ...presence, protocol }) : refuseLeaf(node, from, id)
  })
  announce(node, node.uplinks, news)
}

/** Whether a neighbour that has proved nothing would speak for somebody who has to prove it. */
export function isUnproved(node: Core, from: Neighbour, id: NodeId): boolean {
  const { way, credential } = from.link
  return way === 'down' && credential === 'none' && !isSameId(from.id, id) && node.mustProve(id)
}

/** @returns What is to be told on. */
function apply(node: Core, from: Neighbour, presence: Leaf): Presence[] {
  const { id, protocol, state, distance } = presence
  if (state === 'up') {
    const announced = { protocol, form: 'standard' as const, distance }
    giveWay(node, id)
    const isBelieved = node.table.announce(id, from, announced, node.clock.now())
    if (!isBelieved) return refuseLeaf(node, from, id)
    node.emit({ name: 'presence', id, state, protocol, link: from.label })
    return [{ ...presence, distance: distance + 1 }]
  }
  // A farewell to somebody who is not behind this link says nothing about anybody.
  if (!node.table.forget(id, from)) return []
  node.emit({ name: 'presence', id, state, protocol, link: from.label })
  return [{ ...presence, distance: distance + 1 }, ...movedTo(node, id)]
}

/** Who is called so by its own word only keeps the name of nobody who is announced. */
function giveWay(node: Core, id: NodeId): void {
  const holder = node.neighbourById.get(foldId(id))
  if (holder?.link.isSelfNamed) node.table.forget(id, holder)
}

interface Leaf extends Presence {
  readonly protocol: Protocol
}

/** Where a peer is now that it is gone from where it was: behind a node that announced it since. */
export function movedTo(node: Core, id: NodeId): Presence[] {
  const candidate = node.table.get(id)
  const { announced } = candidate ?? {}
  if (!candidate || !announced || candidate.link.link.way === 'up') return []
  const protocol = announced.protocol as Protocol
  node.emit({ name: 'presence', id, state: 'up', protocol, link: candidate.link.label })
  return [{ id, protocol, state: 'up', distance: announced.distance + 1 }]
}

function refuseLeaf(node: Core, from: Neighbour, id: NodeId): [] {
  const code = 'ERR_ROUTE_ANNOUNCEMENT'
  const problem = `${from.id} may not speak for ${id}`
  node.refusals.set(code, (node.refusals.get(code) ?? 0) + 1)
  node.emit({ name: 'frame.refused', link: from.label, code, details: { problem } })
  return []
}

function isProtocol(text: string): text is Protocol {
  return PROTOCOLS.some((protocol) => protocol === text)
}
