import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import { denialError } from '../routing/filters/filters.ts'
import { decodeBinaryPayload } from '../security/binary-payload.ts'
import { stripSignatures, takeSignatures } from '../security/carriers.ts'
import { plainAction } from '../security/signed-message.ts'
import { KINDS } from '../wire/frame.ts'
import { encodePayload, type JsonObject, parsePayload } from '../wire/payload.ts'
import type { Core, RoutedFrame } from './core.ts'
import type { Neighbour } from './neighbour.ts'
import { protocolOf } from './protocol-of.ts'
import { type Unwrapped, unwrapped, unwrappedAnswer } from './unwrapped.ts'

/** Where a frame came from and is about to go. */
export interface Passage {
  readonly from: Neighbour
  readonly to: Neighbour
  /** Of an answer: what it answers. */
  readonly action: string
  readonly destination: NodeId
}

/**
 * Asks the rules about a frame that would be passed on. What this node says and hears itself is
 * not filtered.
 *
 * @returns The frame as the rules leave it; with `replacement` where that is not yet to be seen.
 * @throws {OverlayError} ERR_FILTERED, ERR_FILTER_DROPPED
 * @spec docs/filters.md
 */
export function filtered(node: Core, frame: RoutedFrame, passage: Passage): RoutedFrame {
  const { filters } = node
  if (!filters) return frame
  const { from, to, destination } = passage
  const { networkPath } = frame.route
  const { action, payload } = insideOf(frame, passage.action)
  const verdict = filters.judge(
    {
      kind: KINDS[frame.type],
      action,
      source: networkPath[0],
      networkPath,
      destination,
      from: from.label,
      to: to.label,
      payload,
      bytes: node.arrivalBytes,
      isBinary: frame.encoding === 'binary',
      protocol: versionOf(node, frame, passage),
      arrival: frame,
    },
    node.clock.now(),
  )
  if (!verdict) return frame
  if (verdict.effect !== 'replace') throw denialError(verdict)
  const isWrapped = payload !== frame.payload
  // Without its origin, or the old bytes would be spliced.
  const { origin: _, ...rest } = frame
  if (!isWrapped && !bearsSignatures(payload)) return { ...rest, payload: verdict.payload }
  // What is signed can be stopped, but not be made another without its signer: nobody behind this
  // node would obey it. In front of a plain peer this node verifies it, and then nobody else does.
  if (isWrapped || (from.isOverlay && to.isOverlay)) {
    throw new OverlayError('ERR_FILTERED', {
      rule: verdict.rules[0] ?? '',
      problem: 'a rule would change it, and it is signed for others',
    })
  }
  const replacement = unsigned(verdict.payload)
  return from.isOverlay && node.gate ? { ...rest, replacement } : { ...rest, payload: replacement }
}

/** The frame as a filter has it, once what was signed has been verified. */
export function asReplaced({ replacement, ...frame }: RoutedFrame): RoutedFrame {
  return replacement ? { ...frame, payload: replacement } : frame
}

function bearsSignatures(payload: Uint8Array): boolean {
  const taken = takeSignatures(parsePayload(payload) as JsonObject)
  return 'status' in taken || taken.entries.length > 0
}

function unsigned(payload: Uint8Array): Uint8Array {
  return encodePayload(stripSignatures(parsePayload(payload) as JsonObject))
}

/** What the rules are about: of a signed message what is in it. */
export function insideOf(
  { type, payload, encoding }: Pick<RoutedFrame, 'type' | 'payload' | 'encoding'>,
  action: string,
): Unwrapped {
  const plain = plainAction(action)
  if (plain === undefined) return { action, payload }
  if (encoding === 'binary') return { action: plain, payload: bodyOf(payload) }
  if (type === 2 || type === 6) return unwrapped(action, payload)
  return { action: plain, payload: type === 3 ? unwrappedAnswer(payload) : payload }
}

/** What cannot be taken apart is judged as it is: its receiver refuses it. */
function bodyOf(payload: Uint8Array): Uint8Array {
  const decoded = decodeBinaryPayload(payload)
  return 'status' in decoded ? payload : decoded.body
}

/** The version of whoever writes or reads the payload as a station, or as a standard peer. */
function versionOf(node: Core, frame: RoutedFrame, passage: Passage): Protocol {
  const { from, to, destination } = passage
  if (!to.isOverlay) return to.link.protocol
  const announced = node.table.get(destination)?.announced
  return announced ? (announced.protocol as Protocol) : protocolOf(node, from, frame)
}
