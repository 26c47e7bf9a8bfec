import { useEffect, useState, useSyncExternalStore } from 'react'
import type { TokenPage, TokenView } from '../../src/http/live-api.ts'
import { useNow } from '../live/use-live.ts'
import { usePulse } from '../live/use-pulse.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay, usePermission } from '../live/use-session.ts'
import { useAddress } from '../navigation/use-address.ts'
import { AtCsms } from '../shell/at-csms.tsx'
import buttons from '../shell/button.module.css'
import { FailureNote } from '../shell/failure-note.tsx'
import { DayMoment } from '../shell/moment.tsx'
import { columnsOf, RoomTable } from '../shell/room-table.tsx'
import tables from '../shell/table-room.module.css'
import { formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import { tokenList } from './token-list.ts'
import styles from './tokens-room.module.css'

const words = text.tokens
const PER_PAGE = 100
const REREAD_MS = 30_000

/** The room with who may charge. */
export function TokensRoom() {
  return (
    <AtCsms title={words.title} kept={words.kept}>
      {() => <Tokens />}
    </AtCsms>
  )
}

function Tokens() {
  // Not in the address: a token is a secret, and an address is sent around.
  const [search, setSearch] = useState('')
  const [after, setAfter] = useState<number>()
  const { select } = useAddress()
  const maySee = usePermission('tokens:read')
  const mayEnter = useMay('operator')
  const version = useSyncExternalStore(tokenList.subscribe, tokenList.version)
  const { data, failure } = useResource<TokenPage>(
    tokensPath(search, after),
    version + usePulse(REREAD_MS),
  )
  useEffect(() => {
    if (data) tokenList.show(data)
  }, [data])
  const { next } = data ?? {}
  const isNarrowed = search.trim() !== ''
  return (
    <section className={tables.panel} aria-labelledby="tokens-title">
      <div className={tables.bar}>
        <h2 className={tables.title} id="tokens-title">
          {words.title}
        </h2>
        {maySee && (
          <input
            className={tables.field}
            type="search"
            aria-label={words.find}
            placeholder={words.findHint}
            maxLength={100}
            value={search}
            onChange={({ target }) => {
              setSearch(target.value)
              setAfter(undefined)
            }}
          />
        )}
        {mayEnter && (
          <button
            type="button"
            className={buttons.button}
            onClick={() => select({ type: 'token', number: 0 })}
          >
            {words.enter}
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
      <FailureNote failure={failure} />
      {!data && failure === undefined && <p className={tables.note}>{words.waiting}</p>}
      {!maySee && <p className={tables.note}>{words.fingerprints}</p>}
      {data?.tokens.length === 0 && (
        <p className={tables.note} data-empty="tokens">
          {isNarrowed ? words.noMatch : words.empty}
        </p>
      )}
      {data && data.tokens.length > 0 && <TokenTable rows={data.tokens} />}
    </section>
  )
}

function tokensPath(search: string, after: number | undefined): string {
  const query = new URLSearchParams({ limit: String(PER_PAGE) })
  if (search.trim()) query.set('search', search.trim())
  if (after !== undefined) query.set('after', String(after))
  return `/api/tokens?${query}`
}

const COLUMNS = columnsOf<TokenView, keyof typeof words.columns>(words.columns, {
  token: (row) => row.idToken ?? row.fingerprint,
  type: (row) => row.type,
  status: (row) => <Status row={row} />,
  group: (row) => row.groupId ?? text.none,
  note: (row) => row.note || text.none,
  expires: (row) => (row.expiresAt ? <DayMoment iso={row.expiresAt} /> : words.never),
  changed: (row) => <DayMoment iso={row.changedAt} />,
})

function TokenTable({ rows }: { rows: readonly TokenView[] }) {
  const { selection, select } = useAddress()
  return (
    <RoomTable
      columns={COLUMNS}
      head="token"
      rows={rows}
      keyOf={({ id }) => id}
      data={({ id, status }) => ({ 'data-token': id, 'data-status': status })}
      className={styles.table}
      opening={{
        open: ({ id }) => select({ type: 'token', number: id }),
        isOpen: ({ id }) => selection?.type === 'token' && selection.number === id,
      }}
    />
  )
}

function Status({ row }: { row: TokenView }) {
  const now = useNow()
  if (row.status === 'Blocked') return <b className={styles.blocked}>{words.statuses.Blocked}</b>
  const isExpired = row.expiresAt !== undefined && Date.parse(row.expiresAt) <= now
  return isExpired ? <b className={styles.expired}>{words.expired}</b> : words.statuses.Accepted
}
