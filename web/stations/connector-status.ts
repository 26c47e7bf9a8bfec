import type { StationView } from '../../src/http/live-api.ts'
import { type EvseCell, evseCells } from '../diagram/evse-state.ts'

/** What OCPP 1.6 tells more finely than there are signs for. */
const SIGNS: Readonly<Record<string, EvseCell['status']>> = {
  Available: 'Available',
  Occupied: 'Occupied',
  Preparing: 'Occupied',
  SuspendedEV: 'Occupied',
  SuspendedEVSE: 'Occupied',
  Finishing: 'Occupied',
  Charging: 'Charging',
  Reserved: 'Reserved',
  Unavailable: 'Unavailable',
  Faulted: 'Faulted',
}

/** Every status a connector may be in, as it is told. */
export const STATUSES = Object.keys(SIGNS)

/** The sign of a status; one that OCPP does not have is none of those that are well. */
export function signOf(status: string): EvseCell['status'] {
  return (Object.hasOwn(SIGNS, status) && SIGNS[status]) || 'Unavailable'
}

/** One cell per EVSE of a station. */
export function cellsOf({ connectors }: Pick<StationView, 'connectors'>): readonly EvseCell[] {
  return evseCells(connectors.map((one) => ({ ...one, status: signOf(one.status) })))
}
