import type { ReactNode } from 'react'
import { useLive } from '../live/use-live.ts'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'

/** A room of what only a node has that signs; elsewhere it says what that means and what to do. */
export function WhereSigned({ title, children }: { title: string; children: () => ReactNode }) {
  const overview = useLive((state) => state.overview)
  if (!overview) return <p className={tables.note}>{text.diagram.waiting}</p>
  if (overview.keys) return children()
  return (
    <section className={tables.panel} aria-labelledby="insecure-title">
      <div className={tables.bar}>
        <h2 className={tables.title} id="insecure-title">
          {title}
        </h2>
      </div>
      <div className={tables.note} data-empty="insecure">
        <p>
          <b className={tables.warn}>{text.insecureNode.what}</b>
        </p>
        <p>
          {text.insecureNode.next} <code>{text.keys.joinCommand('CODE')}</code>
        </p>
      </div>
    </section>
  )
}
