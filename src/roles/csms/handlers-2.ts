import type { MeterValueType } from '../../messages/ocpp2.1.ts'
import type { Context, Handlers } from '../../node/handlers.ts'
import type { CsmsState } from './csms.ts'
import { keepSample, measured, record, timeOf } from './record.ts'

/**
 * What a CSMS answers to stations of OCPP 2.0.1 and 2.1, whose messages for this are the same.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, B01, C01, E01–E06, G01, J01; OCPP 2.1 Part 2 likewise
 */
export function handlers2<P extends 'ocpp2.0.1' | 'ocpp2.1'>(state: CsmsState): Handlers<P> {
  const { store } = state
  const idTokenInfo = (idToken: string) => ({
    status: state.tokens.has(idToken) ? ('Accepted' as const) : ('Invalid' as const),
  })
  const handlers: Handlers<'ocpp2.1'> = {
    BootNotification: ({ chargingStation }, context) =>
      record(state, context, () => {
        const { vendorName: vendor, model, serialNumber, firmwareVersion } = chargingStation
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
        const { evseId, connectorId, connectorStatus, timestamp } = request
        store.setConnector(context.source, evseId, connectorId, connectorStatus, timestamp)
        return {}
      }),

    Authorize: ({ idToken }, context) =>
      record(state, context, () => ({ idTokenInfo: idTokenInfo(idToken.idToken) })),

    TransactionEvent: (request, context) =>
      record(state, context, () => {
        const { eventType, triggerReason, seqNo, timestamp, transactionInfo, evse, idToken } =
          request
        const { transactionId, stoppedReason } = transactionInfo
        const station = context.source
        const event = { seqNo, eventType, triggerReason, timestamp }
        const isNew = store.addTransactionEvent(station, transactionId, event)
        const energy = (first: boolean) => energyWh(request.meterValue ?? [], first)
        if (isNew) {
          store.startTransaction({
            station,
            transactionId,
            evseId: evse?.id,
            connectorId: evse?.connectorId,
            idToken: idToken?.idToken,
            startedAt: timestamp,
            meterStartWh: energy(true),
          })
          keep(evse?.id ?? 0, transactionId, request.meterValue ?? [], context)
        }
        if (isNew && eventType === 'Ended') {
          const reason = stoppedReason ?? 'Local'
          // biome-ignore format: one line
          store.endTransaction({ station, transactionId, endedAt: timestamp, meterStopWh: energy(false), reason })
        }
        return idToken ? { idTokenInfo: idTokenInfo(idToken.idToken) } : {}
      }),

    MeterValues: (request, context) =>
      record(state, context, () => {
        keep(request.evseId, undefined, request.meterValue, context)
        return {}
      }),

    SecurityEventNotification: (_, context) => record(state, context, () => ({})),
  }
  // The two versions differ in members that none of these handlers reads or writes.
  return handlers as unknown as Handlers<P>

  function keep(
    evseId: number,
    transactionId: string | undefined,
    values: readonly MeterValueType[],
    context: Context,
  ) {
    for (const { timestamp, sampledValue } of values) {
      for (const sample of sampledValue) {
        const { unit = 'Wh', multiplier } = sample.unitOfMeasure ?? {}
        const value = measured(sample.value, unit, multiplier)
        keepSample(state, context.source, { evseId, transactionId, timestamp }, sample, value)
      }
    }
  }
}

/** The first or last energy register among the values, in Wh. */
function energyWh(values: readonly MeterValueType[], first: boolean): number | undefined {
  const registers = values.flatMap(({ sampledValue }) =>
    sampledValue.filter(
      ({ measurand = 'Energy.Active.Import.Register', phase }) =>
        measurand === 'Energy.Active.Import.Register' && phase === undefined,
    ),
  )
  const sample = registers.at(first ? 0 : -1)
  const { unit = 'Wh', multiplier } = sample?.unitOfMeasure ?? {}
  return sample && measured(sample.value, unit, multiplier)?.value
}
