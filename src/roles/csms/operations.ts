import { OverlayError, RemoteError } from '../../errors.ts'
import { actionRow } from '../../messages/actions.ts'
import type { Protocol } from '../../messages/protocols.ts'
import { createValidator } from '../../messages/validation.ts'
import type { Logger } from '../../node/core.ts'
import type { Node } from '../../node/node.ts'
import type { Clock, Timer } from '../../primitives/clock.ts'
import { createUuidV7, type Randomness } from '../../primitives/randomness.ts'
import type { CsmsStore } from '../../storage/csms-store.ts'
import type { OperationChange, OperationRow } from '../../storage/operation-rows.ts'
import { type Effect, effectOf, refusalOf } from './effects.ts'
import type { Heard, Hearing } from './heard.ts'
import { keepInstalled } from './installed.ts'

/** After this time an effect that nothing has shown is said not to be there. */
const EFFECT_MS = 30_000
/** A station that resets has to boot, and waits for what runs on it. */
const SLOW_EFFECT_MS = 120_000
const SLOW: ReadonlySet<string> = new Set(['Reset', 'GetBaseReport', 'GetReport'])

export interface OperationsOptions {
  readonly node: Node
  readonly store: CsmsStore
  readonly hearing: Hearing
  readonly clock: Clock
  readonly random: Randomness
  readonly log: Logger
}

export interface OperationRequest {
  readonly station: string
  readonly action: string
  readonly request: Record<string, unknown>
  /** The user or API token that asks. */
  readonly askedBy: string
}

/** Why an operation cannot be asked for. */
export class OperationError extends Error {
  override readonly name = 'OperationError'
  readonly reason: 'unknown-station' | 'not-an-operation' | 'not-valid'
  /** JSON pointer into the request, where it is not valid. */
  readonly pointer: string | undefined

  constructor(reason: OperationError['reason'], message: string, pointer?: string) {
    super(message)
    this.reason = reason
    this.pointer = pointer
  }
}

interface Waiting {
  readonly operation: OperationRow
  readonly effect: Extract<Effect, { by: 'message' }>
  answer: Record<string, unknown> | undefined
  /** What has shown the effect before the answer came. */
  early: string | undefined
  timer: Timer | undefined
}

/**
 * Lets stations do things, and watches what comes of it: an answer is a promise, and only the
 * effect that something else shows is the end of an operation.
 */
export class Operations {
  readonly #options: OperationsOptions
  readonly #newId: () => string
  readonly #validator = createValidator()
  readonly #waiting = new Map<string, Waiting>()
  readonly #listeners = new Set<(operation: OperationRow) => void>()

  constructor(options: OperationsOptions) {
    this.#options = options
    this.#newId = createUuidV7(() => options.clock.now(), options.random)
    options.hearing.listen((heard) => this.#onHeard(heard))
  }

  /** What a restart has left open is not known to anybody any more. */
  start(): Promise<number> {
    const { operations } = this.#options.store
    return this.#options.store.write(() =>
      operations.abandoned('the CSMS was restarted before there was an answer'),
    )
  }

  stop(): void {
    for (const { timer } of this.#waiting.values()) timer?.cancel()
    this.#waiting.clear()
  }

  /** Tells of each change of an operation. */
  onChange(listener: (operation: OperationRow) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Resolves when an operation is over; not for one whose effect nothing can show. */
  ended(id: string): Promise<OperationRow> {
    const isOver = ({ state }: OperationRow) => state !== 'sent' && state !== 'accepted'
    return new Promise((resolve) => {
      const known = this.#options.store.operations.find(id)
      if (known && isOver(known)) return resolve(known)
      const end = this.onChange((operation) => {
        if (operation.id !== id || !isOver(operation)) return
        end()
        resolve(operation)
      })
    })
  }

  /**
   * Asks a station for something; resolves when that is on disk, and the rest follows.
   *
   * @throws {OperationError} when it cannot be asked for that, or not so.
   */
  async submit({ station, action, request, askedBy }: OperationRequest): Promise<OperationRow> {
    const protocol = this.#protocolOf(station)
    this.#check(protocol, action, request)
    const operation: OperationRow = {
      id: this.#newId(),
      station,
      protocol,
      action,
      request,
      state: 'sent',
      askedBy,
      askedAt: this.#now(),
    }
    const { store } = this.#options
    await store.write(() => store.operations.add(operation))
    this.#tell(operation)
    this.#run(operation, protocol).catch((error) => {
      this.#options.log.error('operation.failed', { operation: operation.id, error: String(error) })
    })
    return operation
  }

  #protocolOf(station: string): Protocol {
    const known = this.#options.store.stationProtocol(station)
    if (known) return known as Protocol
    throw new OperationError('unknown-station', `no station ${station} has ever connected`)
  }

  #check(protocol: Protocol, action: string, request: unknown): void {
    const row = actionRow(protocol, action)
    if (!row || row.from === 'station' || row.send) {
      throw new OperationError('not-an-operation', `${action} is nothing that a CSMS asks a station of ${protocol} for`) // biome-ignore format: one line
    }
    const [problem] = this.#validator.validate(protocol, action, 'request', request)
    if (problem) throw new OperationError('not-valid', problem.problem, problem.pointer)
  }

  async #run(operation: OperationRow, protocol: Protocol): Promise<void> {
    const { station, action } = operation
    const request = operation.request as Record<string, unknown>
    const effect = effectOf(action, request)
    // Before it is asked: what shows the effect may come before the answer does.
    const waiting = effect.by === 'message' ? this.#wait(operation, effect) : undefined
    let answer: Record<string, unknown>
    try {
      answer = await this.#call(station, protocol, action, request)
    } catch (error) {
      this.#waiting.delete(operation.id)
      return this.#change(operation, { state: 'failed', answeredAt: this.#now(), problem: problemOf(error) }) // biome-ignore format: one line
    }
    const refusal = refusalOf(answer)
    const answeredAt = this.#now()
    if (refusal !== undefined) {
      this.#waiting.delete(operation.id)
      return this.#change(operation, { state: 'refused', answeredAt, answer, problem: refusal })
    }
    const keep = () => keepInstalled(this.#options.store, operation, answer, answeredAt)
    if (effect.by === 'answer') {
      return this.#change(operation, { state: 'effect-seen', answeredAt, answer, effectAt: answeredAt, effect: 'the answer says so' }, keep) // biome-ignore format: one line
    }
    await this.#change(operation, { state: 'accepted', answeredAt, answer }, keep)
    if (waiting) this.#answered(waiting, answer)
    else if (effect.by === 'reading') await this.#read(operation, effect, protocol, answer)
  }

  async #call(station: string, protocol: Protocol, action: string, request: object) {
    // The action was checked against the version; the types of 194 actions cannot say so here.
    const call = this.#options.node.call.bind(this.#options.node) as (
      ...of: [string, Protocol, string, object]
    ) => Promise<Record<string, unknown>>
    return call(station, protocol, action, request)
  }

  #wait(operation: OperationRow, effect: Waiting['effect']): Waiting {
    const waiting: Waiting = { operation, effect, answer: undefined, early: undefined, timer: undefined } // biome-ignore format: one line
    this.#waiting.set(operation.id, waiting)
    return waiting
  }

  #answered(waiting: Waiting, answer: Record<string, unknown>): void {
    const { operation, early } = waiting
    waiting.answer = answer
    if (early !== undefined) return this.#seen(waiting, early)
    const afterMs = SLOW.has(operation.action) ? SLOW_EFFECT_MS : EFFECT_MS
    waiting.timer = this.#options.clock.setTimer(() => {
      this.#waiting.delete(operation.id)
      const problem = `accepted, no effect after ${afterMs / 1000} s`
      void this.#change(operation, { state: 'no-effect', problem })
    }, afterMs)
  }

  #onHeard(heard: Heard): void {
    for (const waiting of this.#waiting.values()) {
      const { operation, effect, answer } = waiting
      if (operation.station !== heard.station) continue
      const request = operation.request as Record<string, unknown>
      const shown = effect.seen(heard, request, answer ?? {})
      if (shown === undefined) continue
      if (answer) this.#seen(waiting, shown)
      else waiting.early ??= shown
    }
  }

  #seen({ operation, timer }: Waiting, effect: string): void {
    timer?.cancel()
    this.#waiting.delete(operation.id)
    void this.#change(operation, { state: 'effect-seen', effectAt: this.#now(), effect })
  }

  async #read(
    operation: OperationRow,
    effect: Extract<Effect, { by: 'reading' }>,
    protocol: Protocol,
    answer: Record<string, unknown>,
  ): Promise<void> {
    const request = operation.request as Record<string, unknown>
    const [action, question] = effect.ask(request, answer)
    try {
      const reading = await this.#call(operation.station, protocol, action, question)
      const shown = effect.seen(reading, request)
      const { station } = operation
      const { store } = this.#options
      const at = this.#now()
      const keep = () => keepInstalled(store, { station, action, request: question }, reading, at)
      const change: OperationChange =
        shown === undefined
          ? { state: 'no-effect', problem: `${action} says otherwise` }
          : { state: 'effect-seen', effectAt: at, effect: shown }
      await this.#change(operation, change, keep)
    } catch (error) {
      await this.#change(operation, { state: 'no-effect', problem: `${action}: ${problemOf(error)}` }) // biome-ignore format: one line
    }
  }

  /** @param keep What else is to be kept with the change, or not at all. */
  async #change(operation: OperationRow, change: OperationChange, keep?: () => void) {
    const { store } = this.#options
    await store.write(() => {
      store.operations.change(operation.id, change)
      keep?.()
    })
    const changed = store.operations.find(operation.id)
    if (changed) this.#tell(changed)
  }

  #tell(operation: OperationRow): void {
    for (const listener of this.#listeners) listener(operation)
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString()
  }
}

/** One sentence about why there is no usable answer. */
function problemOf(error: unknown): string {
  if (error instanceof RemoteError || error instanceof OverlayError) return error.message
  throw error
}
