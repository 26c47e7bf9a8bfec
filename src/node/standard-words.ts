/** What standard peers say, taken apart: as much of it as their links are set to bear. */
import { OverlayError } from '../errors.ts'
import { parseStrict } from '../security/canonical.ts'
import { bareMessage, type ReceivedMessage, readBinaryMessage, readMessage } from '../security/received-message.ts' // biome-ignore format: one line
import { isFlattened, plainAction } from '../security/signed-message.ts'
import type { Unverified } from '../security/verdict.ts'
import type { Frame } from '../wire/frame.ts'
import { isBinaryMessage } from './binary-messages.ts'
import { readsLegacy } from './incoming.ts'
import type { Neighbour } from './neighbour.ts'

/**
 * A message of a standard peer taken apart. What its link is not set to bear counts for nothing: it
 * is left out, and what is wrapped is not taken.
 *
 * @throws {OverlayError} ERR_SCHEMA_JSON, ERR_SCHEMA_UNSUPPORTED, ERR_POLICY_REFUSED
 */
export function readFrom(
  from: Neighbour,
  frame: Frame,
  error?: { readonly code: string; readonly description: string },
): ReceivedMessage {
  const { action, payload } = frame
  const isBinary = isBinaryMessage(frame)
  const { carrier, link } = from
  const isNamed = plainAction(action) !== undefined
  if (isNamed && carrier === 'strip') throw new OverlayError('ERR_SCHEMA_UNSUPPORTED', { action, protocol: link.protocol }) // biome-ignore format: one line
  const received = isBinary ? readBinaryMessage(payload, isNamed) : readText(from, frame, error)
  if ('status' in received) throw new OverlayError('ERR_POLICY_REFUSED', { reason: received.reason }) // biome-ignore format: one line
  const isBorne = carrier !== 'strip' && received.carrier !== 'top' && !error
  return isBorne ? received : { ...bareMessage(received), carrier: received.carrier }
}

function readText(
  { carrier, link: { protocol } }: Neighbour,
  { action, type, payload }: Frame,
  error?: { readonly code: string; readonly description: string },
): ReceivedMessage | Unverified {
  const parsed = parseStrict(payload)
  const isAnswer = type === 3 && carrier !== 'strip' && isFlattened(parsed)
  const isWrapped = plainAction(action) !== undefined || isAnswer
  const legacyText = readsLegacy({ carrier, protocol }) ? payload : undefined
  return readMessage(parsed, { isWrapped, legacyText, ...(error && { error }) })
}
