/**
 * What a node does for standard peers, which know no signatures: what they say is attested on its way
 * into the overlay, what is for them is verified, judged and stripped before it leaves.
 *
 * @spec docs/security.md
 */
import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import { parseStrict } from '../security/canonical.ts'
import { takeSignatures } from '../security/carriers.ts'
import type { SeenMessage } from '../security/freshness/seen-messages.ts'
import type { RequestReference } from '../security/header.ts'
import type { Frame } from '../wire/frame.ts'
import { cutMember, putMember } from '../wire/member.ts'
import { encodePayload, type JsonObject } from '../wire/payload.ts'
import type { Core, RoutedFrame } from './core.ts'
import { answerFrame, keepAnswer, keptAnswer, REPEAT_AFTER_MS } from './kept-answer.ts'
import type { Neighbour } from './neighbour.ts'
import { peerOf } from './peer-facts.ts'
import type { PendingRequest } from './pending.ts'
import type { Admitted, SecurityGate } from './security-gate.ts'

/** What is known of a request at an edge, for its answer. */
export interface Secured {
  readonly protocol: Protocol
  /** What the answer must say, or is said to, answer. */
  readonly reference: RequestReference
  /** Of a question of a standard peer: whom it was addressed to. */
  readonly asked?: NodeId
  /** Where the answer is kept for who asks the same again. */
  readonly seen: SeenMessage | undefined
}

const SIGNATURES = 'signatures'

/**
 * A CALL or SEND between the overlay and a standard peer of this node, as it goes on.
 *
 * @param to Where it goes.
 * @param challenge What whoever is asked wants to see signed.
 * @returns undefined where nothing is to be done: between nodes it passes as it is, and between two
 *   standard peers the rules of the uplink decide.
 * @throws {OverlayError} ERR_POLICY_REFUSED, ERR_POLICY_CHALLENGE, ERR_SCHEMA_JSON,
 *   ERR_SIGNATURE_FAILED, ERR_LINK_BUSY when it was obeyed before
 */
export function secureRequest(
  node: Core,
  frame: RoutedFrame,
  { from, to }: { readonly from: Neighbour; readonly to: Neighbour },
  challenge?: string,
): Passed | undefined {
  const { gate } = node
  if (!gate || from.isOverlay === to.isOverlay || frame.encoding === 'binary') return undefined
  const { networkPath: path, destination } = frame.route
  const last = destination[destination.length - 1] ?? destination[0]
  const { type, action } = frame
  // Its bytes are others now: the old ones must not be spliced.
  const { origin: _, ...rest } = frame
  if (!from.isOverlay) {
    const { protocol } = from.link
    const about = { type, action, protocol, from: path[0], to: last, ...(challenge !== undefined && { challenge }) } // biome-ignore format: one line
    const { payload, reference } = attested(node, gate, from, frame.payload, about)
    return {
      frame: { ...rest, payload },
      secured: { protocol, reference, asked: last, seen: undefined },
    }
  }
  const { protocol } = to.link
  const admitted = gate.admit({ type, action, protocol, payload: frame.payload, neighbour: peerOf(from), path, to: last, onBehalfOf: last }) // biome-ignore format: one line
  if (admitted.repeated) return { answer: repeatedAnswer(node, from, frame, admitted) }
  const payload = stripped(frame.payload, admitted.payload)
  const { reference, seen } = admitted
  return { frame: { ...rest, payload }, secured: { protocol, reference, seen } }
}

/** What goes on, or what it was answered when it went on before. */
export type Passed =
  | { readonly frame: RoutedFrame; readonly secured: Secured }
  | { readonly answer: Frame }

/** It went to the peer before: the effect must not come twice. */
function repeatedAnswer(
  node: Core,
  from: Neighbour,
  { action, messageId, route }: RoutedFrame,
  { seen }: Admitted,
): Frame {
  node.emit({ name: 'request.repeated', link: from.label, source: route.networkPath[0], action })
  const kept = keptAnswer(seen)
  if (!kept) throw new OverlayError('ERR_LINK_BUSY', { retryAfterMs: REPEAT_AFTER_MS })
  return answerFrame(kept, messageId)
}

/**
 * An answer to a request that was secured here, as it goes back. An error that nobody signed is told
 * as the word of a hop.
 *
 * @param frame With its error in the words of whoever asked.
 * @throws {OverlayError} ERR_POLICY_REFUSED, ERR_SCHEMA_JSON, ERR_SIGNATURE_FAILED
 */
export function secureAnswer(
  node: Core,
  request: PendingRequest,
  from: Neighbour,
  frame: Frame & { readonly route: RoutedFrame['route'] },
): RoutedFrame {
  const { gate } = node
  const { secured, source, action } = request
  if (!gate || !secured || frame.encoding === 'binary') return frame
  const { protocol, reference, asked } = secured
  const { type, errorCode: code, errorDescription: description } = frame
  const { origin: _, ...rest } = frame
  const error = type === 4 ? { error: { code, description } } : {}
  if (!from.isOverlay) {
    const about = {
      type,
      action,
      protocol,
      from: from.id,
      to: source,
      request: reference,
      ...error,
    }
    const { payload } = attested(node, gate, from, frame.payload, about)
    if (type === 3 || type === 4) {
      keepAnswer(secured.seen, { type, errorCode: code, errorDescription: description, payload: parseStrict(payload) }) // biome-ignore format: one line
    }
    return { ...rest, payload }
  }
  const { networkPath: path } = frame.route
  try {
    const { payload } = gate.admit({ type, action, protocol, payload: frame.payload, neighbour: peerOf(from), path, to: source, request: reference, onBehalfOf: source, ...(asked !== undefined && { asked }), ...error }) // biome-ignore format: one line
    return { ...rest, payload: stripped(frame.payload, payload) }
  } catch (cause) {
    if (type !== 4 || !(cause instanceof OverlayError)) throw cause
    return { ...rest, payload: cutMember(frame.payload, SIGNATURES) }
  }
}

interface About {
  readonly type: Frame['type']
  readonly action: string
  readonly protocol: Protocol
  readonly from: NodeId
  readonly to: NodeId
  readonly request?: RequestReference
  readonly challenge?: string
  readonly error?: { readonly code: string; readonly description: string }
}

/** The payload with what this node saw; every other byte stays. */
function attested(
  node: Core,
  gate: SecurityGate,
  link: Neighbour,
  bytes: Uint8Array,
  { error, ...about }: About,
): { readonly payload: Uint8Array; readonly reference: RequestReference } {
  const taken = takeSignatures(parseStrict(bytes))
  if ('status' in taken) throw new OverlayError('ERR_POLICY_REFUSED', { reason: taken.reason })
  const payload = error ? { ...error, details: taken.payload } : taken.payload
  const att = { by: node.id, prev: link.id, link: peerOf(link).proof, verified: [] }
  const { entry, reference } = gate.attest({ ...about, payload, att })
  const bare = taken.carrier ? encodePayload(taken.payload) : bytes
  return { payload: putMember(bare, SIGNATURES, [entry]), reference }
}

/** The payload without its signatures; every other byte stays where they stand beside the members. */
function stripped(bytes: Uint8Array, payload: JsonObject): Uint8Array {
  const cut = cutMember(bytes, SIGNATURES)
  const left = takeSignatures(parseStrict(cut))
  return 'status' in left || left.carrier ? encodePayload(payload) : cut
}
