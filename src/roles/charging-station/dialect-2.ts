import type { MeterValueType, TransactionEventRequest } from '../../messages/ocpp2.1.ts'
import type { Node } from '../../node/node.ts'
import {
  type Dialect,
  type EvseStatus,
  type Identity,
  type Moment,
  type Reading,
  SIMULATED_VENDOR,
  type StationTransaction,
  type StopReason,
  type TransactionMessage,
} from './dialect.ts'

const CSMS = 'CSMS'

/** OCPP 2.x knows no phases of occupation; those are told by TransactionEvent. */
const STATUS = {
  Available: 'Available',
  Preparing: 'Occupied',
  Charging: 'Occupied',
  Finishing: 'Occupied',
  Faulted: 'Faulted',
} as const satisfies Record<EvseStatus, string>

/**
 * OCPP 2.0.1 and 2.1 as a station speaks them; what it says here is the same in both.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, B01, C01, E02, E06; OCPP 2.1 Part 2 likewise
 */
export function dialect2(
  node: Node,
  protocol: 'ocpp2.0.1' | 'ocpp2.1',
  identity: Identity,
): Dialect {
  return {
    isNumberedByCsms: false,
    async boot() {
      const response = await node.call(CSMS, protocol, 'BootNotification', {
        reason: 'PowerUp',
        chargingStation: { vendorName: SIMULATED_VENDOR, ...identity },
      })
      return { accepted: response.status === 'Accepted', intervalS: response.interval }
    },
    async heartbeat() {
      await node.call(CSMS, protocol, 'Heartbeat', {})
    },
    async status(evseId, status, timestamp) {
      const request = { evseId, connectorId: 1, connectorStatus: STATUS[status], timestamp }
      await node.call(CSMS, protocol, 'StatusNotification', request)
    },
    async authorize(idToken) {
      const request = { idToken: { idToken, type: 'ISO14443' as const } }
      const { idTokenInfo } = await node.call(CSMS, protocol, 'Authorize', request)
      return idTokenInfo.status === 'Accepted'
    },
    start: (transaction, moment) =>
      event(transaction, moment, { eventType: 'Started', triggerReason: 'Authorized' }),
    meter: (transaction, moment) =>
      event(transaction, moment, { eventType: 'Updated', triggerReason: 'MeterValuePeriodic' }),
    stop: (transaction, moment, stoppedReason) =>
      event(transaction, moment, {
        eventType: 'Ended',
        triggerReason: STOP_TRIGGERS[stoppedReason],
        stoppedReason,
      }),
    async deliver({ payload }) {
      const request = payload as TransactionEventRequest
      const { idTokenInfo } = await node.call(CSMS, 'ocpp2.1', 'TransactionEvent', request)
      return { isAuthorized: idTokenInfo === undefined || idTokenInfo.status === 'Accepted' }
    },
  }
}

const STOP_TRIGGERS = {
  Local: 'StopAuthorized',
  DeAuthorized: 'Deauthorized',
  PowerLoss: 'AbnormalCondition',
} as const satisfies Record<StopReason, string>

interface What {
  readonly eventType: TransactionEventRequest['eventType']
  readonly triggerReason: TransactionEventRequest['triggerReason']
  readonly stoppedReason?: StopReason
}

function event(
  { evseId, idToken, transactionId = '' }: StationTransaction,
  { reading, seqNo, isOffline }: Moment,
  { eventType, triggerReason, stoppedReason }: What,
): TransactionMessage {
  const chargingState = eventType === 'Ended' ? 'EVConnected' : 'Charging'
  // Nobody held it up again where the station ended it by itself.
  const isTokenShown = eventType === 'Started' || stoppedReason === 'Local'
  const payload: TransactionEventRequest = {
    eventType,
    triggerReason,
    timestamp: reading.at,
    seqNo,
    ...(isOffline && { offline: true }),
    transactionInfo: { transactionId, chargingState, ...(stoppedReason && { stoppedReason }) },
    evse: { id: evseId, connectorId: 1 },
    ...(isTokenShown && { idToken: { idToken, type: 'ISO14443' } }),
    meterValue: [meterValue(reading, eventType)],
  }
  return { action: 'TransactionEvent', payload }
}

const CONTEXTS = {
  Started: 'Transaction.Begin',
  Updated: 'Sample.Periodic',
  Ended: 'Transaction.End',
} as const

function meterValue(
  { at, energyWh, powerW }: Reading,
  eventType: keyof typeof CONTEXTS,
): MeterValueType {
  const context = CONTEXTS[eventType]
  return {
    timestamp: at,
    sampledValue: [
      {
        value: Number(energyWh.toFixed(1)),
        context,
        measurand: 'Energy.Active.Import.Register',
        unitOfMeasure: { unit: 'Wh' },
      },
      {
        value: Math.round(powerW),
        context,
        measurand: 'Power.Active.Import',
        unitOfMeasure: { unit: 'W' },
      },
    ],
  }
}
