// biome-ignore-all lint/a11y/useSemanticElements: SVG has no such elements
// biome-ignore-all lint/a11y/noStaticElementInteractions: arrow keys walk between the buttons inside
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import type { NodeView, OverviewView } from '../../src/http/live-api.ts'
import { useNow } from '../live/use-live.ts'
import { useAddress } from '../navigation/use-address.ts'
import { text } from '../text/text.ts'
import { CountBox } from './count-box.tsx'
import styles from './diagram.module.css'
import { type Layout, layoutDiagram } from './layout.ts'
import { LinkLine } from './link-line.tsx'
import { MovingMarks } from './moving-marks.tsx'
import { Busbar, NodeBox } from './node-box.tsx'
import { OverlayTable } from './overlay-table.tsx'
import { RefusedMarks } from './refused-marks.tsx'
import type { Slots } from './slots.ts'
import { useViewport } from './use-viewport.ts'
import { type Step, walk } from './walk.ts'

/** The single-line diagram with its heading. */
export function Diagram({ overview }: { overview: OverviewView }) {
  const layout = useLayout(overview)
  const svg = useRef<SVGSVGElement>(null)
  const { view, isFitted, fit } = useViewport(svg, layout.bounds)
  useFitKey(fit)
  return (
    <section
      className={styles.panel}
      aria-labelledby="diagram-title"
      style={{ '--drawn': `${layout.bounds.height + 48}px` } as Record<string, string>}
    >
      <div className={styles.head}>
        <h2 className={styles.title} id="diagram-title">
          {text.diagram.title}
        </h2>
        <p className={styles.hint} id="diagram-hint">
          {text.diagram.hint}
        </p>
        <button type="button" className={styles.fit} onClick={fit} disabled={isFitted}>
          {text.diagram.fit}
        </button>
      </div>
      <svg
        ref={svg}
        className={styles.drawing}
        role="group"
        aria-labelledby="diagram-title"
        aria-describedby="diagram-hint"
      >
        <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
          <Drawing overview={overview} layout={layout} />
        </g>
      </svg>
      <OverlayTable overview={overview} />
    </section>
  )
}

function Drawing({ overview, layout }: { overview: OverviewView; layout: Layout }) {
  const now = useNow()
  const { selection, select } = useAddress()
  const [active, setActive] = useState(overview.nodeId)
  const nodes = useMemo(() => new Map(overview.nodes.map((node) => [node.id, node])), [overview])
  const boxes = [...layout.boxes.values()]
  const reachable = layout.boxes.has(active) ? active : layout.boxes.keys().next().value

  function onKeyDown(event: KeyboardEvent<SVGGElement>): void {
    if (!/^Arrow/.test(event.key)) return
    event.preventDefault()
    const next = walk(layout, overview.links, active, event.key as Step)
    if (next === undefined) return
    setActive(next)
    const target = event.currentTarget.querySelector<SVGGElement>(
      `[data-node="${CSS.escape(next)}"] [role="button"]`,
    )
    target?.focus()
  }

  return (
    <g onKeyDown={onKeyDown}>
      {overview.links.map((link) => {
        const wire = layout.wires.get(link.id)
        return (
          wire && (
            <LinkLine
              key={link.id}
              link={link}
              wire={wire}
              now={now}
              isSelected={selection?.type === 'link' && selection.id === link.id}
              onOpen={() => select({ type: 'link', id: link.id })}
            />
          )
        )
      })}
      {boxes.map((box) => box.bar && <Busbar key={box.id} bar={box.bar} />)}
      <MovingMarks layout={layout} overview={overview} />
      {boxes.map((box) => {
        const node = nodes.get(box.id)
        return (
          node && (
            <NodeBox
              key={box.id}
              node={node}
              box={box}
              rate={rateOf(node, overview)}
              isSelected={selection?.type === 'node' && selection.id === box.id}
              isReachable={reachable === box.id}
              onOpen={() => select({ type: 'node', id: box.id })}
              onFocus={() => setActive(box.id)}
            />
          )
        )
      })}
      {layout.counts.map((place) => (
        <CountBox key={place.owner} place={place} nodes={nodes} />
      ))}
      <RefusedMarks layout={layout} overview={overview} />
    </g>
  )
}

/** The layout, drawn on from the one before so that nothing moves. */
function useLayout(overview: OverviewView): Layout {
  const slots = useRef<Slots>(undefined)
  const { nodes, links } = overview
  const layout = useMemo(() => layoutDiagram(nodes, links, slots.current), [nodes, links])
  slots.current = layout.slots
  return layout
}

/** What a service receives and sends; of a node, what passes on its links towards the CSMS. */
function rateOf(node: NodeView, overview: OverviewView): number {
  const end = node.role === 'csms' ? 'to' : 'from'
  const own = overview.links.filter((link) => link[end] === node.id)
  return own.reduce((sum, link) => sum + link.framesPerSecond, 0)
}

/** `0` fits the drawing wherever the focus is, except in a field. */
function useFitKey(fit: () => void): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const isField =
        event.target instanceof Element && event.target.matches('input, select, textarea')
      if (event.key === '0' && !isField && !event.ctrlKey && !event.metaKey) fit()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [fit])
}
