import { type FormEvent, useState } from 'react'
import type { EntitlementView, KeyPage, KeyView } from '../../src/http/live-api.ts'
import { InviteForm } from '../keys/invite-form.tsx'
import { trustChanges, useTrustPulse } from '../keys/trust-changes.ts'
import { type ApiProblem, ask } from '../live/api.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { useAddress } from '../navigation/use-address.ts'
import { beginning } from '../rules/kinds.ts'
import { AskFirst } from '../shell/ask-first.tsx'
import buttons from '../shell/button.module.css'
import { failureWords } from '../shell/failure-note.tsx'
import forms from '../shell/form.module.css'
import { FormField } from '../shell/form-field.tsx'
import { DateMoment } from '../shell/moment.tsx'
import { text } from '../text/text.ts'
import styles from './inspector.module.css'
import { Facts, Section } from './parts.tsx'

const words = text.keys

/** A key: whose it is, what for, who has endorsed it, and how it is taken back. */
export function KeyInspector({ id }: { id: string }) {
  const mayInvite = useMay('admin')
  if (id !== 'invite') return <Key kid={id} />
  return mayInvite ? <InviteForm /> : <p className={styles.note}>{text.notAllowed}</p>
}

function Key({ kid }: { kid: string }) {
  const { data, path, failure } = useResource<KeyView>(`/api/keys/${encodeURIComponent(kid)}`, useTrustPulse()) // biome-ignore format: one line
  const mayRevoke = useMay('admin')
  const isRead = data !== undefined && path === `/api/keys/${encodeURIComponent(kid)}`
  if (!isRead) {
    const note = failure === undefined ? words.waiting : failure === 404 ? words.notShown : failureWords(failure) // biome-ignore format: one line
    return <p className={styles.note}>{note}</p>
  }
  return (
    <>
      <Section title={text.inspector.sections.facts}>
        <KeyFacts view={data} />
      </Section>
      {data.entitlement && (
        <Section title={words.entitlement.title}>
          <Entitlement view={data.entitlement} />
        </Section>
      )}
      <Section title={words.endorsers}>
        <Endorsers view={data} />
      </Section>
      {mayRevoke && data.status !== 'revoked' && <RevokeForm key={kid} view={data} />}
    </>
  )
}

function KeyFacts({ view }: { view: KeyView }) {
  const { facts, columns } = words
  const { revocation, organisation, replaces, delegable = [], delegatedBy } = view
  return (
    <Facts
      rows={[
        [columns.owner, <code key="owner">{view.owner}</code>],
        ...(organisation === undefined ? [] : [[facts.organisation, organisation] as const]),
        [columns.roles, view.roles.join(', ') || words.noRole],
        [facts.usages, view.usages.join(', ')],
        [columns.status, words.statuses[view.status]],
        ...(revocation
          ? [
              [facts.revoked, <DateMoment key="since" iso={revocation.since} />] as const,
              [facts.reason, revocation.reason] as const,
            ]
          : []),
        [facts.from, <DateMoment key="from" iso={view.notBefore} />],
        [columns.until, <DateMoment key="until" iso={view.notAfter} />],
        [facts.algorithm, view.algorithm],
        [facts.kid, <code key="kid">{view.kid}</code>],
        ...(replaces === undefined ? [] : [[facts.replaces, <KeyLink key="old" kid={replaces} />] as const]), // biome-ignore format: one line
        ...(delegable.length === 0 ? [] : [[facts.delegable, delegable.join(', ')] as const]),
        ...(delegatedBy === undefined ? [] : [[facts.delegatedBy, <KeyLink key="delegator" kid={delegatedBy} />] as const]), // biome-ignore format: one line
      ]}
    />
  )
}

function Entitlement({ view }: { view: EntitlementView }) {
  const said = words.entitlement
  const named = (list: readonly string[], none: string) => list.join(', ') || none
  return (
    <Facts
      rows={[
        [said.ids, named(view.ids, said.nobody)],
        [said.services, named(view.services, said.none)],
        ...(view.actions.length > 0 ? [[said.actions, view.actions.join(', ')] as const] : []),
        ...(view.groups.length > 0 ? [[said.groups, view.groups.join(', ')] as const] : []),
        [words.facts.from, <DateMoment key="from" iso={view.notBefore} />],
        [words.columns.until, <DateMoment key="until" iso={view.notAfter} />],
      ]}
    />
  )
}

function Endorsers({ view: { anchor, endorsers } }: { view: KeyView }) {
  if (anchor) return <p className={styles.note}>{words.anchor}</p>
  if (endorsers.length === 0) return <p className={styles.note}>{words.ownOnly}</p>
  return (
    <ul>
      {endorsers.map(({ kid, owner }) => (
        <li key={kid} data-endorser={owner}>
          {owner} <KeyLink kid={kid} />
        </li>
      ))}
    </ul>
  )
}

function KeyLink({ kid }: { kid: string }) {
  const { select } = useAddress()
  return (
    <button
      type="button"
      className={buttons.plain}
      onClick={() => select({ type: 'key', id: kid })}
    >
      <code>{beginning(kid)}…</code>
    </button>
  )
}

function RevokeForm({ view: { kid, owner, own } }: { view: KeyView }) {
  const [reason, setReason] = useState<string>()
  const [problem, setProblem] = useState<ApiProblem>()
  const { data: page } = useResource<KeyPage>('/api/keys?limit=1')
  const question = own ? words.askRevokeOwn : words.askRevoke

  function askFirst(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault()
    setReason(String(new FormData(event.currentTarget).get('reason') ?? '').trim())
  }

  async function revoke(): Promise<void> {
    setReason(undefined)
    const answer = await ask<KeyView>('POST', `/api/keys/${encodeURIComponent(kid)}/revocation`, { reason }) // biome-ignore format: one line
    setProblem('problem' in answer ? answer.problem : undefined)
    trustChanges.note()
  }

  if (!page) return null
  if (!page.mayRevoke) {
    return (
      <Section title={words.revokeTitle}>
        <p className={styles.note}>{words.mayNotRevoke(page.own.owner)}</p>
      </Section>
    )
  }
  const atReason = problem?.pointer === '/reason' ? problem.detail : undefined
  return (
    <Section title={words.revokeTitle}>
      <form className={forms.form} onSubmit={askFirst} data-form="revocation">
        <p>{words.revokeNote}</p>
        <FormField name="reason" label={words.reason} problem={atReason} required />
        <p className={forms.buttons}>
          <button type="submit" className={buttons.button}>
            {words.revoke}
          </button>
        </p>
        {problem && atReason === undefined && (
          <p className={forms.problem} role="alert">
            {problem.status === 0 ? text.commands.notReached : problem.detail}
          </p>
        )}
      </form>
      <AskFirst
        question={reason === undefined ? undefined : question(owner, beginning(kid))}
        doIt={words.doRevoke}
        onNo={() => setReason(undefined)}
        onYes={revoke}
      />
    </Section>
  )
}
