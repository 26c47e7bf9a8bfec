import type { ChargingProfile, ProfilePurpose, Schedule } from '../../energy/charging-profile.ts'
import { inTenths } from '../../energy/composite.ts'
import type { ProfileProblem } from '../../energy/profile-problems.ts'
import type { ChargingProfileCriterionType, ChargingProfileType } from '../../messages/ocpp2.1.ts'
import type { Handlers } from '../../node/handlers.ts'
import type { Commandable } from './charging-station.ts'
import { afterAnswer } from './commands.ts'
import type { Life } from './life.ts'

const EXTERNAL = 'ChargingStationExternalConstraints'
/** Profiles in one report; each may have a thousand periods. */
const PROFILES_PER_REPORT = 4

/** @spec OCPP 2.0.1 edition 3 Part 2, K01–K10 */
export function smartCharging2(station: () => Commandable): Handlers<'ocpp2.1'> {
  return {
    SetChargingProfile({ evseId, chargingProfile }) {
      const profile = profile2(chargingProfile, evseId)
      if ('reasonCode' in profile) return rejected(profile.reasonCode, profile.text)
      const problem = station().life.profiles.install(profile)
      return problem ? rejected(problem.reasonCode, problem.text) : { status: 'Accepted' }
    },
    ClearChargingProfile({ chargingProfileId: id, chargingProfileCriteria = {} }) {
      const { evseId, chargingProfilePurpose: purpose, stackLevel } = chargingProfileCriteria
      const criteria = {
        ...(evseId !== undefined && { evseId }),
        ...(purpose && { chargingProfilePurpose: purpose as ProfilePurpose }),
        ...(stackLevel !== undefined && { stackLevel }),
      }
      // K10.FR.03: an id says which one, whatever else is said of it.
      const filter = id === undefined ? criteria : { ids: [id] }
      return { status: station().life.profiles.clear(filter) ? 'Accepted' : 'Unknown' }
    },
    GetChargingProfiles({ requestId, evseId, chargingProfile: criterion }) {
      const { life } = station()
      const found = matching(life, evseId, criterion)
      if (found.length === 0) return { status: 'NoProfiles' }
      void afterAnswer(life, () => report(life, requestId, found))
      return { status: 'Accepted' }
    },
    GetCompositeSchedule({ evseId, duration, chargingRateUnit = 'W' }) {
      const { life } = station()
      if (evseId > life.evses.length || evseId < 0) return rejected('UnknownEvse')
      if (duration <= 0) return rejected('ValueZeroNotAllowed')
      const scheduleStart = life.stamp()
      const composite = life.profiles.composite(evseId, duration, chargingRateUnit)
      const schedule = {
        evseId,
        duration: composite.duration,
        scheduleStart,
        chargingRateUnit,
        chargingSchedulePeriod: composite.periods.map(({ limit, ...period }) => ({
          ...period,
          limit: life.dialect.is21 ? limit : inTenths(limit),
        })),
      }
      return { status: 'Accepted', schedule }
    },
  }
}

/** Reads a profile of the wire, as far as this station can do what it says. */
export function profile2(
  profile: ChargingProfileType,
  evseId: number,
): ChargingProfile | ProfileProblem {
  const { chargingSchedule: schedules, chargingProfilePurpose: purpose } = profile
  const [schedule] = schedules
  // K01.FR.34: several are for negotiations with the vehicle, which are not built.
  if (!schedule || schedules.length !== 1) {
    return { reasonCode: 'InvalidSchedule', text: 'it has more than one schedule' }
  }
  // K01.FR.120.
  if (!PURPOSES.has(purpose)) return { reasonCode: 'UnsupportedPurpose', text: 'not built' }
  const periods = schedule.chargingSchedulePeriod
  if (periods.some(({ operationMode = CHARGING_ONLY }) => operationMode !== CHARGING_ONLY)) {
    // K01.FR.71.
    const reasonCode = purpose === 'PriorityCharging' ? 'InvalidSchedule' : 'UnsupportedParam'
    return { reasonCode, text: 'vehicles are only charged here' }
  }
  const unknown = [
    ...unknownIn(profile, PROFILE_MEMBERS),
    ...unknownIn(schedule, SCHEDULE_MEMBERS),
    ...periods.flatMap((period) => unknownIn(period, PERIOD_MEMBERS)),
  ]
  if (unknown.length > 0) return { reasonCode: 'UnsupportedParam', text: `${unknown[0]} is not built` } // biome-ignore format: one line
  // What it says is what this station knows, as was just found out.
  return {
    ...(profile as unknown as ChargingProfile),
    evseId,
    chargingSchedule: schedule as Schedule,
  }
}

const CHARGING_ONLY = 'ChargingOnly'
const PURPOSES: ReadonlySet<string> = new Set([
  EXTERNAL,
  'ChargingStationMaxProfile',
  'PriorityCharging',
  'TxDefaultProfile',
  'TxProfile',
])
// What is not in these would change what may flow, and is not built.
const PROFILE_MEMBERS: ReadonlySet<string> = new Set([
  'id',
  'stackLevel',
  'chargingProfilePurpose',
  'chargingProfileKind',
  'recurrencyKind',
  'validFrom',
  'validTo',
  'transactionId',
  'dynUpdateInterval',
  'dynUpdateTime',
  'chargingSchedule',
  'customData',
])
const PERIOD_MEMBERS: ReadonlySet<string> = new Set([
  'startPeriod',
  'limit',
  'limit_L2',
  'limit_L3',
  'numberPhases',
  'phaseToUse',
  'operationMode',
  'customData',
])
const SCHEDULE_MEMBERS: ReadonlySet<string> = new Set([
  'id',
  'startSchedule',
  'duration',
  'chargingRateUnit',
  'chargingSchedulePeriod',
  'minChargingRate',
  'salesTariff',
  'customData',
])

function unknownIn(object: object, members: ReadonlySet<string>): string[] {
  return Object.keys(object).filter((member) => !members.has(member))
}

function rejected(reasonCode: string, additionalInfo?: string) {
  const statusInfo = { reasonCode, ...(additionalInfo && { additionalInfo }) }
  return { status: 'Rejected', statusInfo } as const
}

/** Whose limit a profile is: the CSO's, or that of somebody else (K09.FR.03). */
function sourceOf({ chargingProfilePurpose }: ChargingProfile): string {
  return chargingProfilePurpose === EXTERNAL ? 'Other' : 'CSO'
}

function matching(
  life: Life,
  evseId: number | undefined,
  criterion: ChargingProfileCriterionType,
): ChargingProfile[] {
  const { chargingProfileId: ids, stackLevel, chargingLimitSource: sources } = criterion
  const purpose = criterion.chargingProfilePurpose as ProfilePurpose | undefined
  const filter = {
    ...(ids && { ids }),
    ...(evseId !== undefined && { evseId }),
    ...(purpose && { chargingProfilePurpose: purpose }),
    ...(stackLevel !== undefined && { stackLevel }),
  }
  const found = life.profiles.all(filter)
  return found.filter((profile) => !sources || sources.includes(sourceOf(profile)))
}

/** Reports profiles, those of one EVSE and source together, in several messages where need be. */
async function report(
  life: Life,
  requestId: number,
  profiles: readonly ChargingProfile[],
): Promise<void> {
  const groups = Map.groupBy(profiles, (one) => `${one.evseId} ${sourceOf(one)}`)
  const parts = [...groups.values()].flatMap((group) => chunks(group, PROFILES_PER_REPORT))
  for (const [at, part] of parts.entries()) {
    const [first] = part
    if (!first) continue
    const request = {
      requestId,
      chargingLimitSource: sourceOf(first),
      evseId: first.evseId,
      chargingProfile: part.map(wireOf),
      // K09.FR.02.
      ...(at < parts.length - 1 && { tbc: true }),
    }
    await life.say('profiles', () =>
      life.reach.call('CSMS', 'ocpp2.1', 'ReportChargingProfiles', request),
    )
  }
}

function wireOf({ evseId: _, chargingSchedule, ...rest }: ChargingProfile): ChargingProfileType {
  const { id = 1, chargingSchedulePeriod, ...schedule } = chargingSchedule
  const periods = chargingSchedulePeriod.map((period) => ({ ...period }))
  return { ...rest, chargingSchedule: [{ ...schedule, id, chargingSchedulePeriod: periods }] }
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size))
  return parts
}
