import { type FormEvent, useState } from 'react'
import type { TokenView } from '../../src/http/live-api.ts'
import { type ApiProblem, ask } from '../live/api.ts'
import { usePermission } from '../live/use-session.ts'
import { useAddress } from '../navigation/use-address.ts'
import { AskFirst } from '../shell/ask-first.tsx'
import buttons from '../shell/button.module.css'
import forms from '../shell/form.module.css'
import { FormField, localMoment, momentOf } from '../shell/form-field.tsx'
import { text } from '../text/text.ts'
import styles from './token-form.module.css'
import { tokenList } from './token-list.ts'

const words = text.tokens
const TYPES = ['ISO14443', 'ISO15693', 'Central', 'DirectPayment', 'eMAID', 'EVCCID', 'KeyCode', 'Local', 'MacAddress', 'NoAuthorization', 'VIN'] // biome-ignore format: one line

/** Enters a token or, given one, changes, blocks or removes it. */
export function TokenForm({ token }: { token: TokenView | undefined }) {
  const { select } = useAddress()
  const [problem, setProblem] = useState<ApiProblem>()
  const [question, setQuestion] = useState<string>()
  const name = token?.idToken ?? token?.fingerprint ?? ''
  const path = token && `/api/tokens/${token.id}`
  // What is not shown is not said either, or it would be taken away.
  const maySee = usePermission('tokens:read') || !token

  async function save(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    const body = bodyOf(new FormData(event.currentTarget), token)
    const answer = path
      ? await ask<TokenView>('PATCH', path, body)
      : await ask<TokenView>('POST', '/api/tokens', body)
    if ('problem' in answer) return setProblem(answer.problem)
    setProblem(undefined)
    tokenList.changed(answer.data)
    if (!token) select(undefined)
  }

  async function setStatus(status: TokenView['status']): Promise<void> {
    if (!path) return
    const answer = await ask<TokenView>('PATCH', path, { status })
    if ('problem' in answer) return setProblem(answer.problem)
    tokenList.changed(answer.data)
  }

  async function remove(): Promise<void> {
    setQuestion(undefined)
    if (!path) return
    const answer = await ask<void>('DELETE', path)
    if ('problem' in answer) return setProblem(answer.problem)
    tokenList.changed()
    select(undefined)
  }

  const wrong = (pointer: string) => (problem?.pointer === pointer ? problem.detail : undefined)
  const isPlaced = FIELDS.some((pointer) => pointer === problem?.pointer)
  return (
    <form className={`${forms.form} ${styles.form}`} onSubmit={save} data-form="token">
      {!token && (
        <FormField
          name="idToken"
          label={words.columns.token}
          problem={wrong('/idToken')}
          required
        />
      )}
      {!token && (
        <label className={forms.field}>
          <span className={forms.label}>{words.columns.type}</span>
          <select className={forms.input} name="type">
            {TYPES.map((type) => (
              <option key={type}>{type}</option>
            ))}
          </select>
        </label>
      )}
      <FormField
        name="expiresAt"
        label={words.expires}
        type="datetime-local"
        step="1"
        initial={token?.expiresAt && localMoment(token.expiresAt)}
        problem={wrong('/expiresAt')}
      />
      {maySee && (
        <>
          <FormField
            name="groupId"
            label={words.group}
            initial={token?.groupId}
            problem={wrong('/groupId')}
          />
          <FormField
            name="note"
            label={words.columns.note}
            initial={token?.note}
            problem={wrong('/note')}
          />
        </>
      )}
      <label className={forms.check}>
        <input type="checkbox" name="concurrent" defaultChecked={token?.concurrent ?? false} />
        {words.concurrent}
      </label>
      <p className={forms.buttons}>
        <button type="submit" className={buttons.primary}>
          {token ? words.save : words.enter}
        </button>
        {token?.status === 'Accepted' && (
          <button type="button" className={buttons.button} onClick={() => setStatus('Blocked')}>
            {words.block}
          </button>
        )}
        {token?.status === 'Blocked' && (
          <button type="button" className={buttons.button} onClick={() => setStatus('Accepted')}>
            {words.unblock}
          </button>
        )}
        {token && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => setQuestion(words.askRemove(name))}
          >
            {words.remove}
          </button>
        )}
      </p>
      {problem && !isPlaced && (
        <p className={forms.problem} role="alert">
          {problem.status === 0 ? text.commands.notReached : problem.detail}
        </p>
      )}
      <AskFirst
        question={question}
        doIt={words.remove}
        onNo={() => setQuestion(undefined)}
        onYes={remove}
      />
    </form>
  )
}

const FIELDS = ['/idToken', '/expiresAt', '/groupId', '/note']

/** What the form says as the API takes it; an emptied field of a token is taken away. */
function bodyOf(form: FormData, token: TokenView | undefined): object {
  const said = (name: string) => String(form.get(name) ?? '').trim()
  const expiresAt = said('expiresAt')
  const groupId = said('groupId')
  return {
    ...(!token && { idToken: said('idToken'), type: said('type') }),
    ...((token || expiresAt) && { expiresAt: expiresAt ? momentOf(expiresAt) : null }),
    ...((token ? form.has('groupId') : groupId) && { groupId: groupId || null }),
    ...(form.has('note') && { note: said('note') }),
    concurrent: form.get('concurrent') !== null,
  }
}
