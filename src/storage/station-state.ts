import { Database } from './database.ts'

export const STATE_SCHEMA = `
CREATE TABLE IF NOT EXISTS facts (
  kind TEXT NOT NULL, name TEXT NOT NULL,
  value TEXT NOT NULL,     -- JSON
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
`

/** What a station remembers apart from its journal. */
export type FactKind =
  | 'availability'
  | 'cached-token'
  | 'counter'
  | 'listed-token'
  | 'notice'
  | 'problem'
  | 'profile'
  | 'reservation'
  | 'variable'

/**
 * Facts that a charging station must still know after a power cut: settings, lists, profiles,
 * reservations. Each call returns when it is on disk.
 */
export class StationState {
  readonly #db: Database

  /** @param database A path, `:memory:`, or a database that has the table already. */
  constructor(database: string | Database) {
    this.#db = typeof database === 'string' ? new Database(database, STATE_SCHEMA) : database
  }

  get<T>(kind: FactKind, name: string | number): T | undefined {
    const row = this.#db.get('SELECT value FROM facts WHERE kind = ? AND name = ?', kind, `${name}`)
    return row && (JSON.parse(String(row.value)) as T)
  }

  /** All facts of a kind by name, in the order of their names. */
  all<T>(kind: FactKind): Map<string, T> {
    const rows = this.#db.all('SELECT name, value FROM facts WHERE kind = ? ORDER BY name', kind)
    return new Map(rows.map(({ name, value }) => [String(name), JSON.parse(String(value)) as T]))
  }

  set(kind: FactKind, name: string | number, value: unknown): void {
    this.#db.run(
      'INSERT OR REPLACE INTO facts (kind, name, value) VALUES (?, ?, ?)',
      kind,
      `${name}`,
      JSON.stringify(value),
    )
  }

  delete(kind: FactKind, name: string | number): void {
    this.#db.run('DELETE FROM facts WHERE kind = ? AND name = ?', kind, `${name}`)
  }

  clear(kind: FactKind): void {
    this.#db.run('DELETE FROM facts WHERE kind = ?', kind)
  }

  /** The next number of a counter that never says the same twice: 1, 2, 3. */
  count(name: string): number {
    const next = (this.get<number>('counter', name) ?? 0) + 1
    this.set('counter', name, next)
    return next
  }

  /** Several changes that are all made or none. */
  async together(change: () => void): Promise<void> {
    await this.#db.write(change)
  }

  close(): void {
    this.#db.close()
  }
}
