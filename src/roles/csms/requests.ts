import type { IdTokenEnumType } from '../../messages/ocpp2.0.1.ts'
import type { Protocol } from '../../messages/protocols.ts'

/** A token as requests name it. */
export interface TokenOf {
  readonly idToken: string
  /** IdTokenEnumType of OCPP 2.x. */
  readonly type: string
}

export interface ReservationWish {
  readonly id: number
  /** Undefined: any. */
  readonly evseId?: number | undefined
  readonly token: TokenOf
  readonly groupId?: string | undefined
  /** RFC 3339. */
  readonly expiresAt: string
}

export interface ProfileWish {
  readonly id: number
  /** 0: the station. */
  readonly evseId: number
  /** In the words of OCPP 2.x. */
  readonly purpose: 'ChargingStationMaxProfile' | 'TxDefaultProfile' | 'TxProfile'
  readonly stackLevel: number
  readonly kind: 'Absolute' | 'Recurring' | 'Relative'
  readonly recurrency?: 'Daily' | 'Weekly' | undefined
  readonly transactionId?: string | undefined
  /** RFC 3339, as are the others. */
  readonly validFrom?: string | undefined
  readonly validTo?: string | undefined
  readonly startsAt?: string | undefined
  readonly durationS?: number | undefined
  readonly unit: 'A' | 'W'
  readonly periods: readonly {
    readonly startS: number
    readonly limit: number
    readonly phases?: number | undefined
  }[]
}

export interface ListEntryWish extends TokenOf {
  readonly status: 'Accepted' | 'Blocked'
  /** RFC 3339. */
  readonly expiresAt?: string | undefined
  readonly groupId?: string | undefined
}

type Request = Record<string, unknown>

/** ReserveNow. @spec OCPP 1.6 edition 2 section 6.35; OCPP 2.0.1 edition 3 Part 2, H01 */
export function reserveNow(protocol: Protocol, wish: ReservationWish): Request {
  const { id, evseId, token, expiresAt } = wish
  const groupId = fittingGroup(protocol, wish.groupId)
  if (protocol === 'ocpp1.6') {
    const of = { connectorId: evseId ?? 0, expiryDate: expiresAt, idTag: token.idToken }
    return { ...of, reservationId: id, ...(groupId !== undefined && { parentIdTag: groupId }) }
  }
  return {
    id,
    expiryDateTime: expiresAt,
    idToken: token,
    ...(evseId !== undefined && { evseId }),
    ...(groupId !== undefined && { groupIdToken: { idToken: groupId, type: 'Central' } }),
  }
}

/** SetChargingProfile. @spec OCPP 1.6 edition 2 section 6.43; OCPP 2.0.1 edition 3 Part 2, K01 */
export function setChargingProfile(protocol: Protocol, wish: ProfileWish): Request {
  const { evseId, purpose, transactionId } = wish
  if (protocol === 'ocpp1.6') {
    const isStation = purpose === 'ChargingStationMaxProfile'
    const profile = {
      chargingProfileId: wish.id,
      ...profileOf(wish),
      chargingProfilePurpose: isStation ? 'ChargePointMaxProfile' : purpose,
      ...(transactionId !== undefined && { transactionId: Number(transactionId) }),
      chargingSchedule: scheduleOf(wish),
    }
    return { connectorId: evseId, csChargingProfiles: profile }
  }
  const profile = {
    id: wish.id,
    ...profileOf(wish),
    chargingProfilePurpose: purpose,
    ...(transactionId !== undefined && { transactionId }),
    chargingSchedule: [{ id: 1, ...scheduleOf(wish) }],
  }
  return { evseId, chargingProfile: profile }
}

/** ClearChargingProfile of one profile. */
export function clearChargingProfile(protocol: Protocol, id: number): Request {
  return protocol === 'ocpp1.6' ? { id } : { chargingProfileId: id }
}

/** SendLocalList. @spec OCPP 1.6 edition 2 section 6.41; OCPP 2.0.1 edition 3 Part 2, D01 */
export function sendLocalList(
  protocol: Protocol,
  version: number,
  updateType: 'Full' | 'Differential',
  entries: readonly ListEntryWish[],
): Request {
  const is16 = protocol === 'ocpp1.6'
  const list = entries.map((entry) => (is16 ? listEntry16(entry) : listEntry2(protocol, entry)))
  return {
    [is16 ? 'listVersion' : 'versionNumber']: version,
    updateType,
    // An empty list is left out: the schema of 2.x wants at least one entry.
    ...(list.length > 0 && { localAuthorizationList: list }),
  }
}

function listEntry16({ idToken, status, expiresAt, groupId }: ListEntryWish): Request {
  const parentIdTag = fittingGroup('ocpp1.6', groupId)
  return {
    idTag: idToken,
    idTagInfo: {
      status,
      ...(expiresAt !== undefined && { expiryDate: expiresAt }),
      ...(parentIdTag !== undefined && { parentIdTag }),
    },
  }
}

function listEntry2(protocol: Protocol, entry: ListEntryWish): Request {
  const { idToken, type, status, expiresAt } = entry
  const group = fittingGroup(protocol, entry.groupId)
  return {
    idToken: { idToken, type },
    idTokenInfo: {
      status,
      ...(expiresAt !== undefined && { cacheExpiryDateTime: expiresAt }),
      ...(group !== undefined && { groupIdToken: { idToken: group, type: 'Central' } }),
    },
  }
}

/** What 2.0.1 has a word for; 2.1 takes any, and 1.6 knows tokens of no type. */
const TYPES_OF_2_0_1: ReadonlySet<string> = new Set<IdTokenEnumType>(['Central', 'eMAID', 'ISO14443', 'ISO15693', 'KeyCode', 'Local', 'MacAddress', 'NoAuthorization']) // biome-ignore format: one line

/** Whether messages of a version can name a token: its length and type fit. */
export function isNameable(protocol: Protocol, { idToken, type }: TokenOf): boolean {
  if (idToken.length > maxTokenLength(protocol)) return false
  return protocol !== 'ocpp2.0.1' || TYPES_OF_2_0_1.has(type)
}

/** Longest id token, or group of them, of a version. */
function maxTokenLength(protocol: Protocol): number {
  if (protocol === 'ocpp1.6') return 20
  return protocol === 'ocpp2.0.1' ? 36 : 255
}

/**
 * A group as it is told to stations of a version; undefined where their messages have no room for
 * it. They then do not know it, and whether its tokens charge is not changed by that.
 */
export function fittingGroup(protocol: Protocol, groupId: string | undefined): string | undefined {
  if (groupId === undefined || groupId.length > maxTokenLength(protocol)) return undefined
  return groupId
}

function profileOf({ stackLevel, kind, recurrency, validFrom, validTo }: ProfileWish) {
  return {
    stackLevel,
    chargingProfileKind: kind,
    ...(recurrency !== undefined && { recurrencyKind: recurrency }),
    ...(validFrom !== undefined && { validFrom }),
    ...(validTo !== undefined && { validTo }),
  }
}

function scheduleOf({ startsAt, durationS, unit, periods }: ProfileWish) {
  return {
    ...(startsAt !== undefined && { startSchedule: startsAt }),
    ...(durationS !== undefined && { duration: durationS }),
    chargingRateUnit: unit,
    chargingSchedulePeriod: periods.map(({ startS, limit, phases }) => ({
      startPeriod: startS,
      limit,
      ...(phases !== undefined && { numberPhases: phases }),
    })),
  }
}
