import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import { copyOf } from '../primitives/bytes.ts'
import { isCsmsService, isSameId, type NodeId } from '../primitives/ids.ts'
import { checkPath } from '../routing/network-path.ts'
import { decodeBinary } from '../wire/binary.ts'
import type { Frame, Route } from '../wire/frame.ts'
import { decodeText } from '../wire/text.ts'
import { receiveAnswer } from './answers.ts'
import { tellArrived } from './arrived.ts'
import type { Core, RoutedFrame } from './core.ts'
import { handle } from './dispatch.ts'
import { traceToKeep } from './frame-log.ts'
import type { Neighbour } from './neighbour.ts'
import { isStandardStation, isUnproved } from './presence.ts'
import { refuse } from './refusal.ts'
import { forwardRequest } from './requests.ts'
import { receiveResultError } from './result-errors.ts'

/**
 * The life of a frame, from top to bottom. Start reading here.
 *
 * 1. **decode** – bytes to envelope; the payload stays bytes.
 * 2. **identify** – does the form fit the link; from a standard peer, who is it and whom does it
 *    mean: it does not say, so the link does.
 * 3. **check the path** – did the neighbour write it, has it been here before; learn from it who
 *    is behind this link.
 * 4. **answers** go back to whoever asked, along the open requests; a CALLRESULTERROR goes on to
 *    whoever answered.
 * 5. **local or onward** – requests for this node are handled here, others sent on.
 *
 * Whatever goes wrong on the way ends in `refuse`: it is counted, logged, and answered where the
 * protocol has an answer. Nothing a frame contains can stop the node or touch another link.
 *
 * @param bytes One whole message, of text already known to be UTF-8.
 * @param isCounted It was received before, and had to wait.
 * @spec docs/architecture.md, "The life of a frame"
 */
export function receive(
  node: Core,
  from: Neighbour,
  bytes: Uint8Array,
  isBinary: boolean,
  isCounted = false,
): void {
  const now = node.clock.now()
  let frame: Frame | undefined
  let to: Neighbour | undefined
  const { frameLog } = node
  frameLog.arrivalTrace = undefined
  node.arrivalBytes = bytes.length
  node.arrivalAction = undefined
  try {
    frame = isBinary ? decodeBinary(bytes, from.limits) : decodeText(bytes, from.limits)
    if (!isCounted) from.counters.received[frame.type] = (from.counters.received[frame.type] ?? 0) + 1 // biome-ignore format: one line

    const routed = identify(node, from, frame)

    if (from.isOverlay) {
      checkPath(routed.route.networkPath, from.link.peerIds, node.id)
      assertProved(node, from, routed.route.networkPath)
      // A mirror hears; nobody is reached over it.
      const isForOthers = from.rule === undefined || from.rule.role === 'primary'
      if (isForOthers) node.table.learnPath(routed.route.networkPath, from, now)
    }

    if (frame.type === 3 || frame.type === 4) {
      to = receiveAnswer(node, from, routed, now)
    } else if (frame.type === 5) {
      to = receiveResultError(node, from, routed)
    } else {
      assertMaySpeak(node, from, routed.route.networkPath[0])
      const onward = localOrOnward(node, routed.route.destination)
      if (onward === undefined) {
        handle(node, from, routed)
      } else {
        if (isHeld(node, from, routed, onward, bytes, isBinary)) return
        to = forwardRequest(node, from, routed, onward, now)
      }
    }
  } catch (error) {
    return refuse(node, { from, bytes, isBinary, frame }, error)
  }
  if (!to) tellArrived(node, from, { bytes, frame, errorCode: undefined })
  const reaction = to ? 'forwarded' : 'handled'
  const { label } = from
  const trace = traceToKeep(frameLog.arrivalTrace, frame.messageId, bytes)
  frameLog.record(now, true, isBinary, label, to?.label, reaction, undefined, bytes, trace)
}

/**
 * Gives a frame its route. A standard peer's request is for the CSMS if the peer is a station, and
 * for this node if it is a CSMS; its answers are found by their id alone.
 *
 * @throws {OverlayError} ERR_WIRE_FORM when the form does not fit the link.
 */
function identify(node: Core, from: Neighbour, frame: Frame): RoutedFrame {
  const { route } = frame
  if (route && from.isOverlay) return frame as RoutedFrame
  if (route) throw new OverlayError('ERR_WIRE_FORM', { form: 'overlay' })
  const isRequest = frame.type === 2 || frame.type === 6
  if (from.isOverlay) {
    if (isRequest || frame.type === 5) throw new OverlayError('ERR_WIRE_FORM', { form: 'standard' })
    // A peer that answers in standard form is understood when one request alone can be meant.
    const source = from.pending.sourceOf(frame.messageId)
    if (source === undefined) throw new OverlayError('ERR_ROUTE_NO_REQUEST')
    return { ...frame, route: { destination: [source], networkPath: [from.id] } }
  }
  // A CSMS means the station whose connection this is, or the node itself on the node's own.
  const destination =
    from.link.peer === 'csms' ? (from.represents ?? node.id) : serviceOf(node, from.link.protocol)
  return { ...frame, route: { destination: [destination], networkPath: [from.id] } }
}

/** Whether a request waits for connections that are being opened in its station's name. */
function isHeld(
  node: Core,
  from: Neighbour,
  frame: RoutedFrame,
  destination: Destination,
  bytes: Uint8Array,
  isBinary: boolean,
): boolean {
  if (!node.upstreams || !from.isOverlay || from.link.way === 'up') return false
  if (!isCsmsService(destination[0])) return false
  let kept = bytes
  const isWaiting = node.upstreams.hold(frame.route.networkPath[0], bytes.length, (isOver) => {
    if (!from.isOpen) return
    if (!isOver) return receive(node, from, kept, isBinary, true)
    // Another connection, maybe of another version, must not hear what was meant for this one.
    const gone = new OverlayError('ERR_ROUTE_UNKNOWN', {
      destination: destination[0],
      executed: 'no',
    })
    refuse(node, { from, bytes: kept, isBinary, frame }, gone)
  })
  if (isWaiting) kept = copyOf(bytes)
  return isWaiting
}

/**
 * Whoever has a credential is not reached, and does not speak, over a neighbour that showed none.
 *
 * @throws {OverlayError} ERR_ROUTE_SOURCE
 */
function assertProved(node: Core, from: Neighbour, path: readonly NodeId[]): void {
  if (from.link.credential !== 'none') return
  for (const id of path) {
    if (isUnproved(node, from, id)) {
      throw new OverlayError('ERR_ROUTE_SOURCE', { neighbour: from.id, source: id })
    }
  }
}

/**
 * A station that is connected here, or that another link has announced, does not speak over this
 * one. Nodes may: they can have several ways to each other.
 *
 * @throws {OverlayError} ERR_ROUTE_SOURCE
 */
function assertMaySpeak(node: Core, from: Neighbour, source: NodeId): void {
  if (!from.isOverlay) return
  const known = node.table.get(source)
  if (!known || known.link === from) return
  const isHere = known.origin === 'direct' && isStandardStation(known.link)
  if (isHere || (known.announced && !node.table.isAnnouncedOver(source, from))) {
    throw new OverlayError('ERR_ROUTE_SOURCE', { neighbour: from.id, source })
  }
}

/** The service that a station of this version means without saying so. */
function serviceOf(node: Core, protocol: Protocol): NodeId {
  const name = protocol === 'ocpp1.6' ? 'CentralSystem' : 'CSMS'
  return (node.operator === undefined ? name : `${node.operator}/${name}`) as NodeId
}

type Destination = Route['destination']

/**
 * Undefined when the request is for this node; else the hops that are left. The first hop of a
 * source route must be this node and is consumed.
 *
 * @throws {OverlayError} ERR_ROUTE_SOURCE_ROUTE
 */
function localOrOnward(node: Core, destination: Destination): Destination | undefined {
  const isOwn = isOwnName(node, destination[0])
  if (destination.length === 1) return isOwn ? undefined : destination
  if (!isOwn) throw new OverlayError('ERR_ROUTE_SOURCE_ROUTE')
  return destination.slice(1) as unknown as Destination
}

function isOwnName(node: Core, id: NodeId): boolean {
  if (isSameId(id, node.id)) return true
  for (const service of node.services) if (isSameId(id, service)) return true
  return false
}
