import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Compilable } from 'kysely'
import { OverlayError } from '../errors.ts'

type Row = Record<string, unknown>

interface Job {
  run(): unknown
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * One SQLite file. Writes of one tick share a transaction, and their promises resolve after it is
 * on disk (`synchronous=FULL`): what a peer is told to be kept survives a power cut.
 */
export class Database {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly file: string
  #jobs: Job[] = []

  /**
   * @param file A path, or `:memory:`.
   * @throws {OverlayError} ERR_STORE_DAMAGED when the file is not what it should be.
   */
  constructor(file: string, schema = '') {
    this.file = file
    if (file !== ':memory:') createPrivate(file)
    this.#db = new DatabaseSync(file)
    try {
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
      this.#db.exec('PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;')
      this.#db.exec('PRAGMA cache_size = -16384;')
      this.#db.exec(schema)
    } catch (error) {
      this.#db.close()
      if (!isDamage(error)) throw error
      const problem = error instanceof Error ? error.message : String(error)
      throw new OverlayError('ERR_STORE_DAMAGED', { file, problem }, { cause: error })
    }
  }

  /** Runs in the transaction of this tick; a job that throws undoes only itself. */
  write<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#jobs.length === 0) setImmediate(() => this.#commit())
      this.#jobs.push({ run, resolve: resolve as (value: unknown) => void, reject })
    })
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).lastInsertRowid)
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[]
  }

  /** The rows that a query of `queriesFor` selects or returns. */
  rows<R>(query: Compilable<R>): R[] {
    const { sql, parameters } = query.compile()
    return this.all(sql, ...(parameters as SQLInputValue[])) as R[]
  }

  /** The one row of a query, if there is one. */
  row<R>(query: Compilable<R>): R | undefined {
    return this.rows(query)[0]
  }

  /** @returns How many rows a query has changed. */
  change(query: Compilable): number {
    const { sql, parameters } = query.compile()
    return Number(this.#prepare(sql).run(...(parameters as SQLInputValue[])).changes)
  }

  /** @returns How many rows are gone. */
  delete(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes)
  }

  /** Runs at once, wholly or not at all; not to be used inside `write`. */
  atomically(run: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      run()
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /** Several statements at once, of which none has values. */
  script(sql: string): void {
    this.#db.exec(sql)
  }

  close(): void {
    if (this.#jobs.length > 0) this.#commit()
    this.#db.close()
  }

  #commit(): void {
    const jobs = this.#jobs
    this.#jobs = []
    const done: (() => void)[] = []
    if (!this.#db.isOpen) {
      for (const job of jobs) job.reject(new Error('the database is closed'))
      return
    }
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      for (const job of jobs) done.push(this.#attempt(job))
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      for (const job of jobs) job.reject(error)
      return
    }
    for (const tell of done) tell()
  }

  #attempt(job: Job): () => void {
    this.run('SAVEPOINT job')
    try {
      const value = job.run()
      this.run('RELEASE job')
      return () => job.resolve(value)
    } catch (error) {
      // On a full disk SQLite has undone the whole tick by itself.
      if (!this.#db.isTransaction) throw error
      this.#db.exec('ROLLBACK TO job; RELEASE job')
      return () => job.reject(error)
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

/**
 * Makes a file that nobody else can read, in a folder of the same kind: it tells who has charged
 * where. One that is there keeps its mode; what SQLite puts beside it has the mode of the file.
 */
export function createPrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
}

/** Result codes of SQLite for a file that is not a database, or broken inside. */
const DAMAGED: ReadonlySet<unknown> = new Set([11, 26])

function isDamage(error: unknown): boolean {
  return DAMAGED.has((error as { errcode?: number }).errcode)
}
