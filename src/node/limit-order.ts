import type { MessageId } from '../primitives/ids.ts'
import { plainAction } from '../security/signed-message.ts'
import { jsonText, parsePayload } from '../wire/payload.ts'
import { type Unwrapped, unwrapped, unwrappedAnswer } from './unwrapped.ts'

/**
 * Which CALLs to a station lower what may be drawn there: they must not wait behind others, because
 * a fuse does not wait either.
 *
 * @spec OCPP 1.6 section 5.16; OCPP 2.0.1 Part 2 K01; OCPP 2.1 Part 2 K28
 */
export interface LimitChange {
  /** The EVSE or connector it is for: changes of one never overtake each other. */
  readonly order: string
  /** Also where this cannot be known: then it must not wait. */
  readonly isLower: boolean
}

/** What a profile allows, as far as it can be compared. */
interface Limits {
  /** Everything beside the periods (unit, kind, start, validity): where it differs nothing is comparable. */
  readonly rest: string
  readonly schedules: readonly (readonly Period[])[]
}
interface Period {
  readonly start: number
  readonly limit: number
  /** Phases, set points and whatever else stands beside the limit. */
  readonly rest: string
}

/** What may be in force: what was accepted last, then what was sent since and is not answered. */
interface Possible {
  readonly messageId: MessageId | undefined
  /** Undefined: not known, or not comparable. */
  readonly limits: Limits | undefined
}
interface Place {
  readonly order: string
  readonly profileId: unknown
  possible: readonly Possible[]
}

const NOT_KNOWN: Possible = { messageId: undefined, limits: undefined }
const MAX_KNOWN = 256
const MAX_POSSIBLE = 8
const MAX_PERIODS = 1024
const MAX_REST_CHARS = 4096

/** Limits passed on to one station over one connection, by EVSE, purpose and stack level. */
export class KnownLimits {
  /** Newest last. */
  readonly #places = new Map<string, Place>()

  /** Notes a change that is on its way; returns whether it may lower what is in force by then. */
  sent(key: string, place: Omit<Place, 'possible'>, change: Possible): boolean {
    const before = this.#places.get(key)?.possible ?? [NOT_KNOWN]
    this.#places.delete(key)
    const possible = before.length < MAX_POSSIBLE ? [...before, change] : [NOT_KNOWN, change]
    this.#places.set(key, { ...place, possible })
    if (this.#places.size > MAX_KNOWN) this.#places.delete(this.#places.keys().next().value ?? '')
    return before.some(({ limits }) => mayLower(limits, change.limits))
  }

  /** The station's answer: only what it accepted is in force, and not what it refused. */
  answered(messageId: MessageId, payload: Uint8Array): void {
    for (const place of this.#places.values()) {
      const at = place.possible.findIndex((one) => one.messageId === messageId)
      if (at < 0) continue
      const status = readAnswer(payload)?.status
      if (status === 'Accepted') place.possible = place.possible.slice(at)
      else if (typeof status === 'string') place.possible = place.possible.toSpliced(at, 1)
      return
    }
  }

  /** What is known of a profile is no longer so; returns the EVSE it is for. */
  forgetProfile(profileId: unknown, exceptKey: string): string | undefined {
    let order: string | undefined
    for (const [key, place] of this.#places) {
      if (key === exceptKey || place.profileId !== profileId) continue
      place.possible = [NOT_KNOWN]
      order = order === undefined || order === place.order ? place.order : '*'
    }
    return order
  }

  clear(): void {
    this.#places.clear()
  }
}

type Judge = (payload: Uint8Array, messageId: MessageId, known: () => KnownLimits) => LimitChange

const stops: Judge = () => ({ order: 'stop', isLower: true })
// What is left when a profile is gone, or what a grid sets, only the station knows.
const notKnown: Judge = () => ({ order: '*', isLower: true })

/** What changes a limit, and how. */
const CHANGES: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  ['RemoteStopTransaction', stops],
  ['RequestStopTransaction', stops],
  ['SetDERControl', notKnown],
  ['ClearDERControl', notKnown],
  ['AFRRSignal', notKnown],
  // Priority that ends is a limit that counts again; one that begins lifts it.
  ['UsePriorityCharging', (payload) => ({ order: '*', isLower: read(payload)?.activate !== true })],
  [
    'ClearChargingProfile',
    (...of) => {
      const [, , known] = of
      known().clear()
      return notKnown(...of)
    },
  ],
  ['SetChargingProfile', (payload, messageId, known) => profileChange(read(payload), messageId, known())], // biome-ignore format: one line
  ['UpdateDynamicSchedule', (payload, messageId, known) => dynamicChange(read(payload), messageId, known())], // biome-ignore format: one line
])

const REMOTE_STARTS = new Set(['RemoteStartTransaction', 'RequestStartTransaction'])

/** Whether a CALL may change a limit: there is room for it where there is none for others. */
export function mayChangeLimit(action: string): boolean {
  return CHANGES.has(plainAction(action) ?? action)
}

/**
 * What a CALL changes; undefined where it is about no limit. A profile is compared period by period
 * with each that may be in force at its place when it arrives: the last one accepted, and those on
 * their way. Where nothing is known there, or the two differ in more than their limits (unit, start,
 * phases), it counts as lower.
 *
 * @param known Limits of the station; most stations never get any.
 */
export function limitChangeOf(
  said: string,
  bytes: Uint8Array,
  messageId: MessageId,
  known: () => KnownLimits,
): LimitChange | undefined {
  const { action, payload } = insideOf(said, bytes)
  if (REMOTE_STARTS.has(action)) {
    const { chargingProfileId, id = chargingProfileId } = membersOf(read(payload)?.chargingProfile)
    // The one it brings is in force instead of another of its id, wherever that was.
    if (id !== undefined) known().forgetProfile(id, '')
    return undefined
  }
  return CHANGES.get(action)?.(payload, messageId, known)
}

function insideOf(action: string, payload: Uint8Array): Unwrapped {
  try {
    return unwrapped(action, payload)
  } catch {
    return { action, payload } // the station will say what is wrong with it
  }
}

type Members = Readonly<Record<string, unknown>>

function profileChange(
  request: Members | undefined,
  messageId: MessageId,
  known: KnownLimits,
): LimitChange {
  const { chargingSchedule, chargingProfileId, id = chargingProfileId, ...rest } = membersOf(request?.csChargingProfiles ?? request?.chargingProfile) // biome-ignore format: one line
  const order = jsonText(request?.connectorId ?? request?.evseId)
  const key = JSON.stringify([order, rest.chargingProfilePurpose, rest.stackLevel])
  known.forgetProfile(id, key)
  const list = Array.isArray(chargingSchedule) ? chargingSchedule : [chargingSchedule]
  const schedules = list.map(membersOf)
  // Of one whose transaction is not named nobody here knows whether it is over, and the limit with it.
  const isNameless = rest.chargingProfilePurpose === 'TxProfile' && rest.transactionId === undefined
  const limits = isNameless
    ? undefined
    : limitsOf(
        [rest, ...schedules.map((one) => ({ ...one, id: undefined, chargingSchedulePeriod: undefined }))], // biome-ignore format: one line
        schedules.map((one) => one.chargingSchedulePeriod),
      )
  return { order, isLower: known.sent(key, { order, profileId: id }, { messageId, limits }) }
}

/** It names a profile only; where that was set over this connection its EVSE is known. */
function dynamicChange(
  request: Members | undefined,
  messageId: MessageId,
  known: KnownLimits,
): LimitChange {
  const profileId = request?.chargingProfileId
  const key = JSON.stringify(['dynamic', profileId])
  const order = known.forgetProfile(profileId, key) ?? '*'
  const limits = limitsOf([], [[{ startPeriod: 0, ...membersOf(request?.scheduleUpdate) }]])
  return { order, isLower: known.sent(key, { order, profileId }, { messageId, limits }) }
}

/** Undefined where it cannot be compared: what it lacks or has too much of the station will say. */
function limitsOf(others: unknown, schedules: readonly unknown[]): Limits | undefined {
  const rest = JSON.stringify(others)
  if (rest.length > MAX_REST_CHARS) return undefined
  let count = 0
  const lists: Period[][] = []
  for (const schedule of schedules) {
    if (!Array.isArray(schedule) || schedule.length === 0) return undefined
    count += schedule.length
    if (count > MAX_PERIODS) return undefined
    const periods = schedule.map(periodOf)
    if (!isInOrder(periods)) return undefined
    lists.push(periods)
  }
  return { rest, schedules: lists }
}

function periodOf(value: unknown): Period | undefined {
  const { startPeriod, limit, ...others } = membersOf(value)
  if (typeof startPeriod !== 'number' || typeof limit !== 'number') return undefined
  const rest = JSON.stringify(others)
  return rest.length > MAX_REST_CHARS ? undefined : { start: startPeriod, limit, rest }
}

function isInOrder(periods: readonly (Period | undefined)[]): periods is Period[] {
  let last = Number.NEGATIVE_INFINITY
  for (const period of periods) {
    if (!period || period.start <= last) return false
    last = period.start
  }
  return true
}

/** Whether some moment may get less than before. */
function mayLower(before: Limits | undefined, after: Limits | undefined): boolean {
  if (!before || !after || before.rest !== after.rest) return true
  if (before.schedules.length !== after.schedules.length) return true
  return after.schedules.some((periods, i) => isSomewhereLower(before.schedules[i] ?? [], periods))
}

function isSomewhereLower(before: readonly Period[], after: readonly Period[]): boolean {
  let b = -1
  let a = -1
  while (b + 1 < before.length || a + 1 < after.length) {
    const nextB = before[b + 1]?.start ?? Number.POSITIVE_INFINITY
    const nextA = after[a + 1]?.start ?? Number.POSITIVE_INFINITY
    if (nextB <= nextA) b++
    if (nextA <= nextB) a++
    const [was, is] = [before[b], after[a]]
    if (is && (!was || is.limit < was.limit || is.rest !== was.rest)) return true
  }
  return false
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {}
}

/** Also of one that is signed around. */
function readAnswer(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    return read(unwrappedAnswer(payload))
  } catch {
    return undefined
  }
}

function read(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    return parsePayload(payload) as Record<string, unknown>
  } catch {
    return undefined // the station will say what is wrong with it
  }
}
