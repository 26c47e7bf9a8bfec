/**
 * What makes a charging profile unacceptable, whatever else is installed.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, K01; appendix 5 (reason codes)
 */
import { parseMoment } from '../messages/date-time.ts'
import type { ChargingProfile, RateUnit, SchedulePeriod } from './charging-profile.ts'

/** A reason code of the standard and a sentence for people. */
export interface ProfileProblem {
  readonly reasonCode: string
  readonly text: string
}

/** What the station can take. */
export interface ProfileBounds {
  readonly evses: number
  readonly maxStackLevel: number
  readonly maxPeriods: number
  readonly units: readonly string[]
  /** ms since 1970. */
  readonly now: number
}

type Check = (profile: ChargingProfile, bounds: ProfileBounds) => boolean
type Row = readonly [isWrong: Check, reasonCode: string, text: string]

const purposeIs = (purpose: string) => (profile: ChargingProfile) =>
  profile.chargingProfilePurpose === purpose
const isDynamic = ({ chargingProfileKind }: ChargingProfile) => chargingProfileKind === 'Dynamic'
const isAboutStation = ({ chargingProfilePurpose }: ChargingProfile) =>
  chargingProfilePurpose === 'ChargingStationMaxProfile'

// biome-ignore format: a table
const CHECKS: readonly Row[] = [
  [({ evseId }, { evses }) => evseId > evses || evseId < 0,                              'UnknownEvse', 'there is no such EVSE'],                                  // K01.FR.28
  [purposeIs('ChargingStationExternalConstraints'),                                     'InvalidProfile', 'external constraints are not set by the CSMS'],          // K01.FR.22
  [(p) => isAboutStation(p) && p.evseId !== 0,                                          'InvalidProfile', 'a limit of the station belongs to EVSE 0'],              // 1.6, 3.13.1
  [(p) => isAboutStation(p) && p.chargingProfileKind === 'Relative',                    'InvalidProfile', 'a limit of the station cannot be relative'],             // K01.FR.38
  [(p) => p.chargingProfilePurpose === 'TxProfile' && p.evseId === 0,                   'InvalidProfile', 'a TxProfile belongs to an EVSE'],                        // K01.FR.16
  [(p) => p.chargingProfilePurpose !== 'TxProfile' && p.transactionId !== undefined,    'InvalidProfile', 'only a TxProfile names a transaction'],
  [({ stackLevel }, { maxStackLevel }) => stackLevel < 0 || stackLevel > maxStackLevel, 'InvalidStackLevel', 'the stack level is above the maximum'],
  [(p) => p.chargingProfileKind === 'Recurring' && p.recurrencyKind === undefined,      'InvalidProfile', 'a recurring profile says how often'],
  [(p) => isBackwards(p.validFrom, p.validTo),                                          'InvalidProfile', 'it ends before it begins to be valid'],
  [(p, { now }) => endOf(p) <= now,                                                     'InvalidProfile', 'its validity is over'],
  [({ chargingSchedule }, { units }) => !isUnit(chargingSchedule.chargingRateUnit, units), 'UnsupportedRateUnit', 'this unit is not configured'],                   // K01.FR.26
  [(p) => p.chargingProfileKind === 'Relative' && p.chargingSchedule.startSchedule !== undefined, 'InvalidSchedule', 'a relative schedule has no start'],           // K01.FR.41
  [(p) => p.chargingProfileKind === 'Recurring' && p.chargingSchedule.startSchedule === undefined, 'InvalidSchedule', 'a recurring schedule has a start'],          // K01.FR.40
  [(p) => isDynamic(p) && periodsOf(p).length > 1,                                      'InvalidSchedule', 'a dynamic schedule has one period'],                    // K28.FR.03
  [(p) => isDynamic(p) && p.chargingSchedule.startSchedule !== undefined,               'InvalidSchedule', 'a dynamic schedule begins when it comes'],              // K28.FR.02
  [(p) => !isDynamic(p) && (p.dynUpdateInterval ?? p.dynUpdateTime) !== undefined,      'InvalidProfile', 'only a dynamic profile is updated'],                     // K01.FR.122
  [(p) => (p.dynUpdateInterval ?? 0) < 0,                                               'InvalidProfile', 'the interval of updates is negative'],
  [(p) => p.chargingProfilePurpose === 'PriorityCharging' && p.chargingSchedule.duration !== undefined, 'InvalidSchedule', 'priority lasts to the end of the transaction'], // K01.FR.70
  [(p) => periodsOf(p).length === 0,                                                    'InvalidSchedule', 'there is no period'],
  [(p, { maxPeriods }) => periodsOf(p).length > maxPeriods,                             'InvalidSchedule', 'there are too many periods'],
  [(p) => periodsOf(p)[0]?.startPeriod !== 0,                                           'InvalidSchedule', 'the first period starts at 0'],                         // K01.FR.31
  [(p) => periodsOf(p).some(isNotLater),                                                'InvalidSchedule', 'the periods are not in order'],                         // K01.FR.35
  [(p) => periodsOf(p).some(({ limit, limit_L2 = 0, limit_L3 = 0 }) => ![limit, limit_L2, limit_L3].every((one) => one >= 0)), 'InvalidSchedule', 'a limit is negative'],
  [(p) => periodsOf(p).some(isPartlyPerPhase),                                          'InvalidSchedule', 'limits of phases are for all three'],
  [(p) => periodsOf(p).some(({ phaseToUse, numberPhases }) => phaseToUse !== undefined && numberPhases !== 1), 'InvalidSchedule', 'only a single phase is chosen'],     // K01.FR.19
  [(p) => periodsOf(p).some(({ phaseToUse = 1 }) => phaseToUse !== 1),                  'InvalidSchedule', 'phases are not switched here: it is L1'],               // K01.FR.48
  [(p) => periodsOf(p).some(({ numberPhases = 3 }) => numberPhases < 1 || numberPhases > 3), 'InvalidSchedule', 'there are one to three phases'],
  [(p) => !((p.chargingSchedule.duration ?? 1) > 0),                                    'InvalidSchedule', 'the duration is not positive'],
  [(p) => (p.chargingSchedule.minChargingRate ?? 0) < 0,                                'InvalidSchedule', 'the minimum rate is negative'],
]

/**
 * The first thing wrong with a profile.
 *
 * @returns undefined when it can be taken as far as it alone tells.
 */
export function problemOf(
  profile: ChargingProfile,
  bounds: ProfileBounds,
): ProfileProblem | undefined {
  const row = CHECKS.find(([isWrong]) => isWrong(profile, bounds))
  return row && { reasonCode: row[1], text: row[2] }
}

/** Whether two spans of validity have a moment in common. */
export function isOverlapping(a: ChargingProfile, b: ChargingProfile): boolean {
  return startOf(a) < endOf(b) && startOf(b) < endOf(a)
}

const startOf = ({ validFrom }: ChargingProfile) =>
  validFrom === undefined ? Number.NEGATIVE_INFINITY : parseMoment(validFrom)
const endOf = ({ validTo }: ChargingProfile) =>
  validTo === undefined ? Number.POSITIVE_INFINITY : parseMoment(validTo)
const periodsOf = ({ chargingSchedule }: ChargingProfile) => chargingSchedule.chargingSchedulePeriod

function isBackwards(from: string | undefined, to: string | undefined): boolean {
  return from !== undefined && to !== undefined && parseMoment(to) <= parseMoment(from)
}

function isNotLater(
  { startPeriod }: { readonly startPeriod: number },
  at: number,
  periods: readonly { readonly startPeriod: number }[],
): boolean {
  const before = periods[at - 1]
  return before !== undefined && startPeriod <= before.startPeriod
}

function isPartlyPerPhase({ limit_L2, limit_L3, numberPhases = 3 }: SchedulePeriod): boolean {
  if (limit_L2 === undefined && limit_L3 === undefined) return false
  return limit_L2 === undefined || limit_L3 === undefined || numberPhases !== 3
}

// 1.6 spells them Current and Power in its configuration key.
function isUnit(unit: RateUnit, units: readonly string[]): boolean {
  return units.includes(unit)
}
