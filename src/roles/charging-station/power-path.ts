import { isFull, type Offer } from '../../energy/vehicle.ts'
import type { Timer } from '../../primitives/clock.ts'
import type { ChargingState } from './connector-status.ts'
import type { Evse } from './evse.ts'
import type { MeterState } from './meter-values.ts'
import type { Outlet } from './outlet.ts'
import type { Site } from './site.ts'

/**
 * The way of the power through an EVSE: what its vehicle could use, is offered and draws, and when
 * that changes by itself. Who may charge, and what forbids it, is for the EVSE to say.
 */
export class PowerPath {
  readonly #site: Site
  readonly #evse: Evse
  readonly #outlet: Outlet
  #closedAt: number | undefined
  #timer: Timer | undefined

  constructor(site: Site, evse: Evse, outlet: Outlet) {
    this.#site = site
    this.#evse = evse
    this.#outlet = outlet
  }

  /** When it was closed; milliseconds since 1970. */
  get closedAt(): number | undefined {
    return this.#closedAt
  }

  /** What the vehicle could use now, in A per phase. */
  get wantedA(): number {
    const { vehicle, cableA } = this.#outlet
    const { isClosed, mustWait } = this.#evse
    if (!vehicle || !isClosed || mustWait || isFull(vehicle)) return 0
    return Math.min(vehicle.maxCurrentA, cableA)
  }

  get chargingState(): ChargingState {
    const { vehicle, offer, draw } = this.#outlet
    if (!vehicle) return 'Idle'
    if (!this.#evse.isClosed) return 'EVConnected'
    if (draw.powerW > 0) return 'Charging'
    return offer.currentA < vehicle.minCurrentA ? 'SuspendedEVSE' : 'SuspendedEV'
  }

  get meter(): MeterState {
    const { registerWh, draw, offer, vehicle } = this.#outlet
    const { powerW, currentA, phases } = draw
    return {
      registerWh,
      powerW,
      currentA,
      phases,
      voltageV: this.#site.hardware.voltageV,
      offeredA: offer.currentA,
      offeredPhases: offer.phases,
      stateOfCharge: vehicle?.stateOfCharge,
    }
  }

  /** Lets flow what has flown until now. */
  settle(): void {
    this.#outlet.settle(this.#site.clock.now())
  }

  /** Notes whether it is closed from now on. */
  note(): void {
    if (this.#evse.isClosed) this.#closedAt ??= this.#site.now()
    else this.#closedAt = undefined
  }

  supply(offer: Offer): void {
    const { isClosed, mustWait } = this.#evse
    const currentA = mustWait ? 0 : offer.currentA
    this.#outlet.supply({ ...offer, currentA }, isClosed)
  }

  /** Calls back when something is due to change by itself. */
  await(again: () => void): void {
    this.#timer?.cancel()
    if (!this.#evse.isClosed) return
    const { profiles } = this.#site
    const nextAt = profiles.nextChange(this.#evse) ?? Number.POSITIVE_INFINITY
    const inMs = Math.min(this.#outlet.fullInMs, nextAt - this.#site.now(), this.#usedUpInMs())
    if (!Number.isFinite(inMs)) return
    this.#timer = this.#site.after(Math.max(1, Math.ceil(inMs)), again)
  }

  #usedUpInMs(): number {
    const { powerW } = this.#outlet.draw
    return powerW > 0 ? (this.#evse.leftWh / powerW) * 3_600_000 : Number.POSITIVE_INFINITY
  }
}
