import type {
  IdTagInfo,
  MeterValue,
  MeterValuesRequest,
  SecurityEventNotificationRequest,
  StartTransactionRequest,
  StatusNotificationRequest,
  StopTransactionRequest,
  StopTransactionRequestReason,
} from '../../messages/ocpp1.6.ts'
import { status16 } from './connector-status.ts'
import {
  type Dialect,
  type Happening,
  type Identity,
  type IdToken,
  SIMULATED_VENDOR,
  type StationTransaction,
  type StopReason,
  type TokenInfo,
  type TransactionMessage,
} from './dialect.ts'
import type { ValueRecord } from './meter-values.ts'
import type { Reach } from './reach.ts'

const CENTRAL_SYSTEM = 'CentralSystem'

/**
 * OCPP 1.6 as a station speaks it.
 *
 * @spec OCPP 1.6 edition 2 section 4
 */
export function dialect16(reach: Reach, identity: Identity): Dialect {
  return {
    is16: true,
    is21: false,
    isNumberedByCsms: true,
    async boot() {
      const response = await reach.call(CENTRAL_SYSTEM, 'ocpp1.6', 'BootNotification', {
        chargePointVendor: SIMULATED_VENDOR,
        chargePointModel: identity.model,
        chargePointSerialNumber: identity.serialNumber,
      })
      return { status: response.status, intervalS: response.interval }
    },
    async heartbeat() {
      await reach.call(CENTRAL_SYSTEM, 'ocpp1.6', 'Heartbeat', {})
    },
    statusOf: status16,
    async status(connectorId, status, timestamp, trouble) {
      const { errorCode = 'NoError', info } = trouble ?? {}
      const words = { status, errorCode } as Pick<StatusNotificationRequest, 'status' | 'errorCode'>
      const request = { connectorId, ...words, timestamp, ...(info !== undefined && { info }) }
      await reach.call(CENTRAL_SYSTEM, 'ocpp1.6', 'StatusNotification', request)
    },
    async authorize({ idToken: idTag }) {
      const { idTagInfo } = await reach.call(CENTRAL_SYSTEM, 'ocpp1.6', 'Authorize', { idTag })
      return tokenInfo16(idTagInfo)
    },
    async meterValues(connectorId, values) {
      const request = { connectorId, meterValue: values.map(meterValue) }
      await reach.call(CENTRAL_SYSTEM, 'ocpp1.6', 'MeterValues', request)
    },
    // 1.6 has no words for these.
    reservationEnded: () => undefined,
    externalLimit: () => undefined,
    async pullSchedule() {
      return undefined
    },
    priorityCharging: () => undefined,
    securityEvent(type, timestamp, techInfo) {
      return { action: 'SecurityEventNotification', payload: { type, timestamp, techInfo } }
    },
    componentEvent() {
      throw new TypeError('OCPP 1.6 has no words for an event of a component')
    },
    async notify({ payload }) {
      const request = payload as SecurityEventNotificationRequest
      await reach.call(CENTRAL_SYSTEM, 'ocpp1.6', 'SecurityEventNotification', request)
    },
    message: (transaction, happening) => MESSAGES[happening.kind](transaction, happening),
    async deliver({ kind, payload, transactionId }) {
      if (kind === 'start') {
        const request = payload as StartTransactionRequest
        const response = await reach.call(CENTRAL_SYSTEM, 'ocpp1.6', 'StartTransaction', request)
        const token = { token: token16(request.idTag), info: tokenInfo16(response.idTagInfo) }
        return { transactionId: `${response.transactionId}`, token }
      }
      const numbered = { ...payload, transactionId: Number(transactionId) }
      if (kind === 'meter') {
        const request = numbered as MeterValuesRequest & { transactionId: number }
        await reach.call(CENTRAL_SYSTEM, 'ocpp1.6', 'MeterValues', request)
        return {}
      }
      const request = numbered as StopTransactionRequest
      const { idTagInfo } = await reach.call(CENTRAL_SYSTEM, 'ocpp1.6', 'StopTransaction', request)
      if (!idTagInfo || request.idTag === undefined) return {}
      return { token: { token: token16(request.idTag), info: tokenInfo16(idTagInfo) } }
    },
  }
}

/** Tokens have no types here; all are taken for cards. */
export function token16(idToken: string): IdToken {
  return { idToken, type: 'ISO14443' }
}

export function tokenInfo16({ status, parentIdTag, expiryDate }: IdTagInfo): TokenInfo {
  return {
    status,
    ...(parentIdTag !== undefined && { groupId: parentIdTag }),
    ...(expiryDate !== undefined && { expiresAt: expiryDate }),
  }
}

type Writer = (
  transaction: StationTransaction,
  happening: Happening,
) => TransactionMessage | undefined

const MESSAGES: Readonly<Record<Happening['kind'], Writer>> = {
  start({ evseId, idToken }, { registerWh, at, reservationId }) {
    const payload: StartTransactionRequest = {
      connectorId: evseId,
      idTag: idToken,
      meterStart: Math.round(registerWh),
      timestamp: at,
      ...(reservationId !== undefined && { reservationId }),
    }
    return { action: 'StartTransaction', payload }
  },
  // Of what happens in between 1.6 tells by StatusNotification; here it has values only.
  update({ evseId }, { trigger, values }) {
    const filled = values.filter(({ samples }) => samples.length > 0)
    if (!TELLS_VALUES.has(trigger) || filled.length === 0) return undefined
    const payload: MeterValuesRequest = { connectorId: evseId, meterValue: filled.map(meterValue) }
    return { action: 'MeterValues', payload }
  },
  end(_, { idToken, registerWh, at, reason = 'Other', values }) {
    const kept = values.filter(({ samples }) => samples.length > 0)
    const payload: Omit<StopTransactionRequest, 'transactionId'> = {
      ...(idToken && { idTag: idToken.idToken }),
      meterStop: Math.round(registerWh),
      timestamp: at,
      reason: REASONS[reason],
      ...(kept.length > 0 && { transactionData: kept.map(meterValue) }),
    }
    return { action: 'StopTransaction', payload }
  },
}

const TELLS_VALUES: ReadonlySet<string> = new Set([
  'MeterValuePeriodic',
  'MeterValueClock',
  'Trigger',
])

const REASONS: Readonly<Record<StopReason, StopTransactionRequestReason>> = {
  DeAuthorized: 'DeAuthorized',
  EVDisconnected: 'EVDisconnected',
  GroundFault: 'Other',
  HardReset: 'HardReset',
  Local: 'Local',
  Other: 'Other',
  PowerLoss: 'PowerLoss',
  Remote: 'Remote',
  SoftReset: 'SoftReset',
  StoppedByEV: 'Other',
  Timeout: 'Other',
  UnlockCommand: 'UnlockCommand',
}

const DIGITS = { Wh: 1, W: 0, A: 2, V: 1, Percent: 1 } as const

function meterValue({ at, context, samples }: ValueRecord): MeterValue {
  return {
    timestamp: at,
    sampledValue: samples.map(({ measurand, value, unit, phase }) => ({
      value: value.toFixed(DIGITS[unit]),
      // Periodic is what goes without saying.
      ...(context !== 'Sample.Periodic' && { context }),
      measurand,
      unit,
      ...(phase && { phase }),
    })),
  }
}
