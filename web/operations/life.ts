import type { OperationView } from '../../src/http/live-api.ts'
import { text } from '../text/text.ts'

const words = text.operations.life
/** The slowest effect is waited for this long. */
const LONGEST_EFFECT_MS = 125_000

/** One step in the life of an operation. */
export interface Step {
  readonly name: 'sent' | 'answer' | 'effect'
  readonly word: string
  /** RFC 3339; undefined for what has not happened. */
  readonly at: string | undefined
  readonly tone: 'done' | 'waiting' | 'alarm' | 'warn'
}

/** What has become of an operation, and what is waited for. */
export function lifeOf(operation: OperationView, now: number): readonly Step[] {
  const { state, askedAt, answeredAt, effectAt, effect, problem = '' } = operation
  const sent: Step = { name: 'sent', word: words.sent, at: askedAt, tone: 'done' }
  if (state === 'sent') {
    return [sent, { name: 'answer', word: words.waitsForAnswer, at: undefined, tone: 'waiting' }]
  }
  if (state === 'refused' || state === 'failed') {
    return [sent, { name: 'answer', word: words[state](problem), at: answeredAt, tone: 'alarm' }]
  }
  const accepted: Step = { name: 'answer', word: words.accepted, at: answeredAt, tone: 'done' }
  if (state === 'no-effect') {
    return [sent, accepted, { name: 'effect', word: words.noEffect(problem), at: undefined, tone: 'warn' }] // biome-ignore format: one line
  }
  if (state === 'effect-seen') {
    return [sent, accepted, { name: 'effect', word: words.effectSeen(effect ?? ''), at: effectAt, tone: 'done' }] // biome-ignore format: one line
  }
  // What the station has said to wait for takes as long as it takes.
  if (effect !== undefined && problem === '') {
    return [sent, accepted, { name: 'effect', word: effect, at: undefined, tone: 'waiting' }]
  }
  const isWaitedFor =
    operation.showsEffect && now - Date.parse(answeredAt ?? askedAt) < LONGEST_EFFECT_MS
  return isWaitedFor
    ? [sent, accepted, { name: 'effect', word: words.waitsForEffect, at: undefined, tone: 'waiting' }] // biome-ignore format: one line
    : [sent, accepted]
}
