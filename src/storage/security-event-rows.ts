import type { SecurityEventRow } from './csms-rows.ts'
import { csmsQueries } from './csms-tables.ts'
import type { Database } from './database.ts'

export interface SecurityEventQuery {
  readonly station?: string | undefined
  readonly type?: string | undefined
  /** Only events older than this one: the last of the page before. */
  readonly before?: number | undefined
  readonly limit: number
}

/** What stations reported of their security. */
export class SecurityEventRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  add(
    station: string,
    event: { readonly type: string; readonly timestamp: string; readonly techInfo?: string },
    receivedAt: string,
  ): void {
    this.#db.change(
      csmsQueries.insertInto('security_events').values({
        station,
        type: event.type,
        timestamp: event.timestamp,
        tech_info: event.techInfo ?? null,
        received_at: receivedAt,
      }),
    )
  }

  /** Newest first. */
  page({ station, type, before, limit }: SecurityEventQuery): SecurityEventRow[] {
    let query = csmsQueries.selectFrom('security_events').selectAll().orderBy('id', 'desc')
    if (station !== undefined) query = query.where('station', '=', station)
    if (type !== undefined) query = query.where('type', '=', type)
    if (before !== undefined) query = query.where('id', '<', before)
    return this.#db.rows(query.limit(limit)).map((row) => ({
      id: row.id,
      station: row.station,
      type: row.type,
      timestamp: row.timestamp,
      ...(row.tech_info !== null && { techInfo: row.tech_info }),
      receivedAt: row.received_at,
    }))
  }
}
