import type { NodeId } from '../primitives/ids.ts'
import { isSameId } from '../primitives/ids.ts'
import type { LegacySide } from '../security/legacy-message.ts'
import type { Peer, PeerKind } from '../security/policies/facts.ts'
import type { LinkFacts } from '../transport/link.ts'
import type { Core } from './core.ts'
import type { Neighbour } from './neighbour.ts'

/** The neighbour as policies know it. */
export function peerOf({ id, link, isOverlay }: Neighbour): Peer {
  return { id, kind: isOverlay ? 'node' : (link.peer as PeerKind), proof: proofOf(link) }
}

/** Which side of a link this node is on: who dialled up says what stations say. */
export function sideOf({ link }: Neighbour): LegacySide {
  return link.way === 'up' ? 'cs' : 'csms'
}

function proofOf({ credential, transport }: LinkFacts): Peer['proof'] {
  if (credential === 'certificate') return 'mtls'
  if (credential === 'none') return 'none'
  return transport === 'tls' ? 'tls-basic' : 'basic'
}

/**
 * What somebody is by this node's own records: a standard peer only where it is connected here, or
 * where a neighbour has announced it. Whoever is not known is a node, which has to sign.
 */
export function originOf({ id: own, table, ownUplinks }: Core, id: NodeId): PeerKind {
  if (isSameId(id, own)) return 'local'
  if (ownUplinks.some(({ neighbour }) => isSameId(neighbour.id, id))) return 'csms'
  const known = table.get(id)
  if (known?.announced?.form === 'standard') return 'station'
  if (known?.origin !== 'direct' || known.link.isOverlay) return 'node'
  return known.link.link.peer as PeerKind
}
