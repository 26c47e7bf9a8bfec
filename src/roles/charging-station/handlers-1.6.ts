import type { ChargingProfile, ProfilePurpose } from '../../energy/charging-profile.ts'
import { inTenths } from '../../energy/composite.ts'
import type {
  ChargingProfile as ChargingProfile16,
  ChargingSchedule,
  CsChargingProfiles,
  SendLocalListResponseStatus,
} from '../../messages/ocpp1.6.ts'
import type { Handlers } from '../../node/handlers.ts'
import type { Commandable } from './charging-station.ts'
import { changeAvailability, remoteStart, remoteStop, reset, unlock } from './commands.ts'
import { token16, tokenInfo16 } from './dialect-1.6.ts'
import { trigger } from './triggers.ts'
import { VARIABLES, type VariableRow } from './variables-table.ts'

/**
 * What a station of OCPP 1.6 answers.
 *
 * @spec OCPP 1.6 edition 2 section 5
 */
export function handlers16(station: () => Commandable): Handlers<'ocpp1.6'> {
  return { ...core(station), ...authorizationList(station), ...reservation(station), ...smartCharging(station) } // biome-ignore format: one line
}

function core(station: () => Commandable): Handlers<'ocpp1.6'> {
  return {
    RemoteStartTransaction({ connectorId, idTag, chargingProfile }) {
      const { life } = station()
      // Nothing is charged at connector 0.
      if (connectorId === 0) return { status: 'Rejected' }
      const profile = chargingProfile && profileOf(chargingProfile, connectorId ?? 0)
      const start = { evseId: connectorId, token: token16(idTag), ...(profile && { profile }) }
      return { status: remoteStart(life, start).status }
    },
    RemoteStopTransaction({ transactionId }) {
      return { status: remoteStop(station().life, `${transactionId}`).status }
    },
    ChangeAvailability({ connectorId, type }) {
      return { status: changeAvailability(station().life, connectorId, type === 'Operative') }
    },
    Reset({ type }) {
      reset(station(), type === 'Hard' ? 'hardReset' : 'softReset')
      return { status: 'Accepted' }
    },
    UnlockConnector({ connectorId }) {
      const { life } = station()
      const evse = life.evses[connectorId - 1]
      if (!evse) return { status: 'NotSupported' }
      return { status: unlock(life, evse) ? 'Unlocked' : 'UnlockFailed' }
    },
    TriggerMessage({ requestedMessage, connectorId }) {
      const request = { message: requestedMessage, evseId: connectorId }
      return { status: trigger(station().life, request) }
    },
    ExtendedTriggerMessage({ requestedMessage, connectorId }) {
      const request = { message: requestedMessage, evseId: connectorId }
      return { status: trigger(station().life, request) }
    },
    ClearCache() {
      return { status: station().life.authorization.clearCache() ? 'Accepted' : 'Rejected' }
    },
    DataTransfer() {
      return { status: 'UnknownVendorId' }
    },
    GetConfiguration({ key: keys = [] }) {
      return configuration(station(), keys)
    },
    ChangeConfiguration({ key, value }) {
      const row = BY_KEY.get(key.toLowerCase())
      return { status: row ? station().life.variables.set(row, value) : 'NotSupported' }
    },
  }
}

function authorizationList(station: () => Commandable): Handlers<'ocpp1.6'> {
  return {
    GetLocalListVersion() {
      const { variables, authorization } = station().life
      const isEnabled = variables.is('LocalAuthListCtrlr.Enabled')
      return { listVersion: isEnabled ? authorization.listVersion : -1 }
    },
    async SendLocalList({ updateType, listVersion, localAuthorizationList = [] }) {
      const { authorization, variables } = station().life
      if (!variables.is('LocalAuthListCtrlr.Enabled')) return { status: 'NotSupported' }
      const entries = localAuthorizationList.map(({ idTag, idTagInfo }) => ({
        token: token16(idTag),
        info: idTagInfo && tokenInfo16(idTagInfo),
      }))
      const status = await authorization.updateList(updateType, listVersion, entries)
      return { status: status satisfies SendLocalListResponseStatus }
    },
  }
}

function reservation(station: () => Commandable): Handlers<'ocpp1.6'> {
  return {
    ReserveNow({ reservationId: id, connectorId, idTag, parentIdTag, expiryDate }) {
      const { life } = station()
      if (!life.isAccepted()) return { status: 'Rejected' }
      const group = parentIdTag === undefined ? {} : { groupId: parentIdTag }
      const token = token16(idTag)
      const wanted = { id, evseId: connectorId, token, ...group, expiresAt: expiryDate }
      return { status: life.reservations.reserve(wanted) }
    },
    CancelReservation({ reservationId }) {
      return { status: station().life.reservations.cancel(reservationId) ? 'Accepted' : 'Rejected' }
    },
  }
}

function smartCharging(station: () => Commandable): Handlers<'ocpp1.6'> {
  return {
    SetChargingProfile({ connectorId, csChargingProfiles }) {
      const problem = station().life.profiles.install(profileOf(csChargingProfiles, connectorId))
      return { status: problem ? 'Rejected' : 'Accepted' }
    },
    ClearChargingProfile({ id, connectorId, chargingProfilePurpose: purpose, stackLevel }) {
      const criteria = {
        ...(connectorId !== undefined && { evseId: connectorId }),
        ...(purpose && { chargingProfilePurpose: purposeOf(purpose) }),
        ...(stackLevel !== undefined && { stackLevel }),
      }
      // An id says which one, whatever else is said of it (1.6, 6.13).
      const filter = id === undefined ? criteria : { ids: [id] }
      return { status: station().life.profiles.clear(filter) ? 'Accepted' : 'Unknown' }
    },
    GetCompositeSchedule({ connectorId, duration, chargingRateUnit = 'W' }) {
      const { life } = station()
      if (connectorId > life.evses.length || duration <= 0) return { status: 'Rejected' }
      const scheduleStart = life.stamp()
      const composite = life.profiles.composite(connectorId, duration, chargingRateUnit)
      const chargingSchedule: ChargingSchedule = {
        duration: composite.duration,
        startSchedule: scheduleStart,
        chargingRateUnit,
        chargingSchedulePeriod: composite.periods.map((period) => ({
          ...period,
          limit: inTenths(period.limit),
        })),
      }
      return { status: 'Accepted', connectorId, scheduleStart, chargingSchedule }
    },
  }
}

const ROWS_16 = (VARIABLES as readonly VariableRow[]).filter(({ key }) => key !== undefined)
const BY_KEY = new Map(ROWS_16.map((row) => [row.key?.toLowerCase() ?? '', row]))

function configuration({ life }: Commandable, keys: readonly string[]) {
  const rows = keys.length === 0 ? ROWS_16 : keys.map((key) => BY_KEY.get(key.toLowerCase()))
  const unknownKey = keys.filter((key) => !BY_KEY.has(key.toLowerCase()))
  const configurationKey = rows
    .filter((row) => row !== undefined)
    .map(({ key = '', name, access }) => ({
      key,
      readonly: access === 'RO',
      // What is write-only is known to be there, and that is all.
      ...(access !== 'WO' && { value: life.variables.told(name as never) }),
    }))
  return { configurationKey, ...(unknownKey.length > 0 && { unknownKey }) }
}

function purposeOf(purpose: ChargingProfile16['chargingProfilePurpose']): ProfilePurpose {
  return purpose === 'ChargePointMaxProfile' ? 'ChargingStationMaxProfile' : purpose
}

function profileOf(
  profile: CsChargingProfiles | ChargingProfile16,
  evseId: number,
): ChargingProfile {
  const { chargingProfileId: id, transactionId, chargingProfilePurpose, ...rest } = profile
  return {
    ...rest,
    id,
    evseId,
    chargingProfilePurpose: purposeOf(chargingProfilePurpose),
    ...(transactionId !== undefined && { transactionId: `${transactionId}` }),
  }
}
