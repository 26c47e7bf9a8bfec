import type { Database } from './database.ts'

/** Ids in messages of OCPP are signed and have 32 bits. */
const GREATEST_ID = 2 ** 31 - 1
/** More than are given between a backup and the loss of what came after it. */
const GIVEN_MEANWHILE = 1_000_000
const EPOCH_MS = Date.UTC(2026, 0, 1)

/** What is given ids, and where those stand that something has. */
const IDS = {
  reservation: 'SELECT 1 FROM reservations WHERE reservation_id = ?',
  profile: 'SELECT 1 FROM charging_profiles WHERE profile_id = ?',
} as const

/** The next id that no reservation, or no profile, has; it is given once, whatever becomes of it. */
export function nextId(db: Database, name: keyof typeof IDS): number {
  let id = lastId(db, name)
  do id = following(id)
  while (db.get(IDS[name], id))
  db.run('UPDATE counters SET last = ? WHERE name = ?', id, name)
  return id
}

/** No transaction gets this number or a lower one any more. */
export function passOver(db: Database, number: number): void {
  db.run(
    `INSERT INTO sqlite_sequence (name, seq) SELECT 'transactions', 0
     WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'transactions')`,
  )
  db.run("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'transactions' AND seq < ?1", number)
}

/**
 * The file is older than what was done with it: numbers that it gave since then are out there, and
 * none of them may be given again.
 *
 * @param nowMs Milliseconds since 1970.
 */
export function passOverForgotten(db: Database, nowMs: number): void {
  const { seq = 0 } = db.get("SELECT seq FROM sqlite_sequence WHERE name = 'transactions'") ?? {}
  passOver(db, beyond(Number(seq), nowMs))
  for (const name of Object.keys(IDS) as (keyof typeof IDS)[]) {
    const last = beyond(lastId(db, name), nowMs) % GREATEST_ID
    db.run('UPDATE counters SET last = ? WHERE name = ?', last, name)
  }
}

/** By the time, too: the same file may be brought back twice. */
function beyond(last: number, nowMs: number): number {
  return Math.max(last + GIVEN_MEANWHILE, Math.floor((nowMs - EPOCH_MS) / 1000))
}

function lastId(db: Database, name: keyof typeof IDS): number {
  return Number(db.get('SELECT last FROM counters WHERE name = ?', name)?.last)
}

function following(id: number): number {
  return id < 0 || id >= GREATEST_ID ? 1 : id + 1
}
