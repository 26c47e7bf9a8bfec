import { useState } from 'react'
import type { RuleHistory as History, RuleEvent } from '../../src/http/live-api.ts'
import { useTrustPulse } from '../keys/trust-changes.ts'
import { useResource } from '../live/use-resource.ts'
import buttons from '../shell/button.module.css'
import { failureWords } from '../shell/failure-note.tsx'
import { DayMoment } from '../shell/moment.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import { DiffText } from './diff-text.tsx'
import { type Told, withBefore } from './history.ts'
import { apiOf, beginning, type OfKind, textOf } from './kinds.ts'
import styles from './rule-history.module.css'

/** What became of a document, by the audit log of this node: newest first. */
export function RuleHistory({ of, name }: { of: OfKind; name: string }) {
  const { history } = of.words
  const [before, setBefore] = useState<number>()
  const query = before === undefined ? '' : `?before=${before}`
  const { data, failure } = useResource<History>(`${apiOf(of, name)}/history${query}`, useTrustPulse()) // biome-ignore format: one line
  if (!data) {
    const note = failure === undefined ? of.words.waiting : failure === 404 ? history.none : failureWords(failure) // biome-ignore format: one line
    return <p className={tables.note}>{note}</p>
  }
  const { entries, older } = data
  return (
    <section className={styles.part} aria-label={of.words.parts.history}>
      {entries.length === 0 && <p data-empty="history">{history.empty}</p>}
      <ol>
        {withBefore(entries).map((told) => (
          <Entry key={told.entry.seq} of={of} told={told} />
        ))}
      </ol>
      <p className={styles.buttons}>
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
      </p>
    </section>
  )
}

function Entry({ of, told: { entry, before } }: { of: OfKind; told: Told }) {
  const { history } = of.words
  const { time, event, version, digest } = entry
  const isDeleted = event === 'changed' && version === undefined
  return (
    <li className={styles.entry} data-event={event} data-version={version ?? ''}>
      <p className={styles.line}>
        <DayMoment iso={time} />
        <b>{isDeleted ? history.deletedOnTrial : history.events[event]}</b>
        <span>{whoWords(of, entry)}</span>
        {version !== undefined && <span>{text.trial.version(version)}</span>}
        {digest !== undefined && <code title={digest}>{beginning(digest)}…</code>}
      </p>
      {entry.document && <Difference of={of} document={entry.document} before={before} />}
    </li>
  )
}

function Difference(props: {
  of: OfKind
  document: NonNullable<RuleEvent['document']>
  before: RuleEvent['document']
}) {
  const { of, document, before } = props
  const { history } = of.words
  return (
    <details>
      <summary className={styles.summary}>
        {before ? history.difference(Number(before.version)) : history.first}
      </summary>
      {!before && <p className={styles.hint}>{history.notKnown}</p>}
      <DiffText before={before ? textOf(before) : ''} after={textOf(document)} />
    </details>
  )
}

function whoWords({ words }: OfKind, { user, by }: RuleEvent): string {
  if (user !== undefined) return words.history.by(user, by ?? '')
  return by ?? ''
}
