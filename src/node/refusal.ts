import { OverlayError } from '../errors.ts'
import { isSameId, type MessageId, type NodeId } from '../primitives/ids.ts'
import { remainsOfBinary } from '../wire/binary.ts'
import type { Frame } from '../wire/frame.ts'
import { remainsOfText } from '../wire/text.ts'
import { failRequest, isToBeProved, leaveOpen, noteTrace } from './answers.ts'
import { tellArrived } from './arrived.ts'
import type { Core, RoutedFrame } from './core.ts'
import type { Neighbour } from './neighbour.ts'
import { addressed, errorFrame } from './reply-error.ts'
import { callsEnded } from './requests.ts'
import { signedRefusal, toBeSigned } from './signed-refusal.ts'
import { writeOwn } from './writing.ts'

/** A message as it arrived, with the frame if it could be decoded. */
export interface Arrival {
  readonly from: Neighbour
  readonly bytes: Uint8Array
  readonly isBinary: boolean
  readonly frame: Frame | undefined
}

/**
 * Counts and logs what was not obeyed, and answers where the protocol has an answer: a CALL with
 * CALLERROR, an undecodable CALLRESULT with CALLRESULTERROR, anything else with silence.
 *
 * @spec docs/overlay.md section 2.4
 */
export function refuse(node: Core, arrival: Arrival, cause: unknown): void {
  const { from, bytes, isBinary, frame } = arrival
  const error = asOverlayError(node, cause)
  if (!frame) from.counters.received[0] = (from.counters.received[0] ?? 0) + 1
  from.counters.refused++
  node.refusals.set(error.code, (node.refusals.get(error.code) ?? 0) + 1)
  const answer = frame
    ? answerToFrame(node, from, frame, error)
    : answerToRemains(node, arrival, error)
  const reaction = answer ? 'refused' : 'dropped'
  const now = node.clock.now()
  const { code, details } = error
  const { label: link } = from
  const trace = node.frameLog.arrivalTrace ?? frame?.messageId ?? answer?.messageId
  node.frameLog.record(now, true, isBinary, link, undefined, reaction, code, bytes, trace)
  tellArrived(node, from, { bytes, frame, errorCode: code })
  const source = frame?.route?.networkPath[0]
  node.emit({
    name: 'frame.refused',
    link,
    code,
    details,
    ...(source !== undefined && { source }),
    ...(trace !== undefined && { trace }),
  })
  if (!answer) return
  const refused = frame?.route && toBeSigned(node, from, error)
  if (!refused) return writeOwn(node, from, answer, answer.action, trace)
  const call = { frame: frame as RoutedFrame, answer, refused }
  void signedRefusal(node, from, call).then((told) => {
    if (from.isOpen) writeOwn(node, from, told, told.action, trace)
  })
}

function asOverlayError(node: Core, cause: unknown): OverlayError {
  if (cause instanceof OverlayError) return cause
  node.log.error('pipeline.failed', { error: cause instanceof Error ? cause.stack : String(cause) })
  return new OverlayError('ERR_HANDLER', { action: 'the pipeline' }, { cause })
}

function answerToFrame(node: Core, from: Neighbour, frame: Frame, error: OverlayError) {
  if (frame.type !== 2 || error.details.outcome !== undefined) return undefined
  const reply = errorFrame(error, from, frame.messageId)
  return reply && addressed(reply, from, frame.route?.networkPath[0] ?? from.id, [node.id])
}

/** An undecodable message is answered as far as it can be read. */
function answerToRemains(node: Core, arrival: Arrival, error: OverlayError): Frame | undefined {
  const { from, bytes, isBinary } = arrival
  const remains = isBinary
    ? remainsOfBinary(bytes, from.link.form, from.limits)
    : remainsOfText(bytes, from.link.form, from.limits)
  const messageId = remains.messageId ?? unreadableId(from)
  if (messageId === undefined) return undefined
  if (remains.type === 2) {
    const reply = errorFrame(error, from, messageId)
    return reply && addressed(reply, from, remains.source ?? from.id, [node.id])
  }
  if (remains.type !== 3 && remains.type !== 4) return undefined
  // Whoever asked is told too: nothing better will come.
  const asker = from.pending.sourceOf(messageId)
  if (asker !== undefined) failOpenRequest(node, from, messageId, asker, error)
  if (remains.type === 4) return undefined // nobody answers an error
  const reply = from.knowsResultErrorAndSend && errorFrame(error, from, messageId, 5)
  if (!reply) return undefined
  // In the name of the asker, by which the answerer remembers its answer.
  const path = asker === undefined || isSameId(asker, node.id) ? [node.id] : [asker, node.id]
  return addressed(reply, from, remains.source ?? from.id, path as [NodeId, ...NodeId[]])
}

function failOpenRequest(
  node: Core,
  from: Neighbour,
  messageId: MessageId,
  asker: NodeId,
  error: OverlayError,
): void {
  const request = from.pending.take(messageId, asker)
  if (!from.isOverlay) callsEnded(from, new Set([messageId]))
  if (!request) return
  noteTrace(node, from, request)
  if (isToBeProved(node, from, request)) leaveOpen(node, from, request, node.clock.now(), error)
  else failRequest(node, request, error, from)
}

// OCPP 2.x answers what has no readable id with "-1"; 1.6 has no such rule, so it gets silence.
function unreadableId(from: Neighbour): MessageId | undefined {
  const is16 = !from.isOverlay && from.link.protocol === 'ocpp1.6'
  return is16 ? undefined : ('-1' as MessageId)
}
