/**
 * A vehicle that charges: constant power, then less and less above 80 % state of charge. Computed in
 * closed form, so that the result does not depend on how often somebody looks.
 */

export interface Vehicle {
  /** What the battery holds. */
  readonly capacityWh: number
  /** 0 to 1. */
  readonly stateOfCharge: number
  /** Phases its charger uses. */
  readonly phases: 1 | 2 | 3
  /** Per phase. */
  readonly maxCurrentA: number
  /** Below this it does not charge at all; IEC 61851-1 knows no less than 6. */
  readonly minCurrentA: number
  /** Share of the energy at the meter that reaches the battery. */
  readonly efficiency: number
}

/** What the EVSE lets it have. */
export interface Offer {
  /** Per phase. */
  readonly currentA: number
  readonly phases: number
  /** Volts between a phase and neutral. */
  readonly voltageV: number
}

export interface Draw {
  readonly powerW: number
  /** Per phase in use. */
  readonly currentA: number
  readonly phases: number
}

export interface Charged {
  /** Through the meter. */
  readonly energyWh: number
  readonly vehicle: Vehicle
}

const TAPER_FROM = 0.8
/** Share of the full power that is left when the battery is full. */
const POWER_WHEN_FULL = 0.1
const SLOPE = (1 - POWER_WHEN_FULL) / (1 - TAPER_FROM)
const SECONDS_PER_HOUR = 3600
const NOTHING: Draw = { powerW: 0, currentA: 0, phases: 0 }

/** What the vehicle draws now. */
export function drawOf(vehicle: Vehicle, offer: Offer): Draw {
  const phases = Math.min(vehicle.phases, offer.phases)
  const currentA = Math.min(vehicle.maxCurrentA, offer.currentA)
  if (currentA < vehicle.minCurrentA || phases < 1 || isFull(vehicle)) return NOTHING
  const powerW = Math.min(currentA * phases * offer.voltageV, curveW(vehicle, offer))
  return { powerW, currentA: powerW / (phases * offer.voltageV), phases }
}

export function isFull({ stateOfCharge }: Vehicle): boolean {
  return stateOfCharge >= 1
}

/** Lets a vehicle charge for some time under one and the same offer. */
export function charge(vehicle: Vehicle, offer: Offer, seconds: number): Charged {
  const { powerW } = drawOf(vehicle, offer)
  if (powerW === 0 || seconds <= 0) return { energyWh: 0, vehicle }
  const constantS = Math.min(seconds, constantSeconds(vehicle, offer))
  const constantWh = (powerW * constantS) / SECONDS_PER_HOUR
  const atTaper = withEnergy(vehicle, constantWh)
  const taperWh = taperEnergyWh(atTaper, offer, seconds - constantS)
  return { energyWh: constantWh + taperWh, vehicle: withEnergy(atTaper, taperWh) }
}

/** Seconds until the battery is full under one and the same offer; infinite when it does not charge. */
export function secondsUntilFull(vehicle: Vehicle, offer: Offer): number {
  if (drawOf(vehicle, offer).powerW === 0) return Number.POSITIVE_INFINITY
  const constantS = constantSeconds(vehicle, offer)
  const { powerW } = drawOf(vehicle, offer)
  const atTaper = withEnergy(vehicle, (powerW * constantS) / SECONDS_PER_HOUR)
  if (isFull(atTaper)) return constantS
  const endW = POWER_WHEN_FULL * topW(atTaper, offer)
  return constantS + Math.log(curveW(atTaper, offer) / endW) / decayPerS(atTaper, offer)
}

/** Power the charger takes at most. */
function topW({ phases, maxCurrentA }: Vehicle, offer: Offer): number {
  return Math.min(phases, offer.phases) * maxCurrentA * offer.voltageV
}

/** Power that the battery takes at its state of charge. */
function curveW(vehicle: Vehicle, offer: Offer): number {
  const above = Math.max(0, vehicle.stateOfCharge - TAPER_FROM)
  return topW(vehicle, offer) * (1 - SLOPE * above)
}

/** Seconds during which the offer and not the battery is what limits. */
function constantSeconds(vehicle: Vehicle, offer: Offer): number {
  const { capacityWh, stateOfCharge, efficiency } = vehicle
  const { powerW } = drawOf(vehicle, offer)
  const until = Math.min(
    1,
    TAPER_FROM + (1 - offeredW(vehicle, offer) / topW(vehicle, offer)) / SLOPE,
  )
  const missingWh = Math.max(0, until - stateOfCharge) * capacityWh
  return (missingWh / (efficiency * powerW)) * SECONDS_PER_HOUR
}

function offeredW({ phases, maxCurrentA }: Vehicle, offer: Offer): number {
  return Math.min(phases, offer.phases) * Math.min(maxCurrentA, offer.currentA) * offer.voltageV
}

// On the way down power is proportional to its own fall, so it falls exponentially.
function taperEnergyWh(vehicle: Vehicle, offer: Offer, seconds: number): number {
  if (seconds <= 0 || isFull(vehicle)) return 0
  const decay = decayPerS(vehicle, offer)
  const startW = curveW(vehicle, offer)
  const endW = Math.max(startW * Math.exp(-decay * seconds), POWER_WHEN_FULL * topW(vehicle, offer))
  return (startW - endW) / decay / SECONDS_PER_HOUR
}

function decayPerS(vehicle: Vehicle, offer: Offer): number {
  const { capacityWh, efficiency } = vehicle
  return (SLOPE * topW(vehicle, offer) * efficiency) / capacityWh / SECONDS_PER_HOUR
}

// Rounding must not leave a battery for ever a hair below full.
const FULL_ENOUGH = 1 - 1e-9

function withEnergy(vehicle: Vehicle, energyWh: number): Vehicle {
  const { capacityWh, efficiency, stateOfCharge } = vehicle
  const charged = stateOfCharge + (energyWh * efficiency) / capacityWh
  return { ...vehicle, stateOfCharge: charged >= FULL_ENOUGH ? 1 : charged }
}
