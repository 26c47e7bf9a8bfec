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

export interface CompositeQuestion {
  readonly profiles: readonly ChargingProfile[]
  readonly place: Place
  /** What the hardware allows, whatever the profiles say. */
  readonly hardware: Limit
  /** Milliseconds since 1970. */
  readonly from: number
  readonly durationS: number
  readonly unit: RateUnit
}

/** More periods fit in no message (2.0.1, ChargingSchedulePeriod). */
const MAX_PERIODS = 1024

/**
 * Merges all profiles that count at a place into one schedule, from a moment on. Ends early when
 * it would have more than 1,024 periods.
 *
 * @spec OCPP 1.6 edition 2 section 5.7; OCPP 2.0.1 edition 3 Part 2, K08.FR.02 and K08.FR.04
 */
export function compositeSchedule(question: CompositeQuestion): CompositeSchedule {
  const { durationS, unit } = question
  const periods: CompositePeriod[] = []
  for (const startPeriod of turningPoints(question)) {
    const { currentA, powerW, phases } = allowedAt(question, startPeriod)
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
function turningPoints({ profiles, place, from, durationS }: CompositeQuestion): number[] {
  const seconds = new Set([0])
  for (const profile of profiles) {
    for (const at of changesOf(profile, place, [from, from + durationS * 1000])) {
      const second = Math.ceil((at - from) / 1000)
      if (second < durationS) seconds.add(second)
    }
  }
  return [...seconds].sort((a, b) => a - b)
}

function allowedAt({ profiles, place, hardware, from }: CompositeQuestion, second: number): Limit {
  return lower(hardware, limitAt(profiles, place, from + second * 1000)) ?? hardware
}
