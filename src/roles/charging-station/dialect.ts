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
  /** Given by the station in 2.x, by the CSMS in 1.6. */
  transactionId: string
  seqNo: number
}

export type EvseStatus = 'Available' | 'Preparing' | 'Charging' | 'Finishing' | 'Faulted'

/** What a station has to say, whatever the version it says it in. */
export interface Dialect {
  /** @returns Whether it was accepted, and the seconds until a heartbeat or another try. */
  boot(): Promise<{ accepted: boolean; intervalS: number }>
  heartbeat(): Promise<void>
  status(evseId: number, status: EvseStatus, at: string): Promise<void>
  authorize(idToken: string): Promise<boolean>
  /** @returns False when the CSMS does not want it to go on. */
  start(transaction: StationTransaction, reading: Reading): Promise<boolean>
  meter(transaction: StationTransaction, reading: Reading): Promise<void>
  stop(transaction: StationTransaction, reading: Reading): Promise<void>
}

/** The vendor name of every simulated station: the CSMS shows such stations as simulated. */
export const SIMULATED_VENDOR = 'Wattweave simulated'

export interface Identity {
  readonly model: string
  readonly serialNumber: string
}
