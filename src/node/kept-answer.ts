import { OverlayError } from '../errors.ts'
import type { Clock } from '../primitives/clock.ts'
import type { MessageId } from '../primitives/ids.ts'
import type { SeenMessage } from '../security/freshness/seen-messages.ts'
import type { Frame } from '../wire/frame.ts'
import { encodePayload, type JsonObject, parsePayload } from '../wire/payload.ts'
import { ByteBudget } from './byte-budget.ts'

/** An answer as it was told, whatever the frame's id was. */
export interface KeptAnswer {
  readonly type: 3 | 4
  readonly errorCode: string
  readonly errorDescription: string
  readonly payload: JsonObject
  /** In place of `payload`: base64url of a binary result. */
  readonly binary?: string
}

/** Of one originator, and of all: a controller that reads much of many stations stays below. */
const MAX_BYTES_OF_SOURCE = 4 * 1024 * 1024
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Answers for who asks the same again, bounded in bytes: where there is no room the oldest are
 * forgotten. That they were given is not, so nothing takes effect twice.
 */
export class KeptAnswers {
  readonly #clock: Pick<Clock, 'now'>
  readonly #all = new ByteBudget(MAX_BYTES)
  readonly #bySource = new Map<string, { readonly kept: Set<SeenMessage>; readonly budget: ByteBudget }>() // biome-ignore format: one line
  /** Oldest first. */
  readonly #kept = new Set<SeenMessage>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  get bytes(): number {
    return this.#all.used
  }

  keep(seen: SeenMessage | undefined, answer: KeptAnswer): void {
    if (!seen) return
    this.#sweep()
    this.#forget(seen)
    const reply = encodePayload(answer)
    seen.onReply?.(reply)
    seen.reply = 'forgotten'
    const source = this.#bySource.get(seen.from) ?? { kept: new Set(), budget: new ByteBudget(MAX_BYTES_OF_SOURCE, this.#all) } // biome-ignore format: one line
    while (!source.budget.hasRoom(reply.length)) {
      const [oldest] = source.budget.used + reply.length > MAX_BYTES_OF_SOURCE ? source.kept : this.#kept // biome-ignore format: one line
      if (!oldest) return
      this.#forget(oldest)
    }
    source.budget.take(reply.length)
    source.kept.add(seen)
    this.#bySource.set(seen.from, source)
    this.#kept.add(seen)
    seen.reply = reply
  }

  /** What is too old to be asked again. */
  #sweep(): void {
    const nowS = this.#clock.now() / 1_000
    for (const seen of this.#kept) {
      if (seen.until >= nowS) return
      this.#forget(seen)
    }
  }

  #forget(seen: SeenMessage): void {
    const source = this.#bySource.get(seen.from)
    if (!source?.kept.delete(seen) || !(seen.reply instanceof Uint8Array)) return
    this.#kept.delete(seen)
    source.budget.give(seen.reply.length)
    if (source.kept.size === 0) this.#bySource.delete(seen.from)
    seen.reply = 'forgotten'
  }
}

/**
 * What was answered.
 *
 * @throws {OverlayError} ERR_LINK_BUSY while the answer is on its way; ERR_ANSWER_FORGOTTEN
 */
export function keptAnswer(seen: SeenMessage | undefined): KeptAnswer {
  const reply = seen?.reply
  if (reply === 'forgotten') throw new OverlayError('ERR_ANSWER_FORGOTTEN', { executed: 'unknown' })
  if (!reply) throw new OverlayError('ERR_LINK_BUSY', { retryAfterMs: REPEAT_AFTER_MS })
  return parsePayload(reply) as unknown as KeptAnswer
}

/** The answer under the id of whoever asks now. */
export function answerFrame(answer: KeptAnswer, messageId: MessageId): Frame {
  const { type, errorCode, errorDescription, binary } = answer
  const frame = { type, errorCode, errorDescription, route: undefined, messageId, action: '' }
  if (binary === undefined) return { ...frame, encoding: 'text', payload: encodePayload(answer.payload) } // biome-ignore format: one line
  return { ...frame, encoding: 'binary', payload: new Uint8Array(Buffer.from(binary, 'base64url')) }
}

/** When somebody may ask again whose answer is on its way. */
const REPEAT_AFTER_MS = 1_000
