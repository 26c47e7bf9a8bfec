import type { CsmsStore } from '../../storage/csms-store.ts'
import type { OperationRow } from '../../storage/operation-rows.ts'
import type { Known, Members } from './effect.ts'
import { clearedBy } from './installed.ts'

/** Reservations or profiles of a station that those that are meant are looked for among. */
const MAX_ROWS = 1000

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
  const evses = [...new Set(store.stationRow(station)?.connectors.map(({ evseId }) => evseId))]
  if (action === 'ReserveNow') {
    return { ...common, evses, isRenewed: isRenewed(store, station, request as Members) }
  }
  if (action === 'CancelReservation') {
    const { reservationId } = request as Members
    return { ...common, reservedEvses: reservedBy(store, station, reservationId) }
  }
  if (action === 'UpdateDynamicSchedule') return { ...common, requestId: nextRequestId() }
  if (action === 'ClearChargingProfile') {
    const rows = store.profiles.page(station, MAX_ROWS)
    const isCleared = clearedBy(request as Members)
    const profiles = rows.map((row) => ({ ...row, isCleared: isCleared(row) }))
    return { ...common, requestId: nextRequestId(), profiles, evses }
  }
  return common
}

/** Whether an open reservation is asked for again, for the EVSE that it is of: nothing new will show. */
function isRenewed(store: CsmsStore, station: string, request: Members): boolean {
  const { connectorId, evseId = connectorId, id, reservationId = id } = request
  const rows = store.reservations.page({ station, state: 'reserved', limit: MAX_ROWS })
  return rows.some((one) => one.reservationId === reservationId && one.evseId === evseId)
}

/** EVSEs that show a reservation; what another one holds is not shown because of this one. */
function reservedBy(store: CsmsStore, station: string, reservationId: unknown): number[] {
  const rows = store.reservations.page({ station, limit: MAX_ROWS })
  const row = rows.find((one) => one.reservationId === reservationId)
  // One that is cancelled may still be shown: who cancels it again wants to know.
  if (row?.state !== 'reserved' && row?.state !== 'cancelled') return []
  const open = rows.filter((one) => one.state === 'reserved' && one !== row)
  const isOthers = (evseId: number) => open.some((one) => one.evseId === evseId)
  return (store.stationRow(station)?.connectors ?? [])
    .filter(({ status, evseId }) => status === 'Reserved' && evseId === (row.evseId ?? evseId))
    .map(({ evseId }) => evseId)
    .filter((evseId) => !isOthers(evseId))
}
