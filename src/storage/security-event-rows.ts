import type { SecurityEventRow } from './csms-rows.ts'
import { csmsQueries } from './csms-tables.ts'
import type { Database } from './database.ts'

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

  /** The newest security events of a station, newest first. */
  of(station: string, limit: number): SecurityEventRow[] {
    const query = csmsQueries
      .selectFrom('security_events')
      .selectAll()
      .where('station', '=', station)
      .orderBy('id', 'desc')
      .limit(limit)
    return this.#db.rows(query).map((row) => ({
      type: row.type,
      timestamp: row.timestamp,
      ...(row.tech_info !== null && { techInfo: row.tech_info }),
      receivedAt: row.received_at,
    }))
  }
}
