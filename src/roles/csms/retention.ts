import type { Logger } from '../../node/core.ts'
import { type Clock, every } from '../../primitives/clock.ts'
import type { CsmsStore } from '../../storage/csms-store.ts'
import type { Perishable } from '../../storage/retention.ts'

/** Days that things are kept; what is not named is kept for ever. */
export interface Retention {
  /** Messages as they came. What was made of them stays: transactions, meter values, status. */
  readonly messagesDays?: number | undefined
  readonly operationsDays?: number | undefined
  readonly securityEventsDays?: number | undefined
}

const TABLES: readonly (readonly [keyof Retention, Perishable])[] = [
  ['messagesDays', 'messages'],
  ['operationsDays', 'operations'],
  ['securityEventsDays', 'security_events'],
]
const EVERY_MS = 3_600_000
const DAY_MS = 86_400_000
/** Few enough that stations need not wait for it. */
const BATCH = 500

/** Deletes what is too old, now and every hour. @returns What ends it. */
export function keepFor(
  retention: Retention,
  { store, clock, log }: { readonly store: CsmsStore; readonly clock: Clock; readonly log: Logger },
): () => void {
  let isEnded = false
  const run = async () => {
    for (const [setting, table] of TABLES) {
      const days = retention[setting]
      if (days === undefined) continue
      const before = new Date(clock.now() - days * DAY_MS).toISOString()
      let rows = 0
      for (let last = BATCH; last === BATCH && !isEnded; rows += last) {
        last = await store.write(() => store.deleteOldest(table, before, BATCH))
      }
      if (rows > 0) log.info('retention.deleted', { table, rows, before })
    }
  }
  const tryIt = () => {
    run().catch((error) => {
      if (!isEnded) log.error('retention.failed', { error: String(error) })
    })
  }
  tryIt()
  const timer = every(clock, EVERY_MS, tryIt)
  return () => {
    isEnded = true
    timer.cancel()
  }
}
