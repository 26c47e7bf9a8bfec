import type { Region, Topology } from './topology.ts'

/** Width of one column of stations, and of one of cells where stations are drawn as cells only. */
export const PITCH = { box: 132, cell: 24, count: 176 } as const

export const NODE_WIDTH = 176
const REGION_GAP = 16
const CELLS_ABOVE = 60
const COUNT_ABOVE = 400
const COLUMNS_MAX = { box: 8, cell: 20, count: 1 } as const

/** `box`: every station a box; `cell`: cells only; `count`: one box with counts by state. */
export type Density = keyof typeof PITCH

export interface Place {
  readonly column: number
  readonly row: number
}

/** Where the stations of one parent stand. */
export interface RegionSlots {
  readonly owner: string
  readonly x: number
  readonly width: number
  /** Middle of the parent's box. */
  readonly anchorX: number
  readonly columns: number
  readonly density: Density
  readonly places: ReadonlyMap<string, Place>
}

/** The whole assignment, kept from drawing to drawing so that nothing moves. */
export interface Slots {
  readonly regions: readonly RegionSlots[]
}

/**
 * Gives each station a place. With the `previous` assignment everything keeps its place and what is
 * new takes a free one; without, places follow the ids. The one case in which all is assigned
 * anew is a node that hangs from another node and came later: it would be drawn across a third.
 */
export function assignSlots(topology: Topology, previous?: Slots): Slots {
  const known = new Map(previous?.regions.map((region) => [region.owner, region]))
  const added = topology.regions.filter((region) => !known.has(region.owner))
  if (!previous || added.some((region) => isNested(region, topology))) return assignAnew(topology)

  const wanted = new Map(topology.regions.map((region) => [region.owner, region]))
  const regions: RegionSlots[] = []
  for (const [index, old] of previous.regions.entries()) {
    const isLast = index === previous.regions.length - 1 && added.length === 0
    regions.push(refill(old, wanted.get(old.owner)?.stations ?? [], isLast))
  }
  for (const region of added) regions.push(placeRegion(region, rightEnd(regions), 2))
  return { regions }
}

function assignAnew(topology: Topology): Slots {
  const regions: RegionSlots[] = []
  const owners = topology.regions.filter((region) => topology.depths.get(region.owner) !== 0)
  const spare = owners.length === 1 ? 6 : 2
  for (const region of topology.regions) {
    const isService = topology.depths.get(region.owner) === 0
    if (isService && region.stations.length === 0 && hasNodes(region.owner, topology)) continue
    regions.push(placeRegion(region, rightEnd(regions), isService ? 1 : spare))
  }
  return { regions }
}

function placeRegion(region: Region, x: number, columnsMin: number): RegionSlots {
  const count = region.stations.length
  const density = densityOf(count)
  const columns = columnsFor(count, density, columnsMin)
  const used = Math.min(count, columns) * PITCH[density]
  const width = Math.max(columns * PITCH[density], NODE_WIDTH)
  const anchorX = x + Math.max(used, density === 'box' && count === 1 ? PITCH.box : NODE_WIDTH) / 2
  const places = new Map<string, Place>()
  for (const station of region.stations) places.set(station, freePlace(places, columns))
  return { owner: region.owner, x, width, anchorX, columns, density, places }
}

function refill(old: RegionSlots, stations: readonly string[], isLast: boolean): RegionSlots {
  const density = densityOf(stations.length)
  if (density !== old.density) {
    const columns = Math.max(1, Math.floor(old.width / PITCH[density]))
    const places = new Map<string, Place>()
    for (const station of stations) places.set(station, freePlace(places, columns))
    return { ...old, density, columns, places }
  }
  const places = new Map<string, Place>()
  for (const station of stations) {
    const place = old.places.get(station)
    if (place) places.set(station, place)
  }
  let columns = old.columns
  for (const station of stations) {
    if (places.has(station)) continue
    const isFull = places.size >= columns
    if (isFull && isLast && columns < COLUMNS_MAX[density]) columns += 1
    places.set(station, freePlace(places, columns))
  }
  return { ...old, columns, width: Math.max(old.width, columns * PITCH[density]), places }
}

function freePlace(places: ReadonlyMap<string, Place>, columns: number): Place {
  const taken = new Set([...places.values()].map(({ column, row }) => row * columns + column))
  let index = 0
  while (taken.has(index)) index += 1
  return { column: index % columns, row: Math.floor(index / columns) }
}

function densityOf(count: number): Density {
  if (count > COUNT_ABOVE) return 'count'
  return count > CELLS_ABOVE ? 'cell' : 'box'
}

function columnsFor(count: number, density: Density, columnsMin: number): number {
  if (density !== 'box') return COLUMNS_MAX[density]
  if (count <= COLUMNS_MAX.box) return Math.max(count, columnsMin)
  return Math.max(COLUMNS_MAX.box, Math.ceil(Math.sqrt(count * 2)))
}

function isNested(region: Region, topology: Topology): boolean {
  return (topology.depths.get(region.owner) ?? 0) > 1
}

function hasNodes(owner: string, topology: Topology): boolean {
  return [...topology.parents].some(
    ([id, parent]) => parent === owner && topology.tiers.get(id) === 'node',
  )
}

function rightEnd(regions: readonly RegionSlots[]): number {
  const last = regions.at(-1)
  return last ? last.x + last.width + REGION_GAP : 0
}
