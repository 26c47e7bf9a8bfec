import { HOP_MS, type Hop, MARK_PATHS, MARKS_MAX, type MarkShape, pointAlong } from './marks.ts'

const SVG = 'http://www.w3.org/2000/svg'

export interface Mark {
  readonly shape: MarkShape
  readonly size: number
  readonly hops: readonly Hop[]
  /** Wait before it starts, so that frames of one batch keep their distance. */
  readonly delayMs: number
}

interface Moving extends Mark {
  readonly element: SVGGElement
  readonly startAt: number
}

/**
 * Moves marks inside `layer`, 600 ms per hop, without passing through React. Frames are asked of
 * the browser only while something moves, and the browser gives none to a hidden tab.
 */
export class MarkAnimation {
  readonly #layer: SVGGElement
  #moving: Moving[] = []
  #request = 0

  constructor(layer: SVGGElement) {
    this.#layer = layer
  }

  get isFull(): boolean {
    return this.#moving.length >= MARKS_MAX
  }

  /** Starts a mark; beyond 40 at once it is left out. */
  start(mark: Mark): void {
    if (this.isFull || mark.hops.length === 0) return
    const element = document.createElementNS(SVG, 'g')
    const path = document.createElementNS(SVG, 'path')
    path.setAttribute('d', MARK_PATHS[mark.shape])
    path.setAttribute('vector-effect', 'non-scaling-stroke')
    element.dataset.shape = mark.shape
    element.setAttribute('visibility', 'hidden')
    element.append(path)
    this.#layer.append(element)
    this.#moving.push({ ...mark, element, startAt: performance.now() + mark.delayMs })
    if (!this.#request) this.#request = requestAnimationFrame(this.#step)
  }

  /** Takes every mark away. */
  clear(): void {
    cancelAnimationFrame(this.#request)
    this.#request = 0
    for (const { element } of this.#moving) element.remove()
    this.#moving = []
  }

  readonly #step = (now: number): void => {
    this.#moving = this.#moving.filter((mark) => {
      const isMoving = place(mark, now)
      if (!isMoving) mark.element.remove()
      return isMoving
    })
    this.#request = this.#moving.length > 0 ? requestAnimationFrame(this.#step) : 0
  }
}

function place(mark: Moving, now: number): boolean {
  const passed = (now - mark.startAt) / HOP_MS
  if (passed < 0) return true
  const hop = mark.hops[Math.floor(passed)]
  if (!hop) return false
  const { at, turn } = pointAlong(hop.points, passed % 1)
  const scale = mark.size / 2
  mark.element.setAttribute('visibility', 'visible')
  mark.element.dataset.bar = String(Math.abs(at[1] - (hop.barY ?? Number.NaN)) < 1)
  mark.element.setAttribute(
    'transform',
    `translate(${at[0].toFixed(1)} ${at[1].toFixed(1)}) rotate(${turn.toFixed(0)}) scale(${scale})`,
  )
  return true
}
