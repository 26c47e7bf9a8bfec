import type { StaleReason } from './freshness/freshness.ts'
import { POLICY_REASONS, type PolicyReason } from './policies/facts.ts'
import { generalSentence } from './verdict.ts'

// biome-ignore format: a table
const STALE: Readonly<Record<StaleReason, string>> = {
  'expired':         'it was signed too long ago, or was to be obeyed earlier than now',
  'from-the-future': 'it was signed later than now: one of the clocks is wrong',
  'holds-too-long':  'it claims to hold for longer than a message of its kind may',
  'replayed':        'it was obeyed before, and has come again with another content or id',
  'not-challenged':  'it answers no challenge that was put to its originator',
  'too-many':        'its originator has sent more in this span than can be remembered',
  'not-provable':    'whether it is of now cannot be told, and nobody can be asked',
}

/** Why a message was not obeyed, for people, without the details of the one case. */
export function reasonSentence(reason: PolicyReason): string
/** @param reason Of whoever it comes from; undefined where it is none of ours. */
export function reasonSentence(reason: string): string | undefined
export function reasonSentence(reason: string): string | undefined {
  if (Object.hasOwn(POLICY_REASONS, reason)) return POLICY_REASONS[reason as keyof typeof POLICY_REASONS] // biome-ignore format: one line
  return Object.hasOwn(STALE, reason) ? STALE[reason as StaleReason] : generalSentence(reason)
}
