import { delay } from '../../primitives/clock.ts'
import { type Randomness, randomFraction, systemRandomness } from '../../primitives/randomness.ts'
import type { ChargingStation, ChargingStationOptions } from './charging-station.ts'
import type { Life } from './life.ts'

const MAX_FRACTION_OF_PAUSE = 0.5

/** Simulated drivers: at each EVSE one after the other comes, charges for some time, and goes. */
export class Drivers {
  readonly #station: ChargingStation
  readonly #options: ChargingStationOptions
  readonly #random: Randomness
  /** Sessions of each EVSE until now, by its id. */
  readonly #charged = new Map<number, number>()
  readonly #waiting = new Set<() => void>()
  #tokenAt = 0

  constructor(station: ChargingStation, options: ChargingStationOptions) {
    this.#station = station
    this.#options = options
    this.#random = options.random ?? systemRandomness
  }

  /** A transaction has begun or ended. */
  changed(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Comes and goes until the life ends; rejects then. */
  async run(life: Life): Promise<void> {
    if ((this.#options.tokens ?? []).length === 0) return
    await life.accepted
    await Promise.all(life.evses.map(({ id }) => this.#queue(life, id)))
  }

  async #queue(life: Life, evseId: number): Promise<void> {
    const { pauseS = 20, sessions = Number.POSITIVE_INFINITY } = this.#options
    // Whoever was plugged in during a reboot goes away first.
    if (life.evses[evseId - 1]?.isPlugged) this.#station.unplug(evseId)
    for (;;) {
      const charged = this.#charged.get(evseId) ?? 0
      if (charged >= sessions) return
      const jitter = 1 - MAX_FRACTION_OF_PAUSE * randomFraction(this.#random)
      await wait(life, pauseS * jitter)
      if (await this.#session(life, evseId)) this.#charged.set(evseId, charged + 1)
    }
  }

  /** @returns Whether there was a transaction. */
  async #session(life: Life, evseId: number): Promise<boolean> {
    const { tokens = [], sessionS = 60 } = this.#options
    const evse = life.evses[evseId - 1]
    const idToken = tokens[this.#tokenAt++ % tokens.length]
    if (idToken === undefined || !evse || evse.isPlugged) return false
    this.#station.plugIn(evseId)
    const result = await this.#station.present(evseId, idToken)
    life.signal.throwIfAborted()
    const isCharging = evse.transaction !== undefined
    if (isCharging) await this.#ended(life, evseId, sessionS)
    if (evse.transaction && evse.grant) await this.#station.present(evseId, idToken)
    life.signal.throwIfAborted()
    if (evse.isPlugged) this.#station.unplug(evseId)
    if (evse.cableOwner) await this.#station.present(evseId, idToken)
    return result === 'authorized' && isCharging
  }

  /** Until the time is over, or the transaction. */
  async #ended(life: Life, evseId: number, seconds: number): Promise<void> {
    const until = life.clock.now() + Math.round(seconds * 1000)
    const evse = life.evses[evseId - 1]
    while (evse?.transaction && life.clock.now() < until) {
      await this.#changedOr(life, until - life.clock.now())
    }
  }

  #changedOr(life: Life, ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        timer.cancel()
        this.#waiting.delete(wake)
        life.signal.removeEventListener('abort', abort)
        resolve()
      }
      const abort = () => {
        timer.cancel()
        this.#waiting.delete(wake)
        reject(life.signal.reason)
      }
      const timer = life.clock.setTimer(wake, ms)
      this.#waiting.add(wake)
      life.signal.addEventListener('abort', abort, { once: true })
    })
  }
}

function wait(life: Life, seconds: number): Promise<void> {
  return delay(life.clock, Math.round(seconds * 1000), life.signal)
}
