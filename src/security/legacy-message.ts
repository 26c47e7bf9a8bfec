/**
 * Signatures of the reference implementation: of the text of a payload, with the name of its structure
 * before it. They say who and what; nothing of when, for whom, or in answer to what. So they never
 * come to more than the assurance `legacy`, and are read only where somebody has asked for that.
 *
 * @spec docs/security.md, Carriers
 */
import { verify } from 'node:crypto'
import { actionRow } from '../messages/actions.ts'
import type { Protocol } from '../messages/protocols.ts'
import { cutMember } from '../wire/member.ts'
import type { JsonObject } from '../wire/payload.ts'
import { algorithmOfEntry } from './algorithms.ts'
import { encodeBase64url } from './base64url.ts'
import { canonicalize } from './canonical.ts'
import { MAX_ENTRIES, MAX_VALUE_CHARACTERS } from './entry.ts'
import { isObject } from './header.ts'
import { sha256 } from './jwk.ts'
import type { KeyLookup } from './statement.ts'
import { refuse, type Unverified } from './verdict.ts'

/** A message as it came, and what it is. */
export interface LegacyMessage {
  /** Its payload byte for byte, signatures included. */
  readonly payload: Uint8Array
  readonly entries: readonly unknown[]
  readonly action: string
  readonly messageType: number
  readonly protocol: Protocol
}

/** Whether the signatures of a message are all of that form. */
export function isLegacy(entries: readonly unknown[]): boolean {
  return entries.length > 0 && entries.every((entry) => isObject(entry) && !Object.hasOwn(entry, 'protected')) // biome-ignore format: one line
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

function readLegacyEntry(entry: JsonObject, index: number): LegacyEntry | Unverified {
  const { keyId, value, algorithm = 'secp256r1' } = entry
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

const CONTEXT = 'https://open.charging.cloud/context/ocpp/v2.1'
/** Actions whose contexts begin with a capital letter. */
const CAPITAL: ReadonlySet<string> = new Set(['Heartbeat', 'Reset'])

/** What the structure is called; of what both sides may ask for the sender is not known. */
function contextsOf({ action, messageType, protocol }: LegacyMessage): readonly string[] {
  const isRequest = messageType === 2 || messageType === 6
  const { from = 'both' } = actionRow(protocol, action) ?? {}
  const asker = from === 'both' ? ['cs', 'csms'] : [from === 'station' ? 'cs' : 'csms']
  const senders = isRequest ? asker : asker.map((side) => (side === 'cs' ? 'csms' : 'cs'))
  const name = CAPITAL.has(action) ? action : action.charAt(0).toLowerCase() + action.slice(1)
  return senders.map((side) => `${CONTEXT}/${side}/${name}${isRequest ? 'Request' : 'Response'}`)
}

/** JSON that was read before, without blanks between its parts. */
function withoutBlanks(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|[\t\n\r ]+/g, (part) => (part.startsWith('"') ? part : ''))
}
