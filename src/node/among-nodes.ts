/** What nodes say to each other. The roles and lists of uplinks are about stations, and about nothing of this. */
import { EXTENSION_ACTIONS } from '../messages/extensions.ts'
import { foldId, isCsmsService, type NodeId } from '../primitives/ids.ts'
import { NOTIFY_NETWORK_TOPOLOGY } from '../routing/topology.ts'
import { plainAction } from '../security/signed-message.ts'
import type { Core } from './core.ts'
import type { Neighbour } from './neighbour.ts'
import { originOf } from './peer-facts.ts'

/**
 * Whether a request is the word of a node: of one that is known here, or, as whoever is just let in
 * is known to nobody, one that only nodes make. What stations are taken for is said by the table:
 * who is in it as one is one, and for an id that nobody knows the rules hold, too.
 */
export function isWordOfNode(node: Core, source: NodeId, said: string): boolean {
  if (originOf(node, source) !== 'node') return false
  const isNeighbour = node.neighbourById.get(foldId(source))?.isOverlay === true
  return isNeighbour || isManagement(said) || node.hasKey(source)
}

/** Whether an uplink asks a node for something about the overlay, which is no command to a station. */
export function isManagementOfNode(node: Core, from: Neighbour, to: NodeId, said: string): boolean {
  return from.isOverlay && isManagement(said) && originOf(node, to) === 'node'
}

/**
 * Where a node reaches the CSMS of the overlay that no default route leads to, because to stations it
 * is only a mirror, or restricted: the latter is asked for nothing but what only nodes ask for.
 */
export function overlayCsms(
  { uplinks }: Core,
  destination: NodeId,
  said: string,
): Neighbour | undefined {
  if (!isCsmsService(destination)) return undefined
  const ofRole = (role: string) => [...uplinks].find(({ rule }) => rule?.role === role)
  return ofRole('mirror') ?? (isManagement(said) ? ofRole('restricted') : undefined)
}

/** The way that the own words of this node take. */
export function ownWay(node: Core, destination: NodeId, said: string): Neighbour | undefined {
  const { table, ownUplinks } = node
  return table.lookup(destination) ?? ownUplinks[0]?.neighbour ?? overlayCsms(node, destination, said) // biome-ignore format: one line
}

function isManagement(said: string): boolean {
  const action = plainAction(said) ?? said
  return action !== NOTIFY_NETWORK_TOPOLOGY && EXTENSION_ACTIONS.has(action)
}
