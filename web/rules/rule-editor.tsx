import { useId, useState } from 'react'
import { useNavigate } from 'react-router'
import type { RuleChangeView, RuleDetail, RulePage } from '../../src/http/live-api.ts'
import { trustChanges } from '../keys/trust-changes.ts'
import { type ApiProblem, ask } from '../live/api.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import buttons from '../shell/button.module.css'
import forms from '../shell/form.module.css'
import { text } from '../text/text.ts'
import { Differences } from './differences.tsx'
import { JsonEditor } from './json-editor.tsx'
import { lineOf } from './json-place.ts'
import { apiOf, type OfKind, textOf } from './kinds.ts'
import styles from './rule-editor.module.css'

const TRIAL_S = 60
const DOCUMENT = '/document'

/** What came of what was asked for last. */
type Outcome =
  | { readonly is: 'nothing' }
  | { readonly is: 'wrong'; readonly problem: ApiProblem; readonly line: number | undefined }
  | { readonly is: 'tried'; readonly version: number; readonly change: RuleChangeView }
  | { readonly is: 'put'; readonly version: number; readonly digest: string | undefined }

/**
 * The text of a document: to read, to try, and to put in force.
 *
 * @param props.known What holds; undefined: a new document is written.
 */
export function RuleEditor(props: { of: OfKind; known: RuleDetail | undefined; isGone?: boolean }) {
  const { of, known, isGone = false } = props
  const { words } = of
  const mayChange = useMay('admin')
  const { data: page } = useResource<RulePage>(of.api)
  const navigate = useNavigate()
  const [draft, setDraft] = useState(() => textOf(known?.document ?? of.template))
  const [outcome, setOutcome] = useState<Outcome>({ is: 'nothing' })
  const [seconds, setSeconds] = useState(`${TRIAL_S}`)
  /** What the draft was begun from: what others have put in force since is not overwritten. */
  const versionNow = isGone ? 0 : (known?.version ?? 0)
  const [base, setBase] = useState(versionNow)
  const [problemId, secondsId] = [useId(), useId()]
  const next = known?.nextVersion ?? 1

  async function send(dryRun: boolean): Promise<void> {
    const document = parsed(draft)
    if (typeof document === 'string') return setOutcome({ is: 'wrong', problem: { status: 0, detail: words.noJson(document) }, line: undefined }) // biome-ignore format: one line
    // What was undone holds no more: the draft is to replace what came back.
    const isUndone = outcome.is === 'put' && stateOf(outcome, known, isGone) === 'rolled-back'
    const expectedVersion = isUndone ? versionNow : base
    const version = raised(document.version, expectedVersion, next)
    const name = known?.name ?? String(document.name ?? '')
    const trial = { confirmWithinS: Number(seconds) }
    const body = { document: { ...document, version }, expectedVersion, dryRun, ...trial }
    const answer = await ask<RuleChangeView>('PUT', apiOf(of, name || '?'), body)
    if ('problem' in answer) return setOutcome(wrong(answer.problem, draft))
    const change = answer.data
    if (dryRun) return setOutcome({ is: 'tried', version: Number(version), change })
    setDraft(textOf({ ...document, version }))
    setBase(Number(version))
    setOutcome({ is: 'put', version: Number(version), digest: change.documents[0]?.digest })
    trustChanges.note()
    if (!known) navigate(`${of.room}/${encodeURIComponent(name)}`)
  }

  function reload(): void {
    setDraft(textOf(known?.document ?? of.template))
    setBase(versionNow)
    setOutcome({ is: 'nothing' })
  }

  const wrongLine = outcome.is === 'wrong' ? outcome.line : undefined
  return (
    <section className={styles.part} aria-label={words.editor}>
      <p className={styles.note}>{mayChange ? words.raised(next) : words.readOnly}</p>
      {mayChange && page?.confirmers.length === 0 && (
        <p className={styles.warn} data-confirmers="0">
          {text.trial.nobody}
        </p>
      )}
      <JsonEditor
        label={words.editor}
        value={draft}
        onChange={mayChange ? setDraft : undefined}
        wrongLine={wrongLine}
        describedBy={outcome.is === 'wrong' ? problemId : undefined}
      />
      {mayChange && (
        <p className={forms.buttons}>
          <button type="button" className={buttons.button} onClick={() => send(true)}>
            {words.try}
          </button>
          <label className={styles.seconds} htmlFor={secondsId}>
            {words.trySeconds}
            <input
              id={secondsId}
              className={forms.input}
              type="number"
              min="1"
              max="3600"
              value={seconds}
              onChange={({ target }) => setSeconds(target.value)}
            />
          </label>
          <button type="button" className={buttons.primary} onClick={() => send(false)}>
            {words.put}
          </button>
          {known && (
            <button type="button" className={buttons.button} onClick={reload}>
              {words.reload}
            </button>
          )}
        </p>
      )}
      <OutcomeNote of={of} outcome={outcome} known={known} isGone={isGone} id={problemId} />
    </section>
  )
}

function OutcomeNote(props: {
  of: OfKind
  outcome: Outcome
  known: RuleDetail | undefined
  isGone: boolean
  id: string
}) {
  const { of, outcome, known, isGone, id } = props
  const { words } = of
  if (outcome.is === 'nothing') return null
  if (outcome.is === 'wrong') {
    const { problem, line } = outcome
    const detail = problem.detail || text.commands.notReached
    return (
      <p className={forms.problem} role="alert" id={id}>
        {line === undefined ? detail : words.at(line, detail)}
      </p>
    )
  }
  if (outcome.is === 'tried') {
    return (
      <div role="status" data-outcome="tried">
        <p>{words.tried(outcome.version)}</p>
        <Differences of={of} differences={outcome.change.differences ?? []} />
      </div>
    )
  }
  const state = stateOf(outcome, known, isGone)
  return (
    <p role="status" data-outcome={state}>
      {state === 'on-trial' && words.accepted(outcome.version)}
      {state === 'confirmed' && words.confirmed(outcome.version)}
      {state === 'rolled-back' &&
        (isGone
          ? words.gone(known?.name ?? '')
          : words.rolledBack(outcome.version, known?.version ?? 0))}{' '}
      {/* biome-ignore format: one line */}
    </p>
  )
}

/** What became of a document that was put in force, by what holds now. */
function stateOf(
  { version, digest }: Extract<Outcome, { is: 'put' }>,
  known: RuleDetail | undefined,
  isGone: boolean,
): 'on-trial' | 'confirmed' | 'rolled-back' {
  if (isGone) return 'rolled-back'
  if (known?.digest === digest) return known?.onTrial ? 'on-trial' : 'confirmed'
  // Read before it was put in force: not told yet.
  return known && known.nextVersion > version ? 'rolled-back' : 'on-trial'
}

function wrong(problem: ApiProblem, draft: string): Outcome {
  const { pointer } = problem
  const isInside = pointer?.startsWith(DOCUMENT)
  return { is: 'wrong', problem, line: isInside ? lineOf(draft, (pointer ?? '').slice(DOCUMENT.length)) : undefined } // biome-ignore format: one line
}

/** The version that was written, or the next one where nobody has written a new one. */
function raised(written: unknown, base: number, next: number): unknown {
  return typeof written === 'number' && written <= Math.max(base, next - 1) ? next : written
}

/** The document, or why the text is none. */
function parsed(draft: string): Readonly<Record<string, unknown>> | string {
  try {
    const value: unknown = JSON.parse(draft)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown> // biome-ignore format: one line
    return '{ … }'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
