import { useState } from 'react'
import { ask } from '../live/api.ts'
import { text } from '../text/text.ts'
import buttons from './button.module.css'
import styles from './overlay-room.module.css'

const words = text.simulation

type Progress = { readonly is: 'idle' | 'sent' } | { readonly is: 'told'; readonly what: string }

/** Starts a simulated station at this node, and says what became of it. */
export function StartSimulated() {
  const [progress, setProgress] = useState<Progress>({ is: 'idle' })
  async function start(): Promise<void> {
    setProgress({ is: 'sent' })
    setProgress({ is: 'told', what: await startOne() })
  }
  return (
    <>
      <button
        type="button"
        className={buttons.button}
        disabled={progress.is === 'sent'}
        onClick={start}
      >
        {words.start}
      </button>
      <span className={styles.told} role="status">
        {progress.is === 'sent' && words.starting}
        {progress.is === 'told' && progress.what}
      </span>
    </>
  )
}

async function startOne(): Promise<string> {
  const answer = await ask<{ id: string }>('POST', '/api/simulated-stations', {})
  if ('data' in answer) return words.started(answer.data.id)
  const { status, detail } = answer.problem
  return status === 0 ? words.notReached : words.refused(status, detail)
}
