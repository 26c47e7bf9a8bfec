import { parsePayload } from '../wire/payload.ts'
import type { QueuedCall } from './neighbour.ts'

/**
 * Which CALLs to a station lower what may be drawn there: they must not wait behind others, because
 * a fuse does not wait either.
 *
 * @spec OCPP 1.6 section 5.16; OCPP 2.0.1 Part 2 K01
 */
export interface LimitChange {
  /** The EVSE or connector it is for: changes of one never overtake each other. */
  readonly order: string
  readonly isLower: boolean
}

/** Limits passed on to one station, by EVSE, purpose and stack level; newest last. */
export type KnownLimits = Map<string, number>

const MAX_KNOWN = 256

interface Profile {
  readonly chargingProfilePurpose?: unknown
  readonly stackLevel?: unknown
  readonly chargingSchedule?: unknown
}
interface Schedule {
  readonly chargingSchedulePeriod?: readonly { readonly limit?: unknown }[]
}

/**
 * What a CALL changes; undefined where it is about no limit. Whether a profile lowers is judged by
 * the least limit in it, against the last one for the same place; where none is known, it does.
 *
 * @param known Limits of the station; most stations never get any.
 */
export function limitChangeOf(
  action: string,
  payload: Uint8Array,
  known: () => KnownLimits,
): LimitChange | undefined {
  switch (action) {
    case 'RemoteStopTransaction':
    case 'RequestStopTransaction':
      return { order: 'stop', isLower: true }
    case 'ClearChargingProfile':
      known().clear()
      return { order: '*', isLower: false }
    case 'SetChargingProfile':
      return profileChange(payload, known())
    default:
      return undefined
  }
}

function profileChange(payload: Uint8Array, known: KnownLimits): LimitChange | undefined {
  const request = read(payload)
  const profile = (request?.csChargingProfiles ?? request?.chargingProfile) as Profile | undefined
  const order = String(request?.connectorId ?? request?.evseId)
  const limit = leastLimit(profile?.chargingSchedule)
  if (!profile || limit === undefined) return { order, isLower: false }
  const place = `${order} ${profile.chargingProfilePurpose} ${profile.stackLevel}`
  const before = known.get(place)
  known.delete(place)
  known.set(place, limit)
  if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? '')
  return { order, isLower: before === undefined || limit < before }
}

function leastLimit(schedule: unknown): number | undefined {
  const schedules = (Array.isArray(schedule) ? schedule : [schedule]) as (Schedule | undefined)[]
  const limits = schedules.flatMap((one) => one?.chargingSchedulePeriod ?? []).map(({ limit }) => limit) // biome-ignore format: one line
  const numbers = limits.filter((limit) => typeof limit === 'number')
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}

function read(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    return parsePayload(payload) as Record<string, unknown>
  } catch {
    return undefined // the station will say what is wrong with it
  }
}

/**
 * Puts a call in its place: one that lowers a limit at the head, behind those that do there and behind
 * earlier changes of the same EVSE, which would undo it if they came later.
 */
export function enqueueCall(waiting: QueuedCall[], call: QueuedCall): void {
  const { change } = call
  if (!change?.isLower) {
    waiting.push(call)
    return
  }
  const others = waiting.findIndex(({ change: other }) => !other?.isLower)
  const head = others < 0 ? waiting.length : others
  const earlier = waiting.findLastIndex(
    ({ change: other }) => other !== undefined && isSamePlace(other.order, change.order),
  )
  waiting.splice(Math.max(head, earlier + 1), 0, call)
}

/** EVSE 0 and `*` stand for the whole station. */
function isSamePlace(a: string, b: string): boolean {
  return a === b || [a, b].some((one) => one === '*' || one === '0')
}
