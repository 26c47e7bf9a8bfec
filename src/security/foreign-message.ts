/**
 * Signed messages of another make: `<Action>-Signed` with a header of OCPP and without our `v`. They
 * say who and what, and nothing of when, so they count only beside what an edge has seen.
 *
 * @spec OCPP 2.1 Part 4, signed messages; docs/security.md, Carriers
 */
import { OverlayError } from '../errors.ts'
import type { JsonObject } from '../wire/payload.ts'
import { algorithm, algorithmOfHeader, isSignatureOf } from './algorithms.ts'
import { decodeBase64url, isBase64urlOf } from './base64url.ts'
import { parseStrict } from './canonical.ts'
import { isRsaKey, isRsaSignatureOf, type KnownKey } from './rsa-key.ts'
import type { FlattenedJws } from './signed-message.ts'
import { type Expected, type KeyLookup, signingInput } from './statement.ts'
import { refuse, type Unverified } from './verdict.ts'

/** A header of another make, as far as it is understood. */
interface ForeignHeader {
  readonly alg: string
  readonly kid: string | undefined
  /** base64url of SHA-256 of the certificate of the key. */
  readonly certificate: string | undefined
  readonly action: unknown
  readonly messageType: unknown
}

/** A signed message of another make; nothing is verified. */
export interface ForeignMessage {
  readonly jws: FlattenedJws
  readonly header: ForeignHeader
  /** What is signed, byte for byte. */
  readonly bytes: Uint8Array
  readonly payload: JsonObject
}

/** Members that change how a header is to be read; nobody here does. */
const NOT_UNDERSTOOD = ['crit', 'b64']

/** Whether the header of a flattened JWS is not one of ours. */
export function isForeign({ protected: text }: FlattenedJws): boolean {
  const header = parsed(decodeBase64url(text))
  return header !== undefined && !Object.hasOwn(header, 'v')
}

/** Takes a signed message of another make apart. */
export function readForeign(jws: FlattenedJws): ForeignMessage | Unverified {
  const malformed = (problem: string) => refuse('header-malformed', { index: 0, problem })
  const header = parsed(decodeBase64url(jws.protected))
  if (!header) return malformed('it is not JSON that means one thing only')
  const { alg, kid, 'x5t#S256': certificate } = header
  if (typeof alg !== 'string') return malformed('alg is missing or wrong')
  if (kid !== undefined && typeof kid !== 'string') return malformed('kid is missing or wrong')
  if (certificate !== undefined && !isThumbprint(certificate)) return malformed('x5t#S256 is missing or wrong') // biome-ignore format: one line
  if (NOT_UNDERSTOOD.some((name) => Object.hasOwn(header, name))) return malformed('it has a member that has no meaning here') // biome-ignore format: one line
  const bytes = decodeBase64url(jws.payload)
  const payload = parsed(bytes)
  if (!bytes || !payload) return refuse('payload-malformed', { problem: 'it is not JSON that means one thing only' }) // biome-ignore format: one line
  // The specification spells it in two ways.
  const { OCPPMessageTypedId, OCPPMessageTypeId = OCPPMessageTypedId } = header
  const read = { alg, kid, certificate, action: header.OCPPAction, messageType: OCPPMessageTypeId }
  return { jws, header: read, bytes, payload }
}

/**
 * Whose signature it is.
 *
 * @returns The kid of a key that is known here and has signed it; undefined where its key is not
 *   known.
 */
export function verifyForeign(
  { jws, header, bytes }: ForeignMessage,
  { expected, keyOf }: { readonly expected: Expected; readonly keyOf: KeyLookup },
): { readonly kid: string | undefined } | Unverified {
  if (expected.kind !== 'message') return refuse('not-this-data', { member: 'OCPPAction' })
  const { action, messageType } = expected
  if (header.action !== action) return refuse('not-this-message', { member: 'OCPPAction' })
  if (header.messageType !== messageType) return refuse('not-this-message', { member: 'OCPPMessageTypedId' }) // biome-ignore format: one line
  const key = selectedKey(header, keyOf)
  if (!key) return { kid: undefined }
  if ('status' in key) return key
  if ((algorithmOfHeader(header.alg)?.name ?? header.alg) !== key.alg) return refuse('algorithm-of-key', { index: 0 }) // biome-ignore format: one line
  const value = decodeBase64url(jws.signature)
  const length = isRsaKey(key) ? key.valueBytes : algorithm(key.alg).valueBytes
  if (value?.length !== length) return refuse('value-malformed', { index: 0, encoding: 'base64url' }) // biome-ignore format: one line
  const input = signingInput(jws.protected, bytes)
  const isGood = isRsaKey(key) ? isRsaSignatureOf(key, input, value) : isSignatureOf(key, input, value) // biome-ignore format: one line
  return isGood ? { kid: key.kid } : refuse('signature-invalid', { index: 0 })
}

/**
 * The key that a header names: by its kid, else by its certificate. A kid that nobody here knows may be
 * a name of the other make's own, so the certificate selects then.
 */
function selectedKey(
  { kid, certificate }: ForeignHeader,
  keyOf: KeyLookup,
): KnownKey | Unverified | undefined {
  const found = kid === undefined ? undefined : keyOf(kid)
  // A lookup that answers with another key would make its owner the signer.
  const byKid = found?.kid === kid ? found : undefined
  if (certificate === undefined) return byKid
  const byCertificate = keyOf.certificates?.keyOf(certificate)
  if (!byKid) return byCertificate
  const own = keyOf.certificates?.of(byKid.kid)
  // Two names, two keys: whichever is meant, the other one is said to have signed as well.
  const isAnother = own === undefined ? byCertificate !== undefined : own !== certificate
  return isAnother ? refuse('header-malformed', { index: 0, problem: 'kid and x5t#S256 name different keys' }) : byKid // biome-ignore format: one line
}

function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && isBase64urlOf(value, 32)
}

function parsed(bytes: Uint8Array | undefined): JsonObject | undefined {
  try {
    return bytes && parseStrict(bytes)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    return undefined
  }
}
