import { OverlayError } from '../errors.ts'
import { isNodeId, isSameId, type NodeId } from '../primitives/ids.ts'
import { VENDOR_ID } from '../primitives/vendor.ts'

/**
 * Presence of standard peers, told from neighbour to neighbour: the action NotifyNetworkTopology in
 * the reference's field names, what we need beyond them in `customData` of vendor `wattweave`.
 *
 * @spec docs/overlay.md section 7
 */
export const NOTIFY_NETWORK_TOPOLOGY = 'NotifyNetworkTopology'

/** Keeps an announcement far below the frame limit. */
export const MAX_ROUTES_PER_ANNOUNCEMENT = 500

const MAX_DISTANCE = 65_535

export interface Presence {
  readonly id: NodeId
  readonly protocol: string
  readonly state: 'up' | 'down'
  /** Links between the announcing node and the peer. */
  readonly distance: number
}

export interface Announcement {
  readonly routingNode: NodeId
  readonly presences: readonly Presence[]
}

/** The payloads that announce these peers, as many as the frame limit needs. */
export function announcementsOf(self: NodeId, presences: readonly Presence[], now: number) {
  const pages = []
  for (let at = 0; at < presences.length; at += MAX_ROUTES_PER_ANNOUNCEMENT) {
    const page = presences.slice(at, at + MAX_ROUTES_PER_ANNOUNCEMENT)
    pages.push({
      networkTopologyInformation: {
        routingNode: self,
        routes: page.map(({ id, protocol, state, distance }) => ({
          destinationId: id,
          uplink: { distance },
          downlink: { distance },
          priority: 1,
          weight: 1,
          customData: { vendorId: VENDOR_ID, protocol, form: 'standard', state },
        })),
        notBefore: new Date(now).toISOString(),
      },
    })
  }
  return pages
}

/**
 * Reads an announcement. Routes without our `customData` are other dialects' hop counts; they are
 * left out, because a learned route needs none.
 *
 * @param payload Already valid against its schema.
 * @throws {OverlayError} ERR_ROUTE_ANNOUNCEMENT when somebody else than the neighbour announces:
 *   each node repeats what it heard as its own announcement.
 */
export function readAnnouncement(payload: unknown, neighbour: NodeId): Announcement {
  const information = member(payload, 'networkTopologyInformation')
  const routingNode = member(information, 'routingNode')
  if (typeof routingNode !== 'string' || !isSameId(routingNode, neighbour)) {
    const problem = `routingNode is not the neighbour ${neighbour}`
    throw new OverlayError('ERR_ROUTE_ANNOUNCEMENT', { problem })
  }
  const routes = member(information, 'routes')
  const presences = Array.isArray(routes) ? routes.flatMap(readRoute) : []
  return { routingNode: neighbour, presences }
}

function readRoute(route: unknown): Presence[] {
  const id = member(route, 'destinationId')
  const data = member(route, 'customData')
  const protocol = member(data, 'protocol')
  const state = member(data, 'state')
  if (member(data, 'vendorId') !== VENDOR_ID || member(data, 'form') !== 'standard') return []
  if (typeof id !== 'string' || !isNodeId(id) || typeof protocol !== 'string') return []
  if (state !== 'up' && state !== 'down') return []
  // The reference loses the distance on its way, so a missing one counts as one link.
  const said = member(member(route, 'uplink'), 'distance')
  const distance = typeof said === 'number' && said >= 1 ? Math.min(said, MAX_DISTANCE) : 1
  return [{ id, protocol, state, distance }]
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
