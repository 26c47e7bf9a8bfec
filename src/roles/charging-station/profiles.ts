import { allot } from '../../energy/allotment.ts'
import {
  type ChargingProfile,
  type Limit,
  limitAt,
  lower,
  type Place,
  type ProfilePurpose,
  type RateUnit,
} from '../../energy/charging-profile.ts'
import {
  type CompositeSchedule,
  compositeSchedule,
  nextChange,
  stationSchedule,
} from '../../energy/composite.ts'
import { isOverlapping, type ProfileProblem, problemOf } from '../../energy/profile-problems.ts'
import type { Offer } from '../../energy/vehicle.ts'
import { parseMoment } from '../../messages/date-time.ts'
import type { Evse } from './evse.ts'
import type { Site } from './site.ts'

export interface ProfileFilter {
  readonly ids?: readonly number[]
  readonly evseId?: number
  readonly chargingProfilePurpose?: ProfilePurpose
  readonly stackLevel?: number
}

const UNITS: readonly RateUnit[] = ['A', 'W']
const EXTERNAL = 'ChargingStationExternalConstraints'
/** Of the one profile that the grid operator sets; the CSMS counts from 0. */
const EXTERNAL_ID = -1

/**
 * The charging profiles of a station and what they let flow. All but those of transactions are kept
 * over a reboot.
 *
 * @spec OCPP 1.6 edition 2 sections 3.13 and 5.16; OCPP 2.0.1 edition 3 Part 2, K01–K10
 */
export class Profiles {
  readonly #site: Site
  /** Those of running transactions. */
  readonly #ofTransactions = new Map<number, ChargingProfile>()
  readonly #kept: Map<number, ChargingProfile>
  readonly #listeners: (() => void)[] = []

  constructor(site: Site) {
    this.#site = site
    const kept = site.state.all<ChargingProfile>('profile').values()
    this.#kept = new Map([...kept].map((profile) => [profile.id, profile]))
  }

  all(filter: ProfileFilter = {}): ChargingProfile[] {
    const every = [...this.#kept.values(), ...this.#ofTransactions.values()]
    return every.filter((profile) => isMatch(profile, filter))
  }

  /** Calls back when there is another profile, or one less. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Takes a profile, unless something is wrong with it. */
  install(profile: ChargingProfile): ProfileProblem | undefined {
    const problem = this.problem(profile) ?? this.#transactionProblem(profile)
    if (problem) return problem
    const rivals = this.#rivals(profile)
    const { is16 } = this.#site.dialect
    if (!is16 && rivals.length > 0) {
      return { reasonCode: 'DuplicateProfile', text: 'another one has this level and purpose' }
    }
    for (const rival of rivals) this.#remove(rival)
    this.#add(profile)
    return undefined
  }

  /** What is wrong with a profile in itself. */
  problem(profile: ChargingProfile): ProfileProblem | undefined {
    const { variables, evses } = this.#site
    // K01.FR.05: what limits from outside is not replaced by whoever knows its id.
    if (profile.id === EXTERNAL_ID) {
      return { reasonCode: 'InvalidProfileId', text: 'this id is taken by the external limit' }
    }
    return (
      this.#roomProblem(profile) ??
      problemOf(profile, {
        evses: evses.length,
        maxStackLevel: variables.number('SmartChargingCtrlr.ProfileStackLevel'),
        maxPeriods: variables.number('SmartChargingCtrlr.PeriodsPerSchedule'),
        units: UNITS,
        now: this.#site.now(),
      })
    )
  }

  /** Takes the profile that came with a remote start, for the transaction that began. */
  attach(profile: ChargingProfile, evseId: number, transactionId: string | undefined): void {
    this.#add({ ...profile, evseId, ...(transactionId !== undefined && { transactionId }) })
  }

  /** Takes another version of one that is there. */
  replace(profile: ChargingProfile): ProfileProblem | undefined {
    const problem = this.problem(profile)
    if (!problem) this.#add(profile)
    return problem
  }

  /** @returns Whether there were any; those of others than the CSMS stay (K10.FR.08). */
  clear(filter: ProfileFilter): boolean {
    const found = this.all(filter).filter((one) => one.chargingProfilePurpose !== EXTERNAL)
    for (const profile of found) this.#remove(profile)
    if (found.length > 0) this.#changed()
    return found.length > 0
  }

  /** The transaction of an EVSE is over, and so are its profiles. */
  forget(evseId: number): void {
    for (const profile of this.#ofTransactions.values()) {
      if (profile.evseId === evseId) this.#ofTransactions.delete(profile.id)
    }
  }

  /** Limits the whole station for another reason than the CSMS; undefined: not any more. */
  limitExternally(powerW: number | undefined): void {
    this.#kept.delete(EXTERNAL_ID)
    this.#site.state.delete('profile', EXTERNAL_ID)
    if (powerW === undefined) return
    const chargingSchedulePeriod = [{ startPeriod: 0, limit: powerW }]
    const startSchedule = new Date(0).toISOString()
    const profile: ChargingProfile = {
      id: EXTERNAL_ID,
      evseId: 0,
      stackLevel: 0,
      chargingProfilePurpose: EXTERNAL,
      chargingProfileKind: 'Absolute',
      chargingSchedule: { startSchedule, chargingRateUnit: 'W', chargingSchedulePeriod },
    }
    this.#keep(profile)
  }

  /** What each EVSE may offer its vehicle, with the limit of the station shared out. */
  offers(): Offer[] {
    const { evses, hardware } = this.#site
    const { voltageV } = hardware
    const own = evses.map((evse) => lower(this.#most(), this.#limit(evse)) ?? this.#most())
    const minimumA = Math.max(0, ...own.map(({ minCurrentA = 0 }) => minCurrentA))
    const total = limitAt(this.all(), this.#place(0), this.#site.now())
    if (!total) return own.map(({ currentA, phases }) => ({ currentA, phases, voltageV }))
    const wants = evses.map((evse, at) => Math.min(evse.power.wantedA, own[at]?.currentA ?? 0))
    const shares = allot(total.currentA, wants, Math.max(minimumA, MIN_CURRENT_A))
    return own.map(({ currentA, phases }, at) => ({
      // To nobody who wants it, all is offered.
      currentA: (wants[at] ?? 0) > 0 ? (shares[at] ?? 0) : Math.min(currentA, total.currentA),
      phases,
      voltageV,
    }))
  }

  /** When the limits of an EVSE next change by themselves. */
  nextChange(evse: Evse): number | undefined {
    return nextChange(this.all(), this.#place(evse.id, evse), this.#site.now())
  }

  /** What may be drawn from now on: at an EVSE, or by the station (0). */
  composite(evseId: number, durationS: number, unit: RateUnit): CompositeSchedule {
    const { evses } = this.#site
    const [profiles, from, hardware] = [this.all(), this.#site.now(), this.#most()]
    const question = { profiles, hardware, from, durationS, unit }
    const place = this.#place(evseId, evses[evseId - 1])
    if (evseId > 0) return compositeSchedule({ ...question, place })
    const places = evses.map((evse) => this.#place(evse.id, evse))
    return stationSchedule({ ...question, station: place, evses: places })
  }

  #limit(evse: Evse): Limit | undefined {
    return limitAt(this.all(), this.#place(evse.id, evse), this.#site.now())
  }

  #place(evseId: number, evse?: Evse): Place {
    const { hardware } = this.#site
    const transactionId = evse?.transaction?.transactionId
    return {
      evseId,
      isPriority: this.#site.priority.isOn(evseId),
      relativeFrom: evse?.power.closedAt ?? this.#site.now(),
      voltageV: hardware.voltageV,
      ...(transactionId !== undefined && { transactionId }),
    }
  }

  #most(): Limit {
    const { maxCurrentA: currentA, phases, voltageV } = this.#site.hardware
    return { currentA, phases, powerW: currentA * phases * voltageV }
  }

  // K01.FR.09 and K01.FR.33; in 1.6 the id of the transaction may be left out.
  #transactionProblem(profile: ChargingProfile): ProfileProblem | undefined {
    if (profile.chargingProfilePurpose !== 'TxProfile') return undefined
    const running = this.#site.evses[profile.evseId - 1]?.transaction
    if (!running) return { reasonCode: 'TxNotFound', text: 'no transaction is running there' }
    const { transactionId } = profile
    if (transactionId === undefined) {
      if (this.#site.dialect.is16) return undefined
      return { reasonCode: 'MissingParam', text: 'it does not say for which transaction' }
    }
    if (transactionId === running.transactionId) return undefined
    return { reasonCode: 'TxNotFound', text: 'that transaction is not running there' }
  }

  /** Others that would say something at the same level: 1.6 replaces them, 2.x refuses (K01.FR.06). */
  #rivals(profile: ChargingProfile): ChargingProfile[] {
    const { id, evseId, stackLevel, chargingProfilePurpose } = profile
    const { is16 } = this.#site.dialect
    const isDefault = chargingProfilePurpose === 'TxDefaultProfile'
    return this.all({ stackLevel, chargingProfilePurpose }).filter((other) => {
      if (other.id === id) return false
      if (is16) return other.evseId === evseId
      // K01.FR.52 and K01.FR.53: not one for all and one for a single EVSE either.
      const isSamePlace = other.evseId === evseId || (isDefault && other.evseId * evseId === 0)
      return isSamePlace && isOverlapping(other, profile)
    })
  }

  /** One that is known takes its own place. */
  #roomProblem({ id }: ChargingProfile): ProfileProblem | undefined {
    const most = this.#site.variables.number('-.MaxChargingProfilesInstalled')
    if (this.all({ ids: [id] }).length > 0 || this.all().length < most) return undefined
    return { reasonCode: 'OutOfStorage', text: 'there are as many as can be kept' }
  }

  #add(profile: ChargingProfile): void {
    const { id, chargingProfilePurpose, chargingProfileKind } = profile
    this.#remove(profile)
    const isDynamic = chargingProfileKind === 'Dynamic'
    const taken = isDynamic ? { ...profile, dynUpdateTime: this.#updateTime(profile) } : profile
    if (chargingProfilePurpose === 'TxProfile') this.#ofTransactions.set(id, taken)
    else this.#keep(taken)
    this.#changed()
  }

  /** K28.FR.05. What is said to be of the future is of now, or it would not count until then. */
  #updateTime({ dynUpdateTime }: ChargingProfile): string {
    const saidAt =
      dynUpdateTime === undefined ? Number.POSITIVE_INFINITY : parseMoment(dynUpdateTime)
    return new Date(Math.min(this.#site.now(), saidAt)).toISOString()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
    this.#site.balance()
  }

  #keep(profile: ChargingProfile): void {
    this.#kept.set(profile.id, profile)
    this.#site.state.set('profile', profile.id, profile)
  }

  #remove({ id }: ChargingProfile): void {
    this.#ofTransactions.delete(id)
    if (this.#kept.delete(id)) this.#site.state.delete('profile', id)
  }
}

/** IEC 61851-1: less cannot be signalled. */
const MIN_CURRENT_A = 6

function isMatch(profile: ChargingProfile, filter: ProfileFilter): boolean {
  const { ids, evseId, chargingProfilePurpose, stackLevel } = filter
  if (ids && !ids.includes(profile.id)) return false
  if (evseId !== undefined && profile.evseId !== evseId) return false
  if (stackLevel !== undefined && profile.stackLevel !== stackLevel) return false
  return !chargingProfilePurpose || profile.chargingProfilePurpose === chargingProfilePurpose
}
