/**
 * The payload of a signed binary message (`<Action>-Signed`), big-endian:
 *
 *     u8 n · n×(u16 len + protected · u16 len + value) · body
 *
 * `protected` is the header's JSON in UTF-8 and `value` the signature, both as bytes: what stands in
 * base64url elsewhere. The body is the rest; it is the JWS payload.
 */

import { algorithmOfHeader } from './algorithms.ts'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { MAX_ENTRIES, type SignatureEntry, whatIsTooLong } from './entry.ts'
import { decodeHeader } from './header.ts'
import { type Expected, type KeyLookup, verifyStatement } from './statement.ts'
import { refuse, type Unverified, type Verdict } from './verdict.ts'

/** A signed binary payload taken apart; its entries are not verified. */
export interface BinaryPayload {
  readonly entries: readonly SignatureEntry[]
  readonly body: Uint8Array
}

/**
 * Writes a signed binary payload.
 *
 * @throws {TypeError} for more than eight entries, or one that is none of `signStatement`.
 */
export function encodeBinaryPayload({ entries, body }: BinaryPayload): Uint8Array {
  if (entries.length > MAX_ENTRIES) throw new TypeError(`more than ${MAX_ENTRIES} signatures`)
  const parts = entries.flatMap((entry) => [part(entry.protected), part(entry.value)])
  return Buffer.concat([Uint8Array.of(entries.length), ...parts, body])
}

/** Reads a signed binary payload: the count first, each length before what it measures. */
export function decodeBinaryPayload(bytes: Uint8Array): BinaryPayload | Unverified {
  const count = bytes[0]
  if (count === undefined) return refuse('entries-malformed', { problem: 'there is no count' })
  if (count > MAX_ENTRIES) return refuse('too-many-entries', { actual: count, limit: MAX_ENTRIES })
  let at = 1
  const take = (): string | undefined => {
    const length = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)
    const start = at + 2
    if (start + length > bytes.length) return undefined
    at = start + length
    return encodeBase64url(bytes.subarray(start, at))
  }
  const entries: SignatureEntry[] = []
  for (let index = 0; index < count; index++) {
    const [header, value] = [take(), take()]
    if (header === undefined || value === undefined) {
      return refuse('entries-malformed', { problem: 'it ends inside a signature' })
    }
    const entry = entryOf(header, value, index)
    if ('status' in entry) return entry
    entries.push(entry)
  }
  return { entries, body: bytes.subarray(at) }
}

/** Verifies a signed binary payload; `body` is what was signed, missing when it was refused. */
export function verifyBinaryPayload(
  bytes: Uint8Array,
  options: { readonly expected: Expected; readonly keyOf: KeyLookup },
): Verdict & { readonly body?: Uint8Array } {
  const decoded = decodeBinaryPayload(bytes)
  if ('status' in decoded) return decoded
  const { body, entries } = decoded
  const verdict = verifyStatement(body, entries, { ...options, method: 'binary' })
  return verdict.status === 'refused' ? verdict : { ...verdict, body }
}

// The members that the layout leaves out follow from the header.
function entryOf(text: string, value: string, index: number): SignatureEntry | Unverified {
  const tooLong = whatIsTooLong(text, value, index)
  if (tooLong) return tooLong
  const header = decodeHeader(text)
  if (typeof header === 'string') return refuse('header-malformed', { index, problem: header })
  const algorithm = algorithmOfHeader(header.alg)?.entryNames[0] ?? ''
  return { keyId: header.kid, value, algorithm, signingMethod: 'binary', protected: text }
}

function part(text: string): Uint8Array {
  const bytes = decodeBase64url(text)
  if (!bytes || bytes.length > 0xffff) throw new TypeError('an entry that cannot be written')
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes])
}
