import type { PriorityClass } from '../messages/actions.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { ContextFinding } from '../security/context/context-facts.ts'
import type { SecurityEventRow } from '../storage/csms-rows.ts'
import type { ListJob } from '../storage/list-job-rows.ts'
import type { LocalListEntry } from '../storage/local-list-rows.ts'
import type { OperationRow } from '../storage/operation-rows.ts'
import type { ProfileRow } from '../storage/profile-rows.ts'
import type { ReservationRow } from '../storage/reservation-rows.ts'
import type { StationListRow } from '../storage/station-list.ts'
import type { TokenRow } from '../storage/token-rows.ts'
import type { VariableRow } from '../storage/variable-rows.ts'
import type { AlertsView, InsecureRule, TrustState } from './trust-views.ts'

export type * from './attack-views.ts'
export type * from './quarantine-views.ts'
export type * from './trust-views.ts'

/**
 * What the console reads: the shapes of `GET /api/overview`, `GET /api/frames`,
 * `GET /api/transactions`, and of the events on `GET /api/live`. The console imports these types
 * and nothing else of this folder.
 */

/** One node of the overlay as seen from the node that serves the console. */
export interface NodeView {
  readonly id: string
  readonly role: 'csms' | 'networking-node' | 'charging-station' | 'unknown'
  /** OCPP version a standard station speaks, e.g. `ocpp1.6`; undefined for nodes and services. */
  readonly protocol?: string
  /** True for the node that serves this console. */
  readonly self: boolean
  readonly services: readonly string[]
  readonly simulated: boolean
  readonly state: 'up' | 'down'
  /** RFC 3339; when `state` last changed. */
  readonly since: string
  /** Maker and model as told by BootNotification. */
  readonly vendor?: string
  readonly model?: string
  readonly evses: readonly EvseView[]
}

export interface EvseView {
  readonly evseId: number
  readonly connectorId: number
  readonly status: 'Available' | 'Occupied' | 'Charging' | 'Reserved' | 'Unavailable' | 'Faulted'
  readonly transactionId?: string
  /** Active power in W, last reported. */
  readonly powerW?: number
  /** Energy register of the running transaction in Wh, last reported. */
  readonly energyWh?: number
}

/** A connection between two nodes; `from` is the one farther from the CSMS. */
export interface LinkView {
  /** Stable key, `from>to`. */
  readonly id: string
  readonly from: string
  readonly to: string
  readonly form: 'overlay' | 'standard'
  readonly state: 'up' | 'down'
  /** RFC 3339; when `state` last changed. */
  readonly since: string
  /** RFC 3339; when this node dials again, where it is down and this node is who dials. */
  readonly nextTry?: string
  /** Originators seen or announced on it. */
  readonly sharedBy: number
  /** Frames per second over the last 10 s, both directions. */
  readonly framesPerSecond: number
  /** Smoothed ping round trip in ms; undefined where this node does not measure it. */
  readonly roundTripMs?: number
  readonly transport: 'plain' | 'tls' | 'unknown'
  readonly credential: 'none' | 'basic' | 'certificate' | 'unknown'
  /** True when this node itself ends the connection; others it only knows by announcement. */
  readonly own: boolean
  /** Calls this node keeps back until a standard peer has answered the one before. */
  readonly held?: {
    readonly count: number
    /** RFC 3339; when the oldest of them came. */
    readonly since: string
  }
  /** Bytes handed to the connection and not yet taken by the network, where there are any. */
  readonly queuedBytes?: number
}

export interface OverviewView {
  /** RFC 3339. */
  readonly asOf: string
  readonly nodeId: string
  readonly version: string
  /** Where a station may connect, e.g. `ws://127.0.0.1:9000/ocpp/`; empty when nothing listens. */
  readonly stationUrls: readonly string[]
  /** By its configuration; rules that take too much stand in `insecureRules`. */
  readonly insecure: boolean
  /** At most 20; undefined where there are none. */
  readonly insecureRules?: readonly InsecureRule[]
  /** Undefined where no rule has let anything through that fails it. */
  readonly alerts?: AlertsView
  /** Undefined where this node signs nothing and obeys whatever comes. */
  readonly keys?: TrustState
  /** In the demo, where a controller that lies can be switched on. */
  readonly attacks?: boolean
  /** Simulated stations this process runs and may run; undefined where it cannot start any. */
  readonly simulation?: { readonly started: number; readonly max: number }
  readonly nodes: readonly NodeView[]
  /** Of a CSMS: how many stations have ever connected; `nodes` has those of this process's life. */
  readonly storedStations?: number
  readonly links: readonly LinkView[]
  readonly counters: {
    readonly frames: number
    readonly refused: number
    /** Refusals by error code, only codes that occurred. */
    readonly refusedByCode: Readonly<Record<string, number>>
    readonly queuedBytes: number
  }
}

/** One row of the frame list. */
export interface FrameView {
  /** Rises by one per frame of this process. */
  readonly sequence: number
  /** RFC 3339 with milliseconds. */
  readonly time: string
  readonly direction: 'received' | 'sent'
  /** Neighbour it came from or went to. */
  readonly link: string
  readonly kind: 'CALL' | 'CALLRESULT' | 'CALLERROR' | 'CALLRESULTERROR' | 'SEND' | 'undecodable'
  readonly encoding: 'text' | 'binary'
  readonly form: 'overlay' | 'standard'
  /** Final destination as addressed; empty when undecodable. */
  readonly destination: string
  readonly networkPath: readonly string[]
  readonly messageId: string
  /** One per message on all its hops; undefined where no id could be read. */
  readonly trace?: string
  /** Of an answer: the action it answers, where known. */
  readonly action: string
  /** Class of the send scheduler, by the action. */
  readonly priority: PriorityClass
  readonly bytes: number
  /** What this node did with it. */
  readonly reaction: 'handled' | 'forwarded' | 'originated' | 'refused' | 'dropped'
  /** Neighbour it was forwarded to. */
  readonly forwardedTo?: string
  /** ERR_… of a refused or dropped frame, with the sentence that explains it. */
  readonly errorCode?: string
  readonly errorText?: string
  /** Of a received frame that this node judged because it was for it or for a standard peer here. */
  readonly verdict?: VerdictView
}

/** How sure it is who said a message, and what was made of that. */
export interface VerdictView {
  readonly level: 'end-to-end' | 'attested' | 'unsigned' | 'refused'
  /** Why it was not obeyed: a code that stays, and a sentence. */
  readonly reason?: string
  readonly sentence?: string
  /** Keys that are known here and verifiably signed it. */
  readonly signers: readonly {
    readonly kid: string
    readonly owner: string
    readonly roles: readonly string[]
    /** `originator`: says so itself; `edge`: saw it come from its originator; `other`: neither. */
    readonly as: 'originator' | 'edge' | 'other'
  }[]
  /** Signatures by keys that are not known here. */
  readonly unknownKeys: number
  /** What cannot be so after what was said before, whether or not a rule asks. */
  readonly findings: readonly ContextFinding[]
  /** The rule that decided; `index` counts from 0, `name` while the policy is the same. */
  readonly rule?: {
    readonly policy: string
    readonly version: number
    readonly list: 'in' | 'out' | 'forward'
    readonly index?: number
    readonly name?: string
  }
}

/** `GET /api/frames`, oldest first. */
export interface FramePage {
  readonly frames: readonly FrameView[]
}

/** `GET /api/frames/{sequence}`: a row with everything the inspector shows. */
export interface FrameDetail extends FrameView {
  /** Envelope fields in wire order, with their place in `raw` (bytes; end exclusive). */
  readonly envelope: readonly { name: string; value: string; start: number; end: number }[]
  /** Parsed payload with id tokens as fingerprints; undefined when it is not JSON. */
  readonly payload?: unknown
  /** What the schema of `protocol` says about the payload; empty when valid or not judged. */
  readonly problems: readonly { pointer: string; code: string; problem: string }[]
  readonly protocol?: string
  /** Text as received, id tokens as fingerprints; of binary frames hex. */
  readonly raw: string
  /** True when the log kept only the beginning. */
  readonly truncated: boolean
  /** Sequence of the other half of the exchange, if still in the log. */
  readonly counterpart?: number
  /** Earlier and later sightings by this node, for the hop times. */
  readonly hops: readonly { from: string; to: string; time?: string }[]
}

/** One transaction as the CSMS has stored it. */
export interface TransactionView {
  /** Rises with each transaction of this CSMS; the transactionId that it gives in OCPP 1.6. */
  readonly number: number
  readonly station: string
  /** As the station names it, in OCPP 1.6 the CSMS, be it this one or one before it. */
  readonly transactionId: string
  /**
   * `unfinished`: its end was never told, but another one has begun at the same place, or its
   * station has been removed.
   */
  readonly state: 'running' | 'ended' | 'unfinished'
  /** What was told of it that cannot all be true. */
  readonly problems?: readonly (
    | 'above-rating'
    | 'in-the-future'
    | 'no-end'
    | 'no-start'
    | 'ends-before-start'
    | 'register-backwards'
    | 'overlaps'
    | 'missing-events'
    | 'after-its-end'
  )[]
  readonly simulated: boolean
  readonly protocol?: string
  readonly evseId?: number
  /** Fingerprint of the id token; equal tokens have equal ones. */
  readonly token?: string
  /** The id token itself, for those who may see it. */
  readonly idToken?: string
  /** RFC 3339, by the station's clock; undefined where nobody told its start (`no-start`). */
  readonly startedAt?: string
  readonly endedAt?: string
  readonly reason?: string
  /** Active power in W, last reported. */
  readonly powerW?: number
  /** Energy register at start and end in Wh. */
  readonly meterStartWh?: number
  readonly meterStopWh?: number
  /** Energy since the start in Wh, last reported. */
  readonly energyWh?: number
}

/**
 * `GET /api/transactions`, newest first. Query: `station`, `find`, `state` (`running` or `ended`,
 * which unfinished ones are, too), `idToken` (with `tokens:read`), `from` and `to` (started in that
 * span), `before` (`older` of the page before) and `limit` (1 to 500, default 100).
 */
export interface TransactionPage {
  /** RFC 3339. */
  readonly asOf: string
  readonly transactions: readonly TransactionView[]
  /** Where there are older ones: what to ask for as `before`. */
  readonly older?: number
}

/** `GET /api/transactions/{number}`: with its newest readings and events, newest first. */
export interface TransactionDetail extends TransactionView {
  /** RFC 3339. */
  readonly asOf: string
  /** The newest 400. */
  readonly readings: readonly ReadingView[]
  /** How many there are; `GET /api/transactions/{number}/meter-values` has them all. */
  readonly readingCount: number
  /**
   * With `thin=N`, where there are more than `readings` has: of each measurand and phase N at most,
   * evenly from the first to the last.
   */
  readonly course?: readonly ReadingView[]
  /** The newest 400; empty in OCPP 1.6, which has no TransactionEvent. */
  readonly events: readonly EventView[]
  /** How many there are; `GET /api/transactions/{number}/events` has them all. */
  readonly eventCount: number
}

export interface ReadingView {
  /** RFC 3339. */
  readonly timestamp: string
  readonly measurand: string
  readonly phase?: string
  readonly context?: string
  readonly value: number
  readonly unit: string
}

export interface EventView {
  readonly seqNo: number
  readonly eventType: string
  readonly triggerReason: string
  /** RFC 3339. */
  readonly timestamp: string
}

/** `GET /api/transactions/{number}/meter-values`, newest first. */
export interface ReadingPage {
  readonly readings: readonly ReadingView[]
  /** Where there are older ones: what to ask for as `before`. */
  readonly older?: number
}

/** `GET /api/transactions/{number}/events`, newest first. */
export interface TransactionEventPage {
  readonly events: readonly EventView[]
  /** Where there are older ones: what to ask for as `before`. */
  readonly older?: number
}

/** A station as the CSMS has stored it, `GET /api/stations`. */
export interface StationView extends StationListRow {
  /** Whether there is a way to it now. */
  readonly connected: boolean
}

export interface StationPage {
  readonly stations: readonly StationView[]
  /** Where there are more: what to ask for as `after`. */
  readonly next?: string
}

/** `GET /api/stations/{station}`. */
export interface StationDetail extends StationView {
  readonly variables: readonly VariableRow[]
  readonly securityEvents: readonly SecurityEventRow[]
}

/** An id token, `GET /api/tokens`; the token itself only for those who may see it. */
/** The token, its group and its note are for those who have `tokens:read`. */
export interface TokenView extends Omit<TokenRow, 'idToken' | 'note'> {
  readonly fingerprint: string
  readonly idToken?: string
  readonly note?: string
  /** Versions whose messages have no room for the group: their stations are not told of it. */
  readonly groupTooLongFor?: readonly Protocol[]
}

export interface TokenPage {
  readonly count: number
  readonly tokens: readonly TokenView[]
  /** Where there are more: what to ask for as `after`. */
  readonly next?: number
}

/** What a station was asked to do, with tokens and secrets as fingerprints. */
export interface OperationView extends OperationRow {
  /** False: `accepted` is the most that can become of it, for nothing would show its effect. */
  readonly showsEffect: boolean
}

/** `POST /api/stations/{station}/profiles`. */
export interface ProfileOperationView extends OperationView {
  /** Of the profile that it sets. */
  readonly profileId: number
}

/** `PUT /api/stations/{station}/local-list`. */
export interface LocalListOperationView extends OperationView {
  /** How many it takes to send the list. */
  readonly messages: number
  /** Tokens that are too long for the version of the station, or of a type that it does not know. */
  readonly leftOut: number
  /** Tokens that are in the list without their group, which is too long for that version. */
  readonly groupsLeftOut: number
}

/** A reservation that a station has accepted, `GET /api/reservations`. */
export interface ReservationView extends Omit<ReservationRow, 'idToken'> {
  /** Fingerprint of the id token. */
  readonly token: string
}

/** `GET /api/reservations`: open ones first, of these those that end first. */
export interface ReservationPage {
  readonly reservations: readonly ReservationView[]
  /** Where there are more: what to ask for as `after`. */
  readonly next?: string
}

/** `GET /api/profiles`: charging profiles that stations have taken or reported, by station. */
export interface ProfilePage {
  readonly profiles: readonly ProfileRow[]
  /** Where there are more: what to ask for as `after`. */
  readonly next?: string
}

/** `GET /api/stations/{station}/local-list`: as the station has taken it. */
export interface LocalListView {
  /** 0: it was never sent one. */
  readonly version: number
  /** RFC 3339. */
  readonly changedAt?: string
  /** Left out where nobody knows what is in the version that the station has. */
  readonly entries?: readonly (Omit<LocalListEntry, 'idToken'> & {
    /** Fingerprint of the id token. */
    readonly token: string
  })[]
  /** A list on its way, or that ended before its last message. */
  readonly job?: ListJob
}

/** `GET /api/security-events`, newest first. */
export interface SecurityEventPage {
  readonly events: readonly SecurityEventRow[]
  /** Where there are older ones: what to ask for as `before`. */
  readonly older?: number
}

/** `GET /api/stations/{station}/messages`, newest first. */
export interface MessagePage {
  readonly messages: readonly MessageView[]
  /** Where there are older ones: what to ask for as `before`. */
  readonly older?: number
}

/** A message as the station wrote it, with tokens as fingerprints. */
export interface MessageView {
  readonly id: number
  readonly protocol: string
  /** `CALL`, `CALLRESULT`, `CALLERROR`, `CALLRESULTERROR`, `SEND` or `unreadable`. */
  readonly kind: string
  /** Of an answer, that of its request; empty where nobody knows. */
  readonly action: string
  readonly messageId?: string
  /** The whole message; absent where an earlier version has kept the payload only. */
  readonly frame?: string
  /** Why it was not obeyed. */
  readonly refused?: string
  /** RFC 3339. */
  readonly receivedAt: string
  readonly payload: string
  /** It came before, and had no effect this time. */
  readonly repeated: boolean
  /** It says something else than the one that came before. */
  readonly conflict: boolean
}

/** `GET /api/operations`, newest first. */
export interface OperationPage {
  readonly operations: readonly OperationView[]
  /** Where there are older ones: what to ask for as `before`. */
  readonly older?: string
}

/** `POST /api/simulated-stations`. */
export interface SimulatedStationView {
  /** Of the station that was started. */
  readonly id: string
}

/**
 * Events on `GET /api/live` (Server-Sent Events; the event name is `type`). On opening, the server
 * sends one `overview` and one `frames` with the newest 200; a `heartbeat` every 5 s.
 */
export type LiveEvent =
  | { readonly type: 'overview'; readonly data: OverviewView }
  | { readonly type: 'frames'; readonly data: { frames: readonly FrameView[]; skipped: number } }
  | { readonly type: 'operation'; readonly data: OperationView }
  | { readonly type: 'heartbeat'; readonly data: { asOf: string } }
