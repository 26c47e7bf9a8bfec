import { OverlayError } from '../errors.ts'
import type { MessageId, NodeId } from '../primitives/ids.ts'
import { assertRoomOnPath } from '../routing/network-path.ts'
import { DEFAULT_LIMITS, type Frame, type Route } from '../wire/frame.ts'
import { forwardText } from '../wire/text.ts'
// biome-ignore format: one line
import { type Core, MAX_OPEN_REQUESTS, MAX_WAITING_CALLS, PENDING_MS, type RoutedFrame, STANDARD_CALL_MS } from './core.ts'
import { Neighbour } from './neighbour.ts'
import type { LocalAsker, PendingRequest } from './pending.ts'
import { assertSize, encode, logOwn } from './writing.ts'

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
  assertCanCarry(to, frame, destination)
  // A standard CSMS would take what this node passes on for the node's own words.
  if (!to.isOverlay && to.link.peer === 'csms') {
    throw cannotCarry(destination[0], 'a standard uplink carries only the own frames of a node')
  }
  // An id taken from a standard link is only unique there, and says nothing beyond it.
  const messageId = from.isOverlay && to.isOverlay ? frame.messageId : node.newMessageId()
  const { networkPath } = frame.route
  assertRoomOnPath(networkPath, DEFAULT_LIMITS.maxPathEntries)
  const isSplice = frame.origin !== undefined && to.isOverlay && messageId === frame.messageId
  const bytes = isSplice
    ? forwardText(frame, node.id)
    : encode({
        ...frame,
        messageId,
        route: to.isOverlay ? { destination, networkPath: [...networkPath, node.id] } : undefined,
      })
  if (isSplice) assertSize(bytes.length, false)
  if (frame.type === 2) {
    open(to, frame, messageId, from, now + (to.isOverlay ? PENDING_MS : STANDARD_CALL_MS))
  }
  sendOrQueue(to, frame, messageId, bytes, now)
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
  const now = node.clock.now()
  const to = node.table.lookup(destination[0])
  if (!to) throw new OverlayError('ERR_ROUTE_UNKNOWN', { destination: destination[0] })
  assertCanCarry(to, frame, destination)
  const route = { destination, networkPath: [node.id] } as const
  const bytes = encode(to.isOverlay ? { ...frame, route } : frame)
  if (asker) open(to, { ...frame, route }, frame.messageId, asker, now + timeoutMs)
  sendOrQueue(to, frame, frame.messageId, bytes, now)
  logOwn(node, to, bytes, frame.encoding === 'binary')
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
    answererId: frame.route.networkPath[0],
    next: undefined,
  }
  if (!to.pending.add(request)) throw new OverlayError('ERR_ROUTE_DUPLICATE')
}

/** What the neighbour's version has no words for is not sent to it. */
function assertCanCarry(to: Neighbour, frame: Frame, destination: Destination): void {
  const isSend = frame.type === 6
  const isBinary = frame.encoding === 'binary'
  const [next] = destination
  if (destination.length > 1 && !to.isOverlay) throw new OverlayError('ERR_ROUTE_SOURCE_ROUTE')
  if (isSend && !to.knowsResultErrorAndSend) throw cannotCarry(next, 'SEND exists from OCPP 2.1 on')
  if (isBinary && !to.isOverlay) {
    throw cannotCarry(next, 'a standard peer takes binary frames only as answers')
  }
  if (isBinary && isSend && !to.link.capabilities.has('binary-send')) {
    throw cannotCarry(next, 'the peer did not announce binary-send')
  }
}

function cannotCarry(destination: NodeId, problem: string): OverlayError {
  return new OverlayError('ERR_ROUTE_CANNOT_CARRY', { destination, problem })
}

/** OCPP allows one open CALL per direction on a standard link, so the next one waits there. */
function sendOrQueue(
  to: Neighbour,
  frame: Frame,
  messageId: MessageId,
  bytes: Uint8Array,
  now: number,
): void {
  const isBinary = frame.encoding === 'binary'
  if (to.isOverlay || frame.type === 6) return to.send(frame.type, bytes, isBinary)
  if (to.activeCall !== undefined) {
    to.waiting.push({ messageId, bytes, isBinary, since: now })
    return
  }
  to.activeCall = messageId
  to.send(frame.type, bytes, isBinary)
}

/** CALLs to a standard peer are over, answered or given up: the next one may go. */
export function callsEnded(to: Neighbour, messageIds: ReadonlySet<MessageId>): void {
  if (to.waiting.some(({ messageId }) => messageIds.has(messageId))) {
    to.waiting = to.waiting.filter(({ messageId }) => !messageIds.has(messageId))
  }
  if (to.activeCall === undefined || !messageIds.has(to.activeCall)) return
  const next = to.waiting.shift()
  to.activeCall = next?.messageId
  if (next) to.send(2, next.bytes, next.isBinary)
}

export function isNeighbour(asker: Neighbour | LocalAsker): asker is Neighbour {
  return asker instanceof Neighbour
}
