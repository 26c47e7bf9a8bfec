import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { NodeId } from '../primitives/ids.ts'
import { denialError } from '../routing/filters/filters.ts'
import { decodeBinaryPayload } from '../security/binary-payload.ts'
import { plainAction } from '../security/signed-message.ts'
import { KINDS } from '../wire/frame.ts'
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
 * @returns The frame as the rules leave it.
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
  // What is signed can be stopped, but not be made another without its signer.
  if (payload !== frame.payload)
    throw new OverlayError('ERR_FILTERED', {
      rule: verdict.rules[0] ?? '',
      problem: 'a rule would change it, and it is signed',
    })
  // Without its origin, or the old bytes would be spliced.
  const { origin: _, ...rest } = frame
  return { ...rest, payload: verdict.payload }
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
