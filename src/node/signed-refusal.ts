/**
 * Errors about requests that were not obeyed. Who has signed what he asks is told so signed, or he
 * could not tell it from what anybody on the way writes.
 *
 * @spec docs/security.md, "Errors"
 */
import type { OverlayError } from '../errors.ts'
import type { RequestReference } from '../security/header.ts'
import { plainAction } from '../security/signed-message.ts'
import type { Frame } from '../wire/frame.ts'
import { encodePayload, type JsonObject, parsePayload } from '../wire/payload.ts'
import type { Core, RoutedFrame } from './core.ts'
import { secureAnswer } from './edge.ts'
import type { Neighbour } from './neighbour.ts'
import { peerOf, sideOf } from './peer-facts.ts'
import { addressed } from './reply-error.ts'
import type { RefusedCall } from './security-gate.ts'
import type { Outgoing } from './signing.ts'

/** What is known of a refused request, where its error is to be signed. */
export function toBeSigned(
  node: Core,
  from: Neighbour,
  error: OverlayError,
): RefusedCall | undefined {
  return from.isOverlay ? node.gate?.refused.get(error) : undefined
}

/**
 * The error as this node signs it, or attests it in the name of the standard peer that was asked.
 * Where that fails it goes unsigned, as one of a hop: better than none.
 */
export async function signedRefusal(
  node: Core,
  from: Neighbour,
  { frame, answer, refused }: { readonly frame: RoutedFrame; readonly answer: Frame; readonly refused: RefusedCall }, // biome-ignore format: one line
): Promise<Frame> {
  const { protocol, reference, inNameOf } = refused
  const action = plainAction(frame.action) ?? frame.action
  const [source] = frame.route.networkPath
  if (!inNameOf) {
    return signedOwnError(node, from, answer, { action, protocol, to: source, request: reference })
  }
  try {
    const secured = { protocol, reference, seen: undefined, form: 'top', isOwnWord: false } as const // biome-ignore format: one line
    const route = { destination: [source], networkPath: [inNameOf.id] } as const
    const told = secureAnswer(node, { action, source, secured }, { from: inNameOf, to: from }, { ...answer, route }) // biome-ignore format: one line
    return addressed(told, from, source, [inNameOf.id, node.id])
  } catch (cause) {
    node.log.error('signing.failed', { action, error: String(cause) })
    return answer
  }
}

/** An error of this node itself, signed; where that fails unsigned, as one of a hop: better than none. */
export async function signedOwnError(
  node: Core,
  from: Neighbour,
  error: Frame,
  about: Pick<Outgoing, 'action' | 'protocol' | 'to'> & { readonly request: RequestReference },
): Promise<Frame> {
  const { type, errorCode: code, errorDescription: description } = error
  const action = plainAction(about.action) ?? about.action
  try {
    const details = parsePayload(error.payload) as JsonObject
    const said = { ...about, type, action, payload: { code, description, details }, link: peerOf(from), side: sideOf(from) } // biome-ignore format: one line
    const signed = await node.gate?.sign(said)
    return signed ? { ...error, payload: encodePayload(signed.payload) } : error
  } catch (cause) {
    node.log.error('signing.failed', { action, error: String(cause) })
    return error
  }
}
