import type { Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import type { SecurityProfile } from './credentials.ts'

/** What both ends agreed on when the link opened; it never changes while the link lives. */
export interface LinkFacts {
  /** The authenticated neighbour: the first id is its own, others are names it also goes by. */
  readonly peerIds: readonly [NodeId, ...NodeId[]]
  readonly peer: 'station' | 'csms' | 'node'
  readonly form: 'overlay' | 'standard'
  /** The OCPP version of the link's subprotocol. */
  readonly protocol: Protocol
  /** What both ends do beyond the base protocol: `confirm`, `binary-send`, … */
  readonly capabilities: ReadonlySet<string>
  /** `up`: towards the CSMS, this side dialled it as an uplink; `down`: away from it. */
  readonly way: 'up' | 'down'
  readonly transport: 'plain' | 'tls'
  readonly credential: 'certificate' | 'basic' | 'none'
  /** Its id is its own word: neither this side nor a certificate says so. */
  readonly isSelfNamed?: boolean | undefined
}

/** How well the peer of a link, or of the links to come, proved who it is. */
export function securityProfileOf(facts: LinkFacts): SecurityProfile {
  if (facts.credential === 'certificate') return 3
  if (facts.credential === 'none') return 0
  return facts.transport === 'tls' ? 2 : 1
}

/**
 * Who ended a connection: this side, also where the peer sent what closes it; the peer, by saying
 * goodbye first; or nobody, where it broke.
 */
export type Closer = 'here' | 'peer' | 'network'

/** What a link tells its owner. Set once, before the first message can arrive. */
export interface LinkReceiver {
  /** One whole message. Text is UTF-8; the bytes are the receiver's to keep. */
  message(bytes: Uint8Array, isBinary: boolean): void
  /** The link is gone; called exactly once, also after an own `close`. */
  closed(code: number, reason: string, by: Closer): void
  /** The pong of an own `ping` came back. */
  pong?(payload: Uint8Array): void
  /** The network has taken what was waiting; called once after `notifyDrained`. */
  drained?(): void
}

/**
 * One connection to a neighbour. Messages arrive whole, unchanged and in order; text larger than
 * 1 MiB or not UTF-8 closes it with 1009 or 1007 before the receiver sees anything of it.
 */
export interface Link extends LinkFacts {
  /**
   * Sends one message; silently nothing once the link is closing or gone. When it returns, the
   * bytes are the caller's again.
   *
   * @param asIs Never compress it. Default false: text may be, where that was agreed.
   */
  send(message: Uint8Array, isBinary: boolean, asIs?: boolean): void
  /**
   * Sends a ping behind everything sent so far; when it returns, the bytes are the caller's again.
   *
   * @param payload At most 125 bytes, not beginning with `l`: those are the link's own.
   */
  ping(payload: Uint8Array): void
  /** Asks to be told once when there is room again. */
  notifyDrained(): void
  close(code: number, reason: string): void
  attach(receiver: LinkReceiver): void
  /** Bytes handed over but not yet taken by the network. */
  readonly queuedBytes: number
  /** Smoothed round trip in ms, once one was measured. */
  readonly roundTripMs: number | undefined
}

/** Something links come from: a listening port, or a dialled uplink that reconnects. */
export interface LinkSource {
  /** Whom it dials, where that is known in advance. */
  readonly peerId?: NodeId | undefined
  /** Resolves when it listens, or when the first attempt to dial is under way. */
  start(onLink: (link: Link) => void, report: (event: SourceEvent) => void): Promise<void>
  /** Lets nobody new in; links that are open stay. */
  drain?(): void
  /** Closes its links and leaves no socket or timer behind. */
  stop(): Promise<void>
}

/** What happens at a source besides links; for logs and counters. */
export type SourceEvent =
  // biome-ignore format: one line
  | { readonly name: 'refused'; readonly id: string; readonly status: number; readonly why: string; readonly address?: string }
  // biome-ignore format: one line
  | { readonly name: 'retry'; readonly url: string; readonly inMs: number; readonly why: string; /** In a row, this one included. */ readonly failures?: number }

export const MAX_MESSAGE_BYTES = 1024 * 1024
