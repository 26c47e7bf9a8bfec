import { useState } from 'react'
import type { RulePage, RuleTrial } from '../../src/http/live-api.ts'
import { trustChanges, useTrustPulse } from '../keys/trust-changes.ts'
import { ask } from '../live/api.ts'
import { useLive, useNow } from '../live/use-live.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import buttons from '../shell/button.module.css'
import { formatCountdown } from '../text/format.ts'
import { text } from '../text/text.ts'
import styles from './trial-note.module.css'

const words = text.trial

/** What is on trial at this node, how long still, and what ends it well; nothing where nothing is. */
export function TrialNote() {
  const overview = useLive((state) => state.overview)
  const isOn = overview?.keys?.trialEndsAt !== undefined
  const { data } = useResource<RulePage>(isOn ? '/api/policies' : undefined, useTrustPulse())
  if (!isOn || !data?.trial) return null
  return <Trial trial={data.trial} confirmers={data.confirmers} nodeId={overview.nodeId} />
}

/** No rules keep whoever reads this from this page, so he may say that they stay. */
function KeepHere() {
  const isAdmin = useMay('admin')
  const [problem, setProblem] = useState<string>()
  const onKeep = async () => {
    const answer = await ask('POST', '/api/rules/confirmation', {})
    setProblem('problem' in answer ? answer.problem.detail : undefined)
    trustChanges.note()
  }
  return (
    <>
      <p data-confirmers="0">{words.nobody}</p>
      {isAdmin && (
        <p>
          <button type="button" className={buttons.button} onClick={onKeep}>
            {words.keep}
          </button>
        </p>
      )}
      {problem !== undefined && <p role="alert">{problem}</p>}
    </>
  )
}

function Trial(props: { trial: RuleTrial; confirmers: readonly string[]; nodeId: string }) {
  const { trial, confirmers, nodeId } = props
  const [confirmer] = confirmers
  const leftMs = Date.parse(trial.endsAt) - useNow()
  return (
    <section className={styles.trial} aria-label={words.title} data-trial={trial.endsAt}>
      <p className={styles.head}>
        <b>{words.title}</b>{' '}
        {trial.documents.map(({ kind, name, version }) => (
          <span key={`${kind} ${name}`} className={styles.document}>
            {words.documents[kind]} <code>{name}</code>{' '}
            {version === undefined ? words.deleted : words.version(version)}
          </span>
        ))}
        <span data-left="">{leftMs > 0 ? words.left(formatCountdown(leftMs)) : words.over}</span>
      </p>
      <p>{words.sentence}</p>
      {confirmer === undefined ? (
        <KeepHere />
      ) : (
        <p>
          {words.how(text.rules.or(confirmers))} <code>{words.command(nodeId, confirmer)}</code>
        </p>
      )}
    </section>
  )
}
