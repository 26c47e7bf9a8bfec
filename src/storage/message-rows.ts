import type { MessageRow } from './csms-rows.ts'
import type { Database } from './database.ts'
import { text } from './transaction-rows.ts'

/** Whoever is refused again and again must not fill the disk. */
const MAX_UNTAKEN_OF_STATION = 2_000
const MAX_UNTAKEN = 50_000

const FORGET_OF_STATION = `
DELETE FROM messages WHERE taken = 0 AND station = ?1 AND id <= (
  SELECT id FROM messages WHERE taken = 0 AND station = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`

const FORGET_OF_ALL = `
DELETE FROM messages WHERE taken = 0 AND id <= (
  SELECT id FROM messages WHERE taken = 0 ORDER BY id DESC LIMIT 1 OFFSET ?)`

/** Messages of stations, byte by byte as they came. */
export class MessageRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** @returns Its id. */
  add(row: MessageRow): number {
    return this.#db.run(
      `INSERT INTO messages (station, protocol, action, received_at, payload, kind, message_id, head,
       tail, refused, taken) VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
      row.station,
      row.protocol,
      row.action,
      row.receivedAt,
      row.payload,
      row.kind ?? 'CALL',
      row.messageId ?? null,
      row.head ?? null,
      row.tail ?? null,
      row.refused ?? null,
      row.isTaken === false ? 0 : 1,
      // biome-ignore format: one row
    )
  }

  /** Of what no handler has taken only the newest stay, of each of these stations and of all. */
  forgetUntaken(stations: Iterable<string>): void {
    for (const station of stations) this.#db.run(FORGET_OF_STATION, station, MAX_UNTAKEN_OF_STATION)
    this.#db.run(FORGET_OF_ALL, MAX_UNTAKEN)
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
        kind: String(row.kind),
        messageId: text(row.message_id),
        frame: frameOf(row),
        refused: text(row.refused),
        repeated: row.repeated === 1,
        conflict: row.conflict === 1,
      }))
  }

  /** The messages of a station that count, oldest first. */
  of(station: string): MessageRow[] {
    return this.#db
      .all('SELECT * FROM messages WHERE station = ? AND taken = 1 ORDER BY id', station)
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

/** A message as it came; undefined where its payload is all that was kept. */
function frameOf({ head, payload, tail }: Record<string, unknown>): Uint8Array | undefined {
  return head && tail ? Buffer.concat([head, payload, tail] as Uint8Array[]) : undefined
}
