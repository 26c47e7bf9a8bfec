import { RemoteError } from '../../errors.ts'
import type { Protocol } from '../../messages/protocols.ts'
import { type Logger, silentLogger } from '../../node/core.ts'
import { createNode, type Node, type NodeOptions } from '../../node/node.ts'
import { type Clock, delay, systemClock } from '../../primitives/clock.ts'
import { type Randomness, randomFraction, systemRandomness } from '../../primitives/randomness.ts'
import { type NewMessage, StationJournal } from '../../storage/station-journal.ts'
import type {
  Dialect,
  EvseStatus,
  Moment,
  Reading,
  StationTransaction,
  StopReason,
  TransactionMessage,
} from './dialect.ts'
import { dialect16 } from './dialect-1.6.ts'
import { dialect2 } from './dialect-2.ts'
import { Outbox } from './outbox.ts'
import { energyWh, powerW, type SimulatedSession } from './physics.ts'

export interface ChargingStationOptions extends Omit<NodeOptions, 'handlers' | 'services'> {
  readonly protocol: Protocol
  /** Default `Simulated AC 22`. */
  readonly model?: string
  /** Id tokens that drivers hold up, by turns. */
  readonly tokens: readonly string[]
  /** Default 1. */
  readonly evses?: number
  /** Default 22 000. */
  readonly maxPowerW?: number
  /** Pause before each session and length of it, in seconds. Default 20 and 60. */
  readonly pauseS?: number
  readonly sessionS?: number
  /** Seconds between meter values. Default 10. */
  readonly meterIntervalS?: number
  /** Sessions of each EVSE, after which it stays free. Default: no end. */
  readonly sessions?: number
  /**
   * What it has to say about transactions, kept until it is delivered, after a restart too.
   * Default: in memory. The station does not close it.
   */
  readonly journal?: StationJournal
}

/** A simulated station: boots, says it is alive, and drivers come and go. */
export interface ChargingStation {
  readonly node: Node
  start(): Promise<void>
  stop(): Promise<void>
}

const DEFAULT_BOOT_RETRY_S = 10
const MAX_FRACTION_OF_PAUSE = 0.5

export function createChargingStation(options: ChargingStationOptions): ChargingStation {
  const { protocol, model = 'Simulated AC 22', journal: _, ...rest } = options
  const node = createNode(rest)
  const identity = { model, serialNumber: options.nodeId.slice(0, 25) }
  const dialect =
    protocol === 'ocpp1.6' ? dialect16(node, identity) : dialect2(node, protocol, identity)
  return new SimulatedStation(node, dialect, options)
}

class SimulatedStation implements ChargingStation {
  readonly node: Node
  readonly #dialect: Dialect
  readonly #options: ChargingStationOptions
  readonly #clock: Clock
  readonly #random: Randomness
  readonly #stopping = new AbortController()
  readonly #log: Logger
  readonly #journal: StationJournal
  readonly #outbox: Outbox
  /** Transactions that the CSMS does not want to go on, by the id of their first message. */
  readonly #unwanted = new Set<number>()
  /** Register of each EVSE's meter before the running session, in Wh. */
  readonly #registers: number[] = []
  #run: Promise<unknown> = Promise.resolve()
  #tokenAt = 0

  constructor(node: Node, dialect: Dialect, options: ChargingStationOptions) {
    this.node = node
    this.#dialect = dialect
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemRandomness
    this.#log = options.log ?? silentLogger
    this.#journal = options.journal ?? new StationJournal(':memory:')
    this.#outbox = new Outbox({
      journal: this.#journal,
      dialect,
      clock: this.#clock,
      log: this.#log,
      stopping: this.#stopping.signal,
      started: (startId, { isAuthorized }) => {
        if (!isAuthorized) this.#unwanted.add(startId)
      },
    })
  }

  async start(): Promise<void> {
    // A station that boots before it is connected would only be told that nobody is there.
    const connected = new Promise<void>((resolve) => {
      this.node.onEvent(({ name }) => {
        if (name !== 'link.up') return
        resolve()
        this.#outbox.reachable()
      })
    })
    this.#endInterrupted()
    await this.node.start()
    this.#run = this.#live(connected).catch((error) => {
      if (!this.#stopping.signal.aborted) throw error
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the station was stopped'))
    await this.node.stop()
    await this.#run
    if (!this.#options.journal) this.#journal.close()
  }

  async #live(connected: Promise<void>): Promise<void> {
    await Promise.race([connected, aborted(this.#stopping.signal)])
    const intervalS = await this.#boot()
    const evses = Array.from({ length: this.#options.evses ?? 1 }, (_, i) => i + 1)
    // A link that comes back needs no other boot: only a station that starts says it (R12).
    await Promise.all([
      this.#outbox.run(),
      this.#heartbeats(intervalS),
      ...evses.map((evseId) => this.#evse(evseId)),
    ])
  }

  /** Ends what was running when the station lost its power, before it says anything new. */
  #endInterrupted(): void {
    for (const { startId, registerWh, ...transaction } of this.#journal.open()) {
      const reading = { at: this.#now(), energyWh: registerWh, powerW: 0 }
      this.#stop(transaction, startId, reading, 'PowerLoss')
    }
  }

  /** Boots until accepted. A station that is not accepted says nothing else (B02, B03). */
  async #boot(): Promise<number> {
    for (;;) {
      const answer = await this.#try('boot', () => this.#dialect.boot())
      if (answer?.accepted) return answer.intervalS
      await this.#wait((answer?.intervalS || DEFAULT_BOOT_RETRY_S) * (answer ? 1 : 0.1))
    }
  }

  async #heartbeats(intervalS: number): Promise<void> {
    for (;;) {
      await this.#wait(intervalS)
      await this.#try('heartbeat', () => this.#dialect.heartbeat())
    }
  }

  async #evse(evseId: number): Promise<void> {
    this.#registers[evseId] = this.#journal.registerWh(evseId) ?? 1000 * evseId
    await this.#status(evseId, 'Available')
    const { pauseS = 20, sessions = Number.POSITIVE_INFINITY } = this.#options
    for (let charged = 0; charged < sessions; ) {
      const jitter = 1 - MAX_FRACTION_OF_PAUSE * randomFraction(this.#random)
      await this.#wait(pauseS * jitter)
      if (await this.#session(evseId)) charged++
    }
  }

  /** @returns Whether there was a transaction. */
  async #session(evseId: number): Promise<boolean> {
    const { tokens } = this.#options
    const idToken = tokens[this.#tokenAt++ % tokens.length]
    if (idToken === undefined) return false
    await this.#status(evseId, 'Preparing')
    const accepted = (await this.#try('authorize', () => this.#dialect.authorize(idToken))) ?? false
    if (accepted) await this.#charge(evseId, idToken)
    await this.#status(evseId, 'Available')
    return accepted
  }

  /** A transaction, which goes on whether or not there is a way to tell the CSMS of it. */
  async #charge(evseId: number, idToken: string): Promise<void> {
    const { maxPowerW = 22_000, sessionS = 60, meterIntervalS = 10 } = this.#options
    const startedAt = this.#clock.now()
    const session = { startedAt, maxPowerW, durationMs: sessionS * 1000 }
    const transaction = { evseId, idToken, transactionId: this.#newTransactionId(evseId) }
    const startId = this.#start(transaction, this.#reading(evseId, session))
    await this.#status(evseId, 'Charging')
    while (this.#clock.now() < startedAt + session.durationMs && !this.#unwanted.has(startId)) {
      await this.#wait(Math.min(meterIntervalS, sessionS))
      this.#meter(transaction, startId, this.#reading(evseId, session))
    }
    const end = this.#reading(evseId, session)
    this.#stop(transaction, startId, end, this.#unwanted.delete(startId) ? 'DeAuthorized' : 'Local')
    this.#registers[evseId] = end.energyWh
    await this.#status(evseId, 'Finishing')
  }

  #newTransactionId(evseId: number): string | undefined {
    if (this.#dialect.isNumberedByCsms) return undefined
    return `${this.node.id}-${evseId}-${this.#clock.now().toString(36)}`.slice(-36)
  }

  #start(transaction: StationTransaction, reading: Reading): number {
    const message = this.#dialect.start(transaction, this.#moment(reading, 0))
    const entry = this.#entry(transaction, reading, message)
    const startId = this.#journal.begin(entry, transaction.transactionId)
    this.#outbox.added()
    return startId
  }

  #meter(transaction: StationTransaction, startId: number, reading: Reading): void {
    const moment = this.#moment(reading, this.#journal.count(startId))
    const message = this.#dialect.meter(transaction, moment)
    this.#journal.add(this.#entry(transaction, reading, message), 'meter', startId)
    this.#outbox.added()
  }

  #stop(
    transaction: StationTransaction,
    startId: number,
    reading: Reading,
    reason: StopReason,
  ): void {
    const moment = this.#moment(reading, this.#journal.count(startId))
    const message = this.#dialect.stop(transaction, moment, reason)
    this.#journal.add(this.#entry(transaction, reading, message), 'stop', startId)
    this.#outbox.added()
  }

  #entry(
    { evseId, idToken }: StationTransaction,
    { energyWh: registerWh }: Reading,
    message: TransactionMessage,
  ): NewMessage {
    return { evseId, idToken, ...message, registerWh }
  }

  #moment(reading: Reading, seqNo: number): Moment {
    return { reading, seqNo, isOffline: this.node.neighbours.size === 0 }
  }

  #reading(evseId: number, session: SimulatedSession): Reading {
    const now = this.#clock.now()
    const register = (this.#registers[evseId] ?? 0) + energyWh(session, now)
    return { at: new Date(now).toISOString(), energyWh: register, powerW: powerW(session, now) }
  }

  async #status(evseId: number, status: EvseStatus): Promise<void> {
    const at = this.#now()
    await this.#try('status', () => this.#dialect.status(evseId, status, at))
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }

  /** What the station has to say must not stop it: without a way up it goes on. */
  async #try<T>(what: string, say: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await say()
      this.#outbox.reachable()
      return answer
    } catch (error) {
      this.#stopping.signal.throwIfAborted()
      const code = error instanceof RemoteError ? error.errorCode : undefined
      this.#log.warn('station.failed', { what, code, error: String(error) })
      return undefined
    }
  }

  #wait(seconds: number): Promise<void> {
    return delay(this.#clock, Math.round(seconds * 1000), this.#stopping.signal)
  }
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
