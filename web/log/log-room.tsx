import { useState } from 'react'
import { isUnguarded } from '../live/session.ts'
import { usePulse } from '../live/use-pulse.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay, useSession } from '../live/use-session.ts'
import buttons from '../shell/button.module.css'
import { FailureNote } from '../shell/failure-note.tsx'
import { DayMoment } from '../shell/moment.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import styles from './log-room.module.css'

const words = text.log
const REREAD_MS = 10_000

interface AuditPage {
  readonly entries: readonly {
    readonly id: number
    /** RFC 3339. */
    readonly at: string
    readonly who: string
    readonly what: string
    readonly object: string
    readonly outcome: number
  }[]
  readonly older?: number
}

/** The room with who changed what. */
export function LogRoom() {
  const isOpen = isUnguarded(useSession().session)
  const mayRead = useMay('admin')
  const [before, setBefore] = useState<number>()
  const isRead = mayRead && !isOpen
  const path = before === undefined ? '/api/audit' : `/api/audit?before=${before}`
  const { data, failure } = useResource<AuditPage>(isRead ? path : undefined, usePulse(REREAD_MS))
  const { older } = data ?? {}
  return (
    <section className={tables.panel} aria-labelledby="log-title">
      <div className={tables.bar}>
        <h2 className={tables.title} id="log-title">
          {words.title}
        </h2>
        <div className={tables.end}>
          {before !== undefined && (
            <button type="button" className={buttons.button} onClick={() => setBefore(undefined)}>
              {text.newest}
            </button>
          )}
          {older !== undefined && (
            <button type="button" className={buttons.button} onClick={() => setBefore(older)}>
              {text.older}
            </button>
          )}
        </div>
      </div>
      <FailureNote failure={failure} />
      {!isRead && (
        <p className={tables.note} data-empty="log">
          {isOpen ? words.nobody : words.adminsOnly}
        </p>
      )}
      {isRead && !data && failure === undefined && <p className={tables.note}>{words.waiting}</p>}
      {data?.entries.length === 0 && <p className={tables.note}>{words.empty}</p>}
      {data && data.entries.length > 0 && <Entries entries={data.entries} />}
    </section>
  )
}

function Entries({ entries }: Pick<AuditPage, 'entries'>) {
  return (
    <div className={tables.scroller}>
      <table className={`${tables.table} ${styles.table}`}>
        <thead>
          <tr>
            {Object.entries(words.columns).map(([name, label]) => (
              <th key={name} scope="col" data-column={name}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {entries.map(({ id, at, who, what, object, outcome }) => (
            <tr key={id} className={styles.row} data-audit={what}>
              <td data-column="at">
                <DayMoment iso={at} />
              </td>
              <th scope="row" data-column="who">
                {who}
              </th>
              <td data-column="what">{what}</td>
              <td data-column="object">
                <code>{object === '{}' ? '' : object}</code>
              </td>
              <td data-column="outcome">
                {outcome < 400 ? (
                  words.done
                ) : (
                  <b className={styles.refused}>{words.refused(outcome)}</b>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
