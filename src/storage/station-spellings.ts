import type { Database } from './database.ts'

/** More spellings are looked up again. */
const MAX_CACHED = 50_000

/** Under which id rows of a station stand; ids have no case, and the first that came is kept. */
export class StationSpellings {
  readonly #db: Database
  readonly #spoken = new Map<string, string>()

  constructor(db: Database) {
    this.#db = db
  }

  /** As the station is called here: because it came so, was removed so, or was entered so. */
  of(station: string): string {
    const row = this.#db.get(OF_ANY, station)
    return row ? String(row.station) : station
  }

  /** As it came before; one that somebody entered and that never came is called as it comes. */
  ofSpeaker(station: string): string {
    const cached = this.#spoken.get(station)
    if (cached !== undefined) return cached
    const row = this.#db.get(OF_SPEAKER, station)
    if (!row) return station
    // Asked for with each message; once it came it is called so for ever.
    if (this.#spoken.size >= MAX_CACHED) this.#spoken.clear()
    this.#spoken.set(station, String(row.station))
    return String(row.station)
  }
}

const SPOKEN = `SELECT station, 0 AS rank FROM stations
  WHERE station = ?1 COLLATE NOCASE AND seen_at <> ''
  UNION ALL SELECT station, 1 FROM former_stations WHERE station = ?1 COLLATE NOCASE`
const ORDER = 'ORDER BY rank, station <> ?1 LIMIT 1'
const OF_SPEAKER = `SELECT station FROM (${SPOKEN}) ${ORDER}`
const OF_ANY = `SELECT station FROM (${SPOKEN}
  UNION ALL SELECT station, 2 FROM stations
  WHERE station = ?1 COLLATE NOCASE AND seen_at = '') ${ORDER}`

/** Every table whose rows are of a station, those first that others follow. */
const TABLES = ['transactions', 'messages', 'security_events', 'operations', 'variables', 'connectors', 'reservations', 'charging_profiles', 'local_list_entries', 'local_lists', 'transaction_events', 'meter_values'] as const // biome-ignore format: one list
/** What a station holds: of two rows of one thing that of the known spelling counts. */
const HELD: ReadonlySet<string> = new Set(['variables', 'connectors', 'reservations', 'charging_profiles', 'local_list_entries', 'local_lists']) // biome-ignore format: one list

/** Makes one station of rows that stand under several spellings of its id: the one seen last. */
export function mergeSpellings(db: Database): void {
  const groups = db.all(`SELECT lower(station) AS folded FROM (SELECT station FROM stations
    UNION SELECT station FROM former_stations) GROUP BY folded HAVING COUNT(*) > 1`)
  for (const { folded } of groups) mergeOne(db, String(folded))
}

function mergeOne(db: Database, folded: string): void {
  const names = db
    .all(
      `SELECT station FROM (SELECT station, 1 AS rank, seen_at FROM stations
       UNION ALL SELECT station, 0, removed_at FROM former_stations)
       WHERE station = ? COLLATE NOCASE GROUP BY station
       ORDER BY MAX(rank) DESC, MAX(seen_at) DESC, station`,
      folded,
    )
    .map(({ station }) => String(station))
  const [known = folded, ...others] = names
  db.run(
    `UPDATE stations SET known = (SELECT MAX(known) FROM stations
     WHERE station = ?1 COLLATE NOCASE) WHERE station = ?1`,
    known,
  )
  for (const other of others) moveRows(db, other, known)
}

function moveRows(db: Database, from: string, to: string): void {
  for (const table of TABLES) {
    const which = table === 'transaction_events' || table === 'meter_values' ? IS_MOVED(table) : ''
    db.run(`UPDATE OR IGNORE ${table} SET station = ?2 WHERE station = ?1 ${which}`, from, to)
    if (HELD.has(table)) db.run(`DELETE FROM ${table} WHERE station = ?`, from)
  }
  db.run('DELETE FROM stations WHERE station = ?', from)
  db.run(
    `UPDATE former_stations SET last_number = MAX(last_number, coalesce((SELECT last_number
     FROM former_stations WHERE station = ?1), 0)) WHERE station = ?2`,
    from,
    to,
  )
  db.run('UPDATE OR IGNORE former_stations SET station = ?2 WHERE station = ?1', from, to)
  db.run('DELETE FROM former_stations WHERE station = ?', from)
}

/**
 * SQL for: its transaction is not left behind. Two transactions of one id are two: the second stays
 * under the spelling it came with, where it can still be read.
 */
const IS_MOVED = (table: string) => `AND NOT EXISTS (SELECT 1 FROM transactions t
  WHERE t.station = ?1 AND t.transaction_id = ${table}.transaction_id)`
