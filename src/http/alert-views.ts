import { WEAKNESSES, weaknessesOf } from '../security/policies/weaknesses.ts'
import { reasonSentence } from '../security/reason-sentences.ts'
import type { Observations } from './observations.ts'
import { momentOf, type TrustSources } from './trust.ts'
import type { AlertsView, InsecureRule } from './trust-views.ts'

/** A policy may have thousands of rules; whoever mends these sees the next ones. */
const MAX_RULES = 20

/** What rules let through though it fails them; undefined where nothing was yet. */
export function alertsView(observed: Observations | undefined): AlertsView | undefined {
  const newest = observed?.newestAlert
  if (!observed || !newest) return undefined
  const { name: _, atMs, ...told } = newest
  const counts = [...observed.alerted]
  return {
    count: counts.reduce((sum, [, count]) => sum + count, 0),
    byReason: Object.fromEntries(counts),
    newest: { ...told, time: new Date(atMs).toISOString(), sentence: reasonSentence(told.reason) ?? '' }, // biome-ignore format: one line
  }
}

/** The rules that obey what the default policy would not. */
export function insecureRulesView({ trust }: TrustSources, nowMs: number): readonly InsecureRule[] {
  const found = weaknessesOf(trust.book.policies, nowMs / 1_000).slice(0, MAX_RULES)
  return found.map(({ rule: { policy, version, list, index = 0 }, name, why, action, untilS }) => ({
    ...{ policy, version, list: list as InsecureRule['list'], index, why },
    sentence: WEAKNESSES[why],
    ...(name !== undefined && { name }),
    ...(action !== undefined && { action }),
    ...(untilS !== undefined && { until: momentOf(untilS) }),
  }))
}
