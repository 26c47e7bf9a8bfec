import type { ProfilePage } from '../../src/http/live-api.ts'
import { formatDay, formatMeasured, formatSpan, join } from '../text/format.ts'
import { text } from '../text/text.ts'

const words = text.stations.profiles

/** How much may be drawn and when, as a charging profile says it. */
export interface Limit {
  readonly unit: string
  /** By time; the first begins with the schedule. */
  readonly steps: readonly { readonly startS: number; readonly limit: number }[]
  /** RFC 3339. */
  readonly from: string | undefined
  readonly to: string | undefined
  readonly recurrency: string | undefined
}

/** What is to be limited, as the form has it. */
export interface LimitWish {
  /** 0: the whole station. */
  readonly evseId: number
  readonly limit: number
  readonly unit: 'A' | 'W'
  /** RFC 3339. */
  readonly from: string
  /** RFC 3339; undefined: until it is removed. */
  readonly to: string | undefined
}

/** A limit for some hours stands above the one that holds until it is removed. */
const LEVEL = { standing: 0, timed: 1 } as const

/** The limit in a profile of any version; undefined where it is not readable. */
export function limitOf(profile: unknown): Limit | undefined {
  const said = membersOf(profile)
  const schedule = membersOf([said.chargingSchedule].flat()[0])
  const periods = [schedule.chargingSchedulePeriod].flat().map(membersOf)
  const steps = periods.flatMap(({ startPeriod, limit }) =>
    typeof startPeriod === 'number' && typeof limit === 'number'
      ? [{ startS: startPeriod, limit }]
      : [],
  )
  if (steps.length === 0) return undefined
  const starts = textOf(schedule.startSchedule)
  const duration = schedule.duration
  const isOnce = said.chargingProfileKind === 'Absolute'
  const end = isOnce ? endOf(starts, duration) : undefined
  return {
    unit: textOf(schedule.chargingRateUnit) ?? '',
    steps,
    from: (isOnce ? starts : undefined) ?? textOf(said.validFrom),
    to: end ?? textOf(said.validTo),
    recurrency: textOf(said.recurrencyKind),
  }
}

/** `16 A, then 10 A after 1 h 0 min, until 22 Nov, 18:00:00`. */
export function limitWords({ unit, steps, from, to, recurrency }: Limit): string {
  const shown = steps.slice(0, MOST_STEPS).map(({ startS, limit }, index) => {
    const figure = join(formatMeasured(limit, unit))
    return index === 0 ? figure : words.next(figure, formatSpan(startS * 1000))
  })
  if (steps.length > MOST_STEPS) shown.push(words.moreSteps(steps.length - MOST_STEPS))
  if (recurrency !== undefined)
    shown.push(words.again[recurrency === 'Weekly' ? 'Weekly' : 'Daily'])
  if (from !== undefined) shown.push(words.from(formatDay(from)))
  shown.push(to === undefined ? words.noEnd : words.until(formatDay(to)))
  return shown.join(', ')
}

const MOST_STEPS = 3

/** Outline of the steps in a box of 100 by 30, the highest limit at its top. */
export function limitOutline({ steps }: Pick<Limit, 'steps'>): string {
  const last = steps.at(-1)?.startS ?? 0
  const span = (last * steps.length) / Math.max(1, steps.length - 1) || 1
  const most = Math.max(...steps.map(({ limit }) => limit)) || 1
  const y = (limit: number) => round(29 - (28 * limit) / most)
  const [first] = steps
  const rest = steps
    .slice(1)
    .map(({ startS, limit }) => `H${round((100 * startS) / span)}V${y(limit)}`)
  return `M0 ${y(first?.limit ?? 0)}${rest.join('')}H100`
}

/**
 * What to ask the API for. A limit at a place takes the place of the one that was set there for
 * the same kind of time before: a station refuses two profiles of one level.
 */
export function profileBody(
  { evseId, limit, unit, from, to }: LimitWish,
  known: readonly Pick<
    ProfilePage['profiles'][number],
    'profileId' | 'evseId' | 'purpose' | 'stackLevel'
  >[],
) {
  const purpose = evseId === 0 ? 'ChargingStationMaxProfile' : 'TxDefaultProfile'
  const stackLevel = to === undefined ? LEVEL.standing : LEVEL.timed
  const before = known.find(
    (one) => one.evseId === evseId && one.purpose === purpose && one.stackLevel === stackLevel,
  )
  return {
    ...(before && { id: before.profileId }),
    evseId,
    purpose,
    stackLevel,
    kind: 'Absolute',
    startsAt: from,
    ...(to !== undefined && { validTo: to, durationS: secondsBetween(from, to) }),
    unit,
    periods: [{ startS: 0, limit }],
  }
}

/** What cannot be added, such as seconds to a leap second, has no end here. */
function endOf(starts: string | undefined, durationS: unknown): string | undefined {
  if (starts === undefined || typeof durationS !== 'number') return undefined
  const end = new Date(Date.parse(starts) + durationS * 1000)
  return Number.isNaN(end.getTime()) ? undefined : end.toISOString()
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000))
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
