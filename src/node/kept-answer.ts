import type { MessageId } from '../primitives/ids.ts'
import type { SeenMessage } from '../security/freshness/seen-messages.ts'
import type { Frame } from '../wire/frame.ts'
import { encodePayload, type JsonObject, parsePayload } from '../wire/payload.ts'

/** An answer as it was told, whatever the frame's id was. */
export interface KeptAnswer {
  readonly type: 3 | 4
  readonly errorCode: string
  readonly errorDescription: string
  readonly payload: JsonObject
}

/** Keeps an answer for who asks the same again. */
export function keepAnswer(seen: SeenMessage | undefined, answer: KeptAnswer): void {
  if (seen) seen.reply = encodePayload(answer)
}

/** What was answered; undefined while the answer is on its way. */
export function keptAnswer(seen: SeenMessage | undefined): KeptAnswer | undefined {
  return seen?.reply && (parsePayload(seen.reply) as unknown as KeptAnswer)
}

/** The answer under the id of whoever asks now. */
export function answerFrame(answer: KeptAnswer, messageId: MessageId): Frame {
  const payload = encodePayload(answer.payload)
  return { ...answer, encoding: 'text', route: undefined, messageId, action: '', payload }
}

/** When somebody may ask again whose answer is on its way. */
export const REPEAT_AFTER_MS = 1_000
