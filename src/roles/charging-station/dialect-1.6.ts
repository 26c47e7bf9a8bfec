import type {
  MeterValue,
  MeterValuesRequest,
  StartTransactionRequest,
  StopTransactionRequest,
} from '../../messages/ocpp1.6.ts'
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
    isNumberedByCsms: true,
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
    start({ evseId, idToken }, { reading }) {
      const payload: StartTransactionRequest = {
        connectorId: evseId,
        idTag: idToken,
        meterStart: Math.round(reading.energyWh),
        timestamp: reading.at,
      }
      return { action: 'StartTransaction', payload }
    },
    meter({ evseId }, { reading }) {
      const payload: MeterValuesRequest = {
        connectorId: evseId,
        meterValue: [meterValue(reading)],
      }
      return { action: 'MeterValues', payload }
    },
    stop({ idToken }, { reading }, reason) {
      const payload: Omit<StopTransactionRequest, 'transactionId'> = {
        // Nobody held it up again where the station ended it by itself.
        ...(reason === 'Local' && { idTag: idToken }),
        meterStop: Math.round(reading.energyWh),
        timestamp: reading.at,
        reason,
      }
      return { action: 'StopTransaction', payload }
    },
    async deliver({ kind, payload, transactionId }) {
      if (kind === 'start') {
        const request = payload as StartTransactionRequest
        const response = await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'StartTransaction', request)
        const isAuthorized = response.idTagInfo.status === 'Accepted'
        return { transactionId: `${response.transactionId}`, isAuthorized }
      }
      const numbered = { ...payload, transactionId: Number(transactionId) }
      if (kind === 'meter') {
        const request = numbered as MeterValuesRequest & { transactionId: number }
        await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'MeterValues', request)
      } else {
        const request = numbered as StopTransactionRequest
        await node.call(CENTRAL_SYSTEM, 'ocpp1.6', 'StopTransaction', request)
      }
      return { isAuthorized: true }
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
