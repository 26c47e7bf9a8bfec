import type { ValidatorOptions } from '../messages/validation.ts'
import type { Clock } from '../primitives/clock.ts'
import type { NodeId } from '../primitives/ids.ts'
import type { Randomness } from '../primitives/randomness.ts'
import type { Filters } from '../routing/filters/filters.ts'
import type { ObeyedMessages } from '../security/freshness/obeyed-messages.ts'
import type { LinkSource } from '../transport/link.ts'
import type { ArrivalListener } from './arrived.ts'
import type { LinkCarrier } from './carrying.ts'
import type { Commissioner } from './commissioning.ts'
import type { Logger, PasswordListener } from './core.ts'
import type { BinaryHandler, HandlersByProtocol } from './handlers.ts'
import type { SecurityOptions } from './security-gate.ts'
import type { PerStationUplink, UplinkRule } from './uplink-rules.ts'

/** What a node is made of. */
export interface NodeOptions {
  readonly nodeId: string
  /** Where links come from; of several uplinks the first is preferred. */
  readonly links: readonly LinkSource[]
  /** Services this node provides, e.g. `CSMS`; with an `operator` also as `operator/CSMS`. */
  readonly services?: readonly string[]
  readonly operator?: string
  readonly handlers?: HandlersByProtocol
  /** By action, of messages whose payload is bytes; the same in each version. */
  readonly binaryHandlers?: ReadonlyMap<string, BinaryHandler>
  /** Send what has no known route over the uplinks. Default true. */
  readonly hasDefaultRoute?: boolean
  /** Static routes: a node or service is reached over this neighbour whenever it is there. */
  readonly routes?: readonly { readonly destination: string; readonly via: string }[]
  /** What uplinks among `links` are to stations, where they differ; the first primary answers. */
  readonly uplinkRules?: ReadonlyMap<LinkSource, UplinkRule>
  /** Upstreams that get one ordinary connection per station. */
  readonly perStation?: readonly PerStationUplink[]
  /** The order in which rules are asked; default: those of `links`, then those of `perStation`. */
  readonly ruleOrder?: readonly UplinkRule[]
  /** Rules about what may pass this node. */
  readonly filters?: Filters
  /** Told of each message that went no further than here, as it came; it cannot change an outcome. */
  readonly onArrival?: ArrivalListener
  /** Told when a station has accepted a new password, so that this side can follow. */
  readonly onPasswordChange?: PasswordListener
  /** Whether a peer of this id has to prove it: then nobody who has proved nothing speaks for it. */
  readonly mustProve?: (id: NodeId) => boolean
  /** Keys, policies and roles. Without them nothing is signed, and whatever comes is obeyed. */
  readonly security?: SecurityOptions
  /** Lets new nodes in that show a code. */
  readonly commissioner?: Commissioner
  /**
   * What was obeyed of signed messages that may be stored on their way, across restarts; default: this
   * process remembers.
   */
  readonly obeyed?: ObeyedMessages
  /** How links to standard peers bear signatures. Default: not at all. */
  readonly carriers?: LinkCarriers
  /** What is tolerated from single peers, by id. */
  readonly peers?: ReadonlyMap<string, PeerRule>
  readonly clock?: Clock
  readonly random?: Randomness
  readonly log?: Logger
}

/** Settings of links to standard peers; those of a source that dials count before those of a peer. */
export interface LinkCarriers {
  readonly bySource: ReadonlyMap<LinkSource, LinkCarrier>
  /** By folded id. */
  readonly byPeer: ReadonlyMap<string, LinkCarrier>
}

/** What a peer may do that others may not. */
export interface PeerRule extends ValidatorOptions {
  /** Message ids of up to 255 bytes. */
  readonly tolerantMessageIds?: boolean
}

export interface CallOptions {
  /** Default: the action table's, usually 30 000. */
  readonly timeoutMs?: number
}
