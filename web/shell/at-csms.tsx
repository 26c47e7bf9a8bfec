import type { ReactNode } from 'react'
import type { OverviewView } from '../../src/http/live-api.ts'
import { useLive } from '../live/use-live.ts'
import { text } from '../text/text.ts'
import tables from './table-room.module.css'

/** A room of what only a CSMS keeps; elsewhere it says where that is. */
export function AtCsms(props: {
  title: string
  /** `Tokens are kept`. */
  kept: string
  children: (overview: OverviewView) => ReactNode
}) {
  const { title, kept, children } = props
  const overview = useLive((state) => state.overview)
  if (!overview) return <p className={tables.note}>{text.diagram.waiting}</p>
  const role = overview.nodes.find((node) => node.self)?.role ?? 'unknown'
  if (role === 'csms') return children(overview)
  return (
    <section className={tables.panel} aria-labelledby="elsewhere-title">
      <div className={tables.bar}>
        <h2 className={tables.title} id="elsewhere-title">
          {title}
        </h2>
      </div>
      <p className={tables.note} data-empty="elsewhere">
        {text.elsewhere(kept, overview.nodeId, text.roles[role])}
      </p>
    </section>
  )
}
