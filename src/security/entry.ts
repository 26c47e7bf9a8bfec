import type { JsonObject } from '../wire/payload.ts'
import { type Algorithm, algorithmOfEntry, algorithmOfHeader } from './algorithms.ts'
import { decodeCanonical, ENCODINGS, type Encoding } from './base64url.ts'
import {
  decodeHeader,
  isObject,
  isSameJson,
  MAX_HEADER_CHARACTERS,
  type StatementHeader,
} from './header.ts'
import { refuse, type Unverified } from './verdict.ts'

/** How the JWS payload follows from the payload: its canonical form, or a binary body as it is. */
export type SigningMethod = 'json' | 'binary'

/** One signature, as it stands in `signatures`. All values are texts. */
export interface SignatureEntry {
  readonly keyId: string
  /** base64url. */
  readonly value: string
  /** `secp256r1`, `secp384r1`, `secp521r1`, `ed25519` or `ml-dsa-65`. */
  readonly algorithm: string
  readonly signingMethod: SigningMethod
  /** base64url of the protected header. */
  readonly protected: string
  readonly encoding?: Encoding
  readonly name?: string
  readonly description?: StatementHeader['desc']
  /** RFC 3339, of `iat`. */
  readonly timestamp?: string
}

/** An entry whose members are well-formed and agree with each other. */
export interface ReadEntry {
  readonly index: number
  readonly header: StatementHeader
  readonly protected: string
  readonly value: string
  readonly encoding: Encoding
  /** undefined when this program does not know it; then its key is not known either. */
  readonly algorithm: Algorithm | undefined
}

export const MAX_ENTRIES = 8
/** 4.5 KiB: an ML-DSA-65 signature has 4412 characters. */
export const MAX_VALUE_CHARACTERS = 4608

const MEMBERS: ReadonlySet<string> = new Set([
  ...['keyId', 'value', 'algorithm', 'signingMethod', 'protected'],
  ...['encoding', 'name', 'description', 'timestamp'],
])

/** Reads one entry: sizes first, then shape, then whether all that is said twice is the same. */
export function readEntry(
  entry: unknown,
  index: number,
  method: SigningMethod,
): ReadEntry | Unverified {
  const malformed = (problem: string) => refuse('entry-malformed', { index, problem })
  if (!isObject(entry)) return malformed('it is not an object')
  if (entry.signingMethod === 'wwcp' || !Object.hasOwn(entry, 'protected')) {
    return refuse('legacy-off')
  }
  const { protected: text, value, encoding = 'base64url' } = entry
  if (typeof text !== 'string') return malformed('protected is not a text')
  if (typeof value !== 'string') return malformed('value is not a text')
  const tooLong = whatIsTooLong(text, value, index)
  if (tooLong) return tooLong
  if (!ENCODINGS.includes(encoding as Encoding)) return malformed('encoding is not known')
  if (entry.signingMethod !== method) return malformed(`signingMethod is not ${method}`)
  // Unprotected and unknown: nobody would notice when it is changed.
  if (!Object.keys(entry).every((name) => MEMBERS.has(name))) return malformed('unknown member')

  const header = decodeHeader(text)
  if (typeof header === 'string') return refuse('header-malformed', { index, problem: header })
  const member = mirrorThatDiffers(entry, header)
  if (member) return refuse('mirror-differs', { index, member })
  const algorithm = algorithmOfHeader(header.alg)
  return { index, header, protected: text, value, encoding: encoding as Encoding, algorithm }
}

/** Judged by length alone, before anything is decoded. */
export function whatIsTooLong(
  header: string,
  value: string,
  index: number,
): Unverified | undefined {
  if (header.length > MAX_HEADER_CHARACTERS) {
    return refuse('header-too-long', { index, limit: MAX_HEADER_CHARACTERS })
  }
  if (value.length > MAX_VALUE_CHARACTERS) {
    return refuse('value-too-long', { index, limit: MAX_VALUE_CHARACTERS })
  }
  return undefined
}

/** The bytes of the value; undefined when it is not their one spelling, or not of this length. */
export function valueBytes({ value, encoding }: ReadEntry, length: number): Uint8Array | undefined {
  const bytes = decodeCanonical(value, encoding)
  return bytes?.length === length ? bytes : undefined
}

function mirrorThatDiffers(entry: JsonObject, header: StatementHeader): string | undefined {
  const { keyId, algorithm, name, description, timestamp } = entry
  if (keyId !== header.kid) return 'keyId'
  if (typeof algorithm !== 'string') return 'algorithm'
  // Of two unknown algorithms nothing can be said; such an entry counts for nothing.
  if (algorithmOfEntry(algorithm) !== algorithmOfHeader(header.alg)) return 'algorithm'
  if (name !== undefined && name !== header.name) return 'name'
  if (description !== undefined && !isSameJson(description, header.desc)) return 'description'
  if (timestamp !== undefined && !isTimeOf(timestamp, header.iat)) return 'timestamp'
  return undefined
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

function isTimeOf(timestamp: unknown, seconds: number): boolean {
  if (typeof timestamp !== 'string' || !TIMESTAMP.test(timestamp)) return false
  return Date.parse(timestamp) === seconds * 1000
}
