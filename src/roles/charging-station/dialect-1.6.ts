import type { MeterValue } from '../../messages/ocpp1.6.ts'
import type { Node } from '../../node/node.ts'
import { type Dialect, type Identity, type Reading, SIMULATED_VENDOR } from './dialect.ts'

const CENTRAL_SYSTEM = 'CentralSystem'

/**
 * OCPP 1.6 as a station speaks it.
 *
 * @spec OCPP 1.6 edition 2 section 4
 */
export function dialect16(node: Node, identity: Identity): Dialect {
  return {
    async boot() {
      const response = await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'BootNotification', {
        chargePointVendor: SIMULATED_VENDOR,
        chargePointModel: identity.model,
        chargePointSerialNumber: identity.serialNumber,
      })
      return { accepted: response.status === 'Accepted', intervalS: response.interval }
    },
    async heartbeat() {
      await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'Heartbeat', {})
    },
    async status(connectorId, status, timestamp) {
      const errorCode = status === 'Faulted' ? 'OtherError' : 'NoError'
      const request = { connectorId, status, errorCode, timestamp } as const
      await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'StatusNotification', request)
    },
    async authorize(idTag) {
      const { idTagInfo } = await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'Authorize', { idTag })
      return idTagInfo.status === 'Accepted'
    },
    async start(transaction, reading) {
      const response = await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'StartTransaction', {
        connectorId: transaction.evseId,
        idTag: transaction.idToken,
        meterStart: Math.round(reading.energyWh),
        timestamp: reading.at,
      })
      transaction.transactionId = `${response.transactionId}`
      return response.idTagInfo.status === 'Accepted'
    },
    async meter(transaction, reading) {
      await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'MeterValues', {
        connectorId: transaction.evseId,
        transactionId: Number(transaction.transactionId),
        meterValue: [meterValue(reading)],
      })
    },
    async stop(transaction, reading) {
      await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'StopTransaction', {
        transactionId: Number(transaction.transactionId),
        idTag: transaction.idToken,
        meterStop: Math.round(reading.energyWh),
        timestamp: reading.at,
        reason: 'Local',
      })
    },
  }
}

function meterValue({ at, energyWh, powerW }: Reading): MeterValue {
  return {
    timestamp: at,
    sampledValue: [
      { value: energyWh.toFixed(1), measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
      { value: powerW.toFixed(0), measurand: 'Power.Active.Import', unit: 'W' },
    ],
  }
}
