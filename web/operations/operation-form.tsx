import { type FormEvent, type RefObject, useEffect, useRef, useState } from 'react'
import type { StationDetail, TransactionView } from '../../src/http/live-api.ts'
import { AskFirst } from '../shell/ask-first.tsx'
import buttons from '../shell/button.module.css'
import forms from '../shell/form.module.css'
import { stationApi } from '../stations/station-path.ts'
import { text } from '../text/text.ts'
import { actionsOf } from './actions.ts'
import { AskedNote, useAsked } from './asked.tsx'
import { CommandField } from './command-field.tsx'
import { anyAction, type Command, commandsOf, fieldAt, type Values } from './commands.ts'
import styles from './operation-form.module.css'

const words = text.commands

/** Lets a station do something, and shows what becomes of it. */
export function OperationForm(props: {
  station: StationDetail
  running: readonly TransactionView[]
}) {
  const { station, running } = props
  const { protocol } = station
  const commands = commandsOf(protocol)
  const [name, setName] = useState<Command['name']>('start')
  const [action, setAction] = useState('')
  const command = commands.find((one) => one.name === name) ?? anyAction(action)
  const [values, setValues] = useState<Values>({})
  const [question, setQuestion] = useState<string>()
  const form = useRef<HTMLFormElement>(null)
  const { asked, run } = useRun(station.station, form)
  const { problem, isSent, forget } = asked
  const complete = { ...defaultsOf(command, running), ...chosen(command, values) }
  const wrong = problem && fieldAt(command, problem.pointer)
  const label = name === 'any' && action ? words.send(action) : words.names[name]

  function submit(event: FormEvent): void {
    event.preventDefault()
    const asked = command.question?.(complete, { station: station.station, running })
    if (asked === undefined) void run(command, complete)
    else setQuestion(asked)
  }

  return (
    <form ref={form} className={forms.form} onSubmit={submit} aria-label={words.title}>
      <div className={forms.field}>
        <label className={forms.label} htmlFor="operation-name">
          {words.what}
        </label>
        <select
          id="operation-name"
          className={forms.input}
          value={name}
          onChange={({ target }) => {
            setName(target.value as Command['name'])
            forget()
          }}
        >
          {commands.map((one) => (
            <option key={one.name} value={one.name}>
              {words.names[one.name]}
            </option>
          ))}
          <option value="any">{words.names.any}</option>
        </select>
      </div>
      {name === 'any' && (
        <div className={forms.field}>
          <label className={forms.label} htmlFor="operation-action">
            {words.action}
          </label>
          <input
            id="operation-action"
            className={forms.input}
            list="operation-actions"
            pattern="[A-Za-z]+"
            required
            value={action}
            onChange={({ target }) => setAction(target.value)}
          />
          <datalist id="operation-actions">
            {actionsOf(protocol).map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </div>
      )}
      <div className={styles.fields}>
        {command.fields.map((field) => (
          <CommandField
            key={`${name} ${field.name}`}
            field={field}
            value={complete[field.name] ?? ''}
            running={running}
            problem={wrong === field ? problem?.detail : undefined}
            onChange={(value) => setValues((old) => ({ ...old, [field.name]: value }))}
          />
        ))}
      </div>
      <p className={forms.buttons}>
        <button type="submit" className={buttons.primary} disabled={isSent}>
          {label}
        </button>
      </p>
      <AskedNote asked={asked} isPlaced={wrong !== undefined} />
      <AskFirst
        question={question}
        doIt={label}
        onNo={() => setQuestion(undefined)}
        onYes={() => {
          setQuestion(undefined)
          void run(command, complete)
        }}
      />
    </form>
  )
}

/** Sends a command; a field that is wrong gets the focus. */
function useRun(station: string, form: RefObject<HTMLFormElement | null>) {
  const asked = useAsked()
  const { problem, refuse } = asked
  useEffect(() => {
    if (problem) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [problem, form])

  async function run(command: Command, values: Values): Promise<void> {
    asked.forget()
    const request = requestOf(command, values)
    if ('problem' in request) return refuse({ status: 422, detail: request.problem, pointer: '' })
    const action = encodeURIComponent(command.action)
    await asked.send('POST', `${stationApi(station)}/operations/${action}`, request.body)
  }

  return { asked, run }
}

function requestOf(command: Command, values: Values): { body: object } | { problem: string } {
  try {
    return { body: command.request(values) }
  } catch (error) {
    return { problem: words.notJson(error instanceof Error ? error.message : '') }
  }
}

/** What stands in a field before somebody has written into it. */
function defaultsOf(command: Command, running: readonly TransactionView[]): Values {
  const entries = command.fields.map(({ name, kind, options }) => {
    if (kind === 'choice') return [name, options?.[0]]
    if (kind === 'running') return [name, running[0]?.transactionId]
    return [name, kind === 'json' ? '{}' : undefined]
  })
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** What was written, without choices of another command that this one does not have. */
function chosen(command: Command, values: Values): Values {
  const entries = command.fields.flatMap(({ name, kind, options }) => {
    const value = values[name]
    const isKept = value !== undefined && (kind !== 'choice' || options?.includes(value))
    return isKept ? [[name, value]] : []
  })
  return Object.fromEntries(entries)
}
