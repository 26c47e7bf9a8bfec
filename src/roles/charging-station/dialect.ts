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
  groundFault:  { trigger: 'AbnormalCondition', reason: 'GroundFault' },
  defect:       { trigger: 'AbnormalCondition', reason: 'Other' },
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

/** Critical ones that this station can have; each version calls them alike. */
export type SecurityEventType = 'ResetOrReboot' | 'SettingSystemTime' | 'StartupOfTheDevice'

/** Something about a component that the CSMS is to know without having asked. */
export interface ComponentEvent {
  /** Unlike any other of this station. */
  readonly eventId: number
  /** RFC 3339. */
  readonly at: string
  readonly component: {
    readonly name: string
    readonly evse: { readonly id: number; readonly connectorId?: number }
  }
  readonly variable: string
  readonly value: string
  /** It is as it should be again. */
  readonly isOver: boolean
  /** 0, danger, to 9, debug. */
  readonly severity: number
  readonly techCode: string
  readonly techInfo: string
  readonly transactionId?: string
  /** It is a change of what is so, and nothing that is wrong. */
  readonly isChange?: true
}

/** A message that is neither about a transaction nor lost when nobody is there. */
export interface NoticeMessage {
  readonly action:
    | 'ClearedChargingLimit'
    | 'NotifyChargingLimit'
    | 'NotifyEvent'
    | 'NotifyPriorityCharging'
    | 'ReservationStatusUpdate'
    | 'SecurityEventNotification'
  readonly payload: object
}

/** Another limit of a dynamic profile, in the unit of its schedule; all else is not known here. */
export interface LimitUpdate {
  readonly limit?: number
  readonly limit_L2?: number
  readonly limit_L3?: number
  readonly customData?: unknown
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
  /** Why what runs ends by it; without one, charging waits until the trouble is over. */
  readonly cause?: CauseName
}

/** What a station has to say, whatever the version it says it in. */
export interface Dialect {
  readonly is16: boolean
  readonly is21: boolean
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
  /** A reservation ended by itself. Undefined, as for the next two, where 1.6 has no words for it. */
  reservationEnded(reservationId: number, why: 'Expired' | 'Removed'): NoticeMessage | undefined
  /** The grid limits the station, or does not any more. */
  externalLimit(isLimited: boolean): NoticeMessage | undefined
  /** Asks for the limit of a dynamic profile; undefined when the CSMS says none. Only in 2.1. */
  pullSchedule(profileId: number): Promise<LimitUpdate | undefined>
  /** A transaction charges with priority, or does not any more. Only in 2.1. */
  priorityCharging(transactionId: string, isOn: boolean): NoticeMessage | undefined
  /** @returns undefined where the version has nothing to say about it. */
  message(transaction: StationTransaction, happening: Happening): TransactionMessage | undefined
  securityEvent(type: SecurityEventType, at: string, techInfo: string): NoticeMessage
  /** Only in 2.x; 1.6 has the error code of a status. */
  componentEvent(event: ComponentEvent): NoticeMessage
  /** Sends what must not be lost. */
  notify(message: NoticeMessage): Promise<void>
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
