import { DatabaseSync } from 'node:sqlite'
import { OverlayError } from '../errors.ts'
import { createPrivate } from './database.ts'

/**
 * Keeps a second process from a file that one process owns: two CSMSs on one file would each believe
 * in their own numbers. SQLite holds the lock, so it goes with the process however that ends.
 */
export class DataLock {
  readonly #db: DatabaseSync

  /** @throws {OverlayError} ERR_STORE_IN_USE while another process has it. */
  constructor(file: string) {
    createPrivate(`${file}.lock`)
    this.#db = new DatabaseSync(`${file}.lock`)
    try {
      this.#db.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    } catch (cause) {
      this.#db.close()
      if ((cause as { errcode?: number }).errcode !== BUSY) throw cause
      throw new OverlayError('ERR_STORE_IN_USE', { file }, { cause })
    }
  }

  release(): void {
    this.#db.close()
  }
}

/** SQLITE_BUSY */
const BUSY = 5
