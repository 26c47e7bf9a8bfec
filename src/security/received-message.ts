import type { JsonObject } from '../wire/payload.ts'
import { decodeBinaryPayload } from './binary-payload.ts'
import { canonicalize } from './canonical.ts'
import { type Carrier, takeSignatures } from './carriers.ts'
import { MAX_ENTRIES, type SigningMethod } from './entry.ts'
import { type ForeignMessage, isForeign, readForeign, verifyForeign } from './foreign-message.ts'
import { decodeHeader, disagreement, isObject, type MessageFields, type StatementHeader } from './header.ts' // biome-ignore format: one line
import { sha256 } from './jwk.ts'
import { type LegacyMessage, legacyShare, verifyLegacy } from './legacy-message.ts'
import { readFlattened, unpackSigned } from './signed-message.ts'
import { type Expected, type KeyLookup, verifyStatement } from './statement.ts'
import { refuse, type Unverified, unproved, type Verdict } from './verdict.ts'

/** A message as it arrived, in whichever carrier; nothing is verified. */
export interface ReceivedMessage {
  /** What it says, without signatures. */
  readonly payload: JsonObject
  /** The JWS payload of `entries`. */
  readonly bytes: Uint8Array
  readonly entries: readonly unknown[]
  /** undefined: nobody has signed it. `wwcp` is the legacy form. */
  readonly carrier: Carrier | 'signed' | 'wwcp' | undefined
  /** `binary`: `bytes` is the body, and `payload` says nothing. */
  readonly method: SigningMethod
  /** Of a signed message that cannot become members without its signer. */
  readonly opaque: OpaqueMessage | undefined
  /** Of `wwcp`: its payload byte for byte, which is what has been signed. */
  readonly text?: Uint8Array
}

/** A signed message that travels as it is. */
export interface OpaqueMessage {
  /** The flattened JWS, without what hops have put beside it. */
  readonly message: JsonObject
  /** What hops sign: the canonical form of `message`. */
  readonly bytes: Uint8Array
  /** Entries of hops. */
  readonly entries: readonly unknown[]
  /** Of another make. */
  readonly foreign: ForeignMessage | undefined
}

/** What is known of the signers of a message. */
export interface JudgedMessage {
  readonly verdict: Verdict
  /** Of the statement that says what, when and for whom it is; only where it is verified. */
  readonly header: MessageFields | undefined
  /** The same as it stands there, also by keys that are not known. */
  readonly claimed: MessageFields | undefined
  /** base64url of SHA-256 of the JWS payload of that statement. */
  readonly digest: string
  /** Who has signed a message of another make, by a key that is known. */
  readonly foreignKid: string | undefined
  /** Who has signed it in the legacy form; undefined: nobody has, or it is not read here. */
  readonly legacyKids?: readonly string[]
}

interface Verifying {
  readonly expected: Expected
  readonly keyOf: KeyLookup
}

/**
 * Takes a message apart.
 *
 * @param payload What `parseStrict` returned; of an error its details.
 * @param isWrapped Its action says so, or `isFlattened` of an answer.
 * @param legacyText Where the legacy form is read: the payload as it was written.
 * @throws what `canonicalize` throws.
 */
export function readMessage(
  payload: JsonObject,
  { isWrapped, error, legacyText }: { readonly isWrapped: boolean; readonly error?: object; readonly legacyText?: Uint8Array | undefined }, // biome-ignore format: one line
): ReceivedMessage | Unverified {
  const taken = takeSignatures(payload)
  if ('status' in taken) return taken
  if (isWrapped) return readWrapped(taken.payload, taken.entries)
  const bytes = canonicalize(error ? { ...error, details: taken.payload } : taken.payload)
  const { entries, carrier } = taken
  const plain = { payload: taken.payload, bytes, entries, method: 'json', opaque: undefined } as const // biome-ignore format: one line
  const isReadable = legacyText !== undefined && !error && carrier === 'top'
  const share = isReadable ? legacyShare(entries) : 'none'
  if (share === 'some') return refuse('two-carriers', { problem: 'as statements and in the legacy form' }) // biome-ignore format: one line
  return share === 'all' && legacyText ? { ...plain, carrier: 'wwcp', text: legacyText } : { ...plain, carrier } // biome-ignore format: one line
}

/** Takes a binary CALL, SEND or CALLRESULT apart; `isWrapped` as its action, or its request, says. */
export function readBinaryMessage(
  bytes: Uint8Array,
  isWrapped: boolean,
): ReceivedMessage | Unverified {
  const bare = { payload: {}, method: 'binary', opaque: undefined } as const
  if (!isWrapped) return { ...bare, bytes, entries: [], carrier: undefined }
  const decoded = decodeBinaryPayload(bytes)
  if ('status' in decoded) return decoded
  return { ...bare, bytes: decoded.body, entries: decoded.entries, carrier: 'signed' }
}

/** Without signatures: what a link that carries none has said. */
export function bareMessage(received: ReceivedMessage): ReceivedMessage {
  const { payload, bytes, opaque, method } = received
  const own = opaque ? canonicalize(payload) : bytes
  return { payload, bytes: own, entries: [], carrier: undefined, method, opaque: undefined }
}

function readWrapped(
  message: JsonObject,
  entries: readonly unknown[],
): ReceivedMessage | Unverified {
  const jws = readFlattened(message)
  if ('status' in jws) return jws
  const wrap = { message, bytes: canonicalize(message), entries }
  if (isForeign(jws)) {
    const foreign = readForeign(jws)
    if ('status' in foreign) return foreign
    const { payload, bytes } = foreign
    return { payload, bytes, entries: [], carrier: 'signed', method: 'json', opaque: { ...wrap, foreign } } // biome-ignore format: one line
  }
  const unpacked = unpackSigned(message)
  if ('status' in unpacked) return unpacked
  const { payload, bytes, entry, isCanonical } = unpacked
  // What hops have signed is the wrapping, so it has to stay.
  const opaque = isCanonical && entries.length === 0 ? undefined : { ...wrap, foreign: undefined }
  return { payload, bytes, entries: [entry], carrier: 'signed', method: 'json', opaque }
}

/**
 * Verifies all that has been signed of a message: the statement itself, and what hops have signed of
 * its wrapping. They have to agree as parallel entries do.
 */
export function verifyMessage(received: ReceivedMessage, options: Verifying): JudgedMessage {
  const { bytes, entries, opaque, method, text } = received
  const { expected } = options
  if (text && expected.kind === 'message') return verifyLegacyMessage(received, { ...expected, payload: text, entries }, options.keyOf) // biome-ignore format: one line
  if (!opaque) return judged(verifyStatement(bytes, entries, { ...options, method }), entries, bytes) // biome-ignore format: one line
  if (opaque.entries.length + entries.length > MAX_ENTRIES) {
    return judged(refuse('too-many-entries', { actual: opaque.entries.length + entries.length, limit: MAX_ENTRIES }), [], bytes) // biome-ignore format: one line
  }
  const ofHops = verifyStatement(opaque.bytes, opaque.entries, options)
  if (opaque.foreign) return verifiedForeign(opaque.foreign, ofHops, opaque, options)
  const own = verifyStatement(bytes, entries, options)
  return judged(bothVerdicts(own, ofHops, received), entries, bytes)
}

/**
 * Verifies signatures of the legacy form: the verdict is that nothing is proved, and beside it stands
 * who has signed.
 */
function verifyLegacyMessage(
  { bytes }: ReceivedMessage,
  message: LegacyMessage,
  keyOf: KeyLookup,
): JudgedMessage {
  const found = verifyLegacy(message, keyOf)
  if ('status' in found) return judged(found, [], bytes)
  const { kids, unknownKeys } = found
  const ignored = Array.from({ length: unknownKeys }, () => '')
  const verdict =
    kids.length > 0 ? unproved('unsigned', ignored) : unproved('unknown-keys', ignored)
  return { ...judged(verdict, [], bytes), legacyKids: kids }
}

function verifiedForeign(
  foreign: ForeignMessage,
  ofHops: Verdict,
  { entries, bytes }: OpaqueMessage,
  options: Verifying,
): JudgedMessage {
  const by = verifyForeign(foreign, options)
  const verdict = 'status' in by ? by : ofHops
  const foreignKid = 'status' in by ? undefined : by.kid
  return { ...judged(verdict, entries, bytes), foreignKid }
}

function bothVerdicts(
  own: Verdict,
  ofHops: Verdict,
  { entries, opaque }: ReceivedMessage,
): Verdict {
  if (own.status === 'refused') return own
  if (ofHops.status === 'refused') return ofHops
  const [one, other] = [entries, opaque?.entries ?? []].map(claimedIn)
  const member = one && other && disagreement(one, other)
  if (member) return refuse('headers-differ', { member })
  const ignored = [...own.ignored, ...ofHops.ignored]
  if (own.status !== 'verified') return { ...ofHops, ignored }
  if (ofHops.status !== 'verified') return { ...own, ignored }
  const kids = new Set(own.signers.map(({ kid }) => kid))
  if (ofHops.signers.some(({ kid }) => kids.has(kid))) return refuse('signer-twice')
  return { status: 'verified', signers: [...own.signers, ...ofHops.signers], ignored }
}

function judged(verdict: Verdict, entries: readonly unknown[], bytes: Uint8Array): JudgedMessage {
  const header = verdict.status === 'verified' ? verdict.signers[0].header : undefined
  const claimed = claimedIn(entries)
  return {
    verdict,
    header: messageOf(header),
    claimed: messageOf(claimed),
    digest: sha256(bytes),
    foreignKid: undefined,
  }
}

/** All headers agree in what messages have; what differs is the signer's own. */
function messageOf(header: StatementHeader | undefined): MessageFields | undefined {
  return header?.OCPPAction === undefined ? undefined : header
}

function claimedIn([entry]: readonly unknown[]): StatementHeader | undefined {
  if (!isObject(entry) || typeof entry.protected !== 'string') return undefined
  const header = decodeHeader(entry.protected)
  return typeof header === 'string' ? undefined : header
}
