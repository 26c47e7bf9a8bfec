/**
 * How much power may flow and how much does, the same for every OCPP version; pure. Here: charging
 * profiles in one shape, that of OCPP 2.x with one schedule, and what they allow at a moment.
 *
 * @module
 * @spec OCPP 1.6 edition 2 section 3.13; OCPP 2.0.1 edition 3 Part 2, K01
 */

import { parseMoment } from '../messages/date-time.ts'

export type RateUnit = 'A' | 'W'

export type ProfilePurpose =
  | 'ChargingStationExternalConstraints'
  | 'ChargingStationMaxProfile'
  | 'PriorityCharging'
  | 'TxDefaultProfile'
  | 'TxProfile'

export interface SchedulePeriod {
  /** Seconds after the start of the schedule. */
  readonly startPeriod: number
  /** In A per phase, or in W over all phases; with limits for L2 and L3, of L1. */
  readonly limit: number
  readonly limit_L2?: number
  readonly limit_L3?: number
  /** Default 3 (K01.FR.49). */
  readonly numberPhases?: number
  /** With one phase: which it is. */
  readonly phaseToUse?: number
}

export interface Schedule {
  readonly id?: number
  readonly startSchedule?: string
  /** Seconds. */
  readonly duration?: number
  readonly chargingRateUnit: RateUnit
  readonly chargingSchedulePeriod: readonly SchedulePeriod[]
  readonly minChargingRate?: number
}

export interface ChargingProfile {
  readonly id: number
  /** 0: the station, or every EVSE. */
  readonly evseId: number
  readonly stackLevel: number
  readonly chargingProfilePurpose: ProfilePurpose
  readonly chargingProfileKind: 'Absolute' | 'Dynamic' | 'Recurring' | 'Relative'
  readonly recurrencyKind?: 'Daily' | 'Weekly'
  readonly validFrom?: string
  readonly validTo?: string
  readonly transactionId?: string
  /** Seconds after which the CSMS is asked for another limit. */
  readonly dynUpdateInterval?: number
  /** When its limit was said last; a dynamic schedule counts from then. */
  readonly dynUpdateTime?: string
  readonly chargingSchedule: Schedule
}

/** What may be drawn. */
export interface Limit {
  /** Per phase. */
  readonly currentA: number
  /** Over all phases. */
  readonly powerW: number
  readonly phases: number
  /** Below this, in A per phase, charging is said to be inefficient. */
  readonly minCurrentA?: number
}

/** Where profiles are asked about. */
export interface Place {
  /** 0: the whole station. */
  readonly evseId: number
  /** When the power path was closed, which relative schedules count from; ms since 1970. */
  readonly relativeFrom: number
  /** Volts between a phase and neutral, as set for the area (K01.FR.50). */
  readonly voltageV: number
  /** The transaction whose profiles count. */
  readonly transactionId?: string
  /** It charges with priority (K21). */
  readonly isPriority?: boolean
}

const DEFAULT_PHASES = 3
const PERIOD_MS = { Daily: 86_400_000, Weekly: 604_800_000 } as const

/**
 * What the profiles allow at a moment: of each purpose the highest stack level that has a period
 * then; of several purposes the lowest value. A TxProfile stands in for the TxDefaultProfiles, and
 * where somebody charges with priority, PriorityCharging for both.
 *
 * @returns undefined when none of them says anything.
 */
export function limitAt(
  profiles: readonly ChargingProfile[],
  place: Place,
  at: number,
): Limit | undefined {
  const of = (purpose: ProfilePurpose) => prevailing(profiles, purpose, place, at)
  const station = [of('ChargingStationExternalConstraints'), of('ChargingStationMaxProfile')]
  const priority = place.isPriority ? of('PriorityCharging') : undefined
  const own = () => priority ?? of('TxProfile') ?? of('TxDefaultProfile')
  return [...station, place.evseId > 0 ? own() : undefined].reduce(lower, undefined)
}

/**
 * What two limits allow together. A current holds for each phase, so the power of the lower current
 * is that of the phases that both allow, and may be less than either of their powers.
 */
export function lower(a: Limit | undefined, b: Limit | undefined): Limit | undefined {
  if (!a || !b) return a ?? b
  const phases = Math.min(a.phases, b.phases)
  return {
    currentA: Math.min(a.currentA, b.currentA),
    powerW: Math.min(a.powerW, b.powerW, powerOf(a.currentA <= b.currentA ? a : b, phases)),
    phases,
    ...minimumOf(a, b),
  }
}

/** What the current of a limit comes to on fewer phases. */
function powerOf(limit: Limit, phases: number): number {
  return (limit.powerW * phases) / limit.phases
}

/** The moments at which a profile may begin to say something else, from one until before another. */
export function changesOf(
  profile: ChargingProfile,
  place: Place,
  [from, to]: readonly [number, number],
): number[] {
  const { validFrom, validTo, chargingSchedule } = profile
  const { duration, chargingSchedulePeriod } = chargingSchedule
  const offsets = chargingSchedulePeriod.map(({ startPeriod }) => startPeriod)
  if (duration !== undefined) offsets.push(duration)
  const changes = [validFrom, validTo].filter((text) => text !== undefined).map(parseMoment)
  for (const start of startsOf(profile, place, [from, to])) {
    for (const offset of offsets) changes.push(start + offset * 1000)
  }
  return changes.filter((at) => at > from && at < to)
}

function prevailing(
  profiles: readonly ChargingProfile[],
  purpose: ProfilePurpose,
  place: Place,
  at: number,
): Limit | undefined {
  let best: { profile: ChargingProfile; period: SchedulePeriod } | undefined
  for (const profile of profiles) {
    if (profile.chargingProfilePurpose !== purpose || !isFor(profile, place)) continue
    const period = periodAt(profile, place, at)
    if (period && (!best || outranks(profile, best.profile))) best = { profile, period }
  }
  return best && limitOf(best.profile.chargingSchedule, best.period, place.voltageV)
}

// The default of all EVSEs is replaced for one that has its own on the same level.
function outranks(a: ChargingProfile, b: ChargingProfile): boolean {
  return a.stackLevel === b.stackLevel ? a.evseId > b.evseId : a.stackLevel > b.stackLevel
}

function isFor({ chargingProfilePurpose, evseId, transactionId }: ChargingProfile, place: Place) {
  if (chargingProfilePurpose !== 'TxProfile') return evseId === 0 || evseId === place.evseId
  if (evseId !== place.evseId) return false
  return transactionId === undefined || transactionId === place.transactionId
}

function periodAt(profile: ChargingProfile, place: Place, at: number): SchedulePeriod | undefined {
  const { validFrom, validTo, chargingSchedule } = profile
  if (validFrom !== undefined && !(at >= parseMoment(validFrom))) return undefined
  if (validTo !== undefined && !(at < parseMoment(validTo))) return undefined
  const start = lastStart(profile, place, at)
  if (start === undefined) return undefined
  const elapsedS = (at - start) / 1000
  const { duration = Number.POSITIVE_INFINITY, chargingSchedulePeriod } = chargingSchedule
  if (elapsedS >= duration) return undefined
  return chargingSchedulePeriod.findLast(({ startPeriod }) => startPeriod <= elapsedS)
}

/** When the schedule last began, at or before a moment. */
function lastStart(profile: ChargingProfile, place: Place, at: number): number | undefined {
  const first = firstStart(profile, place)
  if (!(at >= first)) return undefined
  const periodMs = recurrenceMs(profile)
  return periodMs === undefined ? first : first + Math.floor((at - first) / periodMs) * periodMs
}

// 1.6 lets an absolute schedule be without a start: then it counts from the start of charging.
function firstStart(profile: ChargingProfile, { relativeFrom }: Place): number {
  const { chargingProfileKind, chargingSchedule, dynUpdateTime } = profile
  // K28.FR.13: with a duration it ends when nobody has updated it for so long.
  const start = chargingProfileKind === 'Dynamic' ? dynUpdateTime : chargingSchedule.startSchedule
  if (chargingProfileKind === 'Relative' || start === undefined) return relativeFrom
  return parseMoment(start)
}

function recurrenceMs({ chargingProfileKind, recurrencyKind }: ChargingProfile) {
  return chargingProfileKind === 'Recurring' ? PERIOD_MS[recurrencyKind ?? 'Daily'] : undefined
}

/** Starts of the schedule that matter in a span: the last one before it, and all inside. */
function startsOf(
  profile: ChargingProfile,
  place: Place,
  [from, to]: readonly [number, number],
): number[] {
  const first = lastStart(profile, place, from) ?? firstStart(profile, place)
  const periodMs = recurrenceMs(profile)
  if (periodMs === undefined) return [first]
  const starts: number[] = []
  for (let start = first; start < to; start += periodMs) starts.push(start)
  return starts
}

function limitOf(schedule: Schedule, period: SchedulePeriod, voltageV: number): Limit {
  const { chargingRateUnit, minChargingRate } = schedule
  const { numberPhases: phases = DEFAULT_PHASES } = period
  const perA = voltageV * phases
  const limit = evenLimit(period, chargingRateUnit, phases)
  const inA = (value: number) => (chargingRateUnit === 'A' ? value : value / perA)
  const currentA = inA(limit)
  const powerW = chargingRateUnit === 'A' ? limit * perA : limit
  return {
    currentA,
    powerW,
    phases,
    ...(minChargingRate !== undefined && { minCurrentA: inA(minChargingRate) }),
  }
}

/** A vehicle is told one current for all its phases (IEC 61851-1): the one that none forbids. */
function evenLimit(period: SchedulePeriod, unit: RateUnit, phases: number): number {
  const { limit, limit_L2, limit_L3 } = period
  if (limit_L2 === undefined || limit_L3 === undefined) return limit
  const lowest = Math.min(limit, limit_L2, limit_L3)
  return unit === 'A' ? lowest : lowest * phases
}

function minimumOf(a: Limit, b: Limit): { minCurrentA?: number } {
  if (a.minCurrentA === undefined && b.minCurrentA === undefined) return {}
  return { minCurrentA: Math.max(a.minCurrentA ?? 0, b.minCurrentA ?? 0) }
}
