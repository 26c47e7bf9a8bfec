import { type ErrorCode, type OverlayError, rpcKindOf, textOf } from '../errors.ts'
import { readRpcCode, reasonOf, rpcCode, translateRpcCode } from '../messages/rpc-codes.ts'
import type { MessageId, NodeId } from '../primitives/ids.ts'
import type { Frame, MessageType } from '../wire/frame.ts'
import { encodePayload, parsePayload } from '../wire/payload.ts'
import type { Neighbour } from './neighbour.ts'

const MAX_DESCRIPTION = 255

/** `details.reason`, where the kind of error alone does not say enough. */
const REASONS = new Map<ErrorCode, object>([
  ['ERR_ROUTE_HOP_LIMIT', { reason: 'hop-limit' }],
  ['ERR_POLICY_CHALLENGE', { reason: 'challenge' }],
  ['ERR_LINK_CLOSED', { reason: 'link-lost', executed: 'unknown' }],
])

/** Values that tell the peer about its own frame, and why it cannot go on. */
const TELLABLE = [
  'pointer',
  'problem',
  'action',
  'protocol',
  'limit',
  'actual',
  'field',
  'expected',
  'type',
  'executed',
  'retryAfterMs',
  'reason',
  'challenge',
  'roles',
  'delegable',
  'organisation',
  'notAfter',
]

/**
 * What a peer is told about an error: a code, the fixed text of the code, and which part of its
 * own frame is meant. No stack, path, key or payload leaves the node here.
 *
 * @param type 4 answers a CALL, 5 a CALLRESULT.
 * @returns undefined when the peer must not be answered.
 */
export function errorFrame(
  error: OverlayError,
  to: Neighbour,
  messageId: MessageId,
  type: MessageType = 4,
): Frame | undefined {
  const kind = rpcKindOf(error.code)
  if (kind === undefined) return undefined
  const reason = reasonOf(kind)
  const told = Object.entries(error.details).filter(([name]) => TELLABLE.includes(name))
  const details = {
    ...(reason && { reason }),
    ...REASONS.get(error.code),
    ...Object.fromEntries(told),
  }
  return {
    type,
    encoding: 'text',
    route: undefined,
    messageId,
    action: '',
    payload: encodePayload(details),
    errorCode: rpcCode(kind, to.link.protocol, to.link.form),
    errorDescription: textOf(error.code).slice(0, MAX_DESCRIPTION),
  }
}

/** A received error as the link it goes on to spells it. */
export function translateError(frame: Frame, to: Neighbour): Frame {
  const { protocol, form } = to.link
  const errorCode = translateRpcCode(frame.errorCode, protocol, form)
  if (form === 'overlay') return { ...frame, errorCode }
  const kind = readRpcCode(frame.errorCode)
  const reason = kind && reasonOf(kind)
  const errorDescription = frame.errorDescription.slice(0, MAX_DESCRIPTION)
  if (!reason) return { ...frame, errorCode, errorDescription }
  return { ...frame, errorCode, errorDescription, payload: withReason(frame.payload, reason) }
}

// The code lost its meaning in translation, so the details say it.
function withReason(payload: Uint8Array, reason: string): Uint8Array {
  try {
    return encodePayload({ reason, ...parsePayload(payload) })
  } catch {
    return encodePayload({ reason }) // details that cannot be read cannot be completed
  }
}

/** What an error asks to see signed before it is obeyed. */
export function challengeIn({ payload }: Frame): string | undefined {
  const { reason, challenge } = (detailsOf(payload) ?? {}) as { reason?: unknown; challenge?: unknown } // biome-ignore format: one line
  return reason === 'challenge' && typeof challenge === 'string' ? challenge : undefined
}

/** The details of an error, whatever they are. */
export function detailsOf(payload: Uint8Array): unknown {
  try {
    return parsePayload(payload)
  } catch {
    return undefined // the error itself matters more than what it says about itself
  }
}

/** A frame with an overlay route, or without one for a standard link. */
export function addressed(
  frame: Frame,
  to: Neighbour,
  destination: NodeId,
  networkPath: readonly [NodeId, ...NodeId[]],
): Frame {
  const route = to.isOverlay ? { destination: [destination] as const, networkPath } : undefined
  const { origin: _, ...rest } = frame
  return { ...rest, route }
}
