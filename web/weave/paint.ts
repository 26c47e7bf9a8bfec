import { formatSeconds } from '../text/format.ts'
import type { Weave, WeaveArea } from './weave.ts'
import { nameRoom, SPAN_MS } from './weave.ts'

export const COLOURS = ['ink', 'ink-2', 'ink-3', 'line', 'line-strong', 'copper-soft', 'alarm', 'act', 'panel'] as const // biome-ignore format: one line
export type Colours = Readonly<Record<(typeof COLOURS)[number], string>>

const SMALL = '11px B612, system-ui, sans-serif'
const MONO = '700 11px "B612 Mono", ui-monospace, monospace'
const TICK_MS = 10_000

/** Puts a weave on a canvas; `span` is what is selected, in ms. */
export function paint(
  context: CanvasRenderingContext2D,
  weave: Weave,
  area: WeaveArea,
  colours: Colours,
  span: readonly [number, number] | undefined,
): void {
  const { left, right, top, bottom, until } = area
  const y = (time: number) => bottom - ((until - time) / SPAN_MS) * (bottom - top)
  context.clearRect(0, 0, context.canvas.width, context.canvas.height)
  context.fillStyle = colours['copper-soft']
  for (const { x1, x2 } of weave.shared) context.fillRect(x1, top, x2 - x1, bottom - top)
  if (span) {
    context.globalAlpha = 0.18
    context.fillStyle = colours.act
    const [from, to] = [Math.max(y(span[0]), top), Math.min(y(span[1]), bottom)]
    if (to > from) context.fillRect(left - 8, from, right - left + 16, to - from)
    context.globalAlpha = 1
  }
  paintTimes(context, area, colours, y)
  context.strokeStyle = colours['line-strong']
  context.lineWidth = 1
  for (const { x } of weave.lifelines) line(context, x, top, x, bottom)
  context.save()
  context.beginPath()
  context.rect(0, top, right + 40, bottom - top)
  context.clip()
  paintBands(context, weave, colours)
  for (const thread of weave.threads) {
    context.strokeStyle = thread.isRefused
      ? colours.alarm
      : thread.isWhole
        ? colours.ink
        : colours['ink-3']
    context.globalAlpha = thread.isWhole || thread.isRefused ? 0.85 : 0.5
    for (const { x1, y1, x2, y2, isTimed } of thread.segments) {
      context.lineWidth = isTimed && thread.isWhole && !thread.isReply ? thread.width : 0.75
      context.setLineDash(isTimed ? (thread.isReply ? [5, 3] : []) : [1.5, 3])
      line(context, x1, y1, x2, y2)
    }
  }
  context.restore()
  paintNames(context, weave, area, colours)
}

/** Light, so that the thread of a command that cuts through stands out. */
function paintBands(context: CanvasRenderingContext2D, { bands }: Weave, colours: Colours): void {
  context.strokeStyle = colours['ink-3']
  context.fillStyle = colours['ink-3']
  context.lineWidth = 0.75
  for (const { hops } of bands) {
    for (const { x1, x2, y1, y2, isTimed } of hops) {
      const box = [Math.min(x1, x2), y1, Math.abs(x2 - x1), Math.max(1, y2 - y1)] as const
      context.globalAlpha = 0.3
      if (isTimed) context.fillRect(...box)
      context.globalAlpha = 1
      context.setLineDash(isTimed ? [] : [1.5, 3])
      context.strokeRect(...box)
    }
  }
}

function paintTimes(
  context: CanvasRenderingContext2D,
  { left, right, top, bottom, until }: WeaveArea,
  colours: Colours,
  y: (time: number) => number,
): void {
  context.font = SMALL
  context.textAlign = 'right'
  context.textBaseline = 'middle'
  context.lineWidth = 1
  const first = Math.ceil((until - SPAN_MS) / TICK_MS) * TICK_MS
  for (let time = first; time <= until; time += TICK_MS) {
    const at = Math.round(y(time)) + 0.5
    if (at < top + 6 || at > bottom - 2) continue
    context.strokeStyle = colours.line
    line(context, left, at, right, at)
    context.fillStyle = colours['ink-3']
    context.fillText(formatSeconds(new Date(time).toISOString()), left - 14, at)
  }
}

function paintNames(
  context: CanvasRenderingContext2D,
  weave: Weave,
  area: WeaveArea,
  colours: Colours,
): void {
  context.font = MONO
  context.textAlign = 'left'
  context.textBaseline = 'alphabetic'
  context.fillStyle = colours.ink
  for (const { id, x } of weave.lifelines) {
    const { from, to } = nameRoom(x, weave, area)
    const name = fitted(context, id, to - from)
    const { width } = context.measureText(name)
    // Over its line, as far as there is room at both sides.
    const place = Math.max(from, Math.min(x - width / 2, to - width))
    context.fillText(name, place, area.top - 8)
  }
}

function fitted(context: CanvasRenderingContext2D, id: string, room: number): string {
  if (context.measureText(id).width <= room) return id
  let length = id.length - 1
  while (length > 1 && context.measureText(`${id.slice(0, length)}…`).width > room) length -= 1
  return `${id.slice(0, length)}…`
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number) {
  context.beginPath()
  context.moveTo(x1, y1)
  context.lineTo(x2, y2)
  context.stroke()
}
