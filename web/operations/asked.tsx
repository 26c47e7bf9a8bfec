import { useState } from 'react'
import type { OperationView } from '../../src/http/live-api.ts'
import { type ApiProblem, ask } from '../live/api.ts'
import buttons from '../shell/button.module.css'
import forms from '../shell/form.module.css'
import { text } from '../text/text.ts'
import styles from './operation-form.module.css'
import { OperationLife } from './operation-life.tsx'
import { useOperation } from './use-operations.ts'

/** A change that becomes an operation towards a station, and what was said when it was asked for. */
export interface Asked<T = object> {
  readonly problem: ApiProblem | undefined
  readonly done: (OperationView & T) | undefined
  /** On its way, and not answered yet. */
  readonly isSent: boolean
  readonly send: (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<void>
  readonly refuse: (problem: ApiProblem) => void
  readonly forget: () => void
}

/** Asks for changes that become operations, one at a time. */
export function useAsked<T = object>(): Asked<T> {
  const [problem, setProblem] = useState<ApiProblem>()
  const [done, setDone] = useState<OperationView & T>()
  const [isSent, setSent] = useState(false)

  function forget(): void {
    setProblem(undefined)
    setDone(undefined)
  }

  async function send(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<void> {
    forget()
    setSent(true)
    const answer = await ask<OperationView & T>(method, path, body)
    setSent(false)
    if ('data' in answer) setDone(answer.data)
    else setProblem(answer.problem)
  }

  return { problem, done, isSent, send, refuse: setProblem, forget }
}

/** What is wrong with what was asked for, unless it stands at a field; else what became of it. */
export function AskedNote({
  asked: { problem, done },
  isPlaced = false,
}: {
  asked: Pick<Asked, 'problem' | 'done'>
  isPlaced?: boolean
}) {
  return (
    <>
      {problem && !isPlaced && (
        <p className={forms.problem} role="alert">
          {problem.status === 0 ? text.commands.notReached : problem.detail}
        </p>
      )}
      <div className={styles.done} role="status">
        {done && <Done operation={done} />}
      </div>
    </>
  )
}

/** What was asked for last, and what has become of it by now. */
function Done({ operation }: { operation: OperationView }) {
  const { operation: now = operation } = useOperation(operation.id)
  return (
    <>
      <b>{now.action}</b>
      <OperationLife operation={now} />
    </>
  )
}

/** A button that asks for a change. */
export function AskButton(props: { label: string; isSent: boolean; onClick: () => void }) {
  return (
    <button
      type="button"
      className={buttons.button}
      disabled={props.isSent}
      onClick={props.onClick}
    >
      {props.label}
    </button>
  )
}
