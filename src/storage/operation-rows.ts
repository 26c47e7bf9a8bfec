import { sql } from 'kysely'
import { type CsmsTables, type OperationState, csmsQueries as queries } from './csms-tables.ts'
import type { Database } from './database.ts'

/** What a CSMS was asked to let a station do, and what became of it. */
export interface OperationRow {
  readonly id: string
  readonly station: string
  readonly protocol: string
  readonly action: string
  readonly request: unknown
  readonly state: OperationState
  /** The user or API token that asked. */
  readonly askedBy: string
  /** RFC 3339, as are the others. */
  readonly askedAt: string
  readonly answeredAt?: string | undefined
  readonly answer?: unknown
  readonly effectAt?: string | undefined
  /** What has shown the effect. */
  readonly effect?: string | undefined
  /** Why it failed or was refused. */
  readonly problem?: string | undefined
}

/** What became known of an operation. */
export type OperationChange = Partial<
  Pick<OperationRow, 'answeredAt' | 'answer' | 'effectAt' | 'effect' | 'problem'>
> & { readonly state: OperationState }

/** Whether nothing more becomes of it. */
export function isOver({ state, problem }: Pick<OperationRow, 'state' | 'problem'>): boolean {
  return state !== 'sent' && (state !== 'accepted' || problem !== undefined)
}

export interface OperationQuery {
  readonly station?: string | undefined
  readonly state?: OperationState | undefined
  /** Only operations older than this one: the last of the page before. */
  readonly before?: string | undefined
  readonly limit: number
}

/** Operations as they were asked for, newest first. */
export class OperationRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  add(row: OperationRow): void {
    const { id, station, protocol, action, state } = row
    this.#db.change(
      queries.insertInto('operations').values({
        id,
        station,
        protocol,
        action,
        request: JSON.stringify(row.request),
        state,
        asked_by: row.askedBy,
        asked_at: row.askedAt,
        answered_at: null,
        answer: null,
        effect_at: null,
        effect: null,
        problem: null,
      }),
    )
  }

  change(id: string, change: OperationChange): void {
    const { state, answeredAt, answer, effectAt, effect, problem } = change
    this.#db.change(
      queries
        .updateTable('operations')
        .set({
          state,
          ...(answeredAt !== undefined && { answered_at: answeredAt }),
          ...(answer !== undefined && { answer: JSON.stringify(answer) }),
          ...(effectAt !== undefined && { effect_at: effectAt }),
          ...(effect !== undefined && { effect }),
          ...(problem !== undefined && { problem }),
        })
        .where('id', '=', id),
    )
  }

  find(id: string): OperationRow | undefined {
    const row = this.#db.row(queries.selectFrom('operations').selectAll().where('id', '=', id))
    return row && operationRow(row)
  }

  page({ station, state, before, limit }: OperationQuery): OperationRow[] {
    // UUIDv7: ids rise with time.
    let query = queries.selectFrom('operations').selectAll().orderBy('id', 'desc').limit(limit)
    if (station !== undefined) query = query.where('station', '=', station)
    if (state !== undefined) query = query.where('state', '=', state)
    if (before !== undefined) query = query.where('id', '<', before)
    return this.#db.rows(query).map(operationRow)
  }

  /** Stations that were asked for an action, and have not answered. */
  stationsAsked(action: string): string[] {
    const query = queries.selectFrom('operations').select('station').distinct()
    const rows = this.#db.rows(query.where('state', '=', 'sent').where('action', '=', action))
    return rows.map(({ station }) => station)
  }

  /** Those nobody waits for any more after a restart: their answer is not known, or their effect. */
  abandoned(problem: string, withoutEffect: string, notLookedAt: string): number {
    const end = (from: OperationState, state: OperationState, why: string) =>
      this.#db.change(
        queries
          .updateTable('operations')
          .set({ state, problem: why })
          .where('state', '=', from)
          // What is accepted, and said why nothing shows more, is over.
          .where('problem', 'is', null),
      )
    // What waits for something that the station has named may still come, and is not seen any more.
    const rested = this.#db.change(
      queries
        .updateTable('operations')
        .set({ problem: sql`'accepted, ' || effect || ${notLookedAt}` })
        .where('state', '=', 'accepted')
        .where('effect', 'is not', null)
        .where('problem', 'is', null),
    )
    return rested + end('sent', 'failed', problem) + end('accepted', 'no-effect', withoutEffect)
  }
}

function operationRow(row: CsmsTables['operations']): OperationRow {
  return {
    id: row.id,
    station: row.station,
    protocol: row.protocol,
    action: row.action,
    request: JSON.parse(row.request),
    state: row.state,
    askedBy: row.asked_by,
    askedAt: row.asked_at,
    ...(row.answered_at !== null && { answeredAt: row.answered_at }),
    ...(row.answer !== null && { answer: JSON.parse(row.answer) }),
    ...(row.effect_at !== null && { effectAt: row.effect_at }),
    ...(row.effect !== null && { effect: row.effect }),
    ...(row.problem !== null && { problem: row.problem }),
  }
}
