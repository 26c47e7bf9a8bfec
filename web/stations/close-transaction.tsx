import { useState } from 'react'
import type { TransactionView } from '../../src/http/live-api.ts'
import { ask } from '../live/api.ts'
import { useMay } from '../live/use-session.ts'
import { AskFirst } from '../shell/ask-first.tsx'
import buttons from '../shell/button.module.css'
import { text } from '../text/text.ts'

const words = text.stations

/** Closes a transaction whose end nobody will tell; without the right to, nothing. */
export function CloseTransaction({
  transaction: { number, transactionId, station },
  onClosed,
}: {
  transaction: TransactionView
  onClosed: () => void
}) {
  const mayClose = useMay('operator')
  const [isAsking, setAsking] = useState(false)
  const [problem, setProblem] = useState('')
  if (!mayClose) return null
  async function close(): Promise<void> {
    setAsking(false)
    const answer = await ask('POST', `/api/transactions/${number}/close`, {})
    if ('data' in answer) onClosed()
    else setProblem(answer.problem.detail || text.commands.notReached)
  }
  return (
    <>
      <button type="button" className={buttons.button} onClick={() => setAsking(true)}>
        {words.close}
      </button>
      {problem && <span role="alert">{problem}</span>}
      <AskFirst
        question={isAsking ? words.askClose(transactionId, station) : undefined}
        doIt={words.close}
        onNo={() => setAsking(false)}
        onYes={() => void close()}
      />
    </>
  )
}
