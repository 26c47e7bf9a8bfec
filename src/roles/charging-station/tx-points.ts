import type { TxPoint } from './variables-table.ts'

/** What is so at an EVSE, as far as the begin and end of transactions depend on it. */
export interface Conditions {
  readonly isPlugged: boolean
  readonly isAuthorized: boolean
  /** Neither faulted nor forbidden otherwise. */
  readonly isUsable: boolean
  readonly powerW: number
}

/**
 * Which of the points of TxStartPoint and TxStopPoint hold. A parking bay is taken when a vehicle is
 * plugged in: a simulated one does not park for nothing.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, E01.FR.01–06 and E06.FR.01–07
 */
export function pointsOf(conditions: Conditions): ReadonlySet<TxPoint> {
  const { isPlugged, isAuthorized, isUsable, powerW } = conditions
  const points: [TxPoint, boolean][] = [
    ['ParkingBayOccupancy', isPlugged],
    ['EVConnected', isPlugged],
    ['Authorized', isAuthorized],
    ['PowerPathClosed', isPlugged && isAuthorized && isUsable],
    ['EnergyTransfer', powerW > 0],
  ]
  return new Set(points.filter(([, holds]) => holds).map(([point]) => point))
}

/** Whether one of the listed points has come to hold. */
export function hasBegun(
  listed: readonly string[],
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): boolean {
  return listed.some((point) => after.has(point) && !before.has(point))
}

/** Whether one of the listed points has ceased to hold. */
export function hasEnded(
  listed: readonly string[],
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): boolean {
  return hasBegun(listed, after, before)
}
