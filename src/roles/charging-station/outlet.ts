import { charge, type Draw, drawOf, type Offer, secondsUntilFull, type Vehicle } from '../../energy/vehicle.ts' // biome-ignore format: one line

/**
 * The iron: a meter, a socket and what is plugged in. It outlives a reboot of the station, and knows
 * nothing of transactions.
 */
export class Outlet {
  readonly evseId: number
  /** Nothing flows through it. */
  #offer: Offer
  #isClosed = false
  #vehicle: Vehicle | undefined
  #cableA = Number.POSITIVE_INFINITY
  #registerWh: number
  #at: number
  #isLocked = false
  /** Its register stands still, whatever flows. */
  isStuck = false
  /** Its lock stays as it is, whatever is done. */
  isLockStuck = false

  /** @param at Milliseconds of a clock that does not jump. */
  constructor(evseId: number, registerWh: number, at: number) {
    this.evseId = evseId
    this.#registerWh = registerWh
    this.#at = at
    this.#offer = { currentA: 0, phases: 0, voltageV: 0 }
  }

  get vehicle(): Vehicle | undefined {
    return this.#vehicle
  }

  /** Whether the plug is held, so that nobody can pull it. */
  get isLocked(): boolean {
    return this.#isLocked
  }

  /** What the cable that is plugged in carries per phase. */
  get cableA(): number {
    return this.#cableA
  }

  get registerWh(): number {
    return this.#registerWh
  }

  get offer(): Offer {
    return this.#offer
  }

  get draw(): Draw {
    if (!this.#isClosed || !this.#vehicle) return { powerW: 0, currentA: 0, phases: 0 }
    return drawOf(this.#vehicle, this.#offer)
  }

  /** Milliseconds until the battery is full, as things are. */
  get fullInMs(): number {
    if (!this.#isClosed || !this.#vehicle) return Number.POSITIVE_INFINITY
    return secondsUntilFull(this.#vehicle, this.#offer) * 1000
  }

  /** Lets flow what has flown until now. */
  settle(at: number): void {
    const seconds = (at - this.#at) / 1000
    this.#at = Math.max(at, this.#at)
    if (!this.#isClosed || !this.#vehicle || seconds <= 0) return
    const { energyWh, vehicle } = charge(this.#vehicle, this.#offer, seconds)
    this.#vehicle = vehicle
    if (!this.isStuck) this.#registerWh += energyWh
  }

  /** Whoever changes something has settled before. */
  plug(vehicle: Vehicle | undefined, cableA = Number.POSITIVE_INFINITY): void {
    this.#vehicle = vehicle
    this.#cableA = cableA
  }

  /** Holds the plug or lets it go; false when the lock does not move. */
  lock(isLocked: boolean): boolean {
    if (this.isLockStuck) return false
    this.#isLocked = isLocked
    return true
  }

  supply(offer: Offer, isClosed: boolean): void {
    this.#offer = { ...offer, currentA: Math.min(offer.currentA, this.#cableA) }
    this.#isClosed = isClosed
  }
}
