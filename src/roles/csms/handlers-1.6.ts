import type { MeterValue } from '../../messages/ocpp1.6.ts'
import type { Context, Handlers } from '../../node/handlers.ts'
import type { CsmsState } from './csms.ts'
import { keepSample, measured, record, timeOf } from './record.ts'

/**
 * What a CSMS answers to OCPP 1.6 stations. A connector of 1.6 is one EVSE with one connector.
 *
 * @spec OCPP 1.6 edition 2 section 4
 */
export function handlers16(state: CsmsState): Handlers<'ocpp1.6'> {
  const { store } = state
  const idTagInfo = (idTag: string) => ({
    status: state.tokens.has(idTag) ? ('Accepted' as const) : ('Invalid' as const),
  })
  return {
    BootNotification: (request, context) =>
      record(state, context, () => {
        const { chargePointVendor: vendor, chargePointModel: model } = request
        const { chargePointSerialNumber: serialNumber, firmwareVersion } = request
        store.setBoot(
          context.source,
          { vendor, model, serialNumber, firmwareVersion },
          timeOf(context),
        )
        const interval = state.heartbeatIntervalS
        return { status: 'Accepted', currentTime: timeOf(context), interval }
      }),

    Heartbeat: (_, context) => record(state, context, () => ({ currentTime: timeOf(context) })),

    StatusNotification: (request, context) =>
      record(state, context, () => {
        const { connectorId, status, timestamp = timeOf(context) } = request
        // Connector 0 is the station as a whole.
        store.setConnector(
          context.source,
          connectorId,
          connectorId === 0 ? 0 : 1,
          status,
          timestamp,
        )
        return {}
      }),

    Authorize: (request, context) =>
      record(state, context, () => ({ idTagInfo: idTagInfo(request.idTag) })),

    StartTransaction: (request, context) =>
      record(state, context, () => {
        const { connectorId, idTag, meterStart, timestamp } = request
        // Stored also when the tag is refused: energy may flow until the station obeys.
        const transactionId = store.startTransaction({
          station: context.source,
          transactionId: undefined,
          evseId: connectorId,
          connectorId: 1,
          idToken: idTag,
          startedAt: timestamp,
          meterStartWh: meterStart,
        })
        return { transactionId, idTagInfo: idTagInfo(idTag) }
      }),

    MeterValues: (request, context) =>
      record(state, context, () => {
        const { connectorId, transactionId, meterValue } = request
        keep(connectorId, transactionId?.toString(), meterValue, context)
        return {}
      }),

    StopTransaction: (request, context) =>
      record(state, context, () => {
        const { transactionId, timestamp, meterStop, reason, transactionData, idTag } = request
        const known = store.endTransaction({
          station: context.source,
          transactionId: `${transactionId}`,
          endedAt: timestamp,
          meterStopWh: meterStop,
          reason: reason ?? 'Local',
        })
        if (known && transactionData) {
          // biome-ignore format: one line
          const { evseId = 0 } = store.transactions(context.source).find((t) => t.transactionId === `${transactionId}`) ?? {}
          keep(evseId, `${transactionId}`, transactionData, context)
        }
        return idTag === undefined ? {} : { idTagInfo: idTagInfo(idTag) }
      }),

    SecurityEventNotification: (_, context) => record(state, context, () => ({})),
  }

  function keep(
    evseId: number,
    transactionId: string | undefined,
    values: MeterValue[],
    context: Context,
  ) {
    for (const { timestamp, sampledValue } of values) {
      for (const sample of sampledValue) {
        if (sample.format === 'SignedData') continue // kept as received, not as a number
        const value = measured(sample.value, sample.unit ?? 'Wh')
        keepSample(state, context.source, { evseId, transactionId, timestamp }, sample, value)
      }
    }
  }
}
