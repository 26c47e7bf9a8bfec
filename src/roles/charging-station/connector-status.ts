/**
 * The status of a connector in the words of each generation, from what is so at its EVSE.
 *
 * @spec OCPP 1.6 edition 2 section 4.9; OCPP 2.0.1 edition 3 Part 2, G01, G03 and ConnectorStatusEnumType
 */
import type { StatusNotificationRequestStatus } from '../../messages/ocpp1.6.ts'
import type { ConnectorStatusEnumType } from '../../messages/ocpp2.1.ts'

export type ChargingState = 'Charging' | 'EVConnected' | 'SuspendedEV' | 'SuspendedEVSE' | 'Idle'

export interface Situation {
  readonly isFaulted: boolean
  readonly isOperative: boolean
  readonly isReserved: boolean
  readonly isPlugged: boolean
  readonly isAuthorized: boolean
  readonly hasTransaction: boolean
  /** A transaction ended, and the vehicle or its cable is still there. */
  readonly isFinishing: boolean
  readonly chargingState: ChargingState
}

type Rule<Status> = readonly [applies: (situation: Situation) => boolean, status: Status]

const DURING: Readonly<Record<ChargingState, StatusNotificationRequestStatus>> = {
  Charging: 'Charging',
  SuspendedEV: 'SuspendedEV',
  SuspendedEVSE: 'SuspendedEVSE',
  EVConnected: 'Preparing',
  // The transaction goes on without the vehicle (StopTransactionOnEVSideDisconnect).
  Idle: 'SuspendedEV',
}

// The first that applies. Reserved stays until whoever reserved shows up (G2; G03.FR.09).
const RULES_16: readonly Rule<StatusNotificationRequestStatus>[] = [
  [(s) => s.isFaulted, 'Faulted'],
  [(s) => !s.isOperative, 'Unavailable'],
  [(s) => s.isFinishing, 'Finishing'],
  [(s) => s.isAuthorized, 'Preparing'],
  [(s) => s.isReserved, 'Reserved'],
  [(s) => s.isPlugged, 'Preparing'],
]

const RULES_2: readonly Rule<ConnectorStatusEnumType>[] = [
  [(s) => s.isFaulted, 'Faulted'],
  [(s) => !s.isOperative && !s.hasTransaction, 'Unavailable'],
  [(s) => s.isReserved && !s.isAuthorized && !s.hasTransaction, 'Reserved'],
  [(s) => s.isPlugged, 'Occupied'],
]

export function status16(situation: Situation): StatusNotificationRequestStatus {
  const { isFaulted, hasTransaction, chargingState } = situation
  if (hasTransaction && !isFaulted) return DURING[chargingState]
  return RULES_16.find(([applies]) => applies(situation))?.[1] ?? 'Available'
}

export function status2(situation: Situation): ConnectorStatusEnumType {
  return RULES_2.find(([applies]) => applies(situation))?.[1] ?? 'Available'
}
