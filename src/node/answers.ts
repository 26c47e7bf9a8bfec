import { OverlayError } from '../errors.ts'
import type { MessageId } from '../primitives/ids.ts'
import { assertRoomOnPath } from '../routing/network-path.ts'
import { DEFAULT_LIMITS, type Frame } from '../wire/frame.ts'
import { forwardText } from '../wire/text.ts'
import { ANSWERED_MS, type Core, type RoutedFrame, SECOND_ANSWER_MS } from './core.ts'
import { isSignedError, secureAnswer, UnprovedAnswer } from './edge.ts'
import { filtered, type Passage } from './filtering.ts'
import { judgePassing } from './forward-rules.ts'
import { asLinkBears } from './legacy-links.ts'
import type { Neighbour } from './neighbour.ts'
import type { PendingRequest } from './pending.ts'
import { addressed, challengeIn, errorFrame, translateError } from './reply-error.ts'
import { callsEnded, isNeighbour } from './requests.ts'
import { tellAnswerer } from './result-errors.ts'
import { assertSize, readable, write, writeOwn } from './writing.ts'

/** Of one peer. */
const MAX_LATE = 16

/**
 * A CALLRESULT or CALLERROR: back to whoever asked, along the open requests. It is accepted only
 * from the link its request went to, and once.
 *
 * @returns The neighbour it went on to; undefined when it was for this node.
 * @throws {OverlayError} ERR_ROUTE_NO_REQUEST, ERR_ROUTE_HOP_LIMIT
 */
export function receiveAnswer(
  node: Core,
  from: Neighbour,
  frame: RoutedFrame,
  now: number,
): Neighbour | undefined {
  const { destination } = frame.route
  const source = from.isOverlay ? destination[destination.length - 1] : undefined
  const request = from.pending.take(frame.messageId, source)
  if (!request) {
    tellLate(node, from, frame)
    throw new OverlayError('ERR_ROUTE_NO_REQUEST')
  }
  node.arrivalAction = request.action
  noteTrace(node, from, request)
  if (!from.isOverlay) {
    if (frame.type === 3) from.knownLimits?.answered(frame.messageId, frame.payload)
    callsEnded(from, new Set([frame.messageId]))
  }
  const { asker } = request
  if (!isNeighbour(asker)) {
    const isTaken = asker.takes?.(frame, from) !== false
    if (!isTaken && from.isOverlay) return leaveOpen(node, from, request, now)
    if (frame.type === 3) tellResult(node, request, frame.payload)
    if (isTaken) asker.resolve(frame, from)
    else asker.reject(new OverlayError('ERR_LINK_TIMEOUT'))
    return undefined
  }
  // Until it is shown to be by whoever was asked.
  let isProved = !isToBeProved(node, from, request)
  const passage = { from, to: asker, action: request.action, destination: request.source }
  try {
    const challenge = frame.type === 4 && request.retry ? challengeIn(frame) : undefined
    if (challenge !== undefined && isSignedError(node, request, from, frame)) return void request.retry?.again(challenge, now) // biome-ignore format: one line
    let told: Uint8Array | undefined
    try {
      const passed = node.filters ? filteredAnswer(node, frame, passage) : frame
      if (!asker.isOpen) throw new OverlayError('ERR_LINK_CLOSED')
      const release = (kept: RoutedFrame) => {
        if (!asker.isOpen) throw new OverlayError('ERR_LINK_CLOSED')
        const later = asRefused(() => answerOnward(node, request, asker, { from, frame: kept }))
        if (kept.type === 3) tellResult(node, request, undefined, later)
      }
      const allowed = judgePassing(node, passed, { ...passage, release })
      if (!allowed) return undefined
      told = answerOnward(node, request, asker, { from, frame: allowed })
      isProved = true
    } finally {
      // The station has done it, whatever the rules tell the asker, and whether or not it is still there.
      if (frame.type === 3 && isProved) tellResult(node, request, frame.payload, told)
    }
  } catch (error) {
    const refusal = error instanceof UnprovedAnswer ? error.refusal : error
    if (!isProved && refusal instanceof OverlayError && asker.isOpen) {
      leaveOpen(node, from, request, now, refusal)
      throw refusal
    }
    // Nobody else can tell the asker: its request is answered, only not in a way it can be told.
    if (error instanceof OverlayError) failRequest(node, request, error, from)
    throw error
  }
  if (frame.type === 3) {
    asker.answered.add(request, from, frame.route.networkPath[0], now + ANSWERED_MS)
  }
  return asker
}

/**
 * Anybody on the way can write an answer, and whoever was asked may still give his. He has not long:
 * most often there is a hop that tells the truth.
 */
export function leaveOpen(
  node: Core,
  from: Neighbour,
  request: PendingRequest,
  now: number,
  why = new OverlayError('ERR_LINK_TIMEOUT'),
): undefined {
  request.unproved ??= why
  request.expiresAt = Math.min(request.expiresAt, now + SECOND_ANSWER_MS)
  if (!from.pending.keepUnproved(request)) failRequest(node, request, request.unproved, from)
}

/** Whether what comes back over a link could be anybody's, where whoever was asked has to be known. */
export function isToBeProved(
  { gate }: Core,
  from: Neighbour,
  { asker, secured }: PendingRequest,
): boolean {
  if (!gate || !from.isOverlay) return false
  return secured !== undefined || (!isNeighbour(asker) && asker.takes !== undefined)
}

/** What a person has let through waits for no other answer. */
function asRefused<T>(attempt: () => T): T {
  try {
    return attempt()
  } catch (error) {
    throw error instanceof UnprovedAnswer ? error.refusal : error
  }
}

/** What follows from an answer here must not keep it from whoever asked. */
function tellResult(
  node: Core,
  request: PendingRequest,
  came: Uint8Array | undefined,
  told?: Uint8Array,
): void {
  try {
    request.onResult?.(came, told)
  } catch (error) {
    node.log.error('result.failed', { action: request.action, error: String(error) })
  }
}

/** Whoever gave a CALLRESULT that may not pass is told, where its version has a word for that. */
function filteredAnswer(node: Core, frame: RoutedFrame, passage: Passage): RoutedFrame {
  try {
    return filtered(node, frame, passage)
  } catch (error) {
    if (frame.type === 3 && error instanceof OverlayError) {
      tellAnswerer(node, passage.from, frame, error, node.frameLog.arrivalTrace)
    }
    throw error
  }
}

/** @returns The payload as it was written. */
function answerOnward(
  node: Core,
  request: PendingRequest,
  asker: Neighbour,
  { from, frame }: { readonly from: Neighbour; readonly frame: RoutedFrame },
): Uint8Array {
  const { source, askerMessageId, messageId } = request
  assertRoomOnPath(frame.route.networkPath, DEFAULT_LIMITS.maxPathEntries)
  const isAsItIs = asker.isOverlay && asker.carrier !== 'wwcp'
  const canSplice = frame.origin && isAsItIs && messageId === askerMessageId
  if (canSplice && frame.type === 3) {
    const bytes = forwardText(frame, node.id)
    assertSize(bytes.length, false)
    const [answerer] = frame.route.networkPath
    asker.send(frame.type, bytes, false, request.action, answerer, messageId)
    return frame.payload
  }
  if (frame.type === 3 && frame.encoding === 'binary' && !asker.isOverlay && !request.isBinary) {
    const problem = 'a standard peer takes binary frames only as answers to its own'
    throw new OverlayError('ERR_ROUTE_CANNOT_CARRY', { destination: source, problem })
  }
  const path = [...frame.route.networkPath, node.id] as const
  // Signed as it is told, verified as it was told.
  const told = from.isOverlay ? secureAnswer(node, request, { from, to: asker }, frame) : frame
  const words = told.type === 4 ? translateError(readable(asker, told), asker) : told
  const { route } = frame
  const spelled = from.isOverlay ? words : secureAnswer(node, request, { from, to: asker }, { ...words, route }) // biome-ignore format: one line
  const borne = asLinkBears(node, asker, { ...spelled, route }, request.action)
  const answer = { ...addressed(borne, asker, source, path), messageId: askerMessageId }
  write(asker, answer, request.action, path[0])
  return answer.payload
}

/**
 * Tells whoever asked that there will be no answer.
 *
 * @param asked In whose place it is told: of a standard peer signed, as its own answers would be.
 */
export function failRequest(
  node: Core,
  request: PendingRequest,
  error: OverlayError,
  asked?: Neighbour,
): void {
  const { asker, askerMessageId } = request
  if (!isNeighbour(asker)) return asker.reject(error)
  if (!asker.isOpen) return
  const reply = errorFrame(error, asker, askerMessageId)
  if (!reply) return
  const frame = inPlaceOf(node, request, { asked, asker }, reply)
  writeOwn(node, asker, frame, request.action, traceOf(request))
}

/** Unsigned, anybody on the way could have written it, and whoever asked would go on waiting. */
function inPlaceOf(
  node: Core,
  request: PendingRequest,
  { asked, asker }: { readonly asked: Neighbour | undefined; readonly asker: Neighbour },
  reply: Frame,
): Frame {
  const { source } = request
  const unsigned = () => addressed(reply, asker, source, [node.id])
  if (!asked || asked.isOverlay || !asker.isOverlay || !request.secured) return unsigned()
  const route = { destination: [source], networkPath: [asked.id] } as const
  try {
    const told = secureAnswer(node, request, { from: asked, to: asker }, { ...reply, route })
    return addressed(told, asker, source, [asked.id, node.id])
  } catch (error) {
    node.log.error('signing.failed', { action: request.action, error: String(error) })
    return unsigned()
  }
}

/** The id that a request has between overlay nodes, or was given here if it met none. */
function traceOf({ asker, askerMessageId, messageId, trace }: PendingRequest): MessageId {
  return trace ?? (isNeighbour(asker) && asker.isOverlay ? askerMessageId : messageId)
}

/** What is being received answers this request: where its id is only known on the link, the log is told. */
export function noteTrace(node: Core, from: Neighbour, request: PendingRequest): void {
  if (!from.isOverlay || request.trace) node.frameLog.arrivalTrace = traceOf(request)
}

/**
 * Frees what has waited too long. A CALL to a standard peer is answered `Timeout`, whether it was
 * sent or still in the queue; overlay hops forget theirs in silence, because the asker's own
 * deadline is over by then.
 */
export function expireRequests(node: Core, neighbour: Neighbour, now: number): void {
  neighbour.answered.expire(now)
  const expired = neighbour.pending.expire(now)
  if (!neighbour.isOverlay && expired.length > 0) {
    callsEnded(neighbour, new Set(expired.map(({ messageId }) => messageId)))
  }
  for (const request of expired) {
    if (!request.unproved) countUnanswered(node, neighbour, request)
    // A node that asked has its own deadline; a standard peer has nobody else who could tell it.
    const isAskerNode = isNeighbour(request.asker) && request.asker.isOverlay
    if (!neighbour.isOverlay || !isAskerNode) failRequest(node, request, request.unproved ?? new OverlayError('ERR_LINK_TIMEOUT'), neighbour) // biome-ignore format: one line
    if (request.onResult && !neighbour.isOverlay) keepLate(neighbour, request)
  }
}

function keepLate({ late }: Neighbour, request: PendingRequest): void {
  request.secured = request.retry = undefined
  late.set(request.messageId, request)
  if (late.size > MAX_LATE) late.delete(late.keys().next().value as MessageId)
}

/** Nobody is told any more; but a station that has taken another password shows that one from now on. */
function tellLate(
  node: Core,
  { late }: Neighbour,
  { type, messageId, payload }: RoutedFrame,
): void {
  const request = late.get(messageId)
  if (!request || type !== 3) return
  late.delete(messageId)
  tellResult(node, request, payload)
}

/** A peer that takes requests and answers none is to be seen, whoever is told of it. */
function countUnanswered(
  node: Core,
  { label }: Neighbour,
  { source, action }: PendingRequest,
): void {
  const code = 'ERR_LINK_TIMEOUT'
  node.refusals.set(code, (node.refusals.get(code) ?? 0) + 1)
  node.emit({ name: 'request.unanswered', link: label, source, action })
}
