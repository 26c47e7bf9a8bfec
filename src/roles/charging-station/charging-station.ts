import { RemoteError } from '../../errors.ts'
import type { Protocol } from '../../messages/protocols.ts'
import { silentLogger } from '../../node/core.ts'
import { createNode, type Node, type NodeOptions } from '../../node/node.ts'
import { type Clock, delay, systemClock } from '../../primitives/clock.ts'
import { type Randomness, randomFraction, systemRandomness } from '../../primitives/randomness.ts'
import type { Dialect, EvseStatus, Reading, StationTransaction } from './dialect.ts'
import { dialect16 } from './dialect-1.6.ts'
import { dialect2 } from './dialect-2.ts'
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
  const { protocol, model = 'Simulated AC 22', ...rest } = options
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
  }

  async start(): Promise<void> {
    // A station that boots before it is connected would only be told that nobody is there.
    const connected = new Promise<void>((resolve) => {
      this.node.onEvent((event) => event.name === 'link.up' && resolve())
    })
    await this.node.start()
    this.#run = this.#live(connected).catch((error) => {
      if (!this.#stopping.signal.aborted) throw error
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the station was stopped'))
    await this.node.stop()
    await this.#run
  }

  async #live(connected: Promise<void>): Promise<void> {
    await Promise.race([connected, aborted(this.#stopping.signal)])
    const intervalS = await this.#boot()
    const evses = Array.from({ length: this.#options.evses ?? 1 }, (_, i) => i + 1)
    await Promise.all([this.#heartbeats(intervalS), ...evses.map((evseId) => this.#evse(evseId))])
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
    this.#registers[evseId] = 1000 * evseId
    await this.#status(evseId, 'Available')
    for (;;) {
      const pauseS = this.#options.pauseS ?? 20
      const jitter = 1 - MAX_FRACTION_OF_PAUSE * randomFraction(this.#random)
      await this.#wait(pauseS * jitter)
      await this.#session(evseId)
    }
  }

  async #session(evseId: number): Promise<void> {
    const { tokens } = this.#options
    const idToken = tokens[this.#tokenAt++ % tokens.length]
    if (idToken === undefined) return
    await this.#status(evseId, 'Preparing')
    const accepted = await this.#try('authorize', () => this.#dialect.authorize(idToken))
    if (accepted) await this.#charge(evseId, idToken)
    await this.#status(evseId, 'Available')
  }

  async #charge(evseId: number, idToken: string): Promise<void> {
    const { maxPowerW = 22_000, sessionS = 60, meterIntervalS = 10 } = this.#options
    const startedAt = this.#clock.now()
    const session = { startedAt, maxPowerW, durationMs: sessionS * 1000 }
    const transactionId = `${this.node.id}-${evseId}-${startedAt.toString(36)}`.slice(-36)
    const transaction: StationTransaction = { evseId, idToken, transactionId, seqNo: 0 }
    const begin = this.#reading(evseId, session)
    if (!(await this.#try('start', () => this.#dialect.start(transaction, begin)))) return
    await this.#status(evseId, 'Charging')
    while (this.#clock.now() < startedAt + session.durationMs) {
      await this.#wait(Math.min(meterIntervalS, sessionS))
      await this.#try('meter', () =>
        this.#dialect.meter(transaction, this.#reading(evseId, session)),
      )
    }
    const end = this.#reading(evseId, session)
    await this.#try('stop', () => this.#dialect.stop(transaction, end))
    this.#registers[evseId] = end.energyWh
    await this.#status(evseId, 'Finishing')
  }

  #reading(evseId: number, session: SimulatedSession): Reading {
    const now = this.#clock.now()
    const register = (this.#registers[evseId] ?? 0) + energyWh(session, now)
    return { at: new Date(now).toISOString(), energyWh: register, powerW: powerW(session, now) }
  }

  async #status(evseId: number, status: EvseStatus): Promise<void> {
    const at = new Date(this.#clock.now()).toISOString()
    await this.#try('status', () => this.#dialect.status(evseId, status, at))
  }

  /**
   * What the station has to say must not stop it: without a way up it goes on. Keeping messages
   * until there is one again comes with the offline queue.
   */
  async #try<T>(what: string, say: () => Promise<T>): Promise<T | undefined> {
    try {
      return await say()
    } catch (error) {
      this.#stopping.signal.throwIfAborted()
      const log = this.#options.log ?? silentLogger
      const code = error instanceof RemoteError ? error.errorCode : undefined
      log.warn('station.failed', { what, code, error: String(error) })
      return undefined
    }
  }

  #wait(seconds: number): Promise<void> {
    return delay(this.#clock, seconds * 1000, this.#stopping.signal)
  }
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
