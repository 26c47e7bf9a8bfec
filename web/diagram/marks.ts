import type { FrameView, LinkView } from '../../src/http/live-api.ts'
import { isRefused } from '../frames/filter.ts'
import type { Layout, Point } from './layout.ts'

export type MarkShape = 'call' | 'result' | 'error' | 'send' | 'binary'

/** Outlines around the origin, two units across, pointing along +x. */
export const MARK_PATHS: Readonly<Record<MarkShape, string>> = {
  call: 'M-0.9-1L1.1 0L-0.9 1Z',
  result: 'M-0.4-0.9H0.4V0.9H-0.4Z',
  error: 'M-0.8-0.8L0.8 0.8M-0.8 0.8L0.8-0.8',
  send: 'M-0.6-1L0.6 0L-0.6 1',
  binary: 'M-0.8-0.8H0.8V0.8H-0.8Z',
}

export const HOP_MS = 600
export const MARKS_MAX = 40
/** Above this many frames a second a link shows flowing dashes instead of marks. */
export const DENSE_RATE = 20

/** The shape a frame has on the diagram, in the list and in the inspector. */
export function markShape(frame: Pick<FrameView, 'kind' | 'encoding'>): MarkShape {
  if (frame.encoding === 'binary') return 'binary'
  if (frame.kind === 'CALL') return 'call'
  if (frame.kind === 'CALLRESULT') return 'result'
  return frame.kind === 'SEND' ? 'send' : 'error'
}

/** Width in px: 5 up to 32 bytes, 10 from 64 KiB on, by the logarithm between. */
export function markSize(bytes: number): number {
  const share = (Math.log2(Math.max(bytes, 1)) - 5) / 11
  return 5 + 5 * Math.min(1, Math.max(0, share))
}

/** The nodes a frame passes as far as this node knows: the path so far, this node, and onward. */
export function frameRoute(frame: FrameView, self: string): readonly string[] {
  const known =
    frame.direction === 'received'
      ? [...frame.networkPath, frame.link, self]
      : [...frame.networkPath, self, frame.link]
  if (!isRefused(frame) && frame.forwardedTo) known.push(frame.forwardedTo)
  if (!isRefused(frame) && frame.destination) known.push(frame.destination)
  return known.filter((id, index) => known.indexOf(id) === index)
}

/** One piece of a mark's way: a link and the line to follow, in the direction of travel. */
export interface Hop {
  readonly link: string
  readonly points: readonly Point[]
  /** Height at which the line runs along a busbar. */
  readonly barY?: number | undefined
}

/**
 * The hops of a route over drawn links. Neighbours on the route that have no link between them
 * are joined by the shortest way over links; where there is none, the way ends.
 */
export function hopsOf(
  route: readonly string[],
  links: readonly LinkView[],
  layout: Layout,
): readonly Hop[] {
  const hops: Hop[] = []
  for (const [index, from] of route.slice(0, -1).entries()) {
    const to = route[index + 1]
    const ways = to === undefined ? undefined : shortestWay(from, to, links)
    if (!ways && hops.length > 0) return hops
    for (const { link, isUp } of ways ?? []) {
      const wire = layout.wires.get(link)
      if (!wire) continue
      const points = isUp ? wire.travel : [...wire.travel].reverse()
      hops.push({ link, points, barY: wire.barY })
    }
  }
  return hops
}

interface Step {
  readonly link: string
  readonly isUp: boolean
  readonly to: string
}

function shortestWay(
  from: string,
  to: string,
  links: readonly LinkView[],
): readonly Step[] | undefined {
  const ways = new Map<string, readonly Step[]>([[from, []]])
  for (const [id, way] of ways) {
    if (id === to) return way
    for (const link of links) {
      if (link.state === 'down') continue
      const isUp = link.from === id
      const next = isUp ? link.to : link.to === id ? link.from : undefined
      if (next === undefined || ways.has(next)) continue
      ways.set(next, [...way, { link: link.id, isUp, to: next }])
    }
  }
  return undefined
}

/** The point and heading (degrees) at `share` (0 to 1) of a line's length. */
export function pointAlong(points: readonly Point[], share: number): { at: Point; turn: number } {
  const lengths = points.slice(1).map((point, index) => distance(points[index] ?? point, point))
  const total = lengths.reduce((sum, length) => sum + length, 0)
  let left = total * Math.min(1, Math.max(0, share))
  for (const [index, length] of lengths.entries()) {
    const from = points[index]
    const to = points[index + 1]
    if (!from || !to) break
    if (left <= length || index === lengths.length - 1) {
      const part = length === 0 ? 0 : Math.min(1, left / length)
      const at: Point = [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part]
      return { at, turn: (Math.atan2(to[1] - from[1], to[0] - from[0]) * 180) / Math.PI }
    }
    left -= length
  }
  return { at: points[0] ?? [0, 0], turn: 0 }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(b[0] - a[0], b[1] - a[1])
}
