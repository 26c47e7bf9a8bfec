import { useState } from 'react'
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
    setProgress({ is: 'told', what: await ask() })
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

async function ask(): Promise<string> {
  try {
    const response = await fetch('/api/simulated-stations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    const { id, error = '' } = (await response.json()) as { id?: string; error?: string }
    return id === undefined ? words.refused(response.status, error) : words.started(id)
  } catch {
    return words.notReached
  }
}
