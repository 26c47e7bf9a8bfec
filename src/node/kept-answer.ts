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
  /** In place of `payload`: base64url of a binary result. */
  readonly binary?: string
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
  const { type, errorCode, errorDescription, binary } = answer
  const frame = { type, errorCode, errorDescription, route: undefined, messageId, action: '' }
  if (binary === undefined) return { ...frame, encoding: 'text', payload: encodePayload(answer.payload) } // biome-ignore format: one line
  return { ...frame, encoding: 'binary', payload: new Uint8Array(Buffer.from(binary, 'base64url')) }
}

/** When somebody may ask again whose answer is on its way. */
export const REPEAT_AFTER_MS = 1_000
