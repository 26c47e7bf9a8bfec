import { type ReactNode, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import type { RuleChangeView, RuleDetail } from '../../src/http/live-api.ts'
import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import type { UserRoleDocument } from '../../src/security/roles/user-role.ts'
import { trustChanges, useTrustPulse } from '../keys/trust-changes.ts'
import { WhereSigned } from '../keys/where-signed.tsx'
import { type ApiProblem, ask } from '../live/api.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { withValues } from '../navigation/address.ts'
import { AskFirst } from '../shell/ask-first.tsx'
import buttons from '../shell/button.module.css'
import { failureWords } from '../shell/failure-note.tsx'
import forms from '../shell/form.module.css'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import { apiOf, beginning, type OfKind, RULE_KINDS } from './kinds.ts'
import { PolicyTables } from './policy-tables.tsx'
import { RoleTables } from './role-tables.tsx'
import { RuleEditor } from './rule-editor.tsx'
import { RuleHistory } from './rule-history.tsx'
import styles from './rule-page.module.css'
import { TrialNote } from './trial-note.tsx'

const PARTS = ['rules', 'text', 'history'] as const
const TRIAL_S = 60

/** One signature policy or user role: its rules in words, its text, and what became of it. */
export function RulePage({ kind }: { kind: OfKind['kind'] }) {
  const { name = '' } = useParams()
  const of = RULE_KINDS[kind]
  return (
    <WhereSigned title={name}>
      {() => <Rule key={`${kind} ${name}`} of={of} name={name} />}
    </WhereSigned>
  )
}

function Rule({ of, name }: { of: OfKind; name: string }) {
  const { words } = of
  const [query] = useSearchParams()
  const { data, failure } = useResource<RuleDetail>(apiOf(of, name), useTrustPulse())
  const isAdmin = useMay('admin')
  const part = PARTS.find((one) => one === query.get('part')) ?? 'rules'
  const isGone = failure === 404
  const note = failure === undefined ? words.waiting : isGone ? words.gone(name) : failureWords(failure) // biome-ignore format: one line
  return (
    <section className={styles.page} aria-label={`${words.one} ${name}`} data-rule={name}>
      <header className={styles.head}>
        <BackLink of={of} />
        <h2 className={styles.name}>{name}</h2>
        {data && !isGone && (
          <p className={styles.state}>
            {words.facts(data.version, `${beginning(data.digest)}…`)}
            {data.onTrial && <b className={styles.onTrial}>{words.onTrial}</b>}
          </p>
        )}
        {isAdmin && data && !isGone && <DeleteButton of={of} rule={data} />}
      </header>
      <TrialNote />
      <PartButtons of={of} part={part} />
      {(!data || failure !== undefined) && (
        <p className={tables.note} role="status" data-gone={isGone}>
          {note}
        </p>
      )}
      {data && part === 'rules' && !isGone && <Tables of={of} rule={data} />}
      {data && part === 'text' && <RuleEditor of={of} known={data} isGone={isGone} />}
      {part === 'history' && <RuleHistory of={of} name={name} />}
    </section>
  )
}

function BackLink({ of }: { of: OfKind }) {
  const [query] = useSearchParams()
  const search = withValues(query, { part: '' }).toString()
  return (
    <Link className={styles.back} to={{ pathname: of.room, search }}>
      {of.words.all}
    </Link>
  )
}

function PartButtons({ of, part }: { of: OfKind; part: (typeof PARTS)[number] }) {
  const [, setQuery] = useSearchParams()
  return (
    <fieldset className={styles.parts} aria-label={of.words.part}>
      {PARTS.map((one) => (
        <button
          key={one}
          type="button"
          className={buttons.button}
          aria-pressed={one === part}
          onClick={() => setQuery((old) => withValues(old, { part: one === 'rules' ? '' : one }))}
        >
          {of.words.parts[one]}
        </button>
      ))}
    </fieldset>
  )
}

/** The document was judged by the node before it held. */
function Tables({ of, rule }: { of: OfKind; rule: RuleDetail }): ReactNode {
  const document = rule.document as unknown
  return of.kind === 'policy' ? (
    <PolicyTables policy={document as SignaturePolicyDocument} />
  ) : (
    <RoleTables role={document as UserRoleDocument} />
  )
}

function DeleteButton({ of, rule }: { of: OfKind; rule: RuleDetail }) {
  const { words } = of
  const { name, version } = rule
  const [question, setQuestion] = useState<string>()
  const [problem, setProblem] = useState<ApiProblem>()
  async function remove(): Promise<void> {
    setQuestion(undefined)
    const query = new URLSearchParams({ expectedVersion: `${version}`, confirmWithinS: `${TRIAL_S}` }) // biome-ignore format: one line
    const answer = await ask<RuleChangeView>('DELETE', `${apiOf(of, name)}?${query}`)
    setProblem('problem' in answer ? answer.problem : undefined)
    trustChanges.note()
  }
  return (
    <>
      <button
        type="button"
        className={buttons.button}
        onClick={() => setQuestion(words.askDelete(name, TRIAL_S))}
      >
        {words.delete}
      </button>
      {problem && (
        <p className={forms.problem} role="alert">
          {problem.status === 0 ? text.commands.notReached : problem.detail}
        </p>
      )}
      <AskFirst
        question={question}
        doIt={words.doDelete}
        onNo={() => setQuestion(undefined)}
        onYes={remove}
      />
    </>
  )
}
