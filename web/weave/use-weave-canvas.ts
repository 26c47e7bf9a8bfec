import { type RefObject, useContext, useEffect, useRef } from 'react'
import type { FrameView, OverviewView } from '../../src/http/live-api.ts'
import { LiveContext } from '../live/use-live.ts'
import { useColours } from '../shell/use-colours.ts'
import { COLOURS, paint } from './paint.ts'
import { layoutWeave, SPAN_MS, type Weave, type WeaveArea } from './weave.ts'

const EVERY_MS = 250
const LEFT = 74
const RIGHT = 44
const TOP = 26

/** Keeps the canvas drawn; gives what is on it, for whoever points there. Hidden, nothing runs. */
export function useWeaveCanvas(
  canvas: RefObject<HTMLCanvasElement | null>,
  what: {
    overview: OverviewView
    path: readonly string[]
    /** Without frames: those that are known now. */
    paused: { readonly frames: readonly FrameView[] | undefined; readonly at: number } | undefined
    span: readonly [number, number] | undefined
  },
): RefObject<{ weave: Weave; area: WeaveArea } | undefined> {
  const store = useContext(LiveContext)
  const colours = useColours(COLOURS)
  const drawn = useRef<{ weave: Weave; area: WeaveArea }>(undefined)
  const newest = useRef(what)
  newest.current = what
  useEffect(() => {
    function draw(): void {
      const { current: element } = canvas
      const context = element?.getContext('2d')
      if (!element || !context || document.hidden) return
      const { overview, path, paused, span } = newest.current
      const { frames, clockOffsetMs } = store.snapshot()
      const until = paused?.at ?? Date.now() + clockOffsetMs
      const area = fit(element, context, until)
      const shown = since(paused?.frames ?? frames, until - SPAN_MS)
      const weave = layoutWeave(shown, path, overview, area)
      drawn.current = { weave, area }
      paint(context, weave, area, colours, span)
    }
    draw()
    const timer = setInterval(draw, EVERY_MS)
    return () => clearInterval(timer)
  }, [canvas, colours, store])
  return drawn
}

/** Makes the canvas as fine as the screen. */
function fit(
  element: HTMLCanvasElement,
  context: CanvasRenderingContext2D,
  until: number,
): WeaveArea {
  const { clientWidth, clientHeight } = element
  const ratio = devicePixelRatio
  const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)]
  if (element.width !== width) element.width = width
  if (element.height !== height) element.height = height
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  return { left: LEFT, right: clientWidth - RIGHT, top: TOP, bottom: clientHeight - 6, until }
}

/** Frames stand in the order of time, but for what two clocks of one process may differ. */
function since(frames: readonly FrameView[], from: number): readonly FrameView[] {
  const iso = new Date(from).toISOString()
  const first = frames.findIndex(({ time }) => time >= iso)
  return first < 0 ? [] : frames.slice(first)
}
