import { OverlayError } from '../errors.ts'
import type { MessageId, NodeId } from '../primitives/ids.ts'
import { assertRoomOnPath } from '../routing/network-path.ts'
import { DEFAULT_LIMITS, type Frame, type Route } from '../wire/frame.ts'
import { forwardText } from '../wire/text.ts'
// biome-ignore format: one line
import { type Core, MAX_OPEN_REQUESTS, MAX_WAITING_CALLS, PENDING_MS, type RoutedFrame, STANDARD_CALL_MS } from './core.ts'
import { Neighbour } from './neighbour.ts'
import type { LocalAsker, PendingRequest } from './pending.ts'
import { logOwn, write } from './writing.ts'

type Destination = Route['destination']

/**
 * Sends a CALL or SEND on towards its destination.
 *
 * @param destination The hops that are left.
 * @returns The neighbour it went to, or waits for.
 * @throws {OverlayError} ERR_ROUTE_UNKNOWN, ERR_ROUTE_HOP_LIMIT, ERR_ROUTE_DUPLICATE,
 *   ERR_ROUTE_CANNOT_CARRY, ERR_LINK_BUSY
 */
export function forwardRequest(
  node: Core,
  from: Neighbour,
  frame: RoutedFrame,
  destination: Destination,
  now: number,
): Neighbour {
  const to = node.table.lookup(destination[0], from)
  // Back over the link it came from is no route: who sent it here believes this is the way.
  if (!to || to === from)
    throw new OverlayError('ERR_ROUTE_UNKNOWN', { destination: destination[0] })
  assertCanCarry(to, frame, destination[0])
  // An id taken from a standard link is only unique there, and says nothing beyond it.
  const messageId = from.isOverlay && to.isOverlay ? frame.messageId : node.newMessageId()
  const { networkPath: path } = frame.route
  assertRoomOnPath(path, DEFAULT_LIMITS.maxPathEntries)
  if (frame.type === 2) {
    open(to, frame, messageId, from, now + (to.isOverlay ? PENDING_MS : STANDARD_CALL_MS))
  }
  if (!to.isOverlay) {
    sendToStandard(to, { ...frame, route: undefined, messageId })
  } else if (frame.origin && messageId === frame.messageId) {
    to.send(frame.type, forwardText(frame, node.id), false)
  } else {
    const { origin: _, ...rest } = frame
    const networkPath = [...path, node.id] as const
    write(to, { ...rest, messageId, route: { destination, networkPath } })
  }
  return to
}

/**
 * Sends a CALL or SEND of this node's own.
 *
 * @param asker Gets the answer of a CALL.
 * @throws {OverlayError} as `forwardRequest`
 */
export function originate(
  node: Core,
  frame: Frame,
  destination: Destination,
  asker: LocalAsker | undefined,
  timeoutMs: number,
): void {
  const to = node.table.lookup(destination[0])
  if (!to) throw new OverlayError('ERR_ROUTE_UNKNOWN', { destination: destination[0] })
  assertCanCarry(to, frame, destination[0])
  const route = { destination, networkPath: [node.id] } as const
  if (asker) open(to, { ...frame, route }, frame.messageId, asker, node.clock.now() + timeoutMs)
  if (to.isOverlay) write(to, { ...frame, route })
  else sendToStandard(to, frame)
  logOwn(node, to, to.isOverlay ? { ...frame, route } : frame)
}

/** Remembers who asked. */
function open(
  to: Neighbour,
  frame: RoutedFrame,
  messageId: MessageId,
  asker: Neighbour | LocalAsker,
  expiresAt: number,
): void {
  if (
    to.isOverlay ? to.pending.size >= MAX_OPEN_REQUESTS : to.waiting.length >= MAX_WAITING_CALLS
  ) {
    throw new OverlayError('ERR_LINK_BUSY')
  }
  const request: PendingRequest = {
    messageId,
    source: frame.route.networkPath[0],
    asker,
    askerMessageId: frame.messageId,
    action: frame.action,
    isBinary: frame.encoding === 'binary',
    expiresAt,
    answerer: undefined,
    next: undefined,
  }
  if (!to.pending.add(request)) throw new OverlayError('ERR_ROUTE_DUPLICATE')
}

/** What the neighbour's version has no words for is not sent to it. */
function assertCanCarry(to: Neighbour, frame: Frame, destination: NodeId): void {
  const isSend = frame.type === 6
  const isBinary = frame.encoding === 'binary'
  const cannot = (problem: string) =>
    new OverlayError('ERR_ROUTE_CANNOT_CARRY', { destination, problem })
  if (isSend && !to.knowsResultErrorAndSend) throw cannot('SEND exists from OCPP 2.1 on')
  if (isBinary && !to.isOverlay) throw cannot('a standard peer takes binary frames only as answers')
  if (isBinary && isSend && !to.link.capabilities.has('binary-send')) {
    throw cannot('the peer did not announce binary-send')
  }
}

/** OCPP allows one open CALL per direction, so the next one waits for the answer. */
function sendToStandard(to: Neighbour, frame: Frame): void {
  if (frame.type === 6) return write(to, frame)
  if (to.activeCall !== undefined) {
    to.waiting.push({ frame, messageId: frame.messageId })
    return
  }
  to.activeCall = frame.messageId
  write(to, frame)
}

/** A standard peer's open CALL is over: the next one may go. */
export function callEnded(to: Neighbour, messageId: MessageId): void {
  const queued = to.waiting.findIndex((call) => call.messageId === messageId)
  if (queued >= 0) to.waiting.splice(queued, 1)
  if (to.activeCall !== messageId) return
  const next = to.waiting.shift()
  to.activeCall = next?.messageId
  if (next) write(to, next.frame)
}

export function isNeighbour(asker: Neighbour | LocalAsker): asker is Neighbour {
  return asker instanceof Neighbour
}
