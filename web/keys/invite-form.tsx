import { type FormEvent, useId, useState } from 'react'
import type { KeyPage, NewInvitation } from '../../src/http/live-api.ts'
import inspector from '../inspector/inspector.module.css'
import { type ApiProblem, ask } from '../live/api.ts'
import { useResource } from '../live/use-resource.ts'
import buttons from '../shell/button.module.css'
import { CopyButton } from '../shell/copy-button.tsx'
import forms from '../shell/form.module.css'
import { FormField } from '../shell/form-field.tsx'
import { DateMoment } from '../shell/moment.tsx'
import { text } from '../text/text.ts'
import styles from './invite-form.module.css'
import { trustChanges } from './trust-changes.ts'

const words = text.keys
const KINDS = ['networking-node', 'charging-station', 'csms', 'other'] as const

/** Invites a node, and shows the code for it: once, for there is no asking for it again. */
export function InviteForm() {
  const [invitation, setInvitation] = useState<NewInvitation>()
  const [problem, setProblem] = useState<ApiProblem>()
  const [kind, setKind] = useState<string>(KINDS[0])
  const kindId = useId()
  const { data } = useResource<KeyPage>('/api/keys?limit=1')

  async function invite(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const id = String(form.get('id') ?? '').trim()
    const what = kind === 'other' ? { roles: form.getAll('role') } : { as: kind }
    const answer = await ask<NewInvitation>('POST', '/api/keys/invitations', { id, ...what })
    if ('problem' in answer) return setProblem(answer.problem)
    setProblem(undefined)
    setInvitation(answer.data)
    trustChanges.note()
  }

  const atId = problem?.pointer === '/id' ? problem.detail : undefined
  return (
    <>
      <form className={`${forms.form} ${styles.form}`} onSubmit={invite} data-form="invitation">
        <p className={inspector.note}>{words.inviteNote}</p>
        <FormField name="id" label={words.id} problem={atId} required />
        <div className={forms.field}>
          <label className={forms.label} htmlFor={kindId}>
            {words.as}
          </label>
          <select
            id={kindId}
            className={forms.input}
            value={kind}
            onChange={({ target }) => setKind(target.value)}
          >
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {words.kinds[one]}
              </option>
            ))}
          </select>
        </div>
        {kind === 'other' && (
          <fieldset className={styles.roles}>
            <legend className={forms.label}>{words.roles}</legend>
            {data?.grantable.map((role) => (
              <label key={role} className={forms.check}>
                <input type="checkbox" name="role" value={role} />
                {role}
              </label>
            ))}
          </fieldset>
        )}
        <p className={forms.buttons}>
          <button type="submit" className={buttons.primary}>
            {words.doInvite}
          </button>
        </p>
        {problem && atId === undefined && (
          <p className={forms.problem} role="alert">
            {problem.status === 0 ? text.commands.notReached : problem.detail}
          </p>
        )}
      </form>
      {invitation && <Code invitation={invitation} />}
    </>
  )
}

function Code({ invitation: { id, code, goodUntil } }: { invitation: NewInvitation }) {
  const command = words.joinCommand(code)
  return (
    <section className={styles.made} aria-label={words.code(id)} role="status">
      <h3 className={styles.title}>{words.code(id)}</h3>
      <p>
        <code className={styles.code} data-code="">
          {code}
        </code>
      </p>
      <p>
        {words.codeOnce} <DateMoment iso={goodUntil} />
      </p>
      <p>{words.codeHow}</p>
      <p>
        <code>{command}</code>
      </p>
      <p className={forms.buttons}>
        <CopyButton label={words.copyCommand} value={command} />
      </p>
    </section>
  )
}
