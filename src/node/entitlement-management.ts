import { foldId, isSameId, type NodeId } from '../primitives/ids.ts'
import type { JsonObject } from '../wire/payload.ts'
import { pageOf, refused } from './key-management.ts'
import type { ManagementSite } from './management.ts'
import type { KnownEntitlement, ManagementMessages } from './management-messages.ts'
import { nowS } from './rule-management.ts'

type Messages = ManagementMessages

/** Takes what an administrator lets a node do in the name of others; then it holds on disk as well. */
export function addEntitlement(
  site: ManagementSite,
  { entitlement }: Messages['AddEntitlement']['request'],
  by: string | undefined,
): Messages['AddEntitlement']['response'] {
  const entitled = site.trust.entitle(entitlement, by)
  if (entitled.status === 'refused') return refused(site, by, 'entitlement', entitled)
  const { node } = entitled.entitlement
  site.emit({ name: 'node.entitled', by: by ?? site.nodeId, id: node })
  return { status: 'Accepted', node }
}

/** The entitlements that are known, in the order of their nodes, as many as fit into an answer. */
export function entitlements(
  site: ManagementSite,
  { node, after }: Messages['GetEntitlements']['request'],
): Messages['GetEntitlements']['response'] {
  const idOf = (payload: JsonObject) => payload.node as NodeId
  const wanted = site.trust
    .signedEntitlements()
    .filter((one) => node === undefined || isSameId(idOf(one), node as NodeId))
    .filter((one) => after === undefined || foldId(idOf(one)) > foldId(after as NodeId))
    .sort((a, b) => (foldId(idOf(a)) < foldId(idOf(b)) ? -1 : 1))
  const { told, isAll } = pageOf(wanted, (payload) => known(payload, nowS(site)))
  const next = isAll ? undefined : told.at(-1)?.node
  return { entitlements: told, ...(next !== undefined && { next }) }
}

function known(entitlement: JsonObject, atS: number): KnownEntitlement {
  const { node, notBefore, notAfter } = entitlement as { node: string; notBefore: number; notAfter: number } // biome-ignore format: one line
  const status = atS < notBefore ? 'not-valid-yet' : atS > notAfter ? 'no-longer-valid' : 'current'
  return { node, status, entitlement }
}
