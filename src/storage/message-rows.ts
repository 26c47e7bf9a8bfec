import type { MessageRow } from './csms-rows.ts'
import type { Database } from './database.ts'

/** Messages of stations, byte by byte as they came. */
export class MessageRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** @returns Its id. */
  add(row: MessageRow): number {
    return this.#db.run(
      'INSERT INTO messages (station, protocol, action, received_at, payload) VALUES (?,?,?,?,?)',
      row.station,
      row.protocol,
      row.action,
      row.receivedAt,
      row.payload,
      // biome-ignore format: one row
    )
  }

  /** Marks a message that came before, or does not say what the first one said. */
  mark(message: number, marks: { readonly isRepeated?: boolean; readonly isConflict?: boolean }) {
    const { isRepeated = false, isConflict = false } = marks
    this.#db.run(
      'UPDATE messages SET repeated = MAX(repeated, ?), conflict = MAX(conflict, ?) WHERE id = ?',
      isRepeated ? 1 : 0,
      isConflict ? 1 : 0,
      message,
    )
  }

  /** How many messages came before, and how many did not say what the first one said. */
  repeats(station: string): { readonly repeated: number; readonly conflicts: number } {
    const row = this.#db.get(
      'SELECT SUM(repeated) AS repeated, SUM(conflict) AS conflicts FROM messages WHERE station = ?',
      station,
      // biome-ignore format: one query
    )
    return { repeated: Number(row?.repeated), conflicts: Number(row?.conflicts) }
  }

  /** The bytes of a message. */
  payloadOf(message: number): Uint8Array | undefined {
    const row = this.#db.get('SELECT payload FROM messages WHERE id = ?', message)
    return row?.payload as Uint8Array | undefined
  }

  /** Stored messages of a station, newest first. */
  page(station: string, limit: number, before = Number.MAX_SAFE_INTEGER) {
    return this.#db
      .all(
        'SELECT * FROM messages WHERE station = ? AND id < ? ORDER BY id DESC LIMIT ?',
        station,
        before,
        limit,
      )
      .map((row) => ({
        id: Number(row.id),
        protocol: String(row.protocol),
        action: String(row.action),
        receivedAt: String(row.received_at),
        payload: row.payload as Uint8Array,
        repeated: row.repeated === 1,
        conflict: row.conflict === 1,
      }))
  }

  /** Stored messages of a station, oldest first. */
  of(station: string): MessageRow[] {
    return this.#db
      .all('SELECT * FROM messages WHERE station = ? ORDER BY id', station)
      .map((row) => ({
        station,
        protocol: String(row.protocol),
        action: String(row.action),
        receivedAt: String(row.received_at),
        payload: row.payload as Uint8Array,
        isRepeated: row.repeated === 1,
      }))
  }
}
