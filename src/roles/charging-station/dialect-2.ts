import type {
  ClearedChargingLimitRequest,
  ConnectorStatusEnumType,
  IdTokenInfoType,
  MeterValueType,
  NotifyChargingLimitRequest,
  NotifyEventRequest,
  NotifyPriorityChargingRequest,
  ReasonEnumType,
  ReservationStatusUpdateRequest,
  SecurityEventNotificationRequest,
  TransactionEventRequest,
} from '../../messages/ocpp2.1.ts'
import { status2 } from './connector-status.ts'
import {
  type ComponentEvent,
  type Dialect,
  type Happening,
  type Identity,
  type IdToken,
  type NoticeMessage,
  SIMULATED_VENDOR,
  type StationTransaction,
  type StopReason,
  type TokenInfo,
  type TransactionMessage,
} from './dialect.ts'
import type { ValueRecord } from './meter-values.ts'
import type { Reach } from './reach.ts'

const CSMS = 'CSMS'
/** A request of any of the notices; what each has is made together with its action. */
type NoticeRequest = NotifyEventRequest &
  SecurityEventNotificationRequest &
  NotifyChargingLimitRequest &
  ClearedChargingLimitRequest &
  ReservationStatusUpdateRequest &
  NotifyPriorityChargingRequest
/** Of whoever limits the station without being asked by the CSMS. */
const LIMIT_SOURCE = 'Other'

/**
 * OCPP 2.0.1 and 2.1 as a station speaks them; what it says here is the same in both.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, B01, C01, E01–E07, H, J, K12–K13; OCPP 2.1 Part 2 likewise
 */
export function dialect2(
  reach: Reach,
  protocol: 'ocpp2.0.1' | 'ocpp2.1',
  identity: Identity,
): Dialect {
  return {
    is16: false,
    is21: protocol === 'ocpp2.1',
    isNumberedByCsms: false,
    async boot(reason) {
      const response = await reach.call(CSMS, protocol, 'BootNotification', {
        reason,
        chargingStation: { vendorName: SIMULATED_VENDOR, ...identity },
      })
      return { status: response.status, intervalS: response.interval }
    },
    async heartbeat() {
      await reach.call(CSMS, protocol, 'Heartbeat', {})
    },
    statusOf: status2,
    async status(evseId, status, timestamp) {
      // Connectors have a status, the station as a whole has none.
      if (evseId === 0) return
      const connectorStatus = status as ConnectorStatusEnumType
      const request = { evseId, connectorId: 1, connectorStatus, timestamp }
      await reach.call(CSMS, protocol, 'StatusNotification', request)
    },
    async authorize({ idToken, type }) {
      const request = { idToken: { idToken, type } }
      const { idTokenInfo } = await reach.call(CSMS, 'ocpp2.1', 'Authorize', request)
      return tokenInfo2(idTokenInfo)
    },
    async meterValues(evseId, values) {
      const request = { evseId, meterValue: values.map(meterValue) }
      await reach.call(CSMS, 'ocpp2.1', 'MeterValues', request)
    },
    reservationEnded(reservationId, reservationUpdateStatus) {
      const payload = { reservationId, reservationUpdateStatus }
      return { action: 'ReservationStatusUpdate', payload }
    },
    async pullSchedule(chargingProfileId) {
      const request = { chargingProfileId }
      const answer = await reach.call(CSMS, 'ocpp2.1', 'PullDynamicScheduleUpdate', request)
      return answer.status === 'Accepted' ? answer.scheduleUpdate : undefined
    },
    priorityCharging(transactionId, activated) {
      return { action: 'NotifyPriorityCharging', payload: { transactionId, activated } }
    },
    externalLimit,
    securityEvent(type, timestamp, techInfo) {
      return { action: 'SecurityEventNotification', payload: { type, timestamp, techInfo } }
    },
    componentEvent: (told) => componentEvent(told, protocol),
    async notify({ action, payload }) {
      // Each payload was made for its action above. 2.0.1 knows no severity, and is told none.
      await reach.call(CSMS, 'ocpp2.1', action, payload as NoticeRequest)
    },
    message: (transaction, happening) => event(transaction, happening),
    async deliver({ payload }) {
      const request = payload as TransactionEventRequest
      const { idTokenInfo } = await reach.call(CSMS, 'ocpp2.1', 'TransactionEvent', request)
      const { idToken } = request
      if (!idTokenInfo || !idToken) return {}
      return { token: { token: token2(idToken), info: tokenInfo2(idTokenInfo) } }
    },
  }
}

export function tokenInfo2(info: IdTokenInfoType): TokenInfo {
  const { status, groupIdToken, cacheExpiryDateTime } = info
  return {
    status,
    ...(groupIdToken && { groupId: groupIdToken.idToken }),
    ...(cacheExpiryDateTime !== undefined && { expiresAt: cacheExpiryDateTime }),
  }
}

function externalLimit(isLimited: boolean): NoticeMessage {
  const chargingLimitSource = LIMIT_SOURCE
  return isLimited
    ? { action: 'NotifyChargingLimit', payload: { chargingLimit: { chargingLimitSource } } }
    : { action: 'ClearedChargingLimit', payload: { chargingLimitSource } }
}

/** One event for itself; what the manufacturer built in needs no monitor (N07). */
function componentEvent(event: ComponentEvent, protocol: 'ocpp2.0.1' | 'ocpp2.1'): NoticeMessage {
  const { eventId, at, component, variable, value, isOver, severity } = event
  const { techCode, techInfo, transactionId } = event
  const data = {
    eventId,
    timestamp: at,
    trigger: event.isChange ? 'Delta' : 'Alerting',
    actualValue: value,
    techCode,
    techInfo,
    ...(isOver && { cleared: true }),
    ...(transactionId !== undefined && { transactionId }),
    eventNotificationType: 'HardWiredNotification',
    // N07.FR.21.
    ...(protocol === 'ocpp2.1' && { severity }),
    component,
    variable: { name: variable },
  }
  return { action: 'NotifyEvent', payload: { generatedAt: at, seqNo: 0, eventData: [data] } }
}

const REASONS: Readonly<Record<StopReason, ReasonEnumType>> = {
  DeAuthorized: 'DeAuthorized',
  EVDisconnected: 'EVDisconnected',
  GroundFault: 'GroundFault',
  HardReset: 'ImmediateReset',
  Local: 'Local',
  Other: 'Other',
  PowerLoss: 'PowerLoss',
  Remote: 'Remote',
  SoftReset: 'ImmediateReset',
  StoppedByEV: 'StoppedByEV',
  Timeout: 'Timeout',
  UnlockCommand: 'Other',
}

const EVENT_TYPES = { start: 'Started', update: 'Updated', end: 'Ended' } as const

function event(
  { evseId, transactionId = '' }: StationTransaction,
  happening: Happening,
): TransactionMessage {
  const { kind, trigger, at, seqNo, isOffline, values, phases, reservationId } = happening
  const { idToken } = happening
  const filled = values.filter(({ samples }) => samples.length > 0)
  const payload: TransactionEventRequest = {
    eventType: EVENT_TYPES[kind],
    triggerReason: trigger,
    timestamp: at,
    seqNo,
    ...(isOffline && { offline: true }),
    ...(phases !== undefined && phases > 0 && { numberOfPhasesUsed: phases }),
    ...(reservationId !== undefined && { reservationId }),
    transactionInfo: transactionInfo(transactionId, happening),
    evse: { id: evseId, connectorId: 1 },
    ...(idToken && { idToken: token2(idToken) }),
    ...(filled.length > 0 && { meterValue: filled.map(meterValue) }),
  }
  return { action: 'TransactionEvent', payload }
}

function transactionInfo(transactionId: string, happening: Happening) {
  const { kind, chargingState, reason = 'Other', remoteStartId } = happening
  return {
    transactionId,
    chargingState,
    ...(kind === 'end' && { stoppedReason: REASONS[reason] }),
    ...(remoteStartId !== undefined && { remoteStartId }),
  }
}

function token2({ idToken, type }: IdToken): IdToken {
  return { idToken, type }
}

function meterValue({ at, context, samples }: ValueRecord): MeterValueType {
  return {
    timestamp: at,
    sampledValue: samples.map(({ measurand, value, unit, phase }) => ({
      value,
      context,
      measurand,
      ...(phase && { phase }),
      unitOfMeasure: { unit },
    })),
  }
}
