import type { FrameView, TransactionView } from '../../src/http/live-api.ts'
import type { TransactionFilter } from '../navigation/address.ts'

const PER_PAGE = 100
const ACTIONS = new Set(['TransactionEvent', 'StartTransaction', 'StopTransaction', 'MeterValues'])

/**
 * Whether the CSMS may have stored something about a transaction since the frame `seen`.
 *
 * @param frames Oldest first.
 * @param seen Sequence of the newest frame before.
 */
export function changesTransactions(frames: readonly FrameView[], seen: number): boolean {
  const old = frames.findLastIndex(({ sequence }) => sequence <= seen)
  return frames.slice(old + 1).some(({ action }) => ACTIONS.has(action))
}

/**
 * What to ask for: those that run and those that ended are two lists. Those that run stand first
 * on the first page and are not repeated on the pages after it.
 */
export function transactionPaths({ station, state, before }: TransactionFilter): {
  readonly running: string | undefined
  readonly ended: string | undefined
} {
  const path = (of: 'running' | 'ended') => {
    const query = new URLSearchParams({ state: of, limit: String(PER_PAGE) })
    if (station) query.set('find', station)
    if (before !== undefined) query.set('before', String(before))
    return `/api/transactions?${query}`
  }
  const showsRunning = state === 'running' || (state === '' && before === undefined)
  return {
    running: showsRunning ? path('running') : undefined,
    ended: state === 'running' ? undefined : path('ended'),
  }
}

/** Running first. One that ended between the two readings is in both, and has ended. */
export function runningFirst(
  running: readonly TransactionView[],
  ended: readonly TransactionView[],
): readonly TransactionView[] {
  const over = new Set(ended.map(({ number }) => number))
  return [...running.filter(({ number }) => !over.has(number)), ...ended]
}

/** How long a transaction lasted, or has lasted until now, in ms. */
export function durationOf(transaction: TransactionView, now: number): number | undefined {
  const { startedAt, endedAt, state } = transaction
  if (startedAt === undefined) return undefined
  const end = endedAt === undefined ? now : Date.parse(endedAt)
  const duration = end - Date.parse(startedAt)
  // Of a leap second no difference can be told.
  if (Number.isNaN(duration)) return undefined
  return state === 'running' || endedAt !== undefined ? duration : undefined
}
