import type { LinkView, NodeView } from '../../src/http/live-api.ts'

export type Tier = 'service' | 'node' | 'station'

/** What hangs from what, and in which order it is drawn from left to right. */
export interface Topology {
  readonly tiers: ReadonlyMap<string, Tier>
  /** The neighbour towards the CSMS a node hangs from; a node without one is missing here. */
  readonly parents: ReadonlyMap<string, string>
  /** Services count as 0, nodes directly below them as 1. */
  readonly depths: ReadonlyMap<string, number>
  /** One region of columns per parent, left to right; '' holds stations that hang from nothing. */
  readonly regions: readonly Region[]
}

export interface Region {
  /** Id of the service or node whose stations stand here. */
  readonly owner: string
  /** Sorted by id. */
  readonly stations: readonly string[]
}

/** Orders nodes into services, nodes and stations; depends on ids and links only. */
export function createTopology(nodes: readonly NodeView[], links: readonly LinkView[]): Topology {
  const tiers = new Map(nodes.map((node) => [node.id, tierOf(node, links)]))
  const parents = findParents(nodes, links)
  const ids = [...tiers.keys()].sort()
  const below = (id: string, tier: Tier) =>
    ids.filter((other) => parents.get(other) === id && tiers.get(other) === tier)

  const regions: Region[] = []
  const depths = new Map<string, number>()
  function visit(id: string, depth: number): void {
    depths.set(id, depth)
    const own = { owner: id, stations: below(id, 'station') }
    if (depth > 0) regions.push(own)
    for (const child of below(id, 'node')) visit(child, depth + 1)
    if (depth === 0) regions.push(own)
  }
  const roots = ids.filter((id) => !parents.has(id) || tiers.get(id) === 'service')
  for (const id of roots) if (tiers.get(id) === 'service') visit(id, 0)
  for (const id of roots) if (tiers.get(id) === 'node') visit(id, 1)
  const alone = roots.filter((id) => tiers.get(id) === 'station')
  if (alone.length > 0) regions.push({ owner: '', stations: alone })
  return { tiers, parents, depths, regions }
}

function tierOf(node: NodeView, links: readonly LinkView[]): Tier {
  if (node.role === 'csms') return 'service'
  if (node.role === 'networking-node') return 'node'
  if (node.role === 'charging-station') return 'station'
  return links.some((link) => link.to === node.id) ? 'node' : 'station'
}

/** The first link that is up, by id, decides; a link that would close a ring does not. */
function findParents(nodes: readonly NodeView[], links: readonly LinkView[]): Map<string, string> {
  const known = new Set(nodes.map((node) => node.id))
  const services = new Set(nodes.filter((node) => node.role === 'csms').map((node) => node.id))
  const ranked = links
    .filter((link) => known.has(link.from) && known.has(link.to) && !services.has(link.from))
    .sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))
  const parents = new Map<string, string>()
  for (const { from, to } of ranked) {
    if (!parents.has(from) && !leadsTo(to, from, parents)) parents.set(from, to)
  }
  return parents
}

function rank(link: LinkView): number {
  return link.state === 'up' ? 0 : 1
}

function leadsTo(start: string, target: string, parents: ReadonlyMap<string, string>): boolean {
  for (let id: string | undefined = start; id !== undefined; id = parents.get(id)) {
    if (id === target) return true
  }
  return false
}
