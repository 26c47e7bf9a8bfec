import { useState } from 'react'
import { ask } from '../live/api.ts'
import { useMay } from '../live/use-session.ts'
import buttons from '../shell/button.module.css'
import { text } from '../text/text.ts'
import styles from './station-page.module.css'
import { stationApi } from './station-path.ts'

const words = text.stations

/** Says that nobody has entered a station, and enters it. */
export function EnterStation({ id }: { id: string }) {
  const mayEnter = useMay('technician')
  const [problem, setProblem] = useState('')
  const [isDone, setDone] = useState(false)
  async function enter(): Promise<void> {
    const answer = await ask('PUT', stationApi(id), { known: true })
    if ('data' in answer) setDone(true)
    else setProblem(answer.problem.detail || text.commands.notReached)
  }
  if (isDone) return null
  return (
    <div className={styles.flag} data-flag="not-entered">
      <b>{words.flag}</b>
      <span>{words.flagWhy}</span>
      {mayEnter && (
        <button type="button" className={buttons.button} onClick={enter}>
          {words.enter}
        </button>
      )}
      {problem && <span role="alert">{problem}</span>}
    </div>
  )
}
