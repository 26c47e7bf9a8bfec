import { type Logger, silentLogger } from '../../node/core.ts'
import type { Node } from '../../node/node.ts'
import { type Clock, delay, type Timer } from '../../primitives/clock.ts'
import type { JournalMessage, StationJournal } from '../../storage/station-journal.ts'
import type { StationState } from '../../storage/station-state.ts'
import { startAlignedValues } from './aligned-values.ts'
import { Authorization } from './authorization.ts'
import type { Acknowledgement, BootReason, Dialect, Registration, StopReason } from './dialect.ts'
import { DynamicProfiles } from './dynamic-profiles.ts'
import { Evse } from './evse.ts'
import { Notices } from './notices.ts'
import type { Outbox } from './outbox.ts'
import type { Outlet } from './outlet.ts'
import { Priority } from './priority.ts'
import { Problems } from './problems.ts'
import { Profiles } from './profiles.ts'
import type { Reach } from './reach.ts'
import { Reservations } from './reservations.ts'
import type { Hardware, Site } from './site.ts'
import { StatusReports } from './status-reports.ts'
import { Ticker } from './ticker.ts'
import { transactionOutbox } from './transaction-outbox.ts'
import { Variables } from './variables.ts'
import type { VariableName } from './variables-table.ts'

export interface LifeOptions {
  readonly node: Node
  readonly reach: Reach
  readonly dialect: Dialect
  /** Of the station; links and answers have another one where it lives faster. */
  readonly clock: Clock
  readonly networkClock: Clock
  readonly log?: Logger
  readonly journal: StationJournal
  readonly state: StationState
  readonly hardware: Hardware
  /** The iron outlives this life. */
  readonly outlets: readonly Outlet[]
  /** What settings are until somebody sets them. */
  readonly initial: Partial<Record<VariableName, string>>
  /** Milliseconds by which the station's clock is wrong. */
  readonly skewMs: () => number
  readonly transactionsChanged: () => void
}

const DEFAULT_BOOT_RETRY_S = 10
/** Nobody was there: sooner than after a refusal. */
const UNANSWERED_BOOT_RETRY_S = 1
/** Timers of the platform cannot wait longer. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A station from one boot to the next: what it has in memory, and nothing that is not in its store. */
export class Life implements Site {
  readonly nodeId: string
  readonly node: Node
  readonly reach: Reach
  readonly clock: Clock
  readonly log: Logger
  readonly dialect: Dialect
  readonly journal: StationJournal
  readonly state: StationState
  readonly hardware: Hardware
  readonly variables: Variables
  readonly authorization: Authorization
  readonly reservations: Reservations
  readonly profiles: Profiles
  readonly dynamicProfiles: DynamicProfiles
  readonly priority: Priority
  readonly statuses: StatusReports
  readonly outbox: Outbox<JournalMessage, Acknowledgement>
  readonly notices: Notices
  readonly problems: Problems
  readonly outlets: readonly Outlet[]
  readonly evses: readonly Evse[]
  readonly transactionsChanged: () => void
  readonly #options: LifeOptions
  readonly #end = new AbortController()
  readonly #timers = new Set<Timer>()
  /** Resolves when the CSMS has accepted the station; rejects when its life ended before. */
  readonly accepted: Promise<void>
  #accept: () => void = () => {}
  #registration: Registration | undefined
  #wakeBoot: (() => void) | undefined
  /** How often current was shared out. */
  #round = 0

  constructor(options: LifeOptions) {
    this.accepted = new Promise((resolve, reject) => {
      this.#accept = resolve
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true })
    })
    // Whoever waits for it hears of it there.
    this.accepted.catch(() => {})
    const {
      node,
      reach,
      dialect,
      clock,
      networkClock,
      log = silentLogger,
      journal,
      state,
      hardware,
      outlets,
    } = options
    this.#options = options
    this.nodeId = node.id
    this.node = node
    this.reach = reach
    this.clock = clock
    this.log = log
    this.dialect = dialect
    this.journal = journal
    this.state = state
    this.hardware = hardware
    this.outlets = outlets
    this.transactionsChanged = options.transactionsChanged
    reach.answered = (wasSilent) => this.#answered(wasSilent)
    const own = { live: this.#liveVariables(), members: this.#members() }
    this.variables = new Variables({ state, is16: dialect.is16, initial: options.initial, ...own })
    this.authorization = new Authorization({
      state,
      dialect,
      variables: this.variables,
      now: () => this.now(),
      isOnline: () => reach.isLinked && this.isAccepted(),
      failed: (error) => this.#failed('authorize', error),
    })
    this.profiles = new Profiles(this)
    this.dynamicProfiles = new DynamicProfiles(this)
    this.priority = new Priority(this)
    this.reservations = new Reservations(this)
    this.statuses = new StatusReports(this, networkClock, this.signal)
    this.outbox = transactionOutbox(this, networkClock, this.signal)
    this.notices = new Notices(this, networkClock, this.signal)
    this.problems = new Problems(this)
    this.evses = outlets.map((outlet) => new Evse(this, outlet))
    this.variables.onChange((name) => {
      if (name === 'TxCtrlr.TxStartPoint') for (const evse of this.evses) evse.look()
    })
  }

  /** Aborted when this life ends. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  get registration(): Registration | undefined {
    return this.#registration
  }

  now(): number {
    return this.clock.now() + this.#options.skewMs()
  }

  stamp(): string {
    return new Date(this.now()).toISOString()
  }

  isAccepted(): boolean {
    return this.#registration === 'Accepted' && !this.signal.aborted
  }

  /** Boots until accepted, then says all there is to say until it ends; rejects then. */
  async run(reason: BootReason): Promise<void> {
    await this.#boot(reason)
    this.reservations.resume()
    this.statuses.forget()
    if (this.dialect.is16) this.noteOwnStatus()
    // What was plugged in before counts from now on.
    for (const evse of this.evses) evse.look()
    const heartbeat = () => void this.say('heartbeat', () => this.dialect.heartbeat())
    new Ticker(this, { interval: 'OCPPCommCtrlr.HeartbeatInterval', tick: heartbeat }).start()
    startAlignedValues(this)
    this.dynamicProfiles.start()
    this.#accept()
    await Promise.all([this.outbox.run(), this.notices.run()])
  }

  /** The station as a whole, which only OCPP 1.6 speaks of (connector 0). */
  noteOwnStatus(): void {
    const isUsed = this.state.get('availability', 0) !== 'Inoperative'
    this.statuses.note(0, isUsed ? 'Available' : 'Unavailable')
  }

  /** A link came up. */
  linked(): void {
    this.reach.linked()
    this.#reachable()
    this.statuses.found()
  }

  unlinked(): void {
    if (!this.reach.isLinked) this.statuses.lost()
  }

  /** The next boot does not wait (B02.FR.04). */
  bootNow(): void {
    this.#wakeBoot?.()
  }

  end(): void {
    this.#end.abort(new Error('the station was stopped'))
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  async say<T>(what: string, message: () => Promise<T>): Promise<T | undefined> {
    if (this.signal.aborted) return undefined
    try {
      const answer = await message()
      // Whatever waits for another try may have it now.
      this.#reachable()
      return answer
    } catch (error) {
      if (!this.signal.aborted) this.#failed(what, error)
      return undefined
    }
  }

  after(ms: number, callback: () => void): Timer {
    const handle: Timer = { cancel: () => forget() }
    const forget = () => {
      timer?.cancel()
      this.#timers.delete(handle)
    }
    let leftMs = ms
    let timer: Timer | undefined
    const arm = () => {
      const waitMs = Math.min(leftMs, MAX_TIMER_MS)
      leftMs -= waitMs
      timer = this.clock.setTimer(() => (leftMs > 0 ? arm() : fire()), waitMs)
    }
    const fire = () => {
      this.#timers.delete(handle)
      callback()
    }
    if (this.signal.aborted) return handle
    this.#timers.add(handle)
    arm()
    return handle
  }

  added(): void {
    this.outbox.added()
  }

  balance(): void {
    const round = ++this.#round
    const offers = this.profiles.offers()
    for (const [at, evse] of this.evses.entries()) {
      const offer = offers[at]
      if (offer) evse.supply(offer)
      // What that ended or began has shared out again, and knew more.
      if (round !== this.#round) return
    }
  }

  /** Ends what was running when the station lost its power, before it says anything new. */
  endInterrupted(): void {
    for (const { startId, registerWh, ...transaction } of this.journal.open()) {
      const message = this.dialect.message(transaction, {
        kind: 'end',
        trigger: 'AbnormalCondition',
        reason: 'PowerLoss' satisfies StopReason,
        at: this.stamp(),
        seqNo: this.journal.count(startId),
        isOffline: !this.reach.isThere,
        chargingState: 'EVConnected',
        registerWh,
        values: [this.#interrupted(registerWh)],
      })
      if (!message) continue
      const { evseId, idToken } = transaction
      this.journal.add({ evseId, idToken, registerWh, ...message }, 'stop', startId)
    }
  }

  #interrupted(registerWh: number) {
    const isTold = this.variables.list('SampledDataCtrlr.TxEndedMeasurands').length > 0
    const register = { measurand: 'Energy.Active.Import.Register', unit: 'Wh' } as const
    const samples = isTold ? [{ ...register, value: Number(registerWh.toFixed(1)) }] : []
    return { at: this.stamp(), context: 'Transaction.End', samples } as const
  }

  /** A station that is not accepted says nothing else (B02, B03). */
  async #boot(reason: BootReason): Promise<void> {
    for (;;) {
      const answer = await this.say('boot', () => this.dialect.boot(reason))
      this.#registration = answer?.status
      if (answer?.status === 'Accepted') {
        const interval = `${Math.max(1, Math.round(answer.intervalS))}`
        if (answer.intervalS > 0) this.variables.assign('OCPPCommCtrlr.HeartbeatInterval', interval)
        return
      }
      const againS = answer ? answer.intervalS || DEFAULT_BOOT_RETRY_S : UNANSWERED_BOOT_RETRY_S
      await this.#waitToBoot(againS)
    }
  }

  async #waitToBoot(seconds: number): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wakeBoot = resolve
    })
    await Promise.race([woken, delay(this.clock, seconds * 1000, this.signal)])
  }

  #liveVariables(): Partial<Record<VariableName, () => string>> {
    return {
      'ClockCtrlr.DateTime': () => this.stamp(),
      'SecurityCtrlr.Identity': () => this.nodeId,
      'LocalAuthListCtrlr.Entries': () => `${this.authorization.listLength}`,
      'SmartChargingCtrlr.Entries[ChargingProfiles]': () => `${this.profiles.all().length}`,
      '-.NumberOfConnectors': () => `${this.outlets.length}`,
      '-.ConnectorPhaseRotation': () => this.#rotations().join(','),
    }
  }

  // 0 is what is between the grid and the main meter.
  #members(): Partial<Record<VariableName, () => readonly string[]>> {
    return { '-.ConnectorPhaseRotation': () => ['0.RST', ...this.#rotations()] }
  }

  #rotations(): string[] {
    return this.outlets.map(({ evseId }) => `${evseId}.RST`)
  }

  #reachable(): void {
    this.outbox.reachable()
    this.notices.reachable()
  }

  #answered(wasSilent: boolean): void {
    if (this.signal.aborted) return
    if (wasSilent) this.#reachable()
    this.statuses.answered()
  }

  #failed(what: string, error: unknown): void {
    const { errorCode: code } = error as { errorCode?: string }
    this.log.warn('station.failed', { what, code, error: String(error) })
  }
}
