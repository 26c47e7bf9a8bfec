import type { StatusInfoType } from '../../messages/ocpp2.1.ts'
import type { Handlers } from '../../node/handlers.ts'
import type { Commandable } from './charging-station.ts'
import { changeAvailability, type Outcome, remoteStart, remoteStop, reset, resetEvse, unlock } from './commands.ts' // biome-ignore format: one line
import { tokenInfo2 } from './dialect-2.ts'
import { deviceModel } from './handlers-2-model.ts'
import { profile2, smartCharging2 } from './handlers-2-profiles.ts'
import { CONNECTOR_TYPE } from './inventory.ts'
import { trigger } from './triggers.ts'

/**
 * What a station of OCPP 2.0.1 or 2.1 answers; nothing here is in one of them only.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2; OCPP 2.1 Part 2
 */
export function handlers2(station: () => Commandable): Handlers<'ocpp2.1'> {
  return {
    ...transactions(station),
    ...availability(station),
    ...authorizationList(station),
    ...reservation(station),
    ...deviceModel(station),
    ...smartCharging2(station),
    DataTransfer() {
      return { status: 'UnknownVendorId' }
    },
  }
}

function transactions(station: () => Commandable): Handlers<'ocpp2.1'> {
  return {
    RequestStartTransaction(request) {
      const { evseId, idToken, groupIdToken, remoteStartId, chargingProfile } = request
      const profile = chargingProfile && profile2(chargingProfile, evseId ?? 0)
      if (profile && 'reasonCode' in profile)
        return answer({ status: 'Rejected', reasonCode: profile.reasonCode })
      const { idToken: text, type } = idToken
      return answer(
        remoteStart(station().life, {
          evseId,
          token: { idToken: text, type },
          remoteStartId,
          ...(groupIdToken && { groupId: groupIdToken.idToken }),
          ...(profile && { profile }),
        }),
      )
    },
    RequestStopTransaction({ transactionId }) {
      return answer(remoteStop(station().life, transactionId))
    },
    GetTransactionStatus({ transactionId }) {
      const { journal, evses } = station().life
      if (transactionId === undefined) return { messagesInQueue: journal.isWaiting() }
      const startId = journal.startIdOf(transactionId)
      // E14.FR.01: what is not known is not running.
      if (startId === undefined) return { ongoingIndicator: false, messagesInQueue: false }
      const ongoingIndicator = evses.some(({ transaction }) => transaction?.startId === startId)
      return { ongoingIndicator, messagesInQueue: journal.isWaiting(startId) }
    },
  }
}

function availability(station: () => Commandable): Handlers<'ocpp2.1'> {
  return {
    ChangeAvailability({ evse, operationalStatus }) {
      const { life } = station()
      if (evse && (evse.id < 1 || !isConnector(evse.connectorId))) return { status: 'Rejected' }
      const isOperative = operationalStatus === 'Operative'
      return { status: changeAvailability(life, evse?.id ?? 0, isOperative) }
    },
    Reset({ type, evseId }) {
      // What is interrupted here is not resumed.
      if (type === 'ImmediateAndResume') return { status: 'Rejected', statusInfo: info('UnsupportedParam') } // biome-ignore format: one line
      const isOnIdle = type === 'OnIdle'
      if (evseId !== undefined) return { status: resetEvse(station(), evseId, isOnIdle) }
      return { status: reset(station(), 'hardReset', isOnIdle) }
    },
    UnlockConnector({ evseId, connectorId }) {
      const { life } = station()
      const evse = life.evses[evseId - 1]
      if (!evse || connectorId !== 1) return { status: 'UnknownConnector' }
      if (evse.transaction && evse.grant) return { status: 'OngoingAuthorizedTransaction' }
      return { status: unlock(life, evse) ? 'Unlocked' : 'UnlockFailed' }
    },
    TriggerMessage({ requestedMessage: message, evse }) {
      const request = { message, evseId: evse?.id, connectorId: evse?.connectorId }
      return { status: trigger(station().life, request) }
    },
  }
}

function authorizationList(station: () => Commandable): Handlers<'ocpp2.1'> {
  return {
    ClearCache() {
      return { status: station().life.authorization.clearCache() ? 'Accepted' : 'Rejected' }
    },
    GetLocalListVersion() {
      const { variables, authorization } = station().life
      const isEnabled = variables.is('LocalAuthListCtrlr.Enabled')
      return { versionNumber: isEnabled ? authorization.listVersion : 0 }
    },
    async SendLocalList({ updateType, versionNumber, localAuthorizationList = [] }) {
      const entries = localAuthorizationList.map(({ idToken, idTokenInfo }) => ({
        token: { idToken: idToken.idToken, type: idToken.type },
        info: idTokenInfo && tokenInfo2(idTokenInfo),
      }))
      const { authorization } = station().life
      return { status: await authorization.updateList(updateType, versionNumber, entries) }
    },
  }
}

function reservation(station: () => Commandable): Handlers<'ocpp2.1'> {
  return {
    ReserveNow({ id, evseId = 0, idToken, groupIdToken, expiryDateTime, connectorType }) {
      const { life } = station()
      if (!life.isAccepted()) return { status: 'Rejected', statusInfo: info('CSNotAccepted') }
      if (connectorType !== undefined && connectorType !== CONNECTOR_TYPE) {
        return { status: 'Rejected', statusInfo: info('UnknownConnectorType') }
      }
      const { idToken: text, type } = idToken
      const wanted = {
        id,
        evseId,
        token: { idToken: text, type },
        ...(groupIdToken && { groupId: groupIdToken.idToken }),
        expiresAt: expiryDateTime,
      }
      return { status: life.reservations.reserve(wanted) }
    },
    CancelReservation({ reservationId }) {
      return { status: station().life.reservations.cancel(reservationId) ? 'Accepted' : 'Rejected' }
    },
  }
}

function info(reasonCode: string): StatusInfoType {
  return { reasonCode }
}

function answer(outcome: Outcome) {
  if (outcome.status === 'Rejected') {
    return { status: outcome.status, statusInfo: info(outcome.reasonCode) }
  }
  return outcome
}

/** Each EVSE has one connector. */
function isConnector(connectorId: number | undefined): boolean {
  return connectorId === undefined || connectorId === 1
}
