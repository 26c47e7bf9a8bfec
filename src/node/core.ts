import type { ErrorCode, ErrorDetails } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { Validator } from '../messages/validation.ts'
import type { Clock } from '../primitives/clock.ts'
import type { MessageId, NodeId } from '../primitives/ids.ts'
import type { Filters } from '../routing/filters/filters.ts'
import type { RoutingTable } from '../routing/table.ts'
import type { PolicyReason } from '../security/policies/facts.ts'
import type { Secret } from '../transport/credentials.ts'
import type { Closer, LinkFacts } from '../transport/link.ts'
import type { SendStatistics } from '../transport/scheduler/send-statistics.ts'
import type { Frame, Kind, Route } from '../wire/frame.ts'
import type { ArrivalListener } from './arrived.ts'
import type { Commissioner } from './commissioning.ts'
import type { FrameLog } from './frame-log.ts'
import type { AnyHandler, BinaryHandler } from './handlers.ts'
import type { KeptAnswers } from './kept-answer.ts'
import type { ToldDocument } from './management-messages.ts'
import type { Budgets, LinkCounters, Neighbour } from './neighbour.ts'
import type { Quarantine } from './quarantine.ts'
import type { SecurityGate } from './security-gate.ts'
import type { UplinkRule } from './uplink-rules.ts'
import type { Upstreams } from './upstreams.ts'

/** A frame with its route: read from it, or known from the standard link it came in on. */
export type RoutedFrame = Frame & {
  readonly route: Route
  /** What a filter makes of a signed payload once that was verified here; bears no signatures. */
  readonly replacement?: Uint8Array
}

/** A password that a station has accepted, or that an upstream was told it has. */
export interface PasswordChange {
  readonly station: NodeId
  readonly password: Secret
  /** Whose connection in the station's name the command came over, if it did so. */
  readonly by: UplinkRule | undefined
  /** Whether the station is connected here itself, and not behind another node. */
  readonly isHere: boolean
  /** Of one of a network profile: its slot. Undefined: it is in force. */
  readonly slot: string | undefined
  /** False: `by` expects it, but the station has taken another one, or none. */
  readonly isTaken?: false
}

export type PasswordListener = (change: PasswordChange) => void

/** What the parts of one node share. Only the node itself creates one. */
export interface Core {
  readonly id: NodeId
  /** Services this node provides, bare and qualified. */
  readonly services: readonly NodeId[]
  /** Requests from standard peers go to `operator/CSMS` when this is set. */
  readonly operator: string | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly table: RoutingTable<Neighbour>
  readonly neighbours: Set<Neighbour>
  /** Overlay links towards the CSMS. */
  readonly uplinks: Set<Neighbour>
  /**
   * Standard links towards a CSMS, the preferred one first: the default route of what this node
   * says itself, and of nothing else. A CSMS could not tell the words of others from its own.
   */
  readonly ownUplinks: { readonly neighbour: Neighbour; readonly priority: number }[]
  /** Where uplinks differ in what they may see and do; undefined where they are all alike. */
  readonly upstreams: Upstreams | undefined
  /** What neighbours may make this node keep. */
  readonly budgets: Budgets
  /** Answers for who asks the same again. */
  readonly keptAnswers: KeptAnswers
  /** What forward rules keep back. */
  readonly quarantine: Quarantine
  /** Rules about what may pass; undefined where there are none. */
  readonly filters: Filters | undefined
  /** Told of each message that went no further than here. */
  readonly onArrival: ArrivalListener | undefined
  /** Told when a station has accepted a new password. */
  readonly onPasswordChange: PasswordListener | undefined
  /** The open link to each peer, by folded id. */
  readonly neighbourById: Map<string, Neighbour>
  readonly handlers: ReadonlyMap<string, ReadonlyMap<string, AnyHandler>>
  readonly binaryHandlers: ReadonlyMap<string, BinaryHandler>
  readonly frameLog: FrameLog
  /** By label; of neighbours that left too. */
  readonly linkCounters: Map<string, LinkCounters>
  /** Refused and dropped frames by error code. */
  readonly refusals: Map<ErrorCode, number>
  readonly newMessageId: () => MessageId
  /** Length of the message that is being received, as it came. */
  arrivalBytes: number
  /** What was asked, where the message that is being received answers it. */
  arrivalAction: string | undefined
  /** Undefined: nothing is signed and everything obeyed. */
  readonly gate: SecurityGate | undefined
  /** Lets new nodes in; undefined: nobody is commissioned here. */
  readonly commissioner: Commissioner | undefined
  /** Links that have gone so far. */
  closings: number
  validatorOf(source: NodeId): Validator
  /** Whether a key of this id is known, which signs what it says. */
  hasKey(id: NodeId): boolean
  /** Whether this id is of a peer that has to prove who it is. */
  mustProve(id: NodeId): boolean
  emit(event: NodeEvent): void
}

/** What observers are told. An event cannot change an outcome. */
export type NodeEvent =
  | { readonly name: 'link.up'; readonly link: string; readonly facts: LinkFacts }
  // biome-ignore format: one line
  | { readonly name: 'link.down'; readonly link: string; readonly reason: string; readonly code: number; readonly by: Closer; readonly sending: SendStatistics | undefined }
  // biome-ignore format: one line
  | { readonly name: 'frame.refused'; readonly link: string; readonly code: ErrorCode; readonly details: ErrorDetails; readonly source?: string; readonly trace?: string }
  // biome-ignore format: one line
  | { readonly name: 'presence'; readonly id: string; readonly state: 'up' | 'down'; readonly protocol: Protocol; readonly link: string }
  // biome-ignore format: one line
  /** Nobody has signed it, so it is only the word of a hop. */
  | { readonly name: 'error.unsigned'; readonly link: string; readonly source: string; readonly action: string; readonly kind: Kind; readonly errorCode: string }
  | {
      readonly name: 'result.refused'
      readonly messageId: string
      readonly source: string
      readonly errorCode: string /** By whoever asked; undefined where nothing is verified. */
      readonly isSigned?: boolean
    }
  // biome-ignore format: one line
  | { readonly name: 'link.refused'; readonly id: string; readonly status: number; readonly why: string }
  // biome-ignore format: one line
  | { readonly name: 'upstream.lost'; readonly station: string; readonly upstream: string; readonly why: string }
  // biome-ignore format: one line
  | { readonly name: 'request.unanswered'; readonly link: string; readonly source: string; readonly action: string }
  // biome-ignore format: one line
  | { readonly name: 'request.repeated'; readonly link: string; readonly source: string; readonly action: string }
  // biome-ignore format: one line
  | { readonly name: 'node.commissioned'; readonly id: string; readonly kid: string }
  | { readonly name: 'node.joined'; readonly operator: string; readonly kid: string }
  | { readonly name: 'node.entitled'; readonly by: string; readonly id: string }
  // biome-ignore format: one line
  | { readonly name: 'station.edge-changed'; readonly station: string; readonly node: string; readonly before: string }
  | { readonly name: 'clock.learned'; readonly from: string; readonly at: string }
  | { readonly name: 'clock.behind'; readonly newest: string; readonly behindS: number }
  | { readonly name: 'clock.unkept'; readonly error: string }
  // biome-ignore format: one line
  | { readonly name: 'copy.dropped'; readonly link: string; readonly code: ErrorCode; readonly answer?: string }
  // biome-ignore format: one line
  | { readonly name: 'rules.changed'; readonly by: string; readonly documents: readonly ToldDocument[]; readonly trialEndsAt: string }
  | {
      readonly name: 'rules.confirmed' | 'rules.rolled-back'
      readonly documents: readonly ToldDocument[]
    }
  // biome-ignore format: one line
  | { readonly name: 'key.added'; readonly by: string; readonly kid: string; readonly owner: string; readonly roles: readonly string[] }
  | {
      readonly name: 'keys.revoked'
      readonly by: string
      readonly version: number
      readonly count: number
    }
  | { readonly name: 'revocations.stale'; readonly version: number; readonly since: string }
  // biome-ignore format: one line
  | { readonly name: 'command.proposed' | 'command.seconded' | 'command.vetoed' | 'command.executed'; readonly by: string; readonly action: string; readonly to: string; readonly digest: string; readonly rule: string }
  // biome-ignore format: one line
  | { readonly name: 'frame.quarantined'; readonly id: number; readonly link: string; readonly source: string; readonly destination: string; readonly action: string; readonly reason: PolicyReason }
  // biome-ignore format: one line
  | { readonly name: 'message.alerted'; readonly link: string; readonly source: string; readonly destination: string; readonly action: string; readonly rule: string; readonly reason: PolicyReason }
  // biome-ignore format: one line
  | { readonly name: 'signatures.dropped'; readonly link: string; readonly source: string; readonly action: string; readonly kids: readonly string[] }
  // biome-ignore format: one line
  | { readonly name: 'trust.refused'; readonly by: string; readonly what: string; readonly problem: string }
  // biome-ignore format: one line
  | { readonly name: 'trust.unpushed'; readonly to: string; readonly what: string; readonly why: string; readonly inMs?: number }
  // biome-ignore format: one line
  | { readonly name: 'password.changed' | 'password.expected'; readonly station: string }
  // biome-ignore format: one line
  | { readonly name: 'link.retry'; readonly url: string; readonly inMs: number; readonly why: string; readonly link?: string }

/** Structured logging; a line is an event name and fields. Silent unless one is handed in. */
export interface Logger {
  debug(event: string, fields?: object): void
  info(event: string, fields?: object): void
  warn(event: string, fields?: object): void
  error(event: string, fields?: object): void
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}

/** How long hops keep a request, and answers for a CALLRESULTERROR. */
export const PENDING_MS = 120_000
export const ANSWERED_MS = 60_000
/** How long a standard peer may keep the others waiting. */
export const STANDARD_CALL_MS = 30_000
/** How long an answer may come after one that was not believed. */
export const SECOND_ANSWER_MS = 5_000
/** CALLs that may wait for one standard peer. */
export const MAX_WAITING_CALLS = 100
/** Beyond these, of those that may lower a limit: a fuse does not wait. */
export const MAX_WAITING_LIMITS = 50
/** What may wait in bytes, for one peer and for all; half of it for what cannot lower a limit. */
export const MAX_WAITING_BYTES_OF_PEER = 2 * 1024 * 1024
export const MAX_WAITING_BYTES = 16 * 1024 * 1024
/** Requests open on one overlay link. */
export const MAX_OPEN_REQUESTS = 50_000
/**
 * Of those so many may be of one standard peer. OCPP lets it have one open; some send a few at once.
 * Whoever wants more would take the place of others.
 */
export const MAX_OPEN_OF_PEER = 64
/** And so many of one node, with all that is behind it. */
export const MAX_OPEN_OF_NODE = 20_000
/** What is kept of open requests of one standard peer, and of all, to ask again with a challenge. */
export const MAX_RETRY_BYTES_OF_PEER = 1024 * 1024
export const MAX_RETRY_BYTES = 16 * 1024 * 1024
