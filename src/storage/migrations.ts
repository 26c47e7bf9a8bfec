import { OverlayError } from '../errors.ts'
import type { Database } from './database.ts'

/** A step from one form of a file to the next; what was released is never changed again. */
export interface Migration {
  readonly name: string
  readonly up: (db: Database) => void
}

const LEDGER = `CREATE TABLE IF NOT EXISTS migrations (
  name TEXT PRIMARY KEY, applied_at TEXT NOT NULL
) STRICT`

/**
 * Brings a file to the newest form, each step wholly or not at all.
 *
 * @throws {OverlayError} ERR_STORE_NEWER when a newer version of the program has changed the file.
 */
export function migrate(db: Database, migrations: readonly Migration[]): void {
  db.run(LEDGER)
  const applied = new Set(db.all('SELECT name FROM migrations').map(({ name }) => String(name)))
  const known = new Set(migrations.map(({ name }) => name))
  const unknown = [...applied].find((name) => !known.has(name))
  if (unknown !== undefined) throw new OverlayError('ERR_STORE_NEWER', { file: db.file, unknown })
  for (const { name, up } of migrations) {
    if (applied.has(name)) continue
    db.atomically(() => {
      up(db)
      db.run('INSERT INTO migrations VALUES (?, ?)', name, new Date().toISOString())
    })
  }
}
