import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { Layout } from './layout.ts'

export interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

const MARGIN = 20
const SCALE = { min: 0.1, max: 4 } as const

/** Where the drawing lies in its box: fitted until someone zooms or drags, and again after `fit`. */
export function useViewport(svg: RefObject<SVGSVGElement | null>, bounds: Layout['bounds']) {
  const [size, setSize] = useState({ width: 0, height: 0 })
  const [chosen, setChosen] = useState<View>()
  const fitted = fitView(size, bounds)
  const view = chosen ?? fitted
  const current = useRef(view)
  current.current = view

  useLayoutEffect(() => {
    const element = svg.current
    if (!element) return
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [svg])

  useEffect(() => {
    const element = svg.current
    if (!element) return
    return attachGestures(element, (change) => {
      current.current = change(current.current)
      setChosen(current.current)
    })
  }, [svg])

  const fit = useCallback(() => setChosen(undefined), [])
  return { view, isFitted: chosen === undefined, fit }
}

/** Everything visible, never larger than drawn. */
export function fitView(
  size: { readonly width: number; readonly height: number },
  bounds: Layout['bounds'],
): View {
  const scale = Math.max(
    SCALE.min,
    Math.min(
      1,
      (size.width - 2 * MARGIN) / bounds.width,
      (size.height - 2 * MARGIN) / bounds.height,
    ),
  )
  return {
    scale,
    x: Math.round((size.width - bounds.width * scale) / 2 - bounds.x * scale),
    y: Math.round((size.height - bounds.height * scale) / 2 - bounds.y * scale),
  }
}

/** The view after zooming by `factor` with the point (x, y) held in place. */
export function zoomAt(view: View, factor: number, x: number, y: number): View {
  const scale = Math.min(SCALE.max, Math.max(SCALE.min, view.scale * factor))
  const part = scale / view.scale
  return { scale, x: x - (x - view.x) * part, y: y - (y - view.y) * part }
}

type Change = (view: View) => View

/** Wheel zooms, one pointer drags, two pinch. */
function attachGestures(element: SVGSVGElement, apply: (change: Change) => void): () => void {
  const pointers = new Map<number, DOMPoint>()
  const abort = new AbortController()
  const options = { signal: abort.signal, passive: false }
  const place = (event: MouseEvent): DOMPoint => {
    const box = element.getBoundingClientRect()
    return new DOMPoint(event.clientX - box.left, event.clientY - box.top)
  }
  const onWheel = (event: WheelEvent) => {
    event.preventDefault()
    const { x, y } = place(event)
    const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015))
    apply((view) => zoomAt(view, factor, x, y))
  }
  const onDown = (event: PointerEvent) => {
    if (event.button === 0) pointers.set(event.pointerId, place(event))
  }
  const onMove = (event: PointerEvent) => {
    const before = pointers.get(event.pointerId)
    if (!before) return
    const now = place(event)
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    const isDrag = Math.hypot(now.x - before.x, now.y - before.y) > 3
    if (!other && !isDrag && !element.hasPointerCapture(event.pointerId)) return
    element.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, now)
    apply((view) => {
      if (!other) return { ...view, x: view.x + now.x - before.x, y: view.y + now.y - before.y }
      const spread = (point: DOMPoint) => Math.hypot(point.x - other.x, point.y - other.y)
      const factor = spread(now) / Math.max(1, spread(before))
      return zoomAt(view, factor, (now.x + other.x) / 2, (now.y + other.y) / 2)
    })
  }
  const onUp = (event: PointerEvent) => pointers.delete(event.pointerId)
  element.addEventListener('wheel', onWheel, options)
  element.addEventListener('pointerdown', onDown, options)
  element.addEventListener('pointermove', onMove, options)
  element.addEventListener('pointerup', onUp, options)
  element.addEventListener('pointercancel', onUp, options)
  return () => abort.abort()
}
