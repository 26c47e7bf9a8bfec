import type { JsonObject } from '../../wire/payload.ts'
import { isObject } from '../header.ts'
import { textOf } from './told.ts'

/** What a command allows a station at the least. */
export interface LimitTold {
  readonly leastW: number
  /** EVSE, or connector in OCPP 1.6; `WHOLE` where it is not said. */
  readonly place: string
}

/** The whole station. */
export const WHOLE = '0'

/** Between phase and neutral. */
const VOLTAGE = 230
/** What a limit that cannot be read, or is not there, may come to. */
const NOTHING_W = 0

/** What a command allows a station at the least, in W; undefined where it sets no limit. */
export function limitIn(action: string, payload: JsonObject): LimitTold | undefined {
  const limits = limitsIn(action, payload)
  if (limits.length === 0) return undefined
  return { leastW: Math.min(...limits), place: textOf(payload.evseId ?? payload.connectorId) ?? WHOLE } // biome-ignore format: one line
}

/** Whoever starts a transaction may set a limit with it. */
const WITH_PROFILE: ReadonlySet<string> = new Set(['SetChargingProfile', 'RequestStartTransaction', 'RemoteStartTransaction']) // biome-ignore format: one line

function limitsIn(action: string, payload: JsonObject): number[] {
  if (action === 'UpdateDynamicSchedule') {
    // Its unit is that of the profile, which is not known here: as W it is the least.
    return [isObject(payload.scheduleUpdate) ? powerOf(payload.scheduleUpdate, 'W') : NOTHING_W]
  }
  if (!WITH_PROFILE.has(action)) return []
  const profiles = [payload.chargingProfile, payload.csChargingProfiles]
  return profiles.filter((one) => one !== undefined).flatMap(limitsOfProfile)
}

function limitsOfProfile(profile: unknown): number[] {
  const schedules = isObject(profile) ? [profile.chargingSchedule].flat() : []
  return schedules.length === 0 ? [NOTHING_W] : schedules.flatMap(limitsOfSchedule)
}

function limitsOfSchedule(schedule: unknown): number[] {
  if (!isObject(schedule)) return [NOTHING_W]
  const { chargingRateUnit: unit, chargingSchedulePeriod: periods, limitAtSoC } = schedule
  const isReadable = Array.isArray(periods) && periods.length > 0
  const ofPeriods = isReadable ? periods.map((one) => (isObject(one) ? powerOf(one, unit) : NOTHING_W)) : [NOTHING_W] // biome-ignore format: one line
  if (limitAtSoC === undefined) return ofPeriods
  return [...ofPeriods, isObject(limitAtSoC) ? powerOf(limitAtSoC, unit) : NOTHING_W]
}

/** What a station is to do at the most, or at the least where a setpoint says how much. */
function powerOf(period: JsonObject, unit: unknown): number {
  const { operationMode, evseSleep, numberPhases = 3 } = period
  const isPhases = numberPhases === 1 || numberPhases === 2 || numberPhases === 3
  const isAmpere = unit === 'A'
  if (!isPhases || !(isAmpere || unit === 'W')) return NOTHING_W
  if (operationMode === 'Idle' || evseSleep === true) return NOTHING_W
  const found = ['limit', 'setpoint'].flatMap((name) => {
    const values = [period[name], period[`${name}_L2`], period[`${name}_L3`]].filter((value) => value !== undefined) // biome-ignore format: one line
    const numbers = values.filter((value): value is number => Number.isFinite(value))
    if (values.length === 0) return []
    if (numbers.length < values.length) return [NOTHING_W]
    // A phase that gets nothing is not made up for by another one.
    const isPerPhase = period[`${name}_L2`] !== undefined || period[`${name}_L3`] !== undefined
    const phases = isPerPhase ? values.length : isAmpere ? numberPhases : 1
    return [Math.min(...numbers) * phases * (isAmpere ? VOLTAGE : 1)]
  })
  return found.length === 0 ? NOTHING_W : Math.min(...found)
}
