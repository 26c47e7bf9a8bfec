// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a group or text of an SVG takes no focus
import { useContext, useEffect, useRef } from 'react'
import type { FrameView, OverviewView } from '../../src/http/live-api.ts'
import { LiveContext } from '../live/use-live.ts'
import { STILL, useMedia } from '../shell/use-media.ts'
import type { Layout } from './layout.ts'
import { MarkAnimation } from './mark-animation.ts'
import styles from './marks.module.css'
import { DENSE_RATE, frameRoute, hopsOf, markShape, markSize } from './marks.ts'

const SPREAD_MS = 400

interface Scene {
  readonly layout: Layout
  readonly overview: OverviewView
}

/** Frames moving along the links as they pass; none for those who want no motion. */
export function MovingMarks({ layout, overview }: Scene) {
  const store = useContext(LiveContext)
  const layer = useRef<SVGGElement>(null)
  const scene = useRef<Scene>({ layout, overview })
  scene.current = { layout, overview }
  const isStill = useMedia(STILL)

  useEffect(() => {
    if (!layer.current || isStill) return
    const animation = new MarkAnimation(layer.current)
    const stop = store.onFrames((frames) => startMarks(animation, frames, scene.current))
    return () => {
      stop()
      animation.clear()
    }
  }, [store, isStill])

  return <g ref={layer} className={styles.marks} data-marks="" aria-hidden="true" />
}

function startMarks(
  animation: MarkAnimation,
  frames: readonly FrameView[],
  { layout, overview }: Scene,
): void {
  const dense = new Set(
    overview.links.filter((link) => link.framesPerSecond > DENSE_RATE).map((link) => link.id),
  )
  const first = Date.parse(frames[0]?.time ?? '')
  for (const frame of frames) {
    if (animation.isFull) return
    const hops = hopsOf(frameRoute(frame, overview.nodeId), overview.links, layout)
    animation.start({
      shape: markShape(frame),
      size: markSize(frame.bytes),
      hops: hops.filter((hop) => !dense.has(hop.link)),
      delayMs: Math.min(SPREAD_MS, Math.max(0, Date.parse(frame.time) - first)),
    })
  }
}
