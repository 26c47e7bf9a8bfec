/**
 * How it is seen what charging profiles a station obeys: by what it says that it is limited to, and
 * by the profiles that it reports.
 *
 * @spec OCPP 1.6 edition 2 section 5.7; OCPP 2.0.1 edition 3 Part 2, K08, K09 and K10
 */
import { type ChargingProfile, limitAt, type RateUnit } from '../../energy/charging-profile.ts'
import {
  ANSWER,
  type Effect,
  type Known,
  type KnownProfile,
  type Members,
  NOTHING,
  type Verdict,
} from './effect.ts'
import { purposeOf } from './installed.ts'

interface Period {
  readonly limit: number
  readonly limit_L2?: number
  readonly limit_L3?: number
}
interface Schedule {
  readonly chargingRateUnit: RateUnit
  readonly startSchedule?: string
  readonly chargingSchedulePeriod?: readonly Period[]
}

/** Stations tell decimals of 0.1, rounded down. */
const ROUNDING = 0.1
const EPSILON = 1e-6
const EXTERNAL = 'ChargingStationExternalConstraints'
/** Any: effects compare amperes with amperes and watts with watts. */
const VOLTAGE_V = 230

/** The station itself says what it is limited to now, by all its profiles together. */
export function limited(asked: Members, { now }: Known): Effect {
  const profile = (asked.csChargingProfiles ?? asked.chargingProfile) as Members
  const evseId = Number(asked.evseId ?? asked.connectorId)
  const wanted = wantedNow(profile, evseId, now)
  if (wanted === undefined) return NOTHING
  const { chargingRateUnit: unit } = scheduleOf(profile)
  return {
    by: 'reading',
    ask: () => compositeOf(asked.evseId === undefined, placeOf(profile, evseId), unit),
    seen: (reading) => {
      const limit = limitIn(reading, unit)
      if (limit === undefined) return { problem: `GetCompositeSchedule does not say what it is limited to in ${unit}` } // biome-ignore format: one line
      const asks = `the profile asks for ${wanted} ${unit} now`
      if (limit > wanted + EPSILON) return { problem: `GetCompositeSchedule says ${limit} ${unit}, ${asks}` } // biome-ignore format: one line
      if (limit < wanted - ROUNDING - EPSILON) return { problem: `something else limits it to ${limit} ${unit}, ${asks}` } // biome-ignore format: one line
      return `it is limited to ${limit} ${unit}, as the profile asks for now`
    },
  }
}

/** The profiles are not there any more: 2.x reports them, in 1.6 the limit is another one. */
export function cleared(asked: Members, known: Known): Effect {
  return known.is16 ? lifted(known) : gone(asked, known)
}

/**
 * Where what is known to be cleared is what limits a place, its limit rises; where it limits
 * nothing, because it is over, not yet in force or below another one, nothing shows it.
 */
function lifted(known: Known): Effect {
  const { profiles = [] } = known
  for (const cleared of profiles.filter(({ isCleared }) => isCleared)) {
    const unit = scheduleOf(cleared.profile as Members).chargingRateUnit
    for (const evseId of placesOf(cleared, known)) {
      const before = limitBy(profiles, evseId, unit, known.now)
      const others = profiles.filter(({ isCleared }) => !isCleared)
      const after = limitBy(others, evseId, unit, known.now) ?? Number.POSITIVE_INFINITY
      if (before !== undefined && after > before + ROUNDING) return risen(evseId, unit, before)
    }
  }
  return ANSWER
}

/** @param expected What the place is limited to before, by what is known. */
function risen(evseId: number, unit: RateUnit, expected: number): Effect {
  return {
    by: 'reading',
    isCompared: true,
    ask: () => compositeOf(true, evseId, unit),
    seen: (reading, _, before) => {
      const limit = limitIn(reading, unit)
      const limitBefore = before && limitIn(before, unit)
      if (limit === undefined || limitBefore === undefined) return { problem: 'GetCompositeSchedule does not say what it is limited to' } // biome-ignore format: one line
      if (limit > limitBefore) return `it is limited to ${limit} ${unit}, before to ${limitBefore} ${unit}` // biome-ignore format: one line
      if (limitBefore < expected - ROUNDING - EPSILON) return `the answer says so; something else limits it to ${limit} ${unit}` // biome-ignore format: one line
      return { problem: `GetCompositeSchedule says ${limit} ${unit}, as before` }
    },
  }
}

/** Where the limit of a profile can be read: what is for each EVSE, at any of them. */
function placesOf({ evseId, profile }: KnownProfile, { evses = [] }: Known): readonly number[] {
  const place = placeOf(profile as Members, evseId)
  const real = evses.filter((one) => one > 0)
  return place === evseId || real.length === 0 ? [place] : real
}

function gone(asked: Members, { requestId }: Known): Effect {
  const { chargingProfileId: id } = asked
  const { evseId, ...criterion } = (asked.chargingProfileCriteria ?? {}) as Members
  const chargingProfile = { ...criterion, ...(id !== undefined && { chargingProfileId: [id] }) }
  const place = evseId === undefined ? {} : { evseId }
  return {
    by: 'reading',
    ask: () => ['GetChargingProfiles', { requestId, ...place, chargingProfile }],
    seen: ({ status }) => (status === 'NoProfiles' ? 'GetChargingProfiles finds none of them' : undefined), // biome-ignore format: one line
    later: ({ action, request: said }): Verdict => {
      if (action !== 'ReportChargingProfiles' || said.requestId !== requestId) return undefined
      const there = (said.chargingProfile as Members[]).find((one) => isMeant(one, id, criterion))
      if (there) return { problem: `the station still reports profile ${there.id}` }
      return said.tbc === true ? undefined : 'the station reports none of them any more'
    },
  }
}

/** The station reports the values of a dynamic profile as they were updated (K28.FR.06). */
export function updated(asked: Members, { requestId }: Known): Effect {
  const { chargingProfileId: id, scheduleUpdate } = asked
  const wanted = Object.entries(scheduleUpdate as Members).filter(([, value]) => typeof value === 'number') // biome-ignore format: one line
  const isThere = (profile: Members) => profile.id === id
  return {
    by: 'reading',
    ask: () => ['GetChargingProfiles', { requestId, chargingProfile: { chargingProfileId: [id] } }],
    seen: ({ status }) => (status === 'NoProfiles' ? { problem: `GetChargingProfiles finds no profile ${id}` } : undefined), // biome-ignore format: one line
    later: ({ action, request: said }): Verdict => {
      if (action !== 'ReportChargingProfiles' || said.requestId !== requestId) return undefined
      const profile = (said.chargingProfile as Members[]).find(isThere)
      if (!profile) return said.tbc === true ? undefined : { problem: `the station does not report profile ${id}` } // biome-ignore format: one line
      const [period] = scheduleOf(profile).chargingSchedulePeriod ?? []
      const now = period as unknown as Members | undefined
      const other = wanted.find(([name, value]) => !isRounded(now?.[name], Number(value)))
      if (other) return { problem: `the station reports ${other[0]} ${now?.[other[0]] ?? 'not at all'}, asked was ${other[1]}` } // biome-ignore format: one line
      return `the station reports ${wanted.map((of) => of.join(' ')).join(', ')}`
    },
  }
}

/** Whether a number is the wanted one, or that rounded. */
function isRounded(value: unknown, wanted: number): boolean {
  return typeof value === 'number' && Math.abs(value - wanted) <= ROUNDING + EPSILON
}

// What others than the CSMS have set is not cleared (K10.FR.08).
function isMeant(profile: Members, id: unknown, criterion: Members): boolean {
  if (profile.chargingProfilePurpose === EXTERNAL) return false
  if (id !== undefined && profile.id !== id) return false
  return Object.entries(criterion).every(([name, value]) => profile[name] === value)
}

/** What a profile limits to now, in its own unit; undefined when it does not, or nobody can tell. */
function wantedNow(profile: Members, evseId: number, now: number): number | undefined {
  const schedule = scheduleOf(profile)
  const { chargingSchedulePeriod: periods = [], startSchedule } = schedule
  // Such a schedule counts from a moment that only the station knows.
  const isRelative = profile.chargingProfileKind === 'Relative' || startSchedule === undefined
  if (isRelative && periods.length > 1) return undefined
  return limitBy([{ evseId, profile }], Math.max(1, evseId), schedule.chargingRateUnit, now)
}

/** What profiles limit a place to now, as far as the CSMS can tell; undefined: to nothing. */
function limitBy(
  profiles: readonly Pick<KnownProfile, 'evseId' | 'profile'>[],
  evseId: number,
  unit: RateUnit,
  now: number,
): number | undefined {
  const all = profiles.map((one) => profileOf(one.profile as Members, one.evseId))
  const limit = limitAt(all, { evseId, relativeFrom: now, voltageV: VOLTAGE_V }, now)
  return limit && (unit === 'A' ? limit.currentA : limit.powerW)
}

/** In the form of OCPP 2.x. One of a transaction is there as long as that runs, and so counts. */
function profileOf({ transactionId: _, ...profile }: Members, evseId: number): ChargingProfile {
  return {
    ...profile,
    evseId,
    chargingProfilePurpose: purposeOf(String(profile.chargingProfilePurpose)),
    chargingSchedule: scheduleOf(profile),
  } as unknown as ChargingProfile
}

function compositeOf(is16: boolean, evseId: number, chargingRateUnit: RateUnit) {
  const place = is16 ? { connectorId: evseId } : { evseId }
  return ['GetCompositeSchedule', { ...place, duration: 60, chargingRateUnit }] as const
}

/** What is for each EVSE does not limit the station as a whole, so one of them is asked about. */
function placeOf({ chargingProfilePurpose }: Members, evseId: number): number {
  return String(chargingProfilePurpose).startsWith('Tx') ? Math.max(1, evseId) : evseId
}

/** The limit with which a composite schedule begins; undefined where it is none in that unit. */
function limitIn(reading: Members, unit: RateUnit): number | undefined {
  const schedule = (reading.schedule ?? reading.chargingSchedule) as Schedule | undefined
  const [now] = schedule?.chargingSchedulePeriod ?? []
  return schedule?.chargingRateUnit === unit ? now?.limit : undefined
}

function scheduleOf({ chargingSchedule }: Members): Schedule {
  const [schedule] = [chargingSchedule].flat()
  return schedule as Schedule
}
