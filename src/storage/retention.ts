import type { Database } from './database.ts'

/** What is kept for some time only, and when a row of it came. */
const TABLES = {
  messages: 'received_at',
  operations: 'asked_at',
  security_events: 'received_at',
} as const

export type Perishable = keyof typeof TABLES

/**
 * Deletes at most `limit` of the oldest rows that came before a moment. The newest row always stays:
 * SQLite would give its number again, and what refers to a deleted row would mean another one.
 *
 * @param before RFC 3339.
 * @returns How many are gone.
 */
export function deleteOldest(db: Database, table: Perishable, before: string, limit: number) {
  const at = TABLES[table]
  return db.delete(
    `DELETE FROM ${table} WHERE id IN (
       SELECT id FROM (SELECT id, ${at} FROM ${table} ORDER BY id LIMIT ?) WHERE ${at} < ?)
     AND id < (SELECT MAX(id) FROM ${table})`,
    limit,
    before,
  )
}
