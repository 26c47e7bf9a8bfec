import type { ReactNode } from 'react'
import type { FrameView, LinkView, NodeView } from '../../src/http/live-api.ts'
import { linkLabel, securityWord } from '../diagram/link-words.ts'
import { MarkIcon } from '../diagram/mark-icon.tsx'
import { isRefused } from '../frames/filter.ts'
import { useNow } from '../live/use-live.ts'
import { useAddress } from '../navigation/use-address.ts'
import { Moment } from '../shell/moment.tsx'
import { formatVersion } from '../text/format.ts'
import { text } from '../text/text.ts'
import styles from './inspector.module.css'

/** A part of the inspector under its heading. */
export function Section(props: { title: string; note?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <h3 className={styles.sectionTitle}>
        {props.title}
        {props.note !== undefined && <span className={styles.sectionNote}>{props.note}</span>}
      </h3>
      {props.children}
    </section>
  )
}

/** Names and values, one per line. */
export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={styles.facts}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Nodes as rows that open them. */
export function NodeRows({ nodes }: { nodes: readonly NodeView[] }) {
  const { select } = useAddress()
  return (
    <ul className={styles.rows}>
      {nodes.map((node) => (
        <li key={node.id}>
          <button
            type="button"
            className={styles.row}
            onClick={() => select({ type: 'node', id: node.id })}
          >
            <code>{node.id}</code>
            <span className={styles.rowNote}>
              {node.protocol ? formatVersion(node.protocol) : text.roles[node.role]}
            </span>
            <span className={styles.rowEnd} data-tone={node.state === 'down' ? 'alarm' : undefined}>
              {node.state === 'down' ? text.node.down : <Moment iso={node.since} short />}
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}

/** Links as rows that open them. */
export function LinkRows(props: {
  links: readonly LinkView[]
  /** What stands at the end of a row; default: how the link is. */
  say?: (link: LinkView, now: number) => string
}) {
  const { links, say = linkLabel } = props
  const { select } = useAddress()
  const now = useNow()
  return (
    <ul className={styles.rows}>
      {links.map((link) => (
        <li key={link.id}>
          <button
            type="button"
            className={styles.row}
            onClick={() => select({ type: 'link', id: link.id })}
          >
            <code>
              {link.from} › {link.to}
            </code>
            <span className={styles.rowWarn}>{securityWord(link)}</span>
            <span className={styles.rowEnd} data-tone={link.state === 'down' ? 'alarm' : undefined}>
              {say(link, now) || text.node.up}
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}

/** Frames as rows that open them. */
export function FrameRows({ frames }: { frames: readonly FrameView[] }) {
  const { select } = useAddress()
  return (
    <ul className={styles.rows}>
      {frames.map((frame) => (
        <li key={frame.sequence}>
          <button
            type="button"
            className={styles.row}
            onClick={() => select({ type: 'frame', sequence: frame.sequence })}
          >
            <Moment iso={frame.time} />
            <span className={styles.rowMain}>
              <MarkIcon frame={frame} />
              {frame.action || frame.kind}
            </span>
            <span className={styles.rowEnd} data-tone={isRefused(frame) ? 'alarm' : undefined}>
              {frame.errorCode ?? text.frames.reactions[frame.reaction]}
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}
