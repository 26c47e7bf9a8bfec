import { OverlayError } from '../errors.ts'
import { isReservedId, isSameId, type NodeId } from '../primitives/ids.ts'

type Path = readonly [NodeId, ...NodeId[]]

/**
 * Checks the record of the route a frame took, as it was received.
 *
 * @param neighbourIds Names of the authenticated neighbour; the last entry must be one of them.
 * @throws {OverlayError} ERR_ROUTE_NEIGHBOUR when the neighbour lies about who wrote the frame,
 *   ERR_ROUTE_LOOP when the frame has been here before.
 * @spec docs/overlay.md section 2.2
 */
export function checkPath(path: Path, neighbourIds: readonly NodeId[], self: NodeId): void {
  const last = path[path.length - 1] as NodeId
  if (last !== neighbourIds[0] && !neighbourIds.some((id) => isSameId(id, last))) {
    throw new OverlayError('ERR_ROUTE_NEIGHBOUR', { last, neighbour: neighbourIds[0] })
  }
  for (const id of path) {
    if (isSameId(id, self)) throw new OverlayError('ERR_ROUTE_LOOP', { nodeId: self })
  }
}

/**
 * Refuses to write another entry into a path that is full.
 *
 * @throws {OverlayError} ERR_ROUTE_HOP_LIMIT
 */
export function assertRoomOnPath(path: Path, maxEntries: number): void {
  if (path.length >= maxEntries) throw new OverlayError('ERR_ROUTE_HOP_LIMIT')
}

/**
 * Refuses a path that names what no node may be called: a service, a group, `0`.
 *
 * @throws {OverlayError} ERR_ROUTE_RESERVED_ID
 */
export function assertNoReservedId(id: NodeId): void {
  if (isReservedId(id)) throw new OverlayError('ERR_ROUTE_RESERVED_ID', { nodeId: id })
}
