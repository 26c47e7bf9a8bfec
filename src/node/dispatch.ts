import { OverlayError } from '../errors.ts'
import { actionRow } from '../messages/actions.ts'
import type { Protocol } from '../messages/protocols.ts'
import { foldId } from '../primitives/ids.ts'
import { NOTIFY_NETWORK_TOPOLOGY } from '../routing/topology.ts'
import type { Frame } from '../wire/frame.ts'
import { encodePayload, parsePayload } from '../wire/payload.ts'
import { ANSWERED_MS, type Core, type RoutedFrame } from './core.ts'
import type { AnyHandler, Context } from './handlers.ts'
import type { Neighbour } from './neighbour.ts'
import { receiveAnnouncement } from './presence.ts'
import { addressed, errorFrame } from './reply-error.ts'
import { writeOwn } from './writing.ts'

/**
 * Handles a request that is for this node: parse, validate, call the one handler of the action,
 * answer. A SEND is never answered, whatever happens.
 *
 * @throws {OverlayError} ERR_SCHEMA_* when the request is refused before a handler saw it.
 */
export function handle(node: Core, from: Neighbour, frame: RoutedFrame): void {
  const protocol = protocolOf(node, from, frame)
  const source = frame.route.networkPath[0]
  if (frame.action === NOTIFY_NETWORK_TOPOLOGY) return handleAnnouncement(node, from, frame)
  const handler = handlerOf(node, protocol, frame)
  const request = parsePayload(frame.payload)
  node.validatorOf(source).assertValid(protocol, frame.action, 'request', request)
  const context: Context = {
    source,
    networkPath: frame.route.networkPath,
    protocol,
    action: frame.action,
    messageId: frame.messageId,
    payloadBytes: frame.payload,
    receivedAt: node.clock.now(),
  }
  void answerWith(node, from, frame, () => handler(request, context))
}

/**
 * The version whose schemas a request is checked against: on a standard link the link's own; else
 * what the edge announced for its source; else what the service name says; else the link's.
 *
 * @spec docs/overlay.md section 7
 */
export function protocolOf(node: Core, from: Neighbour, frame: RoutedFrame): Protocol {
  if (!from.isOverlay) return from.link.protocol
  const announced = node.table.get(frame.route.networkPath[0])?.announced
  if (announced) return announced.protocol as Protocol
  const { destination } = frame.route
  const name = foldId(destination[destination.length - 1] ?? '')
  const isCentralSystem = name === 'centralsystem' || name.endsWith('/centralsystem')
  return isCentralSystem ? 'ocpp1.6' : from.link.protocol
}

function handlerOf(node: Core, protocol: Protocol, frame: RoutedFrame): AnyHandler {
  const { action } = frame
  const handler = node.handlers.get(protocol)?.get(action)
  const row = actionRow(protocol, action)
  if (!row) throw new OverlayError('ERR_SCHEMA_UNKNOWN_ACTION', { action, protocol })
  // A CALL of what is defined as SEND, and the reverse, is no action of that kind.
  if (Boolean(row.send) !== (frame.type === 6) || !handler || frame.encoding === 'binary') {
    throw new OverlayError('ERR_SCHEMA_UNSUPPORTED', { action, protocol })
  }
  return handler
}

// Routing is every node's own business, whatever its role and version.
function handleAnnouncement(node: Core, from: Neighbour, frame: RoutedFrame): void {
  const { action } = frame
  if (!from.isOverlay || frame.type !== 6 || frame.encoding === 'binary') {
    throw new OverlayError('ERR_SCHEMA_UNSUPPORTED', { action })
  }
  // Only the neighbour's own word counts: what it passes on may come from any station behind it.
  if (frame.route.networkPath.length > 1) {
    const problem = 'it was passed on, and only neighbours announce'
    throw new OverlayError('ERR_ROUTE_ANNOUNCEMENT', { problem })
  }
  const payload = parsePayload(frame.payload)
  node.validatorOf(from.id).assertValid(from.link.protocol, action, 'request', payload)
  receiveAnnouncement(node, from, payload)
}

async function answerWith(
  node: Core,
  from: Neighbour,
  frame: RoutedFrame,
  call: () => unknown,
): Promise<void> {
  const { action, messageId } = frame
  const source = frame.route.networkPath[0]
  try {
    const response = await call()
    if (frame.type === 6) return
    const payload = encodePayload(response)
    // biome-ignore format: one frame
    const result = { type: 3, encoding: 'text', route: undefined, messageId, action: '', payload, errorCode: '', errorDescription: '' } as const
    const expiresAt = node.clock.now() + ANSWERED_MS
    // biome-ignore format: one record
    const answered = { messageId, source, asker: from, askerMessageId: messageId, action, isBinary: false, expiresAt, answerer: undefined,
      answererId: node.id, onResult: undefined, next: undefined }
    from.answered.add(answered, undefined, node.id, expiresAt)
    reply(node, from, addressed(result, from, source, [node.id]), action)
  } catch (cause) {
    const isOwn = cause instanceof OverlayError
    if (!isOwn) node.log.error('handler.failed', { action, error: String(cause) })
    const error = isOwn ? cause : new OverlayError('ERR_HANDLER', { action }, { cause })
    node.refusals.set(error.code, (node.refusals.get(error.code) ?? 0) + 1)
    const frame4 = frame.type === 6 ? undefined : errorFrame(error, from, messageId)
    if (frame4) reply(node, from, addressed(frame4, from, source, [node.id]), action)
  }
}

function reply(node: Core, to: Neighbour, frame: Frame, action: string): void {
  if (!to.isOpen) return
  writeOwn(node, to, frame, action)
}
