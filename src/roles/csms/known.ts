import type { CsmsStore } from '../../storage/csms-store.ts'
import type { OperationRow } from '../../storage/operation-rows.ts'
import type { Known, Members } from './effect.ts'

/** Reservations of a station that one is looked for among. */
const MAX_RESERVATIONS = 1000

/**
 * What is known of a station that tells the effect of an operation.
 *
 * @param nextRequestId Gives the number of a question that is answered by reports.
 */
export function knownOf(
  store: CsmsStore,
  { station, action, request, protocol }: OperationRow,
  { now, nextRequestId }: { readonly now: number; readonly nextRequestId: () => number },
): Known {
  const common = { now, is16: protocol === 'ocpp1.6' }
  if (action === 'CancelReservation') {
    const { reservationId } = request as Members
    const open = store.reservations.page({ station, state: 'reserved', limit: MAX_RESERVATIONS })
    const row = open.find((one) => one.reservationId === reservationId)
    const reserved = (store.stationRow(station)?.connectors ?? [])
      .filter(({ status, evseId }) => status === 'Reserved' && evseId === (row?.evseId ?? evseId))
      .map(({ evseId }) => evseId)
    return { ...common, reservedEvses: row ? reserved : [] }
  }
  if (action === 'UpdateDynamicSchedule') return { ...common, requestId: nextRequestId() }
  if (action === 'ClearChargingProfile') {
    const { id } = request as Members
    const cleared = id === undefined ? undefined : store.profiles.find(station, Number(id))
    return { ...common, requestId: nextRequestId(), cleared }
  }
  return common
}
