import type { EventRow } from './transaction-rows.ts'

export interface MessageRow {
  readonly station: string
  readonly protocol: string
  readonly action: string
  /** RFC 3339. */
  readonly receivedAt: string
  /** Of what could not be read: all of it. */
  readonly payload: Uint8Array
  /** Default `CALL`; `unreadable` of what could not be decoded. */
  readonly kind?: string
  readonly messageId?: string
  /** What stood before the payload and behind it: with it, the message byte by byte. */
  readonly head?: Uint8Array
  readonly tail?: Uint8Array
  /** Why it was not obeyed, as a code of ours. */
  readonly refused?: string
  /** A handler has taken it, and it counts. Default true. */
  readonly isTaken?: boolean
  /** It came before, and had no effect this time. */
  readonly isRepeated?: boolean
}

export interface BootRow {
  readonly vendor: string
  readonly model: string
  readonly serialNumber?: string | undefined
  readonly firmwareVersion?: string | undefined
}

export interface TransactionStart {
  readonly station: string
  /** Undefined in OCPP 1.6, where the CSMS numbers transactions. */
  readonly transactionId: string | undefined
  readonly evseId: number | undefined
  readonly connectorId: number | undefined
  readonly idToken: string | undefined
  readonly startedAt: string
  readonly meterStartWh: number | undefined
  /** Of the message that says so. */
  readonly message?: number
}

export interface TransactionEnd {
  readonly station: string
  readonly transactionId: string
  readonly endedAt: string
  readonly meterStopWh: number | undefined
  readonly reason: string | undefined
  /** Of the message that says so. */
  readonly message?: number
}

/** What a TransactionEvent says about its transaction. */
export interface TransactionEvent extends EventRow {
  readonly message?: number
  readonly evseId?: number | undefined
  readonly connectorId?: number | undefined
  readonly idToken?: string | undefined
  /** Total register when the transaction began, if the event says so. */
  readonly firstWh?: number | undefined
  /** Last total register in it. */
  readonly lastWh?: number | undefined
  /** Whether energy flows, and if not, whom that is up to; where the event says so. */
  readonly chargingState?: string | undefined
  /** Only of an event that ends the transaction. */
  readonly reason?: string | undefined
}

/** A transaction as the messages that made it are found again. */
export interface KnownTransaction {
  readonly number: number
  readonly evseId: number | undefined
  readonly isEnded: boolean
  readonly startMessage: number | undefined
  readonly stopMessage: number | undefined
}

export interface MeterRow {
  readonly station: string
  readonly transactionId: string | undefined
  readonly evseId: number
  readonly timestamp: string
  readonly measurand: string
  readonly phase: string | undefined
  readonly context: string | undefined
  readonly value: number
  readonly unit: string
  readonly location?: string | undefined
  /** Of the TransactionEvent it came with. */
  readonly seqNo?: number | undefined
  /** Which it is of the values of one message that are alike in all but the value. Default 0. */
  readonly ordinal?: number
}

/** What a value is to those stored before. */
export type Novelty = 'new' | 'repeated' | 'conflict'

export interface StationRow {
  readonly station: string
  readonly protocol: string
  readonly vendor: string | undefined
  readonly model: string | undefined
}

export interface ConnectorRow {
  readonly station: string
  readonly evseId: number
  readonly connectorId: number
  readonly status: string
  /** Of the transaction that runs there. */
  readonly transactionId: string | undefined
  readonly chargingState: string | undefined
  readonly powerW: number | undefined
  readonly energyWh: number | undefined
}

/** A SecurityEventNotification. */
export interface SecurityEventRow {
  /** Rises with each one that comes. */
  readonly id: number
  readonly station: string
  readonly type: string
  /** RFC 3339, by the station's clock. */
  readonly timestamp: string
  readonly techInfo?: string
  readonly receivedAt: string
}
