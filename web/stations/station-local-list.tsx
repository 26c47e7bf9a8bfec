import type { LocalListView } from '../../src/http/live-api.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { AskButton, AskedNote, useAsked } from '../operations/asked.tsx'
import forms from '../shell/form.module.css'
import { DayMoment } from '../shell/moment.tsx'
import { formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import type { OfStation } from './part.tsx'
import styles from './station-page.module.css'
import { stationApi } from './station-path.ts'

const words = text.stations.localList
/** More than anybody reads. */
const MAX_SHOWN = 200

/** Whom a station lets charge while it is offline, as it has taken the list. */
export function StationLocalList({ of }: { of: OfStation }) {
  const path = `${stationApi(of.id)}/local-list`
  const asked = useAsked<{ messages: number; leftOut: number }>()
  const maySend = useMay('technician')
  const { data } = useResource<LocalListView>(path, of.version)
  if (!data) return <p className={styles.note}>{text.transactions.waiting}</p>
  const { version, changedAt, entries, job } = data
  return (
    <>
      {version === 0 && entries ? (
        <p className={styles.note} data-empty="local-list">
          {maySend ? words.empty : words.emptyForViewers}
        </p>
      ) : (
        <p data-list-version={version}>
          {entries ? words.version(version, formatCount(entries.length)) : words.unknown(version)}{' '}
          {changedAt !== undefined && <DayMoment iso={changedAt} />}
        </p>
      )}
      {job && (
        <p className={styles.note} data-list-job={job.problem === undefined ? 'running' : 'failed'}>
          {words.job(job.messages, job.taken, job.problem)}
        </p>
      )}
      {entries && entries.length > 0 && <Entries entries={entries} />}
      {maySend && (
        <p className={`${forms.buttons} ${styles.more}`}>
          <AskButton
            label={words.send}
            isSent={asked.isSent}
            onClick={() => void asked.send('PUT', path, {})}
          />
        </p>
      )}
      {asked.done && (
        <p className={styles.note} data-sent={asked.done.messages}>
          {words.sent(asked.done.messages)}{' '}
          {asked.done.leftOut > 0 && words.leftOut(asked.done.leftOut)}
        </p>
      )}
      <AskedNote asked={asked} />
    </>
  )
}

function Entries({ entries }: Required<Pick<LocalListView, 'entries'>>) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keys */}
      <section className={styles.scroller} tabIndex={0} aria-label={words.entries}>
        <table className={styles.table}>
          <thead>
            <tr>
              {words.columns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {entries.slice(0, MAX_SHOWN).map(({ token, status, expiresAt }) => (
              <tr key={token} data-entry={token}>
                <td>
                  <code>{token}</code>
                </td>
                <td>{status}</td>
                <td>{expiresAt ? <DayMoment iso={expiresAt} /> : text.tokens.never}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {entries.length > MAX_SHOWN && (
        <p className={styles.note}>
          {text.ofAll(formatCount(MAX_SHOWN), formatCount(entries.length))}
        </p>
      )}
    </>
  )
}
