import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { isUnguarded } from '../live/session.ts'
import { usePulse } from '../live/use-pulse.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay, useSession } from '../live/use-session.ts'
import { parseLogPart } from '../navigation/log-address.ts'
import { useAddress } from '../navigation/use-address.ts'
import { AtCsms } from '../shell/at-csms.tsx'
import { FailureNote } from '../shell/failure-note.tsx'
import { DayMoment } from '../shell/moment.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import type { AuditPage } from './audit-page.ts'
import { LogBar } from './log-bar.tsx'
import styles from './log-room.module.css'
import { SecurityEvents } from './security-events.tsx'

const words = text.log
const REREAD_MS = 10_000

/** The room with who changed what, and what stations reported of their security. */
export function LogRoom() {
  const [query] = useSearchParams()
  const role = useMay('admin') ? 'changes' : 'security'
  return (parseLogPart(query) ?? role) === 'security' ? <Security /> : <Changes />
}

function Security() {
  return (
    <AtCsms title={words.title} kept={words.security.kept}>
      {() => <SecurityEvents />}
    </AtCsms>
  )
}

function Changes() {
  const isOpen = isUnguarded(useSession().session)
  const mayRead = useMay('admin')
  const [before, setBefore] = useState<number>()
  const isRead = mayRead && !isOpen
  const path = before === undefined ? '/api/audit' : `/api/audit?before=${before}`
  const { data, failure } = useResource<AuditPage>(isRead ? path : undefined, usePulse(REREAD_MS))
  const { older } = data ?? {}
  return (
    <section className={tables.panel} aria-labelledby="log-title">
      <LogBar
        part="changes"
        onNewest={before === undefined ? undefined : () => setBefore(undefined)}
        onOlder={older === undefined ? undefined : () => setBefore(older)}
      />
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

const COLUMNS = columnsOf<AuditPage['entries'][number], keyof typeof words.columns>(words.columns, {
  at: ({ at }) => <DayMoment iso={at} />,
  who: ({ who }) => who,
  what: ({ what }) => what,
  object: ({ object }) => <code>{object === '{}' ? '' : object}</code>,
  outcome: ({ outcome }) =>
    outcome < 400 ? words.done : <b className={styles.refused}>{words.refused(outcome)}</b>,
})

function Entries({ entries }: Pick<AuditPage, 'entries'>) {
  const { selection, select } = useAddress()
  return (
    <RoomTable
      columns={COLUMNS}
      head="who"
      rows={entries}
      keyOf={({ id }) => id}
      data={({ what }) => ({ 'data-audit': what })}
      className={styles.table}
      opening={{
        open: ({ id }) => select({ type: 'audit', number: id }),
        isOpen: ({ id }) => selection?.type === 'audit' && selection.number === id,
      }}
    />
  )
}
