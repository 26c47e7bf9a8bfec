import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import { parseStrict } from '../security/canonical.ts'
import type { RequestReference } from '../security/header.ts'
import { LEGACY_PROTOCOL } from '../security/legacy-message.ts'
import type { Peer, PolicyFacts } from '../security/policies/facts.ts'
import { type ReceivedMessage, readBinaryMessage, readMessage } from '../security/received-message.ts' // biome-ignore format: one line
import { isFlattened, plainAction } from '../security/signed-message.ts'
import type { Unverified } from '../security/verdict.ts'
import type { MessageType } from '../wire/frame.ts'
import type { LinkCarrier } from './carrying.ts'
import type { Released } from './held-back.ts'

/** A message as it came, with what the link and the path say about it. */
export interface Incoming {
  readonly type: MessageType
  /** As it stands in the frame; of an answer the plain name of what it answers. */
  readonly action: string
  readonly protocol: Protocol
  /** Of an error: its details. */
  readonly payload: Uint8Array
  /** Its payload is bytes and no JSON. Of an error it never is. */
  readonly isBinary?: boolean
  readonly error?: { readonly code: string; readonly description: string }
  readonly neighbour: Peer
  readonly path: readonly [NodeId, ...NodeId[]]
  /** As the frame addresses it: the last of its destinations. */
  readonly to: NodeId
  /** Of an answer: the request it must belong to. */
  readonly request?: RequestReference
  /** Of an answer: whom its request was addressed to. */
  readonly asked?: NodeId
  /** The standard peer that it is for, and that this node stands for. */
  readonly onBehalfOf?: NodeId
  /** That this link is the one whose commands the standard peer obeys. */
  readonly isPrimaryUpstream?: boolean
  /** It goes on to somebody who only hears it, so nothing takes effect by it. */
  readonly isCopy?: boolean
  /** It was held back, and somebody lets it through now. */
  readonly released?: Released | undefined
  /** Of its frame in the log, where it was received before. */
  readonly sequence?: number | undefined
  /** Of the link it came by, which says whether the legacy form is read. */
  readonly carrier?: LinkCarrier
}

/** A message that is about to pass. */
export interface PassingMessage extends Incoming {
  /** The link it would leave by. */
  readonly link: Peer
}

/** A message that only passes; that it cannot be read in one way only is a problem of its own. */
export function readPassing(
  incoming: Incoming,
): ReceivedMessage & { readonly problem?: PolicyFacts['problem'] } {
  try {
    return incoming.isBinary && incoming.type === 3
      ? binaryResultOf(incoming)
      : readIncoming(incoming)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    const { reason = 'payload-malformed' } = error.details as { reason?: PolicyFacts['problem'] }
    const nothing = { entries: [], carrier: undefined, opaque: undefined, payload: {} }
    return { ...nothing, bytes: incoming.payload, method: 'binary', problem: reason }
  }
}

/** Who only passes a result on has not kept its request, so whether it is signed its bytes have to say. */
function binaryResultOf({ payload }: Incoming): ReceivedMessage {
  const received = readBinaryMessage(payload, true)
  const isSigned = !('status' in received) && received.entries.length > 0
  return isSigned ? received : (readBinaryMessage(payload, false) as ReceivedMessage)
}

/**
 * Whether signatures of the legacy form are read of what comes so. In other versions their names would
 * stand for other structures.
 */
export function readsLegacy({
  carrier,
  protocol,
}: Pick<Incoming, 'carrier' | 'protocol'>): boolean {
  return carrier === 'wwcp' && protocol === LEGACY_PROTOCOL
}

/** @throws {OverlayError} ERR_POLICY_REFUSED, ERR_SCHEMA_JSON */
export function readIncoming(incoming: Incoming): ReceivedMessage {
  const received = incoming.isBinary ? binaryOf(incoming) : messageOf(incoming)
  if ('status' in received) throw new OverlayError('ERR_POLICY_REFUSED', { reason: received.reason }) // biome-ignore format: one line
  return received
}

/** A binary result takes the form of its request: what that one was, its reference says. */
function binaryOf({ action, payload, request }: Incoming): ReceivedMessage | Unverified {
  return readBinaryMessage(payload, plainAction(action) !== undefined || request?.id !== undefined)
}

function messageOf(incoming: Incoming): ReceivedMessage | Unverified {
  const { action, type, payload, error } = incoming
  const legacyText = readsLegacy(incoming) ? payload : undefined
  const parsed = parseStrict(payload)
  // An answer bears no action, so its members say it.
  const isWrapped = plainAction(action) !== undefined || (type === 3 && isFlattened(parsed))
  return readMessage(parsed, { isWrapped, legacyText, ...(error && { error }) })
}

/** What its signatures have to be about. */
export function expectedOf({ action, type }: Incoming) {
  return { kind: 'message', action, messageType: type as 2 } as const
}
