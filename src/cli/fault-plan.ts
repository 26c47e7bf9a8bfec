import { every, systemClock, type Timer } from '../primitives/clock.ts'
import type { ChargingStation } from '../roles/charging-station/charging-station.ts'

/** A fault of a simulated station that comes and goes; times in seconds. */
export interface FaultPlan {
  readonly kind: 'ground-fault' | 'over-temperature' | 'connector-lock' | 'meter-stuck'
  readonly evseId: number
  readonly everyS: number
  readonly lastsS: number
  readonly firstS: number
}

/** Lets something go wrong again and again. @returns What ends it. */
export function planFaults(station: ChargingStation, plan: FaultPlan): () => void {
  const { kind, evseId } = plan
  let mended: Timer | undefined
  const happen = () => {
    station.inject({ kind, evseId })
    mended = systemClock.setTimer(() => station.clear(kind), plan.lastsS * 1000)
  }
  let next = systemClock.setTimer(() => {
    happen()
    next = every(systemClock, plan.everyS * 1000, happen)
  }, plan.firstS * 1000)
  return () => {
    next.cancel()
    mended?.cancel()
  }
}
