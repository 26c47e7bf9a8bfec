import type { SecurityEventPage } from '../../src/http/live-api.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import type { AuditPage } from '../log/audit-page.ts'
import { failureWords } from '../shell/failure-note.tsx'
import { DayMoment } from '../shell/moment.tsx'
import { stationPath } from '../stations/station-path.ts'
import { text } from '../text/text.ts'
import { GoTo } from './go-to.tsx'
import styles from './inspector.module.css'
import { Facts, Section } from './parts.tsx'
import { PayloadTree } from './payload-tree.tsx'

const words = text.log

/** An entry of the log: who changed what, when, and all that is known of it. */
export function AuditInspector({ number }: { number: number }) {
  const mayRead = useMay('admin')
  const path = mayRead ? onlyOne('/api/audit', number) : undefined
  const { data, failure } = useResource<AuditPage>(path)
  if (!mayRead) return <p className={styles.note}>{words.adminsOnly}</p>
  const entry = data?.entries.find(({ id }) => id === number)
  if (!entry) return <Missing failure={failure} isRead={data !== undefined} />
  const { at, who, what, object, outcome } = entry
  const outcomeWord = outcome < 400 ? words.done : words.refused(outcome)
  return (
    <>
      <Section title={text.inspector.sections.facts}>
        <Facts
          rows={[
            [words.columns.at, <DayMoment key="at" iso={at} />],
            [words.columns.who, who],
            [words.columns.what, what],
            [words.columns.outcome, outcomeWord],
          ]}
        />
      </Section>
      <Section title={words.columns.object}>
        <Details object={object} />
      </Section>
    </>
  )
}

/** What a station reported of its security. */
export function SecurityEventInspector({ number }: { number: number }) {
  const { data, failure } = useResource<SecurityEventPage>(onlyOne('/api/security-events', number))
  const event = data?.events.find(({ id }) => id === number)
  if (!event) return <Missing failure={failure} isRead={data !== undefined} />
  const { columns } = words.security
  return (
    <>
      <div className={styles.verdict}>
        <GoTo room={stationPath(event.station)} query={(old) => old} label={text.stations.open} />
      </div>
      <Section title={text.inspector.sections.facts}>
        <Facts
          rows={[
            [columns.station, <code key="station">{event.station}</code>],
            [columns.type, event.type],
            [columns.at, <DayMoment key="at" iso={event.receivedAt} />],
            [columns.said, <DayMoment key="said" iso={event.timestamp} />],
          ]}
        />
      </Section>
      <Section title={columns.object}>
        {event.techInfo === undefined ? (
          <p className={styles.note}>{text.none}</p>
        ) : (
          <p className={styles.whole}>{event.techInfo}</p>
        )}
      </Section>
    </>
  )
}

function Missing({ failure, isRead }: { failure: number | undefined; isRead: boolean }) {
  const note = failure !== undefined ? failureWords(failure) : isRead ? words.gone : words.waiting
  return <p className={styles.note}>{note}</p>
}

function Details({ object }: { object: string }) {
  const parsed = parse(object)
  if (parsed === undefined) return <p className={styles.whole}>{object}</p>
  if (Object.keys(parsed).length === 0) return <p className={styles.note}>{text.none}</p>
  return <PayloadTree payload={parsed} problems={[]} />
}

function parse(object: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(object)
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined
  }
}

/** The page that begins with an entry: lists have no other way to one. */
function onlyOne(path: string, number: number): string {
  return `${path}?before=${number + 1}&limit=1`
}
