/**
 * Signatures of the reference implementation: of the text of a payload, with the name of its structure
 * before it. They say who and what; nothing of when, for whom, or in answer to what. So they never
 * come to more than the assurance `legacy`, and are read and written only where somebody has asked for
 * that.
 *
 * @spec docs/security.md, Carriers
 */
import { verify } from 'node:crypto'
import { OverlayError } from '../errors.ts'
import { actionRow } from '../messages/actions.ts'
import type { Protocol } from '../messages/protocols.ts'
import { cutMember } from '../wire/member.ts'
import type { JsonObject } from '../wire/payload.ts'
import { type AlgorithmName, algorithm as algorithmNamed, algorithmOfEntry } from './algorithms.ts'
import { encodeBase64url } from './base64url.ts'
import { canonicalize } from './canonical.ts'
import { derOf } from './ecdsa-value.ts'
import { MAX_ENTRIES, MAX_VALUE_CHARACTERS } from './entry.ts'
import { isObject } from './header.ts'
import { sha256 } from './jwk.ts'
import { type Signer, signWith } from './signer.ts'
import type { KeyLookup } from './statement.ts'
import { refuse, type Unverified } from './verdict.ts'

/** The one version whose structures have names that are known here. */
export const LEGACY_PROTOCOL: Protocol = 'ocpp2.1'

/** On which side of a link its sender is: a station, or what stands for one, or who commands these. */
export type LegacySide = 'cs' | 'csms'

/** Which structure a payload is, of OCPP 2.1. */
interface Structure {
  readonly action: string
  readonly messageType: number
}

/** A message as it came, and what it is. */
export interface LegacyMessage extends Structure {
  /** Its payload byte for byte, signatures included. */
  readonly payload: Uint8Array
  readonly entries: readonly unknown[]
}

/** A message of this node, and who is to sign it. */
export interface LegacySaying extends Structure {
  /** Its payload as it is sent, but for the signature. */
  readonly payload: Uint8Array
  readonly protocol: Protocol
  /** Counts where both sides may say it. */
  readonly side: LegacySide
}

/** As the reference writes it: what is not there has its usual value. */
export interface LegacySignature {
  /** The point that is the public key, not compressed; base64. */
  readonly keyId: string
  /** DER, in base64. */
  readonly value: string
  /** Default `secp256r1`. */
  readonly algorithm?: string
}

/** Whether the signatures of a message are of that form: all of them, none, or some. */
export function legacyShare(entries: readonly unknown[]): 'all' | 'none' | 'some' {
  const found = entries.filter((entry) => isObject(entry) && !Object.hasOwn(entry, 'protected'))
  if (found.length === 0) return 'none'
  return found.length === entries.length ? 'all' : 'some'
}

/** Why a key of this kind makes no such signature; undefined where it does. */
export function whyNotLegacy(alg: AlgorithmName): string | undefined {
  const curve = CURVES.get(alg)
  if (!curve) return 'the legacy form takes a key of P-256 or P-521'
  // A signer hashes as JOSE says, and nobody can ask it for the other digest.
  if (curve.hash !== algorithmNamed(alg).hash) return `the legacy form takes ${curve.hash} for ${curve.crv}, and who holds the key another hash` // biome-ignore format: one line
  return undefined
}

/**
 * Signs a message as the reference does.
 *
 * @param keyOf Finds the own public key: a signer only signs.
 * @throws {OverlayError} ERR_SIGNATURE_FAILED also for a key, or a version of OCPP, that the form has not.
 */
export async function signLegacy(
  saying: LegacySaying,
  signer: Signer,
  keyOf: KeyLookup,
): Promise<LegacySignature> {
  const { kid: keyId, alg } = signer
  const key = keyOf(keyId)
  const problem =
    saying.protocol === LEGACY_PROTOCOL ? whyNotLegacy(alg) : 'the legacy form is of OCPP 2.1'
  if (problem !== undefined) throw new OverlayError('ERR_SIGNATURE_FAILED', { keyId, problem })
  if (!key) throw new OverlayError('ERR_SIGNATURE_FAILED', { keyId, problem: 'its record is not known here' }) // biome-ignore format: one line
  const value = await signWith(signer, legacyBytes(saying.payload, contextBy(saying.side, saying)))
  const [name] = algorithmNamed(alg).entryNames
  return {
    keyId: pointOf(key.jwk),
    value: Buffer.from(derOf(value)).toString('base64'),
    ...(name !== USUAL && { algorithm: name }),
  }
}

/** kids of the keys that entries name, as far as they name one; nothing is verified. */
export function legacyKidsIn(entries: readonly unknown[]): readonly string[] {
  return entries.slice(0, MAX_ENTRIES).flatMap((entry, index) => {
    const read = isObject(entry) ? readLegacyEntry(entry, index) : undefined
    return read && 'kid' in read ? [read.kid] : []
  })
}

/**
 * Whose signatures they are. As elsewhere a key is looked up: the one that an entry bears selects it.
 *
 * @returns The kids of keys that are known here and have signed it; unknown ones count for nothing.
 */
export function verifyLegacy(
  message: LegacyMessage,
  keyOf: KeyLookup,
): { readonly kids: readonly string[]; readonly unknownKeys: number } | Unverified {
  const { entries } = message
  if (entries.length > MAX_ENTRIES) return refuse('too-many-entries', { actual: entries.length, limit: MAX_ENTRIES }) // biome-ignore format: one line
  const texts = contextsOf(message).map((context) => legacyBytes(message.payload, context))
  const kids: string[] = []
  let unknownKeys = 0
  for (const [index, entry] of entries.entries()) {
    const read = readLegacyEntry(entry as JsonObject, index)
    if ('status' in read) return read
    const key = keyOf(read.kid)
    if (!key) {
      unknownKeys++
      continue
    }
    if (kids.includes(key.kid)) return refuse('signer-twice')
    const isGood = texts.some((bytes) => verify(read.hash, bytes, key.key, read.value))
    if (!isGood) return refuse('signature-invalid', { index })
    kids.push(key.kid)
  }
  return { kids, unknownKeys }
}

/** The bytes that are signed: what was written, without blanks between, and the context in front. */
export function legacyBytes(payload: Uint8Array, context: string): Uint8Array {
  const text = withoutBlanks(Buffer.from(cutMember(payload, 'signatures')).toString('utf8'))
  const head = `{"@context":${JSON.stringify(context)}`
  return Buffer.from(text === '{}' ? `${head}}` : `${head},${text.slice(1)}`)
}

interface LegacyEntry {
  readonly kid: string
  readonly hash: string
  /** DER. */
  readonly value: Uint8Array
}

// biome-ignore format: a table
/** What the reference hashes with; for P-384 it is not what JOSE does. */
const CURVES: ReadonlyMap<string, { readonly crv: string; readonly bytes: number; readonly hash: string }> = new Map([
  ['ES256', { crv: 'P-256', bytes: 32, hash: 'sha256' }],
  ['ES384', { crv: 'P-384', bytes: 48, hash: 'sha512' }],
  ['ES512', { crv: 'P-521', bytes: 66, hash: 'sha512' }],
])
const UNCOMPRESSED = 4
/** The algorithm of entries that name none. */
const USUAL = 'secp256r1'

function readLegacyEntry(entry: JsonObject, index: number): LegacyEntry | Unverified {
  const { keyId, value, algorithm = USUAL } = entry
  const malformed = (problem: string) => refuse('entry-malformed', { index, problem })
  if (typeof keyId !== 'string' || typeof value !== 'string' || typeof algorithm !== 'string') return malformed('keyId, value and algorithm are texts') // biome-ignore format: one line
  if (Math.max(keyId.length, value.length) > MAX_VALUE_CHARACTERS) return refuse('value-too-long', { index, limit: MAX_VALUE_CHARACTERS }) // biome-ignore format: one line
  const curve = CURVES.get(algorithmOfEntry(algorithm)?.name ?? '')
  if (!curve) return malformed('its algorithm is not known')
  const point = Buffer.from(keyId, 'base64')
  if (point.length !== 1 + 2 * curve.bytes || point[0] !== UNCOMPRESSED) return malformed('keyId is no point of its curve') // biome-ignore format: one line
  const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)]
  const jwk = { crv: curve.crv, kty: 'EC', x: encodeBase64url(x), y: encodeBase64url(y) }
  return { kid: sha256(canonicalize(jwk)), hash: curve.hash, value: Buffer.from(value, 'base64') }
}

const CONTEXT = 'https://open.charging.cloud/context/ocpp'
/** Actions whose contexts begin with a capital letter. */
const CAPITAL: ReadonlySet<string> = new Set(['Heartbeat', 'Reset'])

// biome-ignore format: a table
/** Structures whose names follow no rule. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ['AdjustPeriodicEventStreamRequest', 'v2.1/csms/AdjustPeriodicEventStreamsRequest'],
  ['ChangeTransactionTariffRequest',   'v2.1/csms/changeTransactionTariff'],
  ['NotifyWebPaymentStartedRequest',   'v2.0.1/cs/notifyWebPaymentStartedRequest'],
])

/** What the structure may be called: of what both sides may ask for the sender is not known. */
function contextsOf(structure: Structure): readonly string[] {
  return [...new Set((['cs', 'csms'] as const).map((side) => contextBy(side, structure)))]
}

/** What the structure is called; where only one side may say it, it is that one. */
function contextBy(side: LegacySide, { action, messageType }: Structure): string {
  const isRequest = messageType === 2 || messageType === 6
  const kind = isRequest ? 'Request' : 'Response'
  const exception = EXCEPTIONS.get(`${action}${kind}`)
  if (exception !== undefined) return `${CONTEXT}/${exception}`
  const { from = 'both' } = actionRow(LEGACY_PROTOCOL, action) ?? {}
  const isOfStation = from === 'both' ? side === 'cs' : (from === 'station') === isRequest
  const name = CAPITAL.has(action) ? action : action.charAt(0).toLowerCase() + action.slice(1)
  return `${CONTEXT}/v2.1/${isOfStation ? 'cs' : 'csms'}/${name}${kind}`
}

function pointOf({ x, y }: JsonObject): string {
  const [left, right] = [x, y].map((part) => Buffer.from(String(part), 'base64url'))
  return Buffer.concat([Buffer.of(UNCOMPRESSED), left ?? Buffer.of(), right ?? Buffer.of()]).toString('base64') // biome-ignore format: one line
}

/** JSON that was read before, without blanks between its parts. */
function withoutBlanks(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|[\t\n\r ]+/g, (part) => (part.startsWith('"') ? part : ''))
}
