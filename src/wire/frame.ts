import type { MessageId, NodeId } from '../primitives/ids.ts'

/** The message type numbers of OCPP-J. */
export const CALL = 2
export const CALLRESULT = 3
export const CALLERROR = 4
export const CALLRESULTERROR = 5
export const SEND = 6

export type MessageType = 2 | 3 | 4 | 5 | 6

export const KINDS = {
  2: 'CALL',
  3: 'CALLRESULT',
  4: 'CALLERROR',
  5: 'CALLRESULTERROR',
  6: 'SEND',
} as const satisfies Record<MessageType, string>

/** Whether messages of this type tell a code and a description. */
export function isErrorType(type: number): boolean {
  return type === CALLERROR || type === CALLRESULTERROR
}

export type Kind = (typeof KINDS)[MessageType]

/** Where a frame goes and which way it came: what the overlay form adds to the standard form. */
export interface Route {
  /** One node, service or group; more than one only in a source route, next hop first. */
  readonly destination: readonly [NodeId, ...NodeId[]]
  /** The nodes passed so far: the originator first, the writer of this frame last. */
  readonly networkPath: readonly [NodeId, ...NodeId[]]
}

/**
 * One message on a link. The payload (of errors: the details) stays the bytes its sender wrote:
 * JSON text in a text frame, anything in a binary one.
 */
export interface Frame {
  readonly type: MessageType
  readonly encoding: 'text' | 'binary'
  /** Undefined exactly when the frame has the standard form. */
  readonly route: Route | undefined
  readonly messageId: MessageId
  /** Of CALL and SEND; empty in the other kinds. */
  readonly action: string
  readonly payload: Uint8Array
  /** Of CALLERROR and CALLRESULTERROR; empty in the other kinds. */
  readonly errorCode: string
  readonly errorDescription: string
  /** Where the frame lies in the bytes it was decoded from, for forwarding by splicing. */
  readonly origin?: Origin | undefined
}

/** What lets `forwardText` insert one path entry instead of writing the envelope anew. */
export interface Origin {
  readonly bytes: Uint8Array
  /** Index of the `]` that closes the network path. */
  readonly pathEnd: number
}

/** Bounds that are checked before the work they bound is done. */
export interface WireLimits {
  readonly maxTextBytes: number
  readonly maxBinaryBytes: number
  /** Depth of arrays and objects, the frame's own array not counted. */
  readonly maxNesting: number
  readonly maxPathEntries: number
  readonly maxMessageIdBytes: number
}

export const DEFAULT_LIMITS: WireLimits = {
  maxTextBytes: 256 * 1024,
  maxBinaryBytes: 1024 * 1024,
  maxNesting: 64,
  maxPathEntries: 32,
  maxMessageIdBytes: 36,
}

/** What could still be read of a frame that does not decode: enough to answer its sender. */
export interface Remains {
  readonly type?: number
  readonly messageId?: MessageId
  readonly source?: NodeId
}
