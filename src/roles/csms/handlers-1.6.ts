import { measured, usualUnit } from '../../messages/measured-values.ts'
import type { MeterValue } from '../../messages/ocpp1.6.ts'
import type { Handlers } from '../../node/handlers.ts'
import { recordBoot } from './admission.ts'
import type { CsmsState } from './csms.ts'
import {
  endOfReservation,
  inUtc,
  keepSamples,
  keepStatus,
  record,
  recordConflict,
  recordRepeated,
  recordSamples,
  type Sample,
  timeOf,
} from './record.ts'
import { fittingGroup } from './requests.ts'
import type { TokenUse } from './tokens.ts'

/**
 * What a CSMS answers to OCPP 1.6 stations. A connector of 1.6 is one EVSE with one connector.
 *
 * @spec OCPP 1.6 edition 2 section 4
 */
export function handlers16(state: CsmsState): Handlers<'ocpp1.6'> {
  const { store } = state
  const idTagInfo = (idTag: string, use: TokenUse) => {
    const { status, expiresAt, groupId } = state.tokens.judge({ idToken: idTag }, use)
    const parentIdTag = fittingGroup('ocpp1.6', groupId)
    return {
      status: status === 'Unknown' ? ('Invalid' as const) : status,
      ...(expiresAt !== undefined && { expiryDate: expiresAt }),
      ...(parentIdTag !== undefined && { parentIdTag }),
    }
  }
  return {
    BootNotification: (request, context) =>
      recordBoot(state, context, {
        vendor: request.chargePointVendor,
        model: request.chargePointModel,
        serialNumber: request.chargePointSerialNumber,
        firmwareVersion: request.firmwareVersion,
      }),

    Heartbeat: (_, context) => record(state, context, () => ({ currentTime: timeOf(context) })),

    StatusNotification: (request, context) =>
      record(state, context, () => {
        const { connectorId, status, timestamp = timeOf(context) } = request
        // Connector 0 is the station as a whole.
        const place = { evseId: connectorId, connectorId: connectorId === 0 ? 0 : 1 }
        const before = keepStatus(state, context, { ...place, status, timestamp })
        // Stations of 1.6 do not say it otherwise. A fault passes, and what it hid may stand then.
        if (before === 'Reserved' && status !== 'Reserved' && status !== 'Faulted') {
          store.reservations.freed(context.source, connectorId, inUtc(timestamp))
        }
        return {}
      }),

    Authorize: (request, context) =>
      record(state, context, () => ({
        idTagInfo: idTagInfo(request.idTag, { station: context.source }),
      })),

    StartTransaction: (request, context) =>
      record(state, context, (message) => {
        const { connectorId, idTag, meterStart, timestamp } = request
        // Stored also when the tag is refused: energy may flow until the station obeys.
        const start = {
          station: context.source,
          transactionId: undefined,
          evseId: connectorId,
          connectorId: 1,
          idToken: idTag,
          startedAt: timestamp,
          meterStartWh: meterStart,
          message,
        }
        const known = store.charging.knownStart(start)
        if (known) recordRepeated(state, context, message, known.startMessage)
        const transactionId = known?.number ?? store.charging.start(start)
        endOfReservation(state, context, request.reservationId)
        const charges = { transactionId: `${transactionId}`, evseId: connectorId }
        const use = { station: context.source, charges }
        return { transactionId, idTagInfo: idTagInfo(idTag, use) }
      }),

    MeterValues: (request, context) =>
      record(state, context, (message) => {
        const { connectorId: evseId, meterValue } = request
        const transactionId = request.transactionId?.toString()
        if (transactionId !== undefined && !store.charging.known(context.source, transactionId)) {
          store.charging.passOver(Number(transactionId))
        }
        const metering = { evseId, transactionId, message }
        recordSamples(state, context, metering, samplesOf(meterValue))
        return {}
      }),

    StopTransaction: (request, context) =>
      record(state, context, (message) => {
        const { timestamp, meterStop, reason = 'Local', transactionData = [], idTag } = request
        const station = context.source
        const transactionId = `${request.transactionId}`
        const end = { station, transactionId, endedAt: timestamp, meterStopWh: meterStop, reason, message } // biome-ignore format: one line
        const known = store.charging.known(station, transactionId) ?? store.charging.knownEnd(end)
        store.profiles.endTransaction(station, transactionId)
        if (known?.isEnded) {
          recordRepeated(state, context, message, known.stopMessage)
        } else {
          const metering = { evseId: known?.evseId ?? 0, transactionId, message }
          if (known) store.charging.end(end)
          // Its start was told to nobody, or to a CSMS before this one; energy has flowed.
          else if (store.charging.endUnseen(end) === 'conflict') recordConflict(state, context, message) // biome-ignore format: one line
          if (!known) store.charging.passOver(request.transactionId)
          keepSamples(state, context, metering, samplesOf(transactionData))
        }
        return idTag === undefined ? {} : { idTagInfo: idTagInfo(idTag, { station }) }
      }),

    SecurityEventNotification: (request, context) =>
      record(state, context, () => {
        store.securityEvents.add(context.source, request, timeOf(context))
        return {}
      }),

    // No vendor has a meaning here, which the standard has an answer for.
    DataTransfer: (_, context) => record(state, context, () => ({ status: 'UnknownVendorId' })),
  }
}

function samplesOf(values: readonly MeterValue[]): Sample[] {
  return values.flatMap(({ timestamp, sampledValue }) =>
    sampledValue
      .filter(({ format }) => format !== 'SignedData') // kept as received, not as a number
      .map((sample) => ({
        ...sample,
        timestamp,
        value: measured(sample.value, sample.unit ?? usualUnit(sample.measurand)),
      })),
  )
}
