/**
 * What of the words of others goes over a link that bears only the legacy form. Their statements cannot
 * become such without their keys, and nothing that is said of the loss could stand there either: so they
 * are taken off, counted and told. What came in the legacy form goes on as it is.
 *
 * @spec docs/security.md, Carriers
 */
import { OverlayError } from '../errors.ts'
import { MAX_ENTRIES } from '../security/entry.ts'
import { isObject } from '../security/header.ts'
import { LEGACY_PROTOCOL, legacyKidsIn } from '../security/legacy-message.ts'
import type { ReceivedMessage } from '../security/received-message.ts'
import { plainAction } from '../security/signed-message.ts'
import { type Frame, isErrorType } from '../wire/frame.ts'
import { jsonText } from '../wire/payload.ts'
import { isBinaryMessage } from './binary-messages.ts'
import { bareBytes } from './carrying.ts'
import type { Core, RoutedFrame } from './core.ts'
import { readPassing } from './incoming.ts'
import type { Neighbour } from './neighbour.ts'
import { peerOf } from './peer-facts.ts'

/**
 * A frame for another node as the link bears it; the same one where it may go on as it is.
 *
 * @param answered Of an answer: what it answers.
 * @throws {OverlayError} ERR_POLICY_REFUSED where nobody can tell its signatures from what it says.
 */
export function asLinkBears(
  node: Core,
  to: Neighbour,
  frame: RoutedFrame,
  answered?: string,
): RoutedFrame {
  if (!node.gate || !to.isOverlay || to.carrier !== 'wwcp') return frame
  const { type, payload, route, errorCode: code, errorDescription: description } = frame
  const isError = isErrorType(type)
  const { networkPath: path } = route
  const action = answered === undefined ? frame.action : (plainAction(answered) ?? answered)
  const neighbour = peerOf(to)
  const received = readPassing({
    ...{ type, action, payload, path, neighbour, to: to.id, isBinary: isBinaryMessage(frame) },
    // Whatever its version says: nothing is verified here.
    protocol: LEGACY_PROTOCOL,
    carrier: 'wwcp',
    ...(isError && { error: { code, description } }),
  })
  if (received.problem) throw new OverlayError('ERR_POLICY_REFUSED', { reason: received.problem })
  return withoutStatements(node, to, frame, received)
}

/** A message without what others have signed of it, if that is no legacy form. */
export function withoutStatements(
  node: Core,
  to: Neighbour,
  frame: RoutedFrame,
  received: ReceivedMessage,
): RoutedFrame {
  const { carrier } = received
  if (carrier === undefined || carrier === 'wwcp') return frame
  const action = plainAction(frame.action) ?? frame.action
  tellLost(node, to, { source: frame.route.networkPath[0], action, kids: kidsOf(received) })
  const { origin: _, ...rest } = frame
  return { ...rest, action, payload: bareBytes(frame.payload, received) }
}

/** As they are named there; nothing is verified. */
function kidsOf({ entries, opaque }: ReceivedMessage): readonly string[] {
  const own = opaque?.foreign ? [opaque.foreign.header.kid] : []
  const others = [...(opaque?.entries ?? []), ...entries].map((one) =>
    isObject(one) ? one.keyId : '',
  )
  return [...own, ...others].slice(0, MAX_ENTRIES).map((kid) => jsonText(kid ?? ''))
}

/** kids of signatures of the legacy form, which stand on no other link. */
export function legacyKidsOf({ carrier, entries }: ReceivedMessage): readonly string[] {
  return carrier === 'wwcp' ? legacyKidsIn(entries) : []
}

/**
 * Counts signatures that a link could not carry, and tells them once for each connection: what its
 * setting cannot carry, it never carries.
 */
export function tellLost(
  node: Core,
  to: Neighbour,
  { source, action, kids }: { readonly source: string; readonly kids: readonly string[] } & Pick<Frame, 'action'>, // biome-ignore format: one line
): void {
  to.counters.lostSignatures += kids.length
  if (kids.length === 0 || to.isLossTold) return
  to.isLossTold = true
  node.emit({ name: 'signatures.dropped', link: to.label, source, action, kids })
}
