import type { ChargingProfile } from '../../energy/charging-profile.ts'
import type { JournalMessage } from '../../storage/station-journal.ts'
import type { ChargingState, Situation } from './connector-status.ts'
import type { ReadingContext, ValueRecord } from './meter-values.ts'

/** A card or the like; OCPP 1.6 knows no types. */
export interface IdToken {
  readonly idToken: string
  /** As in IdTokenEnumType of OCPP 2.x. */
  readonly type: string
}

/** What the CSMS says about a token. */
export interface TokenInfo {
  /** `Accepted`, or why not, in the words of the version. */
  readonly status: string
  /** Parent id tag, in 2.x the group id: whoever has the same one may stop. */
  readonly groupId?: string
  /** RFC 3339. */
  readonly expiresAt?: string
}

/** A transaction as the station knows it. */
export interface StationTransaction {
  readonly evseId: number
  readonly idToken: string
  /** Undefined where the CSMS gives it, and has not yet. */
  readonly transactionId: string | undefined
}

// biome-ignore format: a table
/** Why something is said about a transaction: the trigger of OCPP 2.x, and why it ends if it does. */
export const CAUSES = {
  plugged:      { trigger: 'CablePluggedIn' },
  unplugged:    { trigger: 'EVCommunicationLost', reason: 'EVDisconnected' },
  authorized:   { trigger: 'Authorized' },
  stopped:      { trigger: 'StopAuthorized', reason: 'Local' },
  remoteStart:  { trigger: 'RemoteStart' },
  remoteStop:   { trigger: 'RemoteStop', reason: 'Remote' },
  deauthorized: { trigger: 'Deauthorized', reason: 'DeAuthorized' },
  timeout:      { trigger: 'EVConnectTimeout', reason: 'Timeout' },
  softReset:    { trigger: 'ResetCommand', reason: 'SoftReset' },
  hardReset:    { trigger: 'ResetCommand', reason: 'HardReset' },
  unlocked:     { trigger: 'UnlockCommand', reason: 'UnlockCommand' },
  powerLoss:    { trigger: 'AbnormalCondition', reason: 'PowerLoss' },
  fault:        { trigger: 'AbnormalCondition', reason: 'GroundFault' },
  state:        { trigger: 'ChargingStateChanged' },
  rate:         { trigger: 'ChargingRateChanged' },
  periodic:     { trigger: 'MeterValuePeriodic' },
  clock:        { trigger: 'MeterValueClock' },
  asked:        { trigger: 'Trigger' },
} as const
export type CauseName = keyof typeof CAUSES
export type Trigger = (typeof CAUSES)[CauseName]['trigger']
/** Why a transaction ended, in words that all versions can be told in. */
export type StopReason =
  | 'DeAuthorized'
  | 'EVDisconnected'
  | 'GroundFault'
  | 'HardReset'
  | 'Local'
  | 'Other'
  | 'PowerLoss'
  | 'Remote'
  | 'SoftReset'
  | 'StoppedByEV'
  | 'Timeout'
  | 'UnlockCommand'

/** Something about a transaction that the CSMS is to know. */
export interface Happening {
  readonly kind: 'start' | 'update' | 'end'
  readonly trigger: Trigger
  /** RFC 3339. */
  readonly at: string
  /** How many messages its transaction had before it. */
  readonly seqNo: number
  readonly isOffline: boolean
  readonly chargingState: ChargingState
  readonly registerWh: number
  /** Of an end also what was kept on the way, in OCPP 1.6 nothing else. */
  readonly values: readonly ValueRecord[]
  /** The token that was held up, where one was. */
  readonly idToken?: IdToken
  readonly reason?: StopReason
  readonly remoteStartId?: number
  readonly reservationId?: number
  /** In use, while energy flows. */
  readonly phases?: number
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
  /** The token in the message and what it says about it, where it says something. */
  readonly token?: { readonly token: IdToken; readonly info: TokenInfo }
}

export type BootReason = 'PowerUp' | 'RemoteReset' | 'ScheduledReset' | 'Triggered'
export type Registration = 'Accepted' | 'Pending' | 'Rejected'

/** What is wrong with a connector, or with the station where the EVSE is 0. */
export interface Trouble {
  /** Of OCPP 1.6, such as `GroundFailure`. */
  readonly errorCode: string
  readonly info?: string
}

/** What a station has to say, whatever the version it says it in. */
export interface Dialect {
  readonly is16: boolean
  /** Whether a transaction is called what the CSMS says: nothing of it can be told before. */
  readonly isNumberedByCsms: boolean
  /** @returns What it was told, and the seconds until a heartbeat or another try. */
  boot(reason: BootReason): Promise<{ status: Registration; intervalS: number }>
  heartbeat(): Promise<void>
  /** The status of a connector in the words of the version. */
  statusOf(situation: Situation): string
  status(evseId: number, status: string, at: string, trouble?: Trouble): Promise<void>
  authorize(idToken: IdToken): Promise<TokenInfo>
  /** Values outside of transactions. */
  meterValues(evseId: number, values: readonly ValueRecord[]): Promise<void>
  /** A reservation ended by itself. */
  reservationEnded(reservationId: number, why: 'Expired' | 'Removed'): Promise<void>
  /** The grid limits the station, or does not any more. */
  externalLimit(profile: ChargingProfile | undefined): Promise<void>
  /** @returns undefined where the version has nothing to say about it. */
  message(transaction: StationTransaction, happening: Happening): TransactionMessage | undefined
  /** Sends a message of the journal. */
  deliver(message: JournalMessage): Promise<Acknowledgement>
}

/** The vendor name of every simulated station: the CSMS shows such stations as simulated. */
export const SIMULATED_VENDOR = 'Wattweave simulated'

export interface Identity {
  readonly model: string
  readonly serialNumber: string
}

/** The context of values that come with a message for this reason. */
export function contextOf(kind: Happening['kind'], cause: CauseName): ReadingContext {
  if (kind === 'start') return 'Transaction.Begin'
  if (kind === 'end') return 'Transaction.End'
  return CONTEXTS[cause] ?? 'Other'
}

const CONTEXTS: Partial<Record<CauseName, ReadingContext>> = {
  periodic: 'Sample.Periodic',
  clock: 'Sample.Clock',
  asked: 'Trigger',
}
