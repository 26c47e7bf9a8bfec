import { useState } from 'react'
import type { QuarantinedView, QuarantinePage } from '../../src/http/live-api.ts'
import { trustChanges, useTrustPulse } from '../keys/trust-changes.ts'
import { ask } from '../live/api.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { AskFirst } from '../shell/ask-first.tsx'
import buttons from '../shell/button.module.css'
import { DayMoment } from '../shell/moment.tsx'
import { text } from '../text/text.ts'
import styles from './quarantine.module.css'

const words = text.quarantine

/** What policies of this node keep back; nothing where nothing is. */
export function Quarantine() {
  const { data } = useResource<QuarantinePage>('/api/quarantine', useTrustPulse())
  if (!data || data.frames.length === 0) return null
  return (
    <section className={styles.quarantine} aria-labelledby="quarantine-title">
      <h3 className={styles.title} id="quarantine-title">
        {words.title(data.frames.length)}
      </h3>
      <p className={styles.lead}>{words.lead}</p>
      <ul className={styles.frames}>
        {data.frames.map((frame) => (
          <Held key={frame.id} frame={frame} />
        ))}
      </ul>
    </section>
  )
}

type Ending = 'release' | 'discard'

function Held({ frame }: { frame: QuarantinedView }) {
  const { id, since, source, destination, action, reason, sentence, payload } = frame
  const isAdmin = useMay('admin')
  const [asked, setAsked] = useState<Ending>()
  const [problem, setProblem] = useState<string>()
  const onYes = async (ending: Ending) => {
    setAsked(undefined)
    const path = `/api/quarantine/${id}`
    const answer = await (ending === 'release' ? ask('POST', `${path}/release`, {}) : ask('DELETE', path)) // biome-ignore format: one line
    setProblem('problem' in answer ? answer.problem.detail : undefined)
    trustChanges.note()
  }
  return (
    <li className={styles.frame} data-quarantined={id}>
      <p>
        <b>{action}</b> {words.between(source, destination)} <DayMoment iso={since} />
      </p>
      <p>
        <code>{reason}</code> {sentence}
      </p>
      {payload !== undefined && (
        <details>
          <summary>{words.says}</summary>
          <pre className={styles.payload}>{JSON.stringify(payload, undefined, 2)}</pre>
        </details>
      )}
      {isAdmin && (
        <p className={styles.buttons}>
          <button type="button" className={buttons.button} onClick={() => setAsked('release')}>
            {words.release}
          </button>
          <button type="button" className={buttons.danger} onClick={() => setAsked('discard')}>
            {words.discard}
          </button>
        </p>
      )}
      {problem !== undefined && <p role="alert">{problem}</p>}
      <AskFirst
        question={asked && words.questions[asked](action, source)}
        doIt={asked ? words[asked] : ''}
        onYes={() => asked && onYes(asked)}
        onNo={() => setAsked(undefined)}
      />
    </li>
  )
}
