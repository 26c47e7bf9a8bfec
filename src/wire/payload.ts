import { OverlayError } from '../errors.ts'
import { asciiSlice, utf8Bytes, utf8Text } from './strings.ts'

/** A JSON object as it stands in a payload. */
export type JsonObject = { readonly [member: string]: unknown }

/**
 * Parses a payload where its meaning is needed. What two parsers could read differently is
 * refused: duplicate keys, lone surrogates, `__proto__`, numbers that are not finite, integers
 * beyond ±(2^53−1) written without fraction or exponent.
 *
 * @param bytes JSON text in UTF-8, one object.
 * @throws {OverlayError} ERR_SCHEMA_JSON
 * @spec docs/overlay.md section 2.3
 */
export function parsePayload(bytes: Uint8Array): JsonObject {
  const shape = shapeOf(bytes)
  const text = shape.isAscii ? asciiSlice(bytes, 0, bytes.length) : utf8Text(bytes)
  if (text === undefined) throw refused('it is not UTF-8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new OverlayError('ERR_SCHEMA_JSON', { problem: 'it is not JSON' }, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('it is not an object')
  }
  // Half a surrogate pair comes by an escape only: UTF-8 has none.
  const found = { members: 0, hasBigInteger: false, mayBeIllFormed: shape.hasEscape }
  walk(value, found)
  // JSON.parse keeps the last of two equal keys, so the text then has more members than the value.
  if (shape.members !== found.members) throw refused('a key stands twice in one object')
  if (found.hasBigInteger && hasBareBigInteger(text)) {
    throw refused('an integer is too large to be exact')
  }
  return value as JsonObject
}

/** Any value of JSON as text. `String` throws at an object that has a member `toString`. */
export function jsonText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}

export function encodePayload(value: unknown): Uint8Array {
  return utf8Bytes(JSON.stringify(value))
}

interface Found {
  members: number
  hasBigInteger: boolean
  readonly mayBeIllFormed: boolean
}

function walk(value: unknown, found: Found): void {
  if (typeof value === 'string') {
    if (found.mayBeIllFormed && !value.isWellFormed()) {
      throw refused('a string holds half a surrogate pair')
    }
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw refused('a number is too large')
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) found.hasBigInteger = true
  } else if (Array.isArray(value)) {
    for (const item of value) walk(item, found)
  } else if (typeof value === 'object' && value !== null) {
    // What JSON.parse makes has own members only, and this loop allocates nothing.
    for (const key in value) {
      if (key === '__proto__') throw refused('a member is called __proto__')
      if (found.mayBeIllFormed && !key.isWellFormed()) {
        throw refused('a key holds half a surrogate pair')
      }
      found.members++
      walk((value as Record<string, unknown>)[key], found)
    }
  }
}

/** How many members the text has (colons outside strings), and what its characters are like. */
function shapeOf(bytes: Uint8Array): { members: number; isAscii: boolean; hasEscape: boolean } {
  let members = 0
  let all = 0
  let hasEscape = false
  const { length } = bytes
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] as number
    all |= byte
    if (byte === 0x3a) members++
    else if (byte === 0x22) {
      for (i++; i < length; i++) {
        const inside = bytes[i] as number
        if (inside === 0x22) break
        all |= inside
        if (inside === 0x5c) {
          hasEscape = true
          i++
        }
      }
    }
  }
  return { members, isAscii: all < 0x80, hasEscape }
}

// Strings are matched first so that digits inside them are not looked at.
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

function hasBareBigInteger(text: string): boolean {
  for (const [token] of text.matchAll(TOKENS)) {
    if (/^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))) return true
  }
  return false
}

function refused(problem: string): OverlayError {
  return new OverlayError('ERR_SCHEMA_JSON', { problem })
}
