import { OverlayError } from '../errors.ts'
import { decodeBase64url } from '../security/base64url.ts'
import { plainAction } from '../security/signed-message.ts'
import { parsePayload } from '../wire/payload.ts'

/** An action and what it is about, whether or not OCPP's signing has wrapped them. */
export interface Unwrapped {
  readonly action: string
  readonly payload: Uint8Array
}

/**
 * What rules judge: of `Reset-Signed` the Reset inside, or whoever signs could pass every rule that
 * names what it does. Nothing is verified.
 *
 * @throws {OverlayError} ERR_SCHEMA_JSON where nobody can tell what is inside.
 */
export function unwrapped(action: string, payload: Uint8Array): Unwrapped {
  const plain = plainAction(action)
  if (plain === undefined) return { action, payload }
  const inside = payloadIn(payload)
  if (!inside)
    throw new OverlayError('ERR_SCHEMA_JSON', { problem: 'it is no signed message (JWS)' })
  return { action: plain, payload: inside }
}

/** An answer, which may be wrapped or not. */
export function unwrappedAnswer(payload: Uint8Array): Uint8Array {
  return payloadIn(payload) ?? payload
}

function payloadIn(bytes: Uint8Array): Uint8Array | undefined {
  const { payload, protected: header, signature } = parsePayload(bytes) as Record<string, unknown>
  const isJws = [payload, header, signature].every((member) => typeof member === 'string')
  return isJws ? decodeBase64url(payload as string) : undefined
}
