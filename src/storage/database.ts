import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

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
  #jobs: Job[] = []

  /** @param file A path, or `:memory:`. */
  constructor(file: string, schema: string) {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true })
    this.#db = new DatabaseSync(file)
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;')
    this.#db.exec(schema)
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
    this.#db.exec('SAVEPOINT job')
    try {
      const value = job.run()
      this.#db.exec('RELEASE job')
      return () => job.resolve(value)
    } catch (error) {
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
