import { measured, usualUnit } from '../../messages/measured-values.ts'
import type { MeterValueType, TransactionEventRequest } from '../../messages/ocpp2.1.ts'
import type { Context, Handlers } from '../../node/handlers.ts'
import type { TransactionEvent } from '../../storage/csms-store.ts'
import { recordBoot, recordSecurityEvent } from './admission.ts'
import type { CsmsState } from './csms.ts'
import { profileRow, reservationEnd } from './installed.ts'
import {
  endOfReservation,
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
import type { ShownToken, TokenUse } from './tokens.ts'

/**
 * What a CSMS answers to stations of OCPP 2.0.1 and 2.1, whose messages for this are the same.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, B01, C01, E01–E06, G01, J01; OCPP 2.1 Part 2 likewise
 */
export function handlers2<P extends 'ocpp2.0.1' | 'ocpp2.1'>(state: CsmsState): Handlers<P> {
  const { store } = state
  const idTokenInfo = (idToken: ShownToken, use: TokenUse, { protocol }: Context) => {
    const { status, expiresAt, groupId } = state.tokens.judge(idToken, use)
    const group = fittingGroup(protocol, groupId)
    return {
      status,
      ...(expiresAt !== undefined && { cacheExpiryDateTime: expiresAt }),
      ...(group !== undefined && { groupIdToken: { idToken: group, type: 'Central' as const } }),
    }
  }
  const handlers: Handlers<'ocpp2.1'> = {
    BootNotification: ({ chargingStation }, context) =>
      recordBoot(state, context, {
        vendor: chargingStation.vendorName,
        model: chargingStation.model,
        serialNumber: chargingStation.serialNumber,
        firmwareVersion: chargingStation.firmwareVersion,
      }),

    Heartbeat: (_, context) => record(state, context, () => ({ currentTime: timeOf(context) })),

    StatusNotification: (request, context) =>
      record(state, context, () => {
        const { evseId, connectorId, connectorStatus, timestamp } = request
        keepStatus(state, context, { evseId, connectorId, status: connectorStatus, timestamp })
        return {}
      }),

    Authorize: ({ idToken }, context) =>
      record(state, context, () => ({
        idTokenInfo: idTokenInfo(idToken, { station: context.source }, context),
      })),

    TransactionEvent: (request, context) =>
      record(state, context, (message) => {
        const { seqNo, transactionInfo, evse, idToken, meterValue = [] } = request
        const { transactionId } = transactionInfo
        const station = context.source
        const event = { ...eventOf(request), message }
        const novelty = store.charging.addEvent(station, transactionId, event)
        if (novelty === 'repeated') {
          const first = store.charging.messageOfEvent(station, transactionId, event)
          recordRepeated(state, context, message, first)
        } else {
          const metering = { evseId: evse?.id ?? 0, transactionId, seqNo, message }
          keepSamples(state, context, metering, samplesOf(meterValue))
          if (novelty === 'conflict') recordConflict(state, context, message)
        }
        endOfReservation(state, context, request.reservationId)
        if (request.eventType === 'Ended') store.profiles.endTransaction(station, transactionId)
        if (!idToken) return {}
        const evseId = evse?.id ?? store.charging.known(station, transactionId)?.evseId
        const charges = isEnd(request) ? undefined : { transactionId, evseId }
        return { idTokenInfo: idTokenInfo(idToken, { station, charges }, context) }
      }),

    MeterValues: ({ evseId, meterValue }, context) =>
      record(state, context, (message) => {
        const metering = { evseId, transactionId: undefined, message }
        recordSamples(state, context, metering, samplesOf(meterValue))
        return {}
      }),

    SecurityEventNotification: (request, context) => recordSecurityEvent(state, context, request),

    NotifyReport: ({ reportData = [], generatedAt }, context) =>
      record(state, context, () => {
        for (const item of reportData) store.variables.put(context.source, item, generatedAt)
        return {}
      }),

    ReportChargingProfiles: ({ evseId, chargingLimitSource, chargingProfile }, context) =>
      record(state, context, () => {
        for (const profile of chargingProfile) {
          const fields = profile as unknown as Record<string, unknown>
          store.profiles.put(profileRow(context.source, evseId, fields, chargingLimitSource, timeOf(context))) // biome-ignore format: one line
        }
        return {}
      }),

    ReservationStatusUpdate: ({ reservationId, reservationUpdateStatus }, context) =>
      record(state, context, () => {
        const end = reservationEnd(reservationUpdateStatus)
        store.reservations.end(context.source, reservationId, end, timeOf(context))
        return {}
      }),

    // Kept as received; whoever asked for them is told that they came.
    NotifyEvent: (_, context) => record(state, context, () => ({})),
    NotifyChargingLimit: (_, context) => record(state, context, () => ({})),
    ClearedChargingLimit: (_, context) => record(state, context, () => ({})),

    // No vendor has a meaning here, which the standard has an answer for.
    DataTransfer: (_, context) => record(state, context, () => ({ status: 'UnknownVendorId' })),
  }
  // The two versions differ in members that none of these handlers reads or writes.
  return handlers as unknown as Handlers<P>
}

/** Whoever ends a transaction charges nowhere by that, in whichever event the token comes. */
function isEnd({ eventType, triggerReason }: TransactionEventRequest): boolean {
  return eventType === 'Ended' || triggerReason === 'StopAuthorized'
}

function eventOf(request: TransactionEventRequest): Omit<TransactionEvent, 'message'> {
  const { eventType, triggerReason, seqNo, timestamp, evse, idToken, meterValue = [] } = request
  const { stoppedReason = 'Local', chargingState } = request.transactionInfo
  return {
    eventType,
    triggerReason,
    seqNo,
    timestamp,
    evseId: evse?.id,
    connectorId: evse?.connectorId,
    idToken: idToken?.idToken,
    chargingState,
    firstWh:
      eventType === 'Started' ? energyWh(meterValue, 'first') : energyWh(meterValue, 'begin'),
    lastWh: energyWh(meterValue, 'last'),
    ...(eventType === 'Ended' && { reason: stoppedReason }),
  }
}

function samplesOf(values: readonly MeterValueType[]): Sample[] {
  return values.flatMap(({ timestamp, sampledValue }) =>
    sampledValue.map((sample) => {
      const { unit = usualUnit(sample.measurand), multiplier } = sample.unitOfMeasure ?? {}
      return { ...sample, timestamp, value: measured(sample.value, unit, multiplier) }
    }),
  )
}

/** A share of the battery, or a temperature, is no energy, whatever it is called. */
const ENERGY_UNITS: ReadonlySet<string> = new Set(['Wh', 'kWh'])

/** An energy register among the values, in Wh: the first, the last, or that of the beginning. */
function energyWh(
  values: readonly MeterValueType[],
  which: 'first' | 'last' | 'begin',
): number | undefined {
  const registers = values.flatMap(({ sampledValue }) =>
    sampledValue.filter(
      ({ measurand = 'Energy.Active.Import.Register', phase, unitOfMeasure }) =>
        measurand === 'Energy.Active.Import.Register' &&
        phase === undefined &&
        ENERGY_UNITS.has(unitOfMeasure?.unit ?? 'Wh'),
    ),
  )
  // What an event says in the middle, or at the end, is not how the meter stood at the start.
  const sample = which === 'begin' ? registers.find(({ context }) => context === 'Transaction.Begin') : registers.at(which === 'first' ? 0 : -1) // biome-ignore format: one line
  const { unit = 'Wh', multiplier } = sample?.unitOfMeasure ?? {}
  return sample && measured(sample.value, unit, multiplier)?.value
}
