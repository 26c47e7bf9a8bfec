import { OverlayError, RemoteError, type RpcKind, rpcKindOf } from '../../errors.ts'
import { readRpcCode } from '../../messages/rpc-codes.ts'
import type { Logger } from '../../node/core.ts'
import { type Clock, delay } from '../../primitives/clock.ts'

/** Between attempts that did not reach the CSMS: doubled each time, from the first to the last. */
const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 4_000
const MAX_RETRY_AFTER_MS = 60_000

/** Something to be delivered. */
export interface Deliverable {
  readonly id: number
  readonly action: string
  /** How often the CSMS has said that it could not process it. */
  readonly failures: number
}

/** What waits for delivery, kept where a power cut does not reach it. */
export interface Queue<Message extends Deliverable> {
  /** The oldest. */
  next(): Message | undefined
  /** The CSMS has answered that it could not process it. */
  failed(id: number): void
  /** It will never be delivered. */
  refused(id: number, why: string): void
}

export interface OutboxOptions<Message extends Deliverable, Answer> {
  readonly queue: Queue<Message>
  readonly deliver: (message: Message) => Promise<Answer>
  /** Why it cannot be delivered, whoever is there. */
  readonly impossible?: (message: Message) => string | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly stopping: AbortSignal
  /** TransactionMessageAttempts, in 2.x MessageAttempts. */
  readonly attempts: () => number
  /** TransactionMessageRetryInterval, in 2.x MessageAttemptInterval. */
  readonly retryIntervalMs: () => number
  /** Told what the CSMS answered; the message is no longer to be in the queue then. */
  readonly answered: (message: Message, answer: Answer) => void
}

/** What is to be done about a message that was not acknowledged. */
export type Failure =
  | { readonly kind: 'not-there'; readonly afterMs?: number }
  | { readonly kind: 'not-processed'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }

/**
 * Delivers what is in a queue, one message after the other in the order they were written:
 * whatever stops one stops all behind it, until it is delivered or refused for good.
 *
 * @spec OCPP 1.6 section 3.7; OCPP 2.0.1 Part 2 section E, offline behaviour
 */
export class Outbox<Message extends Deliverable, Answer> {
  readonly #options: OutboxOptions<Message, Answer>
  #wake: (() => void) | undefined
  #isIdle = false
  /** Attempts that did not reach the CSMS, since it was reached. */
  #unreached = 0

  constructor(options: OutboxOptions<Message, Answer>) {
    this.#options = options
  }

  /** There is something new to deliver. */
  added(): void {
    if (this.#isIdle) this.#wake?.()
  }

  /** There is a link again, or the CSMS has answered something else: it is worth a try. */
  reachable(): void {
    this.#unreached = 0
    this.#wake?.()
  }

  /** Delivers until the station stops; rejects then. */
  async run(): Promise<never> {
    const { queue } = this.#options
    for (;;) {
      const message = queue.next()
      this.#isIdle = message === undefined
      if (message) await this.#deliver(message)
      else await this.#sleep()
    }
  }

  async #deliver(message: Message): Promise<void> {
    const { deliver, impossible, answered, stopping } = this.#options
    const why = impossible?.(message)
    if (why !== undefined) return this.#refuse(message, why)
    try {
      const answer = await deliver(message)
      this.#unreached = 0
      answered(message, answer)
    } catch (error) {
      stopping.throwIfAborted()
      await this.#onFailure(message, failureOf(error))
    }
  }

  async #onFailure(message: Message, failure: Failure): Promise<void> {
    const { queue, log } = this.#options
    const { action, id } = message
    if (failure.kind === 'refused') return this.#refuse(message, failure.why)
    if (failure.kind === 'not-there') {
      const doubledMs = Math.min(FIRST_RETRY_MS * 2 ** this.#unreached++, MAX_RETRY_MS)
      const inMs = failure.afterMs ?? doubledMs
      log.info('station.undelivered', { action, id, inMs })
      return this.#sleep(inMs)
    }
    queue.failed(id)
    const failures = message.failures + 1
    if (failures >= this.#options.attempts()) return this.#refuse(message, failure.why)
    log.warn('station.not-processed', { action, id, failures, why: failure.why })
    // Not sooner because something else happened: the CSMS is there, and cannot.
    const waitMs = this.#options.retryIntervalMs() * failures
    await delay(this.#options.clock, waitMs, this.#options.stopping)
  }

  #refuse({ action, id }: Message, why: string): void {
    this.#options.queue.refused(id, why)
    this.#options.log.warn('station.refused', { action, id, why })
  }

  /** Until it is woken, or the time is over. */
  #sleep(ms?: number): Promise<void> {
    const { clock, stopping } = this.#options
    return new Promise((resolve, reject) => {
      const end = () => {
        timer?.cancel()
        this.#wake = undefined
        stopping.removeEventListener('abort', end)
        if (stopping.aborted) reject(stopping.reason)
        else resolve()
      }
      const timer = ms === undefined ? undefined : clock.setTimer(end, ms)
      this.#wake = end
      stopping.addEventListener('abort', end)
      if (stopping.aborted) end()
    })
  }
}

/** Errors of a peer that will say the same the next time. */
const DEFINITE: ReadonlySet<RpcKind | undefined> = new Set<RpcKind>([
  'framework',
  'message-type',
  'format',
  'property',
  'occurrence',
  'type',
  'not-implemented',
  'not-supported',
  'protocol',
  'security',
  'filtered',
])
const NOT_THERE: ReadonlySet<unknown> = new Set(['network', 'timeout', 'congested', 'link-lost'])

export function failureOf(error: unknown): Failure {
  if (error instanceof RemoteError) return remoteFailure(error)
  if (!(error instanceof OverlayError)) throw error
  const why = String(error)
  // An answer that is not valid is none.
  if (error.code.startsWith('ERR_SCHEMA')) return { kind: 'not-processed', why }
  return NOT_THERE.has(rpcKindOf(error.code)) ? { kind: 'not-there' } : { kind: 'refused', why }
}

function remoteFailure(error: RemoteError): Failure {
  const kind = readRpcCode(error.errorCode)
  const { reason, retryAfterMs } = (error.errorDetails ?? {}) as Record<string, unknown>
  if (typeof retryAfterMs === 'number') {
    return { kind: 'not-there', afterMs: Math.min(Math.max(retryAfterMs, 0), MAX_RETRY_AFTER_MS) }
  }
  // Where a version has no word for it, the details have.
  if (NOT_THERE.has(kind) || NOT_THERE.has(reason)) return { kind: 'not-there' }
  return { kind: DEFINITE.has(kind) ? 'refused' : 'not-processed', why: String(error) }
}
