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
import type { Effect, Known, Members, Verdict } from './effect.ts'
import { effectOf, refusalOf } from './effects.ts'
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
  /** Whether the boot of a station is accepted: nothing is asked of any other (B03.FR.03). */
  readonly isAdmitted: (station: string) => boolean
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

/** An operation on its way, and what is to be kept once it is done. */
interface Job {
  readonly operation: OperationRow
  readonly protocol: Protocol
  readonly request: Members
  readonly effect: Effect
  keep?: (() => void) | undefined
}

interface Waiting {
  readonly job: Job
  readonly seen: (heard: Heard, request: Members, answer: Members) => Verdict
  answer: Members | undefined
  /** What was found out before the answer came. */
  early: Verdict
  timer: Timer | undefined
}

/** What is to be kept only when it is seen: an answer alone would hide what is still in force. */
const KEPT_WHEN_SEEN: ReadonlySet<string> = new Set(['CancelReservation', 'ClearChargingProfile'])
/** Reservations of a station that one is looked for among. */
const MAX_RESERVATIONS = 1000

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
  /** Of the last question that is answered by reports. */
  #requestId: number

  constructor(options: OperationsOptions) {
    this.#options = options
    this.#newId = createUuidV7(() => options.clock.now(), options.random)
    this.#requestId = options.clock.now() % 1_000_000_000
    options.hearing.listen((heard) => this.#onHeard(heard))
  }

  /** What a restart has left open is not known to anybody any more. */
  start(): Promise<number> {
    const { operations } = this.#options.store
    return this.#options.store.write(() =>
      operations.abandoned(
        'the CSMS was restarted before there was an answer',
        'accepted, no effect seen before the CSMS was restarted',
      ),
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

  /** Resolves when an operation is over. */
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
    const protocol = this.protocolOf(station)
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
    this.#run(operation, protocol).catch((error) => this.#broke(operation, error))
    return operation
  }

  /** What a station speaks. @throws {OperationError} when nothing can be asked of it. */
  protocolOf(station: string): Protocol {
    if (!this.#options.isAdmitted(station)) {
      throw new OperationError('unknown-station', `station ${station} is rejected, and nothing is asked of it: nobody has entered it`) // biome-ignore format: one line
    }
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
    const { action } = operation
    const request = operation.request as Members
    const effect = effectOf(action, request, this.#known(operation, protocol))
    const job: Job = { operation, protocol, request, effect }
    // Before it is asked: what shows the effect may come before the answer does.
    const waiting = this.#waitFor(job)
    const before = await this.#before(job)
    let answer: Members
    try {
      answer = await this.#call(job, action, request)
    } catch (error) {
      this.#waiting.delete(operation.id)
      return this.#change(operation, { state: 'failed', answeredAt: this.#now(), problem: problemOf(error) }) // biome-ignore format: one line
    }
    const answeredAt = this.#now()
    const keep = () => keepInstalled(this.#options.store, operation, answer, answeredAt)
    const refusal = refusalOf(answer)
    if (refusal !== undefined) {
      this.#waiting.delete(operation.id)
      // The station knows of none of them, so none is in force.
      const isNone = action === 'ClearChargingProfile' && answer.status === 'Unknown'
      return this.#change(operation, { state: 'refused', answeredAt, answer, problem: refusal }, isNone ? keep : undefined) // biome-ignore format: one line
    }
    if (effect.by === 'answer') {
      return this.#change(operation, { state: 'effect-seen', answeredAt, answer, effectAt: answeredAt, effect: 'the answer says so' }, keep) // biome-ignore format: one line
    }
    const isLate = KEPT_WHEN_SEEN.has(action)
    if (isLate) job.keep = keep
    await this.#change(operation, { state: 'accepted', answeredAt, answer }, isLate ? undefined : keep) // biome-ignore format: one line
    if (effect.by === 'reading') await this.#read(job, effect, answer, before)
    else if (waiting) this.#answered(waiting, answer)
  }

  /** What is known of a station that tells the effect of an operation. */
  #known({ station, action, request }: OperationRow, protocol: Protocol): Known {
    const { store, clock } = this.#options
    const common = { now: clock.now(), is16: protocol === 'ocpp1.6' }
    if (action === 'CancelReservation') {
      const { reservationId } = request as Members
      const open = store.reservations.page({ station, state: 'reserved', limit: MAX_RESERVATIONS })
      const row = open.find((one) => one.reservationId === reservationId)
      const reserved = (store.stationRow(station)?.connectors ?? [])
        .filter(({ status, evseId }) => status === 'Reserved' && evseId === (row?.evseId ?? evseId))
        .map(({ evseId }) => evseId)
      return { ...common, reservedEvses: row ? reserved : [] }
    }
    if (action === 'ClearChargingProfile') {
      this.#requestId += 1
      const { id } = request as Members
      const cleared = id === undefined ? undefined : store.profiles.find(station, Number(id))
      return { ...common, requestId: this.#requestId, cleared }
    }
    return common
  }

  /** What a reading says before anything was done; undefined where nobody wants to know. */
  async #before({ operation, effect, protocol, request }: Job): Promise<Members | undefined> {
    if (effect.by !== 'reading' || !effect.isCompared) return undefined
    const [action, question] = effect.ask(request, {})
    try {
      return await this.#call({ operation, protocol }, action, question)
    } catch (error) {
      this.#options.log.debug('operation.unread', { operation: operation.id, error: String(error) })
      return undefined
    }
  }

  async #call(
    { operation, protocol }: Pick<Job, 'operation' | 'protocol'>,
    action: string,
    request: object,
  ): Promise<Members> {
    // The action was checked against the version; the types of 194 actions cannot say so here.
    const call = this.#options.node.call.bind(this.#options.node) as (
      ...of: [string, Protocol, string, object]
    ) => Promise<Members>
    return call(operation.station, protocol, action, request)
  }

  #waitFor(job: Job): Waiting | undefined {
    const { effect } = job
    if (effect.by === 'message') return this.#wait(job, effect.seen)
    return effect.by === 'nothing' ? this.#wait(job, () => undefined) : undefined
  }

  #wait(job: Job, seen: Waiting['seen']): Waiting {
    const waiting: Waiting = { job, seen, answer: undefined, early: undefined, timer: undefined }
    this.#waiting.set(job.operation.id, waiting)
    return waiting
  }

  #answered(waiting: Waiting, answer: Members): void {
    const { job, early } = waiting
    const { operation, effect } = job
    waiting.answer = answer
    if (early !== undefined) return this.#found(waiting, early)
    const afterMs = SLOW.has(operation.action) ? SLOW_EFFECT_MS : EFFECT_MS
    const why = effect.by === 'nothing' ? 'seen: nothing that a station says shows it' : `after ${afterMs / 1000} s` // biome-ignore format: one line
    waiting.timer = this.#options.clock.setTimer(
      () => this.#found(waiting, { problem: `accepted, no effect ${why}` }),
      afterMs,
    )
  }

  #onHeard(heard: Heard): void {
    for (const waiting of this.#waiting.values()) {
      const { job, seen, answer } = waiting
      if (job.operation.station !== heard.station) continue
      const verdict = seen(heard, job.request, answer ?? {})
      if (verdict === undefined) continue
      if (answer) this.#found(waiting, verdict)
      else waiting.early ??= verdict
    }
  }

  #found({ job, timer }: Waiting, verdict: Verdict): void {
    const { operation } = job
    timer?.cancel()
    this.#waiting.delete(operation.id)
    this.#conclude(job, verdict).catch((error) => this.#broke(operation, error))
  }

  async #conclude({ operation, keep }: Job, verdict: Verdict, more?: () => void): Promise<void> {
    if (typeof verdict !== 'string') {
      const { problem = 'accepted, no effect' } = verdict ?? {}
      return this.#change(operation, { state: 'no-effect', problem }, more)
    }
    await this.#change(
      operation,
      { state: 'effect-seen', effectAt: this.#now(), effect: verdict },
      () => {
        // biome-ignore format: one line
        keep?.()
        more?.()
      },
    )
  }

  async #read(
    job: Job,
    effect: Extract<Effect, { by: 'reading' }>,
    answer: Members,
    before: Members | undefined,
  ): Promise<void> {
    const { operation, request } = job
    const { station } = operation
    const [action, question] = effect.ask(request, answer)
    const waiting = effect.later && this.#wait(job, effect.later)
    let reading: Members
    try {
      reading = await this.#call(job, action, question)
    } catch (error) {
      this.#waiting.delete(operation.id)
      return this.#conclude(job, { problem: `${action}: ${problemOf(error)}` })
    }
    const verdict = effect.seen(reading, request, before)
    if (verdict === undefined && waiting) return this.#answered(waiting, answer)
    this.#waiting.delete(operation.id)
    const at = this.#now()
    const keep = () => keepInstalled(this.#options.store, { station, action, request: question }, reading, at) // biome-ignore format: one line
    await this.#conclude(job, verdict ?? { problem: `${action} says otherwise` }, keep)
  }

  /** Something that was not foreseen: the operation is over, and says so. */
  async #broke(operation: OperationRow, error: unknown): Promise<void> {
    const { log } = this.#options
    log.error('operation.failed', { operation: operation.id, error: String(error) })
    this.#waiting.get(operation.id)?.timer?.cancel()
    this.#waiting.delete(operation.id)
    const problem = `what followed from the answer could not be kept: ${error instanceof Error ? error.message : error}` // biome-ignore format: one line
    try {
      await this.#change(operation, { state: 'failed', problem })
    } catch (cause) {
      log.error('operation.failed', { operation: operation.id, error: String(cause) })
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
