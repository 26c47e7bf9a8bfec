import type { FrameView, OverviewView } from '../../src/http/live-api.ts'
import { isShared } from '../diagram/link-words.ts'
import { frameRoute } from '../diagram/marks.ts'
import { createTopology } from '../diagram/topology.ts'
import { isRefused } from '../frames/filter.ts'

/** How much time the drawing holds. */
export const SPAN_MS = 60_000

/** A text from so many bytes on is bulk. */
const BULK_BYTES = 16_384
/** Bulk frames that are farther apart belong to two bands. */
const BULK_PAUSE_MS = 2_000

/** One piece of a thread: a hop from line to line, or a wait along one. */
export interface Segment {
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  /** False: this node knows that the frame passed here, but not when. */
  readonly isTimed: boolean
}

/** One message on its way. */
export interface Thread {
  /** The frame that a click opens: its newest sighting. */
  readonly sequence: number
  readonly segments: readonly Segment[]
  /** By the logarithm of the bytes, 0.75 to 3 px. */
  readonly width: number
  readonly isReply: boolean
  /** False: it only shares a part of the path. */
  readonly isWhole: boolean
  readonly isRefused: boolean
  readonly isBulk: boolean
}

/** Bulk frames that followed each other over the same way: what cuts through them is seen. */
export interface Band {
  /** The frame that a click opens: the newest of them. */
  readonly sequence: number
  readonly count: number
  /** One piece for each hop, from the time of the first of them to that of the last. */
  readonly hops: readonly {
    readonly x1: number
    readonly x2: number
    readonly y1: number
    readonly y2: number
    readonly isTimed: boolean
  }[]
}

export interface Weave {
  readonly lifelines: readonly { readonly id: string; readonly x: number }[]
  /** Gaps between lifelines that share a connection. */
  readonly shared: readonly { readonly x1: number; readonly x2: number }[]
  readonly threads: readonly Thread[]
  readonly bands: readonly Band[]
}

export interface WeaveArea {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  /** Time at the lower edge, ms. */
  readonly until: number
}

/** The ways from each leaf of the overlay to its root, the one most used first. */
export function pathsOf(
  { nodes, links, nodeId }: Pick<OverviewView, 'nodes' | 'links' | 'nodeId'>,
  frames: readonly FrameView[],
): readonly (readonly string[])[] {
  const { parents } = createTopology(nodes, links)
  const inner = new Set(parents.values())
  const counts = new Map<string, number>()
  for (const frame of frames) {
    for (const id of frameRoute(frame, nodeId)) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const leaves = [...parents.keys()].filter((id) => !inner.has(id))
  const rank = (id: string) => counts.get(id) ?? 0
  return leaves
    .sort((a, b) => rank(b) - rank(a) || (a < b ? -1 : 1))
    .map((leaf) => wayUp(leaf, parents))
}

/** How far names reach out of the lines at the sides, and how far they stay from others. */
const NAME_REACH = 36
const NAME_GAP = 4

/** Between which places the name of a lifeline may stand: inside the drawing, and beside no other. */
export function nameRoom(x: number, { lifelines }: Weave, { left, right }: WeaveArea) {
  const half = lifelines.length > 1 ? (right - left) / (lifelines.length - 1) / 2 : right
  return {
    from: Math.max(NAME_GAP, x - half + NAME_GAP),
    to: Math.min(right + NAME_REACH, x + half - NAME_GAP),
  }
}

/** Frames as threads over the lifelines of a path, time downwards. */
export function layoutWeave(
  frames: readonly FrameView[],
  path: readonly string[],
  overview: Pick<OverviewView, 'links' | 'nodeId'>,
  area: WeaveArea,
): Weave {
  const step = path.length > 1 ? (area.right - area.left) / (path.length - 1) : 0
  const places = new Map(path.map((id, index) => [id, area.left + step * index]))
  const y = (time: number) =>
    area.bottom - ((area.until - time) / SPAN_MS) * (area.bottom - area.top)
  const messages = Map.groupBy(frames, messageOf)
  const threads = [...messages.values()].flatMap((sightings) => {
    const thread = threadOf(sightings, overview.nodeId, places, y)
    return thread ? [thread] : []
  })
  return {
    lifelines: [...places].map(([id, x]) => ({ id, x })),
    shared: sharedGaps(path, overview, places),
    ...withBands(threads, (area.bottom - area.top) / SPAN_MS),
  }
}

/** The thread under a point, if one is near enough. */
export function threadAt(weave: Weave, x: number, y: number, within = 6): Thread | undefined {
  let best: Thread | undefined
  let least = within
  for (const thread of weave.threads) {
    for (const segment of thread.segments) {
      const distance = distanceTo(segment, x, y)
      if (distance > least) continue
      least = distance
      best = thread
    }
  }
  return best
}

/** The band under a point. */
export function bandAt({ bands }: Pick<Weave, 'bands'>, x: number, y: number): Band | undefined {
  return bands.find(({ hops }) =>
    hops.some(
      ({ x1, x2, y1, y2 }) => x >= Math.min(x1, x2) && x <= Math.max(x1, x2) && y >= y1 && y <= y2,
    ),
  )
}

/** The time at a height. */
export function timeAt(area: WeaveArea, y: number): number {
  const share = (area.bottom - y) / (area.bottom - area.top)
  return area.until - Math.min(1, Math.max(0, share)) * SPAN_MS
}

function wayUp(leaf: string, parents: ReadonlyMap<string, string>): readonly string[] {
  const way: string[] = []
  for (let id: string | undefined = leaf; id !== undefined; id = parents.get(id)) way.push(id)
  return way
}

/** A request and its answer may have one id, and are two messages. */
export function messageOf(frame: FrameView): string {
  return `${frame.kind} ${frame.trace ?? `#${frame.sequence}`}`
}

function threadOf(
  sightings: readonly FrameView[],
  self: string,
  places: ReadonlyMap<string, number>,
  y: (time: number) => number,
): Thread | undefined {
  const [first] = sightings
  const last = sightings.at(-1)
  if (!first || !last) return undefined
  const { times, route } = wayOf(sightings, self)
  const segments: Segment[] = []
  let at = times.values().next().value ?? 0
  for (const [index, from] of route.slice(0, -1).entries()) {
    const to = route[index + 1] ?? ''
    const [x1, x2] = [places.get(from), places.get(to)]
    const time = times.get(`${from}>${to}`)
    if (time !== undefined && time > at && x1 !== undefined && segments.length > 0) {
      segments.push({ x1, y1: y(at), x2: x1, y2: y(time), isTimed: true })
    }
    at = time ?? at
    if (x1 === undefined || x2 === undefined) continue
    segments.push({ x1, y1: y(at), x2, y2: y(at), isTimed: time !== undefined })
  }
  if (segments.length === 0) return undefined
  return {
    sequence: last.sequence,
    segments,
    width: widthOf(Math.max(...sightings.map(({ bytes }) => bytes))),
    isWhole: route.includes(places.keys().next().value ?? ''),
    isReply: first.kind !== 'CALL' && first.kind !== 'SEND',
    isRefused: sightings.some(isRefused),
    isBulk: isBulk(first),
  }
}

/** The scheduler sends these when it has nothing else to do; large ones are drawn like them. */
function isBulk({ priority, encoding, bytes, kind }: FrameView): boolean {
  const isLarge = encoding === 'binary' || bytes >= BULK_BYTES
  return (kind === 'CALL' || kind === 'SEND') && (priority === 'bulk' || isLarge)
}

/** Bulk threads over the same way become one band as long as they follow each other closely. */
function withBands(threads: readonly Thread[], pxPerMs: number): Pick<Weave, 'threads' | 'bands'> {
  const ways = Map.groupBy(
    threads.filter((thread) => thread.isBulk && !thread.isRefused),
    (thread) =>
      hopsOf(thread)
        .map(({ x1, x2 }) => `${x1}>${x2}`)
        .join(),
  )
  const runs = [...ways.values()].flatMap((alike) => runsOf(alike, BULK_PAUSE_MS * pxPerMs))
  const merged = new Set(runs.flat())
  return {
    threads: threads.filter((thread) => !merged.has(thread)),
    bands: runs.map(bandOf),
  }
}

function runsOf(threads: readonly Thread[], pausePx: number): readonly (readonly Thread[])[] {
  const start = (thread: Thread) => hopsOf(thread)[0]?.y1 ?? 0
  const runs: Thread[][] = []
  for (const thread of [...threads].sort((a, b) => start(a) - start(b))) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run && last && start(thread) - start(last) <= pausePx) run.push(thread)
    else runs.push([thread])
  }
  return runs.filter((run) => run.length > 1)
}

function bandOf(run: readonly Thread[]): Band {
  const hops = run.map(hopsOf)
  return {
    sequence: Math.max(...run.map(({ sequence }) => sequence)),
    count: run.length,
    hops: (hops[0] ?? []).map(({ x1, x2, isTimed }, at) => {
      const heights = hops.map((one) => one[at]?.y1 ?? 0)
      return { x1, x2, y1: Math.min(...heights), y2: Math.max(...heights), isTimed }
    }),
  }
}

/** The pieces from line to line; waits are left out. */
function hopsOf({ segments }: Thread): readonly Segment[] {
  return segments.filter(({ x1, x2 }) => x1 !== x2)
}

/** What this node knows of a message's way: its nodes, and when it passed the hops that were seen. */
export function wayOf(sightings: readonly FrameView[], self: string) {
  const times = new Map(sightings.map((one) => [hopOf(one, self), Date.parse(one.time)]))
  return { times, route: longest(sightings.map((one) => frameRoute(one, self))) }
}

/** The hop that this node saw. */
function hopOf({ direction, link }: FrameView, self: string): string {
  return direction === 'received' ? `${link}>${self}` : `${self}>${link}`
}

function longest(routes: readonly (readonly string[])[]): readonly string[] {
  return routes.reduce((best, one) => (one.length > best.length ? one : best), [])
}

function widthOf(bytes: number): number {
  const share = (Math.log2(Math.max(bytes, 1)) - 5) / 11
  return 0.75 + 2.25 * Math.min(1, Math.max(0, share))
}

function sharedGaps(
  path: readonly string[],
  { links }: Pick<OverviewView, 'links'>,
  places: ReadonlyMap<string, number>,
): Weave['shared'] {
  return path.slice(1).flatMap((id, index) => {
    const before = path[index] ?? ''
    const link = links.find(
      ({ from, to }) => (from === before && to === id) || (from === id && to === before),
    )
    return link && isShared(link) ? [{ x1: places.get(before) ?? 0, x2: places.get(id) ?? 0 }] : []
  })
}

function distanceTo({ x1, y1, x2, y2 }: Segment, x: number, y: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1]
  const length = dx * dx + dy * dy
  const share = length === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / length
  const along = Math.min(1, Math.max(0, share))
  return Math.hypot(x - x1 - dx * along, y - y1 - dy * along)
}
