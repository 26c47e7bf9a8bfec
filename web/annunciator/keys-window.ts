import type { OverviewView } from '../../src/http/live-api.ts'
import { formatSpan } from '../text/format.ts'
import { text } from '../text/text.ts'

const words = text.keysWindow
const SOON_MS = 30 * 24 * 3_600_000

/** What of keys and rules wants somebody's attention, the most urgent first; empty where nothing does. */
export function keysValue({ keys, asOf }: Pick<OverviewView, 'keys' | 'asOf'>): {
  readonly value: string
  readonly tone: false | 'alarm' | 'warn'
} {
  if (!keys) return { value: '', tone: false }
  const now = Date.parse(asOf)
  const leftMs = Date.parse(keys.ownKeyEndsAt) - now
  if (leftMs <= 0) return { value: words.ended, tone: 'alarm' }
  if (keys.revocations === 'overdue') return { value: words.overdue, tone: 'alarm' }
  if (keys.held > 0) return { value: words.held(keys.held), tone: 'warn' }
  if (keys.lacksRevocations) return { value: words.noList, tone: 'warn' }
  if (keys.revocations === 'stale') return { value: words.stale, tone: 'warn' }
  if (keys.trialEndsAt !== undefined) {
    return { value: words.trial(formatSpan(Date.parse(keys.trialEndsAt) - now)), tone: 'warn' }
  }
  return leftMs < SOON_MS ? { value: words.ends(formatSpan(leftMs)), tone: 'warn' } : { value: '', tone: false } // biome-ignore format: one line
}
