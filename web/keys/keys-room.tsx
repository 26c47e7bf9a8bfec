import { useState } from 'react'
import type { InvitationList, KeyPage, KeyView, RevocationsView } from '../../src/http/live-api.ts'
import { type ApiProblem, ask } from '../live/api.ts'
import { useLive } from '../live/use-live.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { useAddress } from '../navigation/use-address.ts'
import { beginning } from '../rules/kinds.ts'
import { TrialNote } from '../rules/trial-note.tsx'
import buttons from '../shell/button.module.css'
import { CopyButton } from '../shell/copy-button.tsx'
import { FailureNote } from '../shell/failure-note.tsx'
import forms from '../shell/form.module.css'
import { DateMoment } from '../shell/moment.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import tables from '../shell/table-room.module.css'
import { formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import styles from './keys-room.module.css'
import { trustChanges, useTrustPulse } from './trust-changes.ts'
import { WhereSigned } from './where-signed.tsx'

const words = text.keys

/** The room with whose keys are known here, who was let in, and what counts no more. */
export function KeysRoom() {
  return <WhereSigned title={words.title}>{() => <Keys />}</WhereSigned>
}

function Keys() {
  const [after, setAfter] = useState<string>()
  const { select } = useAddress()
  const isAdmin = useMay('admin')
  const pulse = useTrustPulse()
  const path = after === undefined ? '/api/keys' : `/api/keys?${new URLSearchParams({ after })}`
  const { data, failure } = useResource<KeyPage>(path, pulse)
  const isMissing = useLive((state) => state.overview?.keys?.lacksRevocations === true)
  const { next } = data ?? {}
  return (
    <section className={tables.panel} aria-labelledby="keys-title">
      <div className={tables.bar}>
        <h2 className={tables.title} id="keys-title">
          {words.title}
        </h2>
        {isAdmin && data?.mayInvite && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => select({ type: 'key', id: 'invite' })}
          >
            {words.invite}
          </button>
        )}
        <div className={tables.end}>
          {data && <p className={tables.count}>{words.count(formatCount(data.count))}</p>}
          {after !== undefined && (
            <button type="button" className={buttons.button} onClick={() => setAfter(undefined)}>
              {words.first}
            </button>
          )}
          {next !== undefined && (
            <button type="button" className={buttons.button} onClick={() => setAfter(next)}>
              {words.next}
            </button>
          )}
        </div>
      </div>
      <TrialNote />
      <FailureNote failure={failure} />
      {!data && failure === undefined && <p className={tables.note}>{words.waiting}</p>}
      {data && (
        <>
          <dl className={styles.facts}>
            <dt>{words.ownUntil}</dt>
            <dd>
              <DateMoment iso={data.own.notAfter} />
            </dd>
            <dt>{words.list.title}</dt>
            <dd>
              <RevocationList
                list={data.revocations}
                isMissing={isMissing}
                mayRenew={isAdmin && data.mayRevoke}
              />
            </dd>
          </dl>
          {data.mayInvite && <Invitations version={pulse} />}
          <KeyTable rows={data.keys} />
        </>
      )}
    </section>
  )
}

interface ListProps {
  readonly list: RevocationsView
  readonly isMissing: boolean
  readonly mayRenew: boolean
}

function RevocationList({ list, isMissing, mayRenew }: ListProps) {
  const [problem, setProblem] = useState<ApiProblem>()
  const { state, version, nextUpdate, count } = list
  if (isMissing) return <span data-revocations="missing">{words.list.missing}</span>
  if (state === 'none' || nextUpdate === undefined) return words.list.none
  async function renew(): Promise<void> {
    const answer = await ask<RevocationsView>('POST', '/api/keys/revocation-list', {})
    setProblem('problem' in answer ? answer.problem : undefined)
    trustChanges.note()
  }
  return (
    <span className={styles.list} data-revocations={state}>
      {words.list.version(version ?? 0, count)}{' '}
      <span className={state === 'current' ? undefined : styles.late}>
        {words.list[state]} <DateMoment iso={nextUpdate} />
      </span>
      {mayRenew && (
        <button type="button" className={buttons.button} onClick={renew}>
          {words.list.renew}
        </button>
      )}
      {problem && (
        <span className={forms.problem} role="alert">
          {problem.status === 0 ? text.commands.notReached : problem.detail}
        </span>
      )}
    </span>
  )
}

function Invitations({ version }: { version: number }) {
  const { data } = useResource<InvitationList>('/api/keys/invitations', version)
  if (!data || data.invitations.length === 0) return null
  return (
    <section className={styles.invited} aria-label={words.invitations.title}>
      <h3 className={styles.subtitle}>
        {words.invitations.title}
        <span className={styles.hint}>{words.invitations.which}</span>
      </h3>
      <ul>
        {data.invitations.map(({ id, roles, goodUntil }) => (
          <li key={id} data-invited={id}>
            {words.invitations.row(id, roles.join(', ') || words.noRole)}{' '}
            <DateMoment iso={goodUntil} />
          </li>
        ))}
      </ul>
    </section>
  )
}

const COLUMNS = columnsOf<KeyView, keyof typeof words.columns>(words.columns, {
  owner: ({ owner }) => owner,
  roles: ({ roles }) => roles.join(', ') || words.noRole,
  status: ({ status }) =>
    status === 'usable' ? (
      words.statuses.usable
    ) : (
      <b className={status === 'revoked' ? styles.revoked : styles.late}>
        {words.statuses[status]}
      </b>
    ),
  until: ({ notAfter }) => <DateMoment iso={notAfter} />,
  kid: ({ kid }) => (
    <span className={styles.kid}>
      <code>{beginning(kid)}…</code>
      <CopyButton label={words.copy(kid.slice(0, 4))} value={kid} />
    </span>
  ),
})

function KeyTable({ rows }: { rows: readonly KeyView[] }) {
  const { selection, select } = useAddress()
  return (
    <RoomTable
      columns={COLUMNS}
      head="owner"
      rows={rows}
      keyOf={({ kid }) => kid}
      data={({ kid, owner, status }) => ({
        'data-key': kid,
        'data-owner': owner,
        'data-status': status,
      })}
      className={styles.table}
      opening={{
        open: ({ kid }) => select({ type: 'key', id: kid }),
        isOpen: ({ kid }) => selection?.type === 'key' && selection.id === kid,
      }}
      marks={({ own }) => own && <span className={styles.own}>{words.own}</span>}
    />
  )
}
