import { useLocation, useNavigate, useSearchParams } from 'react-router'
import type { RulePage, RuleView } from '../../src/http/live-api.ts'
import { useTrustPulse } from '../keys/trust-changes.ts'
import { WhereSigned } from '../keys/where-signed.tsx'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { withValues } from '../navigation/address.ts'
import buttons from '../shell/button.module.css'
import { FailureNote } from '../shell/failure-note.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import tables from '../shell/table-room.module.css'
import { text } from '../text/text.ts'
import { beginning, type OfKind, RULE_KINDS } from './kinds.ts'
import { Quarantine } from './quarantine.tsx'
import { RuleEditor } from './rule-editor.tsx'
import styles from './rules-room.module.css'
import { TrialNote } from './trial-note.tsx'

/** The room with the signature policies, or the user roles, that hold here. */
export function RulesRoom({ kind }: { kind: OfKind['kind'] }) {
  const of = RULE_KINDS[kind]
  return <WhereSigned title={of.words.title}>{() => <Rules key={kind} of={of} />}</WhereSigned>
}

function Rules({ of }: { of: OfKind }) {
  const { words, api } = of
  const [query, setQuery] = useSearchParams()
  const isAdmin = useMay('admin')
  const { data, failure } = useResource<RulePage>(api, useTrustPulse())
  const isNew = isAdmin && query.get('part') === 'new'
  return (
    <section className={styles.page} aria-labelledby="rules-title">
      <div className={tables.bar}>
        <h2 className={tables.title} id="rules-title">
          {words.title}
        </h2>
        {isAdmin && (
          <button
            type="button"
            className={buttons.button}
            aria-pressed={isNew}
            onClick={() => setQuery((old) => withValues(old, { part: isNew ? '' : 'new' }))}
          >
            {words.new}
          </button>
        )}
      </div>
      <TrialNote />
      {of.kind === 'policy' && <Quarantine />}
      <FailureNote failure={failure} />
      {!data && failure === undefined && <p className={tables.note}>{words.waiting}</p>}
      {data?.documents.length === 0 && <p className={tables.note}>{words.empty}</p>}
      {data && data.documents.length > 0 && <RuleTable of={of} rows={data.documents} />}
      {isNew && <RuleEditor of={of} known={undefined} />}
    </section>
  )
}

const COLUMNS = columnsOf<RuleView, keyof typeof text.policies.columns>(text.policies.columns, {
  name: ({ name }) => name,
  version: ({ version }) => version,
  digest: ({ digest }) => <code title={digest}>{beginning(digest)}…</code>,
  state: ({ onTrial }) =>
    onTrial ? <b className={styles.onTrial}>{text.policies.onTrial}</b> : text.policies.holds,
  description: ({ description }) => description ?? text.none,
})

function RuleTable({ of, rows }: { of: OfKind; rows: readonly RuleView[] }) {
  const navigate = useNavigate()
  const { search } = useLocation()
  const withoutPart = () => withValues(new URLSearchParams(search), { part: '' }).toString()
  return (
    <div className={styles.list}>
      <RoomTable
        columns={COLUMNS}
        head="name"
        rows={rows}
        keyOf={({ name }) => name}
        data={({ name, version, onTrial }) => ({
          'data-rule': name,
          'data-version': version,
          'data-on-trial': onTrial,
        })}
        className={styles.table}
        opening={{
          open: ({ name }) =>
            navigate({ pathname: `${of.room}/${encodeURIComponent(name)}`, search: withoutPart() }),
        }}
      />
    </div>
  )
}
