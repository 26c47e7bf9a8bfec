import type { ChargingState } from './connector-status.ts'
import type { CauseName } from './dialect.ts'
import type { Site } from './site.ts'
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
 * Which of the points of TxStartPoint and TxStopPoint hold. There are those only that this station
 * can observe: see `TX_POINTS`.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, E01.FR.01–06 and E06.FR.01–07
 */
export function pointsOf(conditions: Conditions): ReadonlySet<TxPoint> {
  const { isPlugged, isAuthorized, isUsable, powerW } = conditions
  const points: [TxPoint, boolean][] = [
    ['EVConnected', isPlugged],
    ['Authorized', isAuthorized],
    ['PowerPathClosed', isPlugged && isAuthorized && isUsable],
    ['EnergyTransfer', powerW > 0],
  ]
  return new Set(points.filter(([, holds]) => holds).map(([point]) => point))
}

/** The points at which transactions begin and end; OCPP 1.6 has no choice of them. */
export function listedPoints({ dialect, variables }: Site): {
  readonly starts: readonly string[]
  readonly stops: readonly string[]
} {
  if (dialect.is16) return { starts: ['PowerPathClosed'], stops: ['Authorized'] }
  const starts = variables.list('TxCtrlr.TxStartPoint')
  return { starts, stops: variables.list('TxCtrlr.TxStopPoint') }
}

/** Whether one of the listed points holds that did not before. */
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

/** Those of some points that have not ceased to hold. */
export function stillHeld(
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): ReadonlySet<string> {
  return new Set([...before].filter((point) => after.has(point)))
}

/** What is compared to find out what has changed at an EVSE. */
export interface Picture {
  readonly points: ReadonlySet<string>
  /** Those at which a transaction may begin: none while nobody is to charge there. */
  readonly starts: ReadonlySet<string>
  readonly state: ChargingState
  readonly offeredA: number
}

/** What is told of a change: what somebody did, or what came of it. */
export function worthTelling(
  cause: CauseName,
  before: Picture,
  after: Picture,
): CauseName | undefined {
  if (cause !== 'state' && cause !== 'rate') return cause
  if (before.state !== after.state) return 'state'
  return before.offeredA !== after.offeredA && after.state === 'Charging' ? 'rate' : undefined
}
