/**
 * CALLRESULTERROR: whoever asked could not use the answer, and tells whoever gave it. Nothing is done
 * undone by that, but an operator reads it, so it is signed and judged as any other error: what nobody
 * has signed is the word of a hop.
 *
 * @spec docs/security.md, "Errors"
 */
import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import { assertRoomOnPath } from '../routing/network-path.ts'
import type { RequestReference } from '../security/header.ts'
import { DEFAULT_LIMITS, type Frame } from '../wire/frame.ts'
import type { Core, RoutedFrame } from './core.ts'
import { isSignedError, secureAnswer, tellUnsigned } from './edge.ts'
import { asReplaced, filtered } from './filtering.ts'
import { judgePassing } from './forward-rules.ts'
import type { Neighbour } from './neighbour.ts'
import type { PendingRequest } from './pending.ts'
import { addressed, errorFrame, translateError } from './reply-error.ts'
import { signedOwnError } from './signed-refusal.ts'
import { readable, write, writeOwn } from './writing.ts'

/** The CALL of this node that was answered so. */
export interface OwnQuestion {
  readonly action: string
  readonly protocol: Protocol
  readonly request: RequestReference
}

/**
 * A CALLRESULTERROR: onward to whoever gave the answer that is refused by it.
 *
 * @throws {OverlayError} ERR_ROUTE_NO_REQUEST when no such answer went over this link lately,
 *   ERR_ROUTE_CANNOT_CARRY when the answerer's version does not know it.
 */
export function receiveResultError(
  node: Core,
  from: Neighbour,
  frame: RoutedFrame,
): Neighbour | undefined {
  const answered = from.answered.take(frame.messageId, frame.route.networkPath[0])
  if (!answered) throw new OverlayError('ERR_ROUTE_NO_REQUEST')
  const { answerer } = answered
  if (!from.isOverlay) node.frameLog.arrivalTrace = answered.messageId
  if (!answerer) {
    hear(node, from, answered, frame)
    return undefined
  }
  if (!answerer.knowsResultErrorAndSend || !answerer.isOpen) {
    const problem = 'it does not know CALLRESULTERROR'
    throw new OverlayError('ERR_ROUTE_CANNOT_CARRY', { destination: answerer.id, problem })
  }
  const passage = { from, to: answerer, action: answered.action, destination: answered.answererId }
  const passed = filtered(node, frame, passage)
  const release = (kept: RoutedFrame) => passOn(node, { from, to: answerer }, answered, kept)
  const allowed = judgePassing(node, passed, { ...passage, release })
  if (!allowed) return undefined
  release(allowed)
  return answerer
}

/** About an answer of this node itself. */
function hear(node: Core, from: Neighbour, answered: PendingRequest, frame: RoutedFrame): void {
  const { messageId, errorCode, route } = frame
  const { terms, action } = answered
  const isSigned =
    terms && isSignedError(node, { action, source: node.id, secured: terms }, from, frame)
  if (isSigned === false) tellUnsigned(node, from, frame, action)
  const said = { messageId, source: route.networkPath[0], errorCode }
  node.emit({ name: 'result.refused', ...said, ...(isSigned !== undefined && { isSigned }) })
}

function passOn(
  node: Core,
  { from, to }: { readonly from: Neighbour; readonly to: Neighbour },
  { action, terms, answererId, messageId }: PendingRequest,
  frame: RoutedFrame,
): void {
  const { networkPath, destination } = frame.route
  assertRoomOnPath(networkPath, DEFAULT_LIMITS.maxPathEntries)
  const onward = from.isOverlay ? (destination.at(-1) ?? answererId) : answererId
  const about = { action, source: onward, secured: terms }
  // Signed as it is told, verified as it was told.
  const told = from.isOverlay ? secureAnswer(node, about, { from, to }, frame) : frame
  const { route } = frame
  const words = { ...translateError(readable(to, asReplaced(told)), to), route }
  const spelled = from.isOverlay ? words : secureAnswer(node, about, { from, to }, words)
  const path = [...networkPath, node.id] as const
  const refusal = { ...addressed(spelled, to, onward, path), messageId }
  write(to, refusal, action, path[0])
}

/**
 * Tells the sender of an answer that it could not be used, where its version has a word for that.
 *
 * @param question What it answers, where this node signs what it says.
 */
export function refuseResult(
  node: Core,
  from: Neighbour,
  answer: Frame,
  error: OverlayError,
  question?: OwnQuestion,
): void {
  node.refusals.set(error.code, (node.refusals.get(error.code) ?? 0) + 1)
  if (!question || !from.isOverlay) return tellAnswerer(node, from, answer, error)
  const refusal = errorFrame(error, from, answer.messageId, 5)
  const to = answer.route?.networkPath[0]
  if (!refusal || !to) return
  const { action, protocol, request } = question
  void signedOwnError(node, from, refusal, { action, protocol, to, request }).then((told) => {
    if (from.isOpen) writeOwn(node, from, addressed(told, from, to, [node.id]), told.action)
  })
}

/** That an answer does not get any further from here: the word of a hop. */
export function tellAnswerer(
  node: Core,
  from: Neighbour,
  answer: Frame,
  error: OverlayError,
  trace?: string,
): void {
  if (!from.knowsResultErrorAndSend || !from.isOpen) return
  const reply = errorFrame(error, from, answer.messageId, 5)
  if (!reply) return
  const to = answer.route?.networkPath[0] ?? from.id
  const frame = addressed(reply, from, to, [node.id])
  writeOwn(node, from, frame, frame.action, trace)
}
