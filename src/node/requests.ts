import { OverlayError } from '../errors.ts'
import { copyOf } from '../primitives/bytes.ts'
import { isCsmsService, isSameId, type MessageId, type NodeId } from '../primitives/ids.ts'
import { assertRoomOnPath } from '../routing/network-path.ts'
import { plainAction } from '../security/signed-message.ts'
import { DEFAULT_LIMITS, type Frame, type Route } from '../wire/frame.ts'
import { forwardText } from '../wire/text.ts'
import { isManagementOfNode, isWordOfNode, overlayCsms, ownWay } from './among-nodes.ts'
// biome-ignore format: one line
import { type Core, MAX_OPEN_OF_NODE, MAX_OPEN_OF_PEER, MAX_OPEN_REQUESTS, PENDING_MS, type RoutedFrame, STANDARD_CALL_MS } from './core.ts'
import { type Asked, isSignedError, type Judged, secureRequest } from './edge.ts'
import { filtered } from './filtering.ts'
import { judgePassing } from './forward-rules.ts'
import { traceToKeep } from './frame-log.ts'
import { type Released, unlessHeld } from './held-back.ts'
import { asLinkBears } from './legacy-links.ts'
import { KnownLimits, limitChangeOf } from './limit-order.ts'
import { Neighbour } from './neighbour.ts'
import { passwordWatch } from './password-watch.ts'
import type { LocalAsker, PendingRequest, Retry } from './pending.ts'
import { addressed, challengeIn } from './reply-error.ts'
import { COPIES_SHARE } from './waiting-calls.ts'
import { assertSize, encode, logOwn, writeOwn } from './writing.ts'

type Destination = Route['destination']

/**
 * Sends a CALL or SEND on towards its destination.
 *
 * @param destination The hops that are left.
 * @returns The neighbour it went to, or waits for; undefined when it was answered here, because it
 *   went there before.
 * @throws {OverlayError} ERR_ROUTE_UNKNOWN, ERR_ROUTE_HOP_LIMIT, ERR_ROUTE_DUPLICATE,
 *   ERR_ROUTE_CANNOT_CARRY, ERR_LINK_BUSY
 */
export function forwardRequest(
  node: Core,
  from: Neighbour,
  arrived: RoutedFrame,
  destination: Destination,
  now: number,
): Neighbour | undefined {
  const { networkPath } = arrived.route
  const to = destinationOf(node, from, arrived, destination)
  // Back over the link it came from is no route: who sent it here believes this is the way.
  if (!to || to === from)
    throw new OverlayError('ERR_ROUTE_UNKNOWN', { destination: destination[0] })
  assertCanCarry(to, arrived, destination)
  // A standard CSMS would take what this node passes on for the node's own words.
  if (!to.isOverlay && to.link.peer === 'csms' && !speaksFor(to, networkPath[0])) {
    throw cannotCarry(destination[0], 'a standard uplink carries only the own frames of a node')
  }
  const last = destination[destination.length - 1] ?? destination[0]
  const passage = { from, to, action: arrived.action, destination: last }
  const judged = node.filters ? filtered(node, arrived, passage) : arrived
  if (from.rule && !isManagementOfNode(node, from, last, judged.action))
    node.upstreams?.assertMayCommand(
      from,
      last,
      judged.action,
      judged.replacement ?? judged.payload,
    )
  // An id taken from a standard link is only unique there, and says nothing beyond it.
  const messageId = from.isOverlay && to.isOverlay ? judged.messageId : node.newMessageId()
  if (!from.isOverlay) node.frameLog.arrivalTrace = messageId
  assertRoomOnPath(networkPath, DEFAULT_LIMITS.maxPathEntries)
  const way = { from, to, destination, messageId, arrived }
  const release = (kept: RoutedFrame) => releaseHeld(node, heldAs({ ...way, frame: judged }, kept))
  const allowed = judgePassing(node, judged, { ...passage, release })
  if (!allowed) return undefined
  return passOnAndCopy(node, { ...way, frame: allowed, judged: {}, now })
}

/** @throws {OverlayError} ERR_LINK_CLOSED and what `passOn` throws */
function releaseHeld(node: Core, held: Omit<Onward, 'now' | 'judged'>): void {
  if (!held.from.isOpen || !held.to.isOpen) throw new OverlayError('ERR_LINK_CLOSED')
  passOnAndCopy(node, { ...held, judged: {}, now: node.clock.now() })
}

/** As it is kept; what rules or policies have changed of it came in other words, which are kept, too. */
function heldAs<W extends Pick<Onward, 'arrived' | 'frame'>>(way: W, kept: RoutedFrame): W {
  return { ...way, frame: kept, arrived: way.arrived === way.frame ? kept : way.arrived }
}

/** What was answered here, because it went on before, was copied before, too. */
function passOnAndCopy(node: Core, onward: Onward): Neighbour | undefined {
  const { from, frame, destination } = onward
  const action = plainAction(frame.action) ?? frame.action
  const holding = { from, action, destination: destination.at(-1) ?? destination[0] }
  const again = (kept: RoutedFrame, released: Released) => releaseHeld(node, { ...heldAs(onward, kept), released }) // biome-ignore format: one line
  const to = unlessHeld(node, frame, holding, () => passOn(node, onward), again)
  if (to && node.upstreams && onward.from.link.way === 'down') copy(node, onward)
  return to
}

/** A request that may go on, and the way it takes. */
interface Onward {
  readonly from: Neighbour
  readonly to: Neighbour
  /** As it came, before filters: each way has its own. */
  readonly arrived: RoutedFrame
  readonly frame: RoutedFrame
  readonly judged: Judged
  readonly released?: Released
  readonly destination: Destination
  readonly messageId: MessageId
  readonly now: number
  /** Where it was asked before. */
  readonly onResult?: PendingRequest['onResult']
}

/** @param challenge What whoever is asked wants to see signed. */
function passOn(node: Core, onward: Onward, challenge?: string): Neighbour | undefined {
  const { from, to, judged, released, destination, messageId, now } = onward
  const { action, route } = onward.frame
  const { networkPath } = route
  const passed = secureRequest(node, onward.frame, { from, to, judged, released }, challenge) ?? { frame: onward.frame, secured: undefined } // biome-ignore format: one line
  if ('answer' in passed) {
    const answer = addressed(passed.answer, from, networkPath[0], [to.id, node.id])
    writeOwn(node, from, answer, action)
    return undefined
  }
  const { secured } = passed
  const frame = asLinkBears(node, to, passed.frame)
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
    const expiresAt = now + (to.isOverlay ? PENDING_MS : STANDARD_CALL_MS)
    const onResult = onward.onResult ?? passwordWatch(node, to, frame, onward)
    const retry = secured?.isOwnWord && challenge === undefined ? askingAgain(node, { ...onward, onResult }) : undefined // biome-ignore format: one line
    open(node, to, frame, messageId, { asker: from, expiresAt, secured, retry, onResult, length: bytes.length }) // biome-ignore format: one line
  }
  sendOrQueue(to, frame, messageId, bytes, now)
  // The first one was logged as it arrived; this one is another message, under an id of its own.
  if (challenge !== undefined) logSoon(node, to, bytes, frame.encoding === 'binary')
  return to
}

/** Apart from `passOn`, whose variables it would keep: what a closure shares lives as long as it does. */
function askingAgain(node: Core, onward: Onward): Retry {
  const { origin: _, ...rest } = onward.frame
  // A copy: what came may lie in a larger piece, and it is this many bytes that are counted.
  const frame = { ...rest, payload: copyOf(rest.payload) }
  const kept = { ...onward, frame, arrived: frame, judged: {} }
  return {
    bytes: frame.payload.length,
    again(challenge, now) {
      passOn(node, { ...kept, messageId: node.newMessageId(), now }, challenge)
    },
  }
}

/** Behind the frame that is being received, which this one follows from. */
function logSoon(...of: Parameters<typeof logOwn>): void {
  queueMicrotask(() => logOwn(...of))
}

/**
 * Where a request goes: of a station to the CSMS by the rule that is for it, else as the table says.
 *
 * @throws {OverlayError} ERR_ROUTE_UNKNOWN, ERR_ACCESS_UPLINK
 */
function destinationOf(
  node: Core,
  from: Neighbour,
  frame: RoutedFrame,
  destination: Destination,
): Neighbour | undefined {
  const [next] = destination
  const { upstreams } = node
  if (!upstreams || from.link.way !== 'down') return node.table.lookup(next, from)
  const [source] = frame.route.networkPath
  const isToCsms = isCsmsService(next)
  if (isWordOfNode(node, source, frame.action)) {
    return node.table.lookup(next, from) ?? overlayCsms(node, next, frame.action)
  }
  const primary = isToCsms ? upstreams.primaryFor(source, frame.action, next) : undefined
  if (primary) return primary
  const to = node.table.lookup(next, from)
  if (isToCsms && !to) throw new OverlayError('ERR_ACCESS_UPLINK', { station: source, action: frame.action }) // biome-ignore format: one line
  // The CSMS of a station is whom a rule names for it, and nobody who merely is up there.
  if (to) upstreams.assertMayHear(to, source, frame.action)
  return to
}

/** Others get what the primary gets, under ids of this node; their answers end here. */
function copy(node: Core, onward: Onward): void {
  const { arrived, destination } = onward
  if (!isCsmsService(destination[0])) return
  const [station] = arrived.route.networkPath
  if (isWordOfNode(node, station, arrived.action)) return
  for (const to of node.upstreams?.copiesFor(station, arrived.action) ?? [])
    copyTo(node, onward, to)
}

/** @param challenge What the mirror wants to see signed. */
function copyTo(node: Core, onward: Onward, to: Neighbour, challenge?: string): void {
  const { from, arrived, destination, judged, now } = onward
  const trace = from.isOverlay ? arrived.messageId : onward.messageId
  const { action } = arrived
  try {
    assertCanCarry(to, arrived, destination)
    const wanted = filtered(node, arrived, { from, to, action, destination: destination[0] })
    const passed = secureRequest(node, wanted, { from, to, judged, isCopy: true }, challenge) ?? { frame: wanted, secured: undefined } // biome-ignore format: one line
    if ('answer' in passed) return
    const { secured } = passed
    const frame = asLinkBears(node, to, passed.frame)
    const messageId = node.newMessageId()
    const networkPath = [...frame.route.networkPath, node.id] as const
    const route = to.isOverlay ? { destination, networkPath } : undefined
    const bytes = encode({ ...frame, messageId, route })
    if (frame.type === 2) {
      const retry = secured?.isOwnWord && challenge === undefined ? copyingAgain(node, onward, to) : undefined // biome-ignore format: one line
      open(node, to, frame, messageId, { asker: askerOfCopy(node, from, retry, { action, source: networkPath[0], secured }), expiresAt: now + STANDARD_CALL_MS, trace, length: bytes.length }) // biome-ignore format: one line
    }
    sendOrQueue(to, frame, messageId, bytes, now)
    logSoon(node, to, bytes, frame.encoding === 'binary', trace)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    // The primary has asked for it to be signed anew: it was copied when it came for the first time.
    if (error.details.reason === 'not-challenged') return
    // What a mirror cannot take must not stop what it mirrors.
    node.emit({ name: 'copy.dropped', link: to.label, code: error.code })
  }
}

/** Apart from `copyTo`, whose variables it would keep. */
function copyingAgain(node: Core, onward: Onward, to: Neighbour): Retry {
  const { origin: _, ...rest } = onward.arrived
  const arrived = { ...rest, payload: copyOf(rest.payload) }
  const kept = { ...onward, arrived, frame: arrived, judged: {} }
  return {
    bytes: arrived.payload.length,
    again: (challenge, now) => copyTo(node, { ...kept, now }, to, challenge),
  }
}

/** Nobody is told what a copy is answered; an error is counted, and a challenge answered once. */
function askerOfCopy(
  node: Core,
  { retries }: Neighbour,
  retry: Retry | undefined,
  request: Asked,
): LocalAsker {
  const kept = retry && retries.take(retry.bytes, COPIES_SHARE) ? retry : undefined
  const over = () => void (kept && retries.give(kept.bytes))
  return {
    isOfCopy: true,
    resolve(frame, to) {
      over()
      if (frame.type !== 4) return
      const challenge = isSignedError(node, request, to, routed(frame, to)) ? challengeIn(frame) : undefined // biome-ignore format: one line
      if (kept && challenge !== undefined) return kept.again(challenge, node.clock.now())
      const code = challenge === undefined ? 'ERR_COPY_REFUSED' : 'ERR_POLICY_CHALLENGE'
      node.emit({ name: 'copy.dropped', link: to.label, code, answer: frame.errorCode })
    },
    reject: over,
  }
}

/** As it was received: what stands on a standard link is of the peer at its end. */
function routed(frame: Frame, { id }: Neighbour): RoutedFrame {
  return frame.route ? (frame as RoutedFrame) : { ...frame, route: { destination: [id], networkPath: [id] } } // biome-ignore format: one line
}

function speaksFor(to: Neighbour, source: NodeId): boolean {
  return to.represents !== undefined && isSameId(to.represents, source)
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
  const to = ownWay(node, destination[0], frame.action)
  if (!to) throw new OverlayError('ERR_ROUTE_UNKNOWN', { destination: destination[0] })
  assertCanCarry(to, frame, destination)
  const route = { destination, networkPath: [node.id] } as const
  const bytes = encode(to.isOverlay ? { ...frame, route } : frame)
  const routed = { ...frame, route }
  if (asker) {
    const onResult = passwordWatch(node, to, frame)
    open(node, to, routed, frame.messageId, {
      asker,
      expiresAt: now + timeoutMs,
      onResult,
      length: bytes.length,
    })
  }
  sendOrQueue(to, routed, frame.messageId, bytes, now)
  const trace = traceToKeep(undefined, frame.messageId, bytes)
  logOwn(node, to, bytes, frame.encoding === 'binary', trace)
}

interface Opened
  extends Pick<PendingRequest, 'asker' | 'expiresAt' | 'secured' | 'retry' | 'trace'> {
  readonly onResult?: PendingRequest['onResult']
  /** Of the whole frame. */
  readonly length: number
}

/** Remembers who asked. */
function open(
  node: Core,
  to: Neighbour,
  frame: RoutedFrame,
  messageId: MessageId,
  { asker, expiresAt, secured, retry, onResult, trace, length }: Opened,
): void {
  const isFull = to.isOverlay
    ? isLinkFull(node, to)
    : to.activeCall !== undefined && !to.waiting.hasRoom(length, frame.action, 'isOfCopy' in asker)
  if (isFull || hasTooMany(asker)) {
    throw new OverlayError('ERR_LINK_BUSY', { retryAfterMs: roomInMs(to, node.clock.now()) })
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
    secured,
    retry,
    onResult,
    trace,
    next: undefined,
  }
  if (!to.pending.add(request)) throw new OverlayError('ERR_ROUTE_DUPLICATE')
}

function isLinkFull({ closings }: Core, to: Neighbour): boolean {
  if (to.pending.size < MAX_OPEN_REQUESTS) return false
  to.dropAbandoned(closings)
  return to.pending.size >= MAX_OPEN_REQUESTS
}

/** When the oldest request will have been given up at the latest. */
function roomInMs(to: Neighbour, now: number): number {
  return Math.max(1, (to.pending.oldestExpiresAt ?? now) - now)
}

function hasTooMany(asker: Neighbour | LocalAsker): boolean {
  if (!isNeighbour(asker)) return false
  return asker.asked >= (asker.isOverlay ? MAX_OPEN_OF_NODE : MAX_OPEN_OF_PEER)
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

/**
 * OCPP allows one open CALL per direction on a standard link, so the next one waits there.
 *
 * @throws {OverlayError} ERR_LINK_BUSY when it cannot even wait for its link; nothing is open then.
 */
function sendOrQueue(
  to: Neighbour,
  frame: RoutedFrame,
  messageId: MessageId,
  bytes: Uint8Array,
  now: number,
): void {
  const isBinary = frame.encoding === 'binary'
  const { action, type } = frame
  const [source] = frame.route.networkPath
  if (to.isOverlay || type === 6) {
    try {
      return to.send(type, bytes, isBinary, action, source, messageId)
    } catch (error) {
      to.pending.take(messageId, source)
      throw error
    }
  }
  const change = limitChangeOf(action, frame.payload, messageId, () => {
    to.knownLimits ??= new KnownLimits()
    return to.knownLimits
  })
  if (to.activeCall !== undefined) {
    to.waiting.add({ messageId, bytes, isBinary, since: now, action, source, change })
    return
  }
  to.activeCall = messageId
  to.send(type, bytes, isBinary, action, source, messageId)
}

/** CALLs to a standard peer are over, answered or given up: the next one may go. */
export function callsEnded(to: Neighbour, messageIds: ReadonlySet<MessageId>): void {
  to.waiting.remove(messageIds)
  if (to.activeCall === undefined || !messageIds.has(to.activeCall)) return
  const next = to.waiting.next()
  to.activeCall = next?.messageId
  if (next) to.send(2, next.bytes, next.isBinary, next.action, next.source, next.messageId)
}

export function isNeighbour(asker: Neighbour | LocalAsker): asker is Neighbour {
  return asker instanceof Neighbour
}
