import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { OverlayError } from '../errors.ts'
import { DataLock } from './data-lock.ts'

/** SQLITE_BUSY */
const BUSY = 5

/**
 * Makes one file of a database and what stands beside it: after a process was killed most of it is
 * still in the `-wal`, and lost with that.
 *
 * @throws {OverlayError} ERR_STORE_IN_USE while a process has it open. A damaged file stays as it is.
 */
export function closeFile(file: string): void {
  if (!existsSync(file)) return
  const lock = new DataLock(file)
  try {
    const database = new DatabaseSync(file)
    try {
      database.exec('PRAGMA busy_timeout = 0')
      const row = database.prepare('PRAGMA journal_mode = DELETE').get()
      if (row?.journal_mode !== 'delete') throw new OverlayError('ERR_STORE_IN_USE', { file })
    } catch (cause) {
      if (cause instanceof OverlayError) throw cause
      const { errcode } = cause as { errcode?: number }
      if (errcode === BUSY) throw new OverlayError('ERR_STORE_IN_USE', { file }, { cause })
      // What is no database cannot be put together, and nobody has it open as one.
    } finally {
      database.close()
    }
  } finally {
    lock.release()
  }
}
