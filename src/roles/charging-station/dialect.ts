import type { JournalMessage } from '../../storage/station-journal.ts'

/** One reading of the meter, in base units. */
export interface Reading {
  /** RFC 3339. */
  readonly at: string
  /** Register of the meter. */
  readonly energyWh: number
  readonly powerW: number
}

/** A transaction as the station knows it. */
export interface StationTransaction {
  readonly evseId: number
  readonly idToken: string
  /** Undefined where the CSMS gives it, and has not yet. */
  readonly transactionId: string | undefined
}

export type EvseStatus = 'Available' | 'Preparing' | 'Charging' | 'Finishing' | 'Faulted'

/** Why a transaction ended, in words that all versions share. */
export type StopReason = 'Local' | 'DeAuthorized' | 'PowerLoss'

/** The circumstances of a message about a transaction. */
export interface Moment {
  readonly reading: Reading
  /** How many messages its transaction had before it. */
  readonly seqNo: number
  readonly isOffline: boolean
}

/** A message as it goes into the journal; what only the CSMS can know is added on the way out. */
export interface TransactionMessage {
  readonly action: string
  readonly payload: object
}

/** What the CSMS answered to a message about a transaction. */
export interface Acknowledgement {
  /** Where the CSMS gives it. */
  readonly transactionId?: string
  /** False: the transaction shall not go on. */
  readonly isAuthorized: boolean
}

/** What a station has to say, whatever the version it says it in. */
export interface Dialect {
  /** Whether a transaction is called what the CSMS says: nothing of it can be told before. */
  readonly isNumberedByCsms: boolean
  /** @returns Whether it was accepted, and the seconds until a heartbeat or another try. */
  boot(): Promise<{ accepted: boolean; intervalS: number }>
  heartbeat(): Promise<void>
  status(evseId: number, status: EvseStatus, at: string): Promise<void>
  authorize(idToken: string): Promise<boolean>
  start(transaction: StationTransaction, moment: Moment): TransactionMessage
  meter(transaction: StationTransaction, moment: Moment): TransactionMessage
  stop(transaction: StationTransaction, moment: Moment, reason: StopReason): TransactionMessage
  /** Sends a message of the journal. */
  deliver(message: JournalMessage): Promise<Acknowledgement>
}

/** The vendor name of every simulated station: the CSMS shows such stations as simulated. */
export const SIMULATED_VENDOR = 'Wattweave simulated'

export interface Identity {
  readonly model: string
  readonly serialNumber: string
}
