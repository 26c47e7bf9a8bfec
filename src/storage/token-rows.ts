import { type Selectable, sql } from 'kysely'
import { type CsmsTables, csmsQueries as queries } from './csms-tables.ts'
import type { Database } from './database.ts'
import { isRunning } from './transaction-rows.ts'

/** Who may charge: a card, an app, a vehicle. */
export interface TokenRow {
  /** By which addresses name it, so that the token itself stands in none. */
  readonly id: number
  readonly idToken: string
  /** IdTokenEnumType of OCPP 2.x; 1.6 knows no types. */
  readonly type: string
  readonly status: 'Accepted' | 'Blocked'
  /** RFC 3339; undefined: for ever. */
  readonly expiresAt?: string | undefined
  /** Tokens of one group may stop each other's transactions. */
  readonly groupId?: string | undefined
  readonly note: string
  /** Whether it may charge at several EVSEs at once. */
  readonly concurrent: boolean
  /** RFC 3339. */
  readonly changedAt: string
}

/** A transaction that a token is charging in. */
export interface RunningRow {
  readonly station: string
  readonly transactionId: string
  readonly evseId: number | undefined
  /** Number of the message that first told of the token in it; 0: before these were kept. */
  readonly since: number
}

export interface TokenQuery {
  /** Part of the token, group or note. */
  readonly search?: string | undefined
  /** Only tokens behind this one, in their order. */
  readonly after?: string | undefined
  readonly limit: number
}

/** The id tokens that a CSMS knows. OCPP compares them without regard to case. */
export class TokenRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  find(idToken: string): TokenRow | undefined {
    const row = this.#db.row(
      queries.selectFrom('id_tokens').selectAll().where('id_token', '=', fold(idToken)),
    )
    return row && tokenRow(row)
  }

  /** A page in the order of the tokens. */
  page({ search, after, limit }: TokenQuery): TokenRow[] {
    let query = queries.selectFrom('id_tokens').selectAll().orderBy('id_token').limit(limit)
    if (after !== undefined) query = query.where('id_token', '>', fold(after))
    if (search !== undefined) {
      const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`
      query = query.where(({ or, eb }) =>
        or(
          (['id_token', 'group_id', 'note'] as const).map(
            (column) => sql<boolean>`${eb.ref(column)} LIKE ${pattern} ESCAPE '\\'`,
          ),
        ),
      )
    }
    return this.#db.rows(query).map(tokenRow)
  }

  all(): TokenRow[] {
    return this.#db
      .rows(queries.selectFrom('id_tokens').selectAll().orderBy('id_token'))
      .map(tokenRow)
  }

  count(): number {
    const row = this.#db.row(
      queries.selectFrom('id_tokens').select(({ fn }) => fn.countAll<number>().as('count')),
    )
    return row?.count ?? 0
  }

  byId(id: number): TokenRow | undefined {
    const row = this.#db.row(queries.selectFrom('id_tokens').selectAll().where('id', '=', id))
    return row && tokenRow(row)
  }

  /** Enters a token, or changes it. */
  put(token: Omit<TokenRow, 'id'>): void {
    const row = {
      id_token: fold(token.idToken),
      type: token.type,
      status: token.status,
      expires_at: token.expiresAt ?? null,
      group_id: token.groupId ?? null,
      note: token.note,
      concurrent: token.concurrent ? 1 : 0,
      changed_at: token.changedAt,
    }
    const { id_token: _, ...changes } = row
    this.#db.change(
      queries
        .insertInto('id_tokens')
        .values(row)
        .onConflict((conflict) => conflict.column('id_token').doUpdateSet(changes)),
    )
  }

  /** @returns Whether it was there. */
  remove(id: number): boolean {
    return this.#db.change(queries.deleteFrom('id_tokens').where('id', '=', id)) > 0
  }

  /** The transactions of this token that are running. */
  runningOf(idToken: string): RunningRow[] {
    const rows = this.#db.rows(
      queries
        .selectFrom('transactions as t')
        .select(['station', 'transaction_id', 'evse_id'])
        .select(toldAt(fold(idToken)).as('since'))
        .where(sql`upper(id_token)`, '=', fold(idToken))
        .where(sql<boolean>`${sql.raw(isRunning('t'))}`),
    )
    return rows.map((row) => ({
      station: row.station,
      transactionId: row.transaction_id,
      evseId: row.evse_id ?? undefined,
      since: row.since,
    }))
  }
}

/** SQL for: the message by which transaction `t` was first told to be of this token. */
function toldAt(folded: string) {
  return sql<number>`coalesce(t.start_message, (SELECT MIN(e.message) FROM transaction_events e
    WHERE e.station = t.station AND e.transaction_id = t.transaction_id
    AND upper(e.id_token) = ${folded}), 0)`
}

/** @spec OCPP 2.0.1 edition 3 Part 2, IdTokenType.idToken (case insensitive) */
function fold(idToken: string): string {
  return idToken.toUpperCase()
}

function tokenRow(row: Selectable<CsmsTables['id_tokens']>): TokenRow {
  return {
    id: row.id,
    idToken: row.id_token,
    type: row.type,
    status: row.status,
    expiresAt: row.expires_at ?? undefined,
    groupId: row.group_id ?? undefined,
    note: row.note,
    concurrent: row.concurrent === 1,
    changedAt: row.changed_at,
  }
}
