import type { StationView } from '../../src/http/live-api.ts'
import { type EvseCell, evseCells } from '../diagram/evse-state.ts'

/** Every status a connector may be in; those of OCPP 1.6 are finer than there are signs for. */
export const STATUSES = [
  'Available',
  'Occupied',
  'Preparing',
  'SuspendedEV',
  'SuspendedEVSE',
  'Finishing',
  'Charging',
  'Reserved',
  'Unavailable',
  'Faulted',
] as const

/** One cell per EVSE of a station, as the diagram draws them; connector 0 is none. */
export function cellsOf({ connectors }: Pick<StationView, 'connectors'>): readonly EvseCell[] {
  return evseCells(
    connectors
      .filter(({ connectorId }) => connectorId > 0)
      .map(({ state, ...connector }) => ({ ...connector, status: state })),
  )
}
