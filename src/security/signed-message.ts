/**
 * The signed message of OCPP: action `<Action>-Signed`, payload a flattened JWS. Where its bytes are
 * canonical, the value is the same as that of an entry, so one becomes the other without a key.
 *
 *     { "payload": base64url(JCS(payload)), "protected": base64url(header), "signature": value }
 */
import { OverlayError } from '../errors.ts'
import type { JsonObject } from '../wire/payload.ts'
import { algorithmOfHeader } from './algorithms.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { canonicalize, parseStrict } from './canonical.ts'
import { stripSignatures, takeSignatures } from './carriers.ts'
import { type SignatureEntry, whatIsTooLong } from './entry.ts'
import { decodeHeader } from './header.ts'
import { type Expected, type KeyLookup, verifyStatement } from './statement.ts'
import { refuse, type Unverified, type Verdict } from './verdict.ts'

/** A flattened JWS (RFC 7515 section 7.2.2); all members are base64url. */
export interface FlattenedJws {
  readonly payload: string
  readonly protected: string
  readonly signature: string
}

/** A signed message taken apart; its entry is not verified. */
export interface Unpacked {
  /** As it was signed, byte for byte. */
  readonly bytes: Uint8Array
  readonly payload: JsonObject
  readonly entry: SignatureEntry
  /** Whether the bytes are canonical: else it must travel as it is. */
  readonly isCanonical: boolean
}

const SUFFIX = '-Signed'

/** `Heartbeat` → `Heartbeat-Signed`. */
export function signedAction(action: string): string {
  return action + SUFFIX
}

/** `Heartbeat-Signed` → `Heartbeat`; undefined when the action is not one of a signed message. */
export function plainAction(action: string): string | undefined {
  return action.endsWith(SUFFIX) && action.length > SUFFIX.length
    ? action.slice(0, -SUFFIX.length)
    : undefined
}

/**
 * Turns a payload and one of its entries into a signed message, without a key.
 *
 * @param originator kid of the key whose entry it is: only the originator's may stand alone.
 * @returns undefined when there is no such entry, it is an attestation, or not ES256. `dropped` are
 *   the kids of the other entries: the hop that converts says so in its attestation.
 */
export function packSigned(
  payload: JsonObject,
  entries: readonly SignatureEntry[],
  originator: string,
): { readonly message: FlattenedJws; readonly dropped: readonly string[] } | undefined {
  const entry = entries.find(({ keyId }) => keyId === originator)
  if (entry?.signingMethod !== 'json') return undefined
  const header = decodeHeader(entry.protected)
  if (typeof header === 'string' || header.alg !== 'ES256' || header.att) return undefined
  if ((entry.encoding ?? 'base64url') !== 'base64url') return undefined
  const message = {
    payload: encodeBase64url(canonicalize(stripSignatures(payload))),
    protected: entry.protected,
    signature: entry.value,
  }
  const dropped = entries.map(({ keyId }) => keyId).filter((kid) => kid !== originator)
  return { message, dropped }
}

/**
 * Takes a signed message apart. The entry may replace it only where `isCanonical`.
 *
 * Signed messages of another make (without `v`) are refused here: see `foreign-message.ts`.
 */
export function unpackSigned(message: JsonObject): Unpacked | Unverified {
  const jws = readFlattened(message)
  if ('status' in jws) return jws
  const header = decodeHeader(jws.protected)
  if (typeof header === 'string') return refuse('header-malformed', { index: 0, problem: header })
  const algorithm = algorithmOfHeader(header.alg)
  if (!algorithm) return refuse('header-malformed', { index: 0, problem: 'alg is not known' })
  const bytes = decodeBase64url(jws.payload)
  if (!bytes) return refuse('payload-malformed', { problem: 'it is not canonical base64url' })
  let payload: JsonObject
  try {
    payload = parseStrict(bytes)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    return refuse('payload-malformed', { problem: 'it is not JSON that means one thing only' })
  }
  const taken = takeSignatures(payload)
  if ('status' in taken) return taken
  if (taken.carrier) return refuse('two-carriers', { problem: 'around the payload and inside it' })
  const entry: SignatureEntry = {
    keyId: header.kid,
    value: jws.signature,
    algorithm: algorithm.entryNames[0],
    signingMethod: 'json',
    protected: jws.protected,
  }
  // A signer strips before it signs; what is left to strip was not signed as a statement of ours.
  const isCanonical = encodeBase64url(canonicalize(taken.payload)) === jws.payload
  return { bytes, payload, entry, isCanonical }
}

/** Verifies a signed message over its bytes as they are; the payload is the one inside. */
export function verifySigned(
  message: JsonObject,
  options: { readonly expected: Expected; readonly keyOf: KeyLookup },
): Verdict & { readonly payload?: JsonObject } {
  const unpacked = unpackSigned(message)
  if ('status' in unpacked) return unpacked
  const verdict = verifyStatement(unpacked.bytes, [unpacked.entry], options)
  return verdict.status === 'refused' ? verdict : { ...verdict, payload: unpacked.payload }
}

/** Whether an answer, which bears no action, is a signed message: no answer of OCPP has such members. */
export function isFlattened(payload: JsonObject): boolean {
  return ['payload', 'protected', 'signature'].every((name) => typeof payload[name] === 'string')
}

/** A flattened JWS with nothing beside it. */
export function readFlattened(message: JsonObject): FlattenedJws | Unverified {
  const { payload, protected: header, signature, ...others } = message
  if (Object.keys(others).length > 0) {
    // An unprotected `header` among them: nobody would notice when it is changed.
    if (Object.hasOwn(others, 'signatures') || Object.hasOwn(others, 'customData')) {
      return refuse('two-carriers', { problem: 'around the payload and beside it' })
    }
    return refuse('entry-malformed', { index: 0, problem: 'unknown member' })
  }
  if (typeof payload !== 'string' || typeof header !== 'string' || typeof signature !== 'string') {
    return refuse('entry-malformed', { index: 0, problem: 'it is no flattened JWS' })
  }
  const tooLong = whatIsTooLong(header, signature, 0)
  if (tooLong) return tooLong
  return { payload, protected: header, signature }
}
