import {
  type ChargingProfile,
  changesOf,
  type Limit,
  limitAt,
  lower,
  type Place,
  type RateUnit,
} from './charging-profile.ts'

export interface CompositePeriod {
  /** Seconds after the start of the schedule. */
  readonly startPeriod: number
  readonly limit: number
  readonly numberPhases: number
}

export interface CompositeSchedule {
  /** Seconds. */
  readonly duration: number
  readonly periods: readonly CompositePeriod[]
}

interface Question {
  readonly profiles: readonly ChargingProfile[]
  /** What the hardware of an EVSE allows, whatever the profiles say. */
  readonly hardware: Limit
  /** Milliseconds since 1970. */
  readonly from: number
  readonly durationS: number
  readonly unit: RateUnit
}

export interface CompositeQuestion extends Question {
  readonly place: Place
}

export interface StationQuestion extends Question {
  /** The station as a whole. */
  readonly station: Place
  readonly evses: readonly Place[]
}

/** More periods fit in no message (2.0.1, ChargingSchedulePeriod). */
const MAX_PERIODS = 1024

/**
 * Merges all profiles that count at an EVSE into one schedule, from a moment on. Ends early when
 * it would have more than 1,024 periods.
 *
 * @spec OCPP 1.6 edition 2 section 5.7; OCPP 2.0.1 edition 3 Part 2, K08.FR.02 and K08.FR.04
 */
export function compositeSchedule(question: CompositeQuestion): CompositeSchedule {
  const { place } = question
  return merged(question, [place], (at) => allowedAt(question, place, at))
}

/**
 * What a station may draw in all: what its EVSEs may together, and no more than is said of the
 * station itself.
 *
 * @spec OCPP 1.6 edition 2 section 5.7; OCPP 2.0.1 edition 3 Part 2, K08.FR.03
 */
export function stationSchedule(question: StationQuestion): CompositeSchedule {
  const { profiles, station, evses } = question
  return merged(question, [station, ...evses], (at) => {
    const total = evses.map((place) => allowedAt(question, place, at)).reduce(together)
    return lower(total, limitAt(profiles, station, at)) ?? total
  })
}

function merged(
  { profiles, from, durationS, unit }: Question,
  places: readonly Place[],
  allowed: (at: number) => Limit,
): CompositeSchedule {
  const periods: CompositePeriod[] = []
  const span = [from, from + durationS * 1000] as const
  const changes = profiles.flatMap((one) => places.flatMap((place) => changesOf(one, place, span)))
  for (const startPeriod of turningPoints(changes, from, durationS)) {
    const { currentA, powerW, phases } = allowed(from + startPeriod * 1000)
    const limit = unit === 'A' ? currentA : powerW
    const last = periods.at(-1)
    if (last && last.limit === limit && last.numberPhases === phases) continue
    if (periods.length === MAX_PERIODS) return { duration: startPeriod, periods }
    periods.push({ startPeriod, limit, numberPhases: phases })
  }
  return { duration: durationS, periods }
}

/** When the profiles next allow something else than at a moment; undefined: not within a day. */
export function nextChange(
  profiles: readonly ChargingProfile[],
  place: Place,
  at: number,
): number | undefined {
  const changes = profiles.flatMap((profile) => changesOf(profile, place, [at, at + DAY_MS]))
  return changes.length === 0 ? undefined : Math.min(...changes)
}

const DAY_MS = 86_400_000

/** Whole seconds at which something may change, ascending, the first being 0. */
function turningPoints(changes: readonly number[], from: number, durationS: number): number[] {
  const seconds = new Set([0])
  for (const at of changes) {
    const second = Math.ceil((at - from) / 1000)
    if (second < durationS) seconds.add(second)
  }
  return [...seconds].sort((a, b) => a - b)
}

function allowedAt({ profiles, hardware }: Question, place: Place, at: number): Limit {
  return lower(hardware, limitAt(profiles, place, at)) ?? hardware
}

/** What two EVSEs may draw: nobody knows which phases they use, so it may be the same ones. */
function together(a: Limit, b: Limit): Limit {
  return {
    currentA: exact(a.currentA + b.currentA),
    powerW: exact(a.powerW + b.powerW),
    phases: Math.max(a.phases, b.phases),
  }
}

/**
 * A limit with one digit behind the point, which is all that versions before OCPP 2.1 have room for.
 * Rounded up it would not be obeyed.
 */
export function inTenths(limit: number): number {
  return Math.floor(limit * 10) / 10
}

/** Without what binary fractions add: a tenth less would be told, as limits are rounded down. */
function exact(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
