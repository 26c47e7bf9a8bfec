import type { LinkView, NodeView } from '../../src/http/live-api.ts'
import { assignSlots, NODE_WIDTH, PITCH, type RegionSlots, type Slots } from './slots.ts'
import { createTopology, type Tier, type Topology } from './topology.ts'

export type Point = readonly [x: number, y: number]

export interface Box {
  readonly id: string
  readonly tier: Tier
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** A station drawn as cells only. */
  readonly isCell: boolean
  /** The busbar under a node: from, to, upper edge. */
  readonly bar?: { readonly left: number; readonly right: number; readonly y: number }
}

export interface Wire {
  readonly id: string
  /** From the node farther from the CSMS to the nearer one, edge to edge. */
  readonly points: readonly Point[]
  /** The same from middle to middle, for the marks that move along it. */
  readonly travel: readonly Point[]
  /** Height at which `travel` runs along a busbar. */
  readonly barY?: number
  /** Upper and lower end of the piece that carries label and disconnector. */
  readonly upper: Point
  readonly lower: Point
  readonly hasRoomForLabel: boolean
}

/** More than 400 stations: one box for all of them. */
export interface CountBox {
  readonly owner: string
  readonly stations: readonly string[]
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Layout {
  readonly boxes: ReadonlyMap<string, Box>
  readonly wires: ReadonlyMap<string, Wire>
  readonly counts: readonly CountBox[]
  readonly bounds: { readonly x: number; readonly y: number; width: number; height: number }
  /** Hand this to the next call. */
  readonly slots: Slots
}

export const BAR = 7
const SERVICE_HEIGHT = 46
const NODE_HEIGHT = 46
const CHANNEL = 76
const DROP = 62
const STATION = { width: 118, height: 68, row: 92 } as const
const CELL = { size: 18, row: 24 } as const

/**
 * The single-line diagram as numbers: services above, nodes below them, stations at the bottom.
 * The same nodes, links and previous slots always give the same drawing.
 */
export function layoutDiagram(
  nodes: readonly NodeView[],
  links: readonly LinkView[],
  previous?: Slots,
): Layout {
  const topology = createTopology(nodes, links)
  const slots = assignSlots(topology, previous)
  const depthMax = Math.max(0, ...topology.depths.values())
  const stationsY = topOf(depthMax) + (depthMax ? NODE_HEIGHT + BAR : SERVICE_HEIGHT) + DROP

  const boxes = new Map<string, Box>()
  for (const region of slots.regions) placeStations(region, stationsY, boxes)
  placeParents(topology, slots, boxes)
  const counts = countBoxes(topology, slots, stationsY)
  const scene = { boxes, counts, topology, stationsY }
  const wires = new Map<string, Wire>()
  for (const link of links) {
    const wire = drawWire(link, scene)
    if (wire) wires.set(link.id, wire)
  }
  return { boxes, wires, counts, bounds: boundsOf([...boxes.values(), ...counts]), slots }
}

function topOf(depth: number): number {
  if (depth === 0) return 0
  return SERVICE_HEIGHT + CHANNEL + (depth - 1) * (NODE_HEIGHT + BAR + CHANNEL)
}

function placeStations(region: RegionSlots, top: number, boxes: Map<string, Box>): void {
  if (region.density === 'count') return
  const isCell = region.density === 'cell'
  const pitch = PITCH[region.density]
  const width = isCell ? CELL.size : STATION.width
  for (const [id, { column, row }] of region.places) {
    boxes.set(id, {
      id,
      tier: 'station',
      x: region.x + column * pitch + (pitch - width) / 2,
      y: top + row * (isCell ? CELL.row : STATION.row),
      width,
      height: isCell ? CELL.size : STATION.height,
      isCell,
    })
  }
}

/** Deepest first, since a bar and a service's box reach as far as what hangs from them. */
function placeParents(topology: Topology, slots: Slots, boxes: Map<string, Box>): void {
  const anchors = new Map(slots.regions.map((region) => [region.owner, region]))
  const parents = [...topology.depths].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  let spareX = 0
  for (const [id, depth] of parents) {
    const region = anchors.get(id)
    const ports = portsOf(id, topology, boxes, region)
    const anchorX = region?.anchorX ?? ports[0] ?? spareX + NODE_WIDTH / 2
    const left = Math.min(...ports, depth ? anchorX : Number.POSITIVE_INFINITY)
    const right = Math.max(...ports, depth ? anchorX : Number.NEGATIVE_INFINITY)
    spareX = Math.max(spareX, right + NODE_WIDTH)
    boxes.set(
      id,
      depth ? nodeBox(id, depth, anchorX, [left, right]) : serviceBox(id, anchorX, ports),
    )
  }
}

function nodeBox(id: string, depth: number, anchorX: number, [left, right]: Point): Box {
  const y = topOf(depth)
  const half = NODE_WIDTH / 2
  return {
    id,
    tier: 'node',
    x: anchorX - half,
    y,
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    isCell: false,
    bar: {
      left: Math.min(anchorX - half, left - 14),
      right: Math.max(anchorX + half, right + 14),
      y: y + NODE_HEIGHT,
    },
  }
}

/** As wide as what hangs from it, so that each link meets it in a straight line. */
function serviceBox(id: string, anchorX: number, ports: readonly number[]): Box {
  const half = NODE_WIDTH / 2
  const first = ports.length > 0 ? Math.min(...ports) : anchorX
  const last = ports.length > 0 ? Math.max(...ports) : anchorX
  const x = Math.min(first - half, last - half)
  const width = Math.max(NODE_WIDTH, last + Math.min(half, STATION.width / 2) - x)
  return { id, tier: 'service', x, y: 0, width, height: SERVICE_HEIGHT, isCell: false }
}

/** Where the links of everything below `id` meet it, from left to right. */
function portsOf(
  id: string,
  topology: Topology,
  boxes: ReadonlyMap<string, Box>,
  region: RegionSlots | undefined,
): readonly number[] {
  const ports: number[] = []
  for (const [child, parent] of topology.parents) {
    const box = parent === id ? boxes.get(child) : undefined
    if (box) ports.push(portX(box, region))
  }
  if (region?.density === 'count') ports.push(region.anchorX)
  return ports.sort((a, b) => a - b)
}

/** A station in a lower row is fed through the gap at its left. */
function portX(box: Box, region: RegionSlots | undefined): number {
  const row = region?.places.get(box.id)?.row ?? 0
  return row > 0 ? box.x - 6 : box.x + box.width / 2
}

function countBoxes(topology: Topology, slots: Slots, y: number): readonly CountBox[] {
  const stations = new Map(topology.regions.map((region) => [region.owner, region.stations]))
  return slots.regions
    .filter((region) => region.density === 'count')
    .map(({ owner, anchorX }) => {
      const box = { x: anchorX - NODE_WIDTH / 2, y, width: NODE_WIDTH, height: 118 }
      return { owner, stations: stations.get(owner) ?? [], ...box }
    })
}

interface Scene {
  readonly boxes: ReadonlyMap<string, Box>
  readonly counts: readonly CountBox[]
  readonly topology: Topology
  /** Upper edge of the first row of stations. */
  readonly stationsY: number
}

function drawWire(link: LinkView, scene: Scene): Wire | undefined {
  const { boxes, counts, topology, stationsY } = scene
  const to = boxes.get(link.to)
  const from = boxes.get(link.from) ?? counts.find(({ stations }) => stations.includes(link.from))
  if (!from || !to) return undefined
  const isTree = topology.parents.get(link.from) === link.to
  const isLowerRow = isTree && from.y > stationsY
  const isCell = 'isCell' in from && from.isCell

  const endY = to.bar ? to.bar.y + BAR : to.y + to.height
  const x = isLowerRow ? from.x - 6 : middleX(from)
  const endX = isTree ? x : Math.min(Math.max(x, to.x + 8), to.x + to.width - 8)
  const lower: Point = [x, isLowerRow ? middleY(from) : from.y]
  const upper: Point = [endX, endY]
  const jogY = (lower[1] + endY) / 2
  const points: readonly Point[] = [
    ...(isLowerRow ? [[from.x, middleY(from)] as const] : []),
    lower,
    ...(endX === x
      ? []
      : ([
          [x, jogY],
          [endX, jogY],
        ] as const)),
    upper,
  ]
  return {
    id: link.id,
    points,
    travel: [[middleX(from), middleY(from)], ...points, ...wayInside(to, endX)],
    upper,
    lower: isLowerRow ? [x, endY + DROP] : lower,
    hasRoomForLabel: !isLowerRow && !isCell,
    ...(to.bar ? { barY: to.bar.y + BAR / 2 } : {}),
  }
}

/** From where a link meets a node to the node's middle: along its busbar, then up. */
function wayInside(box: Box, x: number): readonly Point[] {
  if (!box.bar) return [[x, middleY(box)]]
  const y = box.bar.y + BAR / 2
  return [
    [x, y],
    [middleX(box), y],
    [middleX(box), middleY(box)],
  ]
}

function middleX(box: { readonly x: number; readonly width: number }): number {
  return box.x + box.width / 2
}

function middleY(box: { readonly y: number; readonly height: number }): number {
  return box.y + box.height / 2
}

function boundsOf(boxes: readonly Pick<Box, 'x' | 'y' | 'width' | 'height'>[]): Layout['bounds'] {
  if (boxes.length === 0) return { x: 0, y: 0, width: NODE_WIDTH, height: NODE_HEIGHT }
  const x = Math.min(...boxes.map((box) => box.x))
  const y = Math.min(...boxes.map((box) => box.y))
  const right = Math.max(...boxes.map((box) => box.x + box.width))
  const bottom = Math.max(...boxes.map((box) => box.y + box.height))
  return { x, y, width: right - x, height: bottom - y }
}
