import { setImmediate as nextTurn } from 'node:timers/promises'
import { OverlayError, RemoteError } from '../../errors.ts'
import { actionRow } from '../../messages/actions.ts'
import type { Protocol } from '../../messages/protocols.ts'
import { createValidator } from '../../messages/validation.ts'
import type { Logger } from '../../node/core.ts'
import type { Node } from '../../node/node.ts'
import type { Clock } from '../../primitives/clock.ts'
import { createUuidV7, type Randomness } from '../../primitives/randomness.ts'
import type { CsmsStore } from '../../storage/csms-store.ts'
import { isOver, type OperationChange, type OperationRow } from '../../storage/operation-rows.ts'
import type { Effect, Members, Verdict } from './effect.ts'
import { effectOf, refusalOf } from './effects.ts'
import { tooFine } from './fine-limits.ts'
import type { Hearing } from './heard.ts'
import { doubtInstalled, keepInstalled, knowsNone } from './installed.ts'
import { knownOf } from './known.ts'
import { acceptedPart, booted, needsReboot } from './variable-effects.ts'
import { type Job, type Waiting, Watch } from './watch.ts'

export interface OperationsOptions {
  readonly node: Node
  readonly store: CsmsStore
  readonly hearing: Hearing
  readonly clock: Clock
  readonly random: Randomness
  readonly log: Logger
  /** Whether the boot of a station is accepted: nothing is asked of any other (B03.FR.03). */
  readonly isAdmitted: (station: string) => boolean
  /** Seconds after which a station boots again that was rejected. */
  readonly retryS: number
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
  readonly reason: 'unknown-station' | 'not-an-operation' | 'not-valid' | 'not-booted' | 'busy'
  /** JSON pointer into the request, where it is not valid. */
  readonly pointer: string | undefined

  constructor(reason: OperationError['reason'], message: string, pointer?: string) {
    super(message)
    this.reason = reason
    this.pointer = pointer
  }
}

/**
 * What is to be kept only when it is seen: the answer alone would hide a profile that is still in
 * force, and does not say of which transaction one is that came with its start.
 */
const KEPT_WHEN_SEEN: ReadonlySet<string> = new Set([
  'ClearChargingProfile',
  'RemoteStartTransaction',
  'RequestStartTransaction',
])

/** What is set, and does not count yet. */
const AFTER_REBOOT = 'in force after a reboot'

/**
 * Lets stations do things, and watches what comes of it: an answer is a promise, and only the
 * effect that something else shows is the end of an operation.
 */
export class Operations {
  readonly #options: OperationsOptions
  readonly #newId: () => string
  readonly #validator = createValidator()
  readonly #watch: Watch
  readonly #listeners = new Set<(operation: OperationRow) => void>()
  /** Of the last question that is answered by reports. */
  #requestId: number

  constructor(options: OperationsOptions) {
    this.#options = options
    this.#newId = createUuidV7(() => options.clock.now(), options.random)
    this.#requestId = options.clock.now() % 1_000_000_000
    const { store, clock, hearing } = options
    const onVerdict = (job: Job, verdict: Verdict) =>
      void this.#found(job, verdict).catch((error) => this.#broke(job.operation, error))
    this.#watch = new Watch({ store, clock, onVerdict })
    hearing.listen((heard) => this.#watch.hear(heard))
  }

  /** What a restart has left open is not known to anybody any more. */
  start(): Promise<number> {
    const { store } = this.#options
    const { operations, listJobs } = store
    return store.write(() => {
      for (const station of operations.stationsAsked('SendLocalList')) {
        doubtInstalled(store, { station, action: 'SendLocalList' }, this.#now())
      }
      const count = operations.abandoned(
        'the CSMS was restarted before there was an answer',
        'accepted, no effect seen before the CSMS was restarted',
        '; the CSMS was restarted and does not look for it any more',
      )
      listJobs.abandoned('the CSMS was restarted before it was sent as a whole')
      return count
    })
  }

  stop(): void {
    this.#watch.stop()
  }

  /** Tells of each change of an operation. */
  onChange(listener: (operation: OperationRow) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Resolves when an operation is over. */
  ended(id: string): Promise<OperationRow> {
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
  async submit({
    station: named,
    action,
    request,
    askedBy,
  }: OperationRequest): Promise<OperationRow> {
    const station = this.#options.store.spellingOf(named)
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
    const { retryS } = this.#options
    if (known === '') throw new OperationError('not-booted', `station ${station} is entered and has not booted since, and nothing is asked of it before; let it connect, or wait up to ${retryS} s where it is connected`) // biome-ignore format: one line
    throw new OperationError('unknown-station', `no station ${station} has ever connected`)
  }

  #check(protocol: Protocol, action: string, request: Record<string, unknown>): void {
    const row = actionRow(protocol, action)
    if (!row || row.from === 'station' || row.send) {
      throw new OperationError('not-an-operation', `${action} is nothing that a CSMS asks a station of ${protocol} for`) // biome-ignore format: one line
    }
    const [wrong] = this.#validator.validate(protocol, action, 'request', request)
    const problem = wrong ?? tooFine(protocol, request)
    if (problem) throw new OperationError('not-valid', problem.problem, problem.pointer)
  }

  async #run(operation: OperationRow, protocol: Protocol): Promise<void> {
    const { action } = operation
    const request = operation.request as Members
    const nextRequestId = () => ++this.#requestId
    const now = this.#options.clock.now()
    const effect = effectOf(action, request, knownOf(this.#options.store, operation, { now, nextRequestId })) // biome-ignore format: one line
    const job: Job = { operation, protocol, request, effect }
    // Before it is asked: what shows the effect may come before the answer does.
    const waiting = this.#watch.waitFor(job)
    const before = await this.#before(job)
    let answer: Members
    try {
      answer = await this.#call(job, action, request)
    } catch (error) {
      this.#watch.forget(operation.id)
      const answeredAt = this.#now()
      const doubt = isUndone(error) ? undefined : () => doubtInstalled(this.#options.store, operation, answeredAt) // biome-ignore format: one line
      return this.#change(operation, { state: 'failed', answeredAt, problem: problemOf(error) }, doubt) // biome-ignore format: one line
    }
    const refusal = refusalOf(answer)
    if (refusal !== undefined) return this.#refused(job, answer, refusal)
    await this.#taken(job, answer, waiting, before)
  }

  /** The station takes it on: what shows the effect is looked for. */
  async #taken(
    job: Job,
    answer: Members,
    waiting: Waiting | undefined,
    before: Members | undefined,
  ): Promise<void> {
    const { operation, effect } = job
    const { action } = operation
    const answeredAt = this.#now()
    if (waiting) this.#watch.taken(waiting)
    const keep = () => keepInstalled(this.#options.store, operation, answer, answeredAt, job.shownBy) // biome-ignore format: one line
    if (effect.by === 'nothing' && effect.why !== undefined) {
      this.#watch.forget(operation.id)
      const why = needsReboot(answer) ? `${AFTER_REBOOT}; ${effect.why}` : effect.why
      return this.#change(operation, { state: 'accepted', answeredAt, answer, problem: `accepted, ${why}` }, keep) // biome-ignore format: one line
    }
    if (effect.by === 'answer') {
      return this.#change(operation, { state: 'effect-seen', answeredAt, answer, effectAt: answeredAt, effect: 'the answer says so' }, keep) // biome-ignore format: one line
    }
    if (effect.by === 'reading' && needsReboot(answer)) {
      await this.#change(operation, { state: 'accepted', answeredAt, answer, effect: AFTER_REBOOT })
      return this.#watch.rest(this.#watch.wait(job, booted), answer)
    }
    const isLate = KEPT_WHEN_SEEN.has(action)
    if (isLate) job.keep = keep
    await this.#change(operation, { state: 'accepted', answeredAt, answer }, isLate ? undefined : keep) // biome-ignore format: one line
    if (effect.by === 'reading') await this.#read(job, effect, answer, before)
    else if (waiting) this.#watch.answered(waiting, answer)
  }

  /** The station refuses it; what it takes on of several parts, or tells, is kept all the same. */
  async #refused(job: Job, answer: Members, refusal: string): Promise<void> {
    const { operation, request } = job
    const { action } = operation
    this.#watch.forget(operation.id)
    const answeredAt = this.#now()
    const isKept = knowsNone(action, answer) || action === 'GetVariables'
    const keep = () => keepInstalled(this.#options.store, operation, answer, answeredAt)
    const part = action === 'SetVariables' ? acceptedPart(request, answer) : undefined
    const read = part && (await this.#readPart(job, part, answer))
    const problem = read ? `${refusal}; ${read.text}` : refusal
    await this.#change(operation, { state: 'refused', answeredAt, answer, problem }, isKept ? keep : read?.keep) // biome-ignore format: one line
  }

  /** What the accepted part of an operation reads now. */
  async #readPart(
    job: Job,
    part: Members,
    answer: Members,
  ): Promise<{ text: string; keep?: () => void }> {
    const { station, action } = job.operation
    if (needsReboot(answer)) return { text: `accepted, ${AFTER_REBOOT}` }
    const effect = effectOf(action, part)
    if (effect.by !== 'reading') return { text: effect.by === 'nothing' ? `accepted, ${effect.why}` : 'accepted' } // biome-ignore format: one line
    const [asked, request] = effect.ask(part, {})
    try {
      const reading = await this.#call(job, asked, request)
      const at = this.#now()
      const keep = () => keepInstalled(this.#options.store, { station, action: asked, request }, reading, at) // biome-ignore format: one line
      return { text: `accepted, ${partText(asked, effect.seen(reading, part, undefined))}`, keep }
    } catch (error) {
      return { text: `accepted, ${asked}: ${problemOf(error)}` }
    }
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

  /** A job whose value waits for a boot is not over with it: the station is asked what it reads. */
  async #found(job: Job, verdict: Verdict): Promise<void> {
    const { effect, restingFor } = job
    if (effect.by !== 'reading' || !restingFor) return this.#conclude(job, verdict)
    // The station hears first that it is accepted: before that it need not answer (B02.FR.03).
    await nextTurn()
    await this.#read(job, effect, restingFor, undefined)
  }

  async #conclude({ operation, keep }: Job, verdict: Verdict, more?: () => void): Promise<void> {
    if (typeof verdict === 'object' && 'unreadable' in verdict) {
      return this.#change(operation, { state: 'accepted', problem: `accepted, ${verdict.unreadable}` }, more) // biome-ignore format: one line
    }
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
    const waiting = effect.later && this.#watch.wait(job, effect.later)
    let reading: Members
    try {
      reading = await this.#call(job, action, question)
    } catch (error) {
      this.#watch.forget(operation.id)
      return this.#conclude(job, { problem: `${action}: ${problemOf(error)}` })
    }
    const verdict = effect.seen(reading, request, before)
    if (verdict === undefined && waiting) return this.#watch.answered(waiting, answer)
    this.#watch.forget(operation.id)
    const at = this.#now()
    const keep = () => keepInstalled(this.#options.store, { station, action, request: question }, reading, at) // biome-ignore format: one line
    await this.#conclude(job, verdict ?? { problem: `${action} says otherwise` }, keep)
  }

  /** Something that was not foreseen: the operation is over, and says so. */
  async #broke(operation: OperationRow, error: unknown): Promise<void> {
    const { log } = this.#options
    log.error('operation.failed', { operation: operation.id, error: String(error) })
    this.#watch.forget(operation.id)
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

/** What the rest of something reads that was refused in part. */
function partText(action: string, verdict: Verdict): string {
  if (typeof verdict === 'string') return verdict
  if (verdict && 'unreadable' in verdict) return verdict.unreadable
  return verdict?.problem ?? `${action} says otherwise`
}

/** Error codes by which a station says that it has done nothing at all. */
const UNDONE: ReadonlySet<string> = new Set(['NotImplemented', 'NotSupported'])
/** Of what has never left this node. */
const UNSENT: ReadonlySet<string> = new Set(['ERR_ROUTE_UNKNOWN', 'ERR_ROUTE_CANNOT_CARRY', 'ERR_LINK_BUSY']) // biome-ignore format: one line

/** Whether a failure says that what was asked for has not happened. */
function isUndone(error: unknown): boolean {
  if (error instanceof OverlayError) return UNSENT.has(error.code)
  return error instanceof RemoteError && UNDONE.has(error.errorCode)
}

/** One sentence about why there is no usable answer. */
function problemOf(error: unknown): string {
  // What the station did may be another thing: its word would be signed.
  if (error instanceof RemoteError && error.isSigned === false) return `${error.message} (not signed: the word of a hop on the way)` // biome-ignore format: one line
  if (error instanceof RemoteError || error instanceof OverlayError) return error.message
  throw error
}
