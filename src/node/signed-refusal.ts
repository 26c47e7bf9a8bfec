/**
 * Errors about requests that were not obeyed. Who has signed what he asks is told so signed, or he
 * could not tell it from what anybody on the way writes.
 *
 * @spec docs/security.md, "Errors"
 */
import type { OverlayError } from '../errors.ts'
import { plainAction } from '../security/signed-message.ts'
import type { Frame } from '../wire/frame.ts'
import { encodePayload, type JsonObject, parsePayload } from '../wire/payload.ts'
import type { Core, RoutedFrame } from './core.ts'
import { secureAnswer } from './edge.ts'
import type { Neighbour } from './neighbour.ts'
import { peerOf, sideOf } from './peer-facts.ts'
import { addressed } from './reply-error.ts'
import type { RefusedCall } from './security-gate.ts'

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
  try {
    if (inNameOf) {
      const secured = { protocol, reference, seen: undefined, form: 'top', isOwnWord: false } as const // biome-ignore format: one line
      const route = { destination: [source], networkPath: [inNameOf.id] } as const
      const told = secureAnswer(node, { action, source, secured }, { from: inNameOf, to: from }, { ...answer, route }) // biome-ignore format: one line
      return addressed(told, from, source, [inNameOf.id, node.id])
    }
    const { errorCode: code, errorDescription: description } = answer
    const details = parsePayload(answer.payload) as JsonObject
    const said = { type: 4, action, protocol, payload: { code, description, details }, to: source, link: peerOf(from), side: sideOf(from), request: reference } as const // biome-ignore format: one line
    const signed = await node.gate?.sign(said)
    return signed ? { ...answer, payload: encodePayload(signed.payload) } : answer
  } catch (cause) {
    node.log.error('signing.failed', { action, error: String(cause) })
    return answer
  }
}
