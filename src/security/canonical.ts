import { OverlayError } from '../errors.ts'
import { type JsonObject, parsePayload } from '../wire/payload.ts'
import { scanArray } from '../wire/scanner.ts'
import { utf8Bytes } from '../wire/strings.ts'

/** Deeper than any OCPP message; the same limit as for frames. */
export const MAX_NESTING = 64

/**
 * The canonical form of a JSON value: no spaces, members in the order of their UTF-16 code units,
 * numbers as ECMAScript writes them, strings with the fewest escapes.
 *
 * @param value What a JSON parser returned, or the like.
 * @returns UTF-8. Equal values give equal bytes.
 * @throws {OverlayError} ERR_SCHEMA_JSON for half a surrogate pair, a number that is not finite, a
 *   member called `__proto__`, more than 64 levels.
 * @throws {TypeError} for what JSON has no form for (`undefined`, a `Date`, a `bigint` …).
 * @spec RFC 8785
 */
export function canonicalize(value: unknown): Uint8Array {
  return utf8Bytes(canonicalText(value))
}

/**
 * The same as text.
 *
 * @param depth How deep it stands in what it is part of.
 */
export function canonicalText(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      if (!Number.isFinite(value)) throw refused('a number is not finite')
      return String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth === MAX_NESTING) throw refused(`it is nested deeper than ${MAX_NESTING}`)
      return Array.isArray(value) ? arrayText(value, depth + 1) : objectText(value, depth + 1)
    default:
      throw new TypeError(`JSON has no form for ${typeof value}`)
  }
}

/**
 * Parses one JSON object that will be verified, attested or handled: what two parsers could read
 * differently is refused, as is deep nesting, before it is parsed.
 *
 * @throws {OverlayError} ERR_SCHEMA_JSON, ERR_WIRE_JSON, ERR_WIRE_NESTING
 * @spec docs/security.md, What is refused before it is looked at
 */
export function parseStrict(bytes: Uint8Array): JsonObject {
  const wrapped = new Uint8Array(bytes.length + 2)
  wrapped[0] = 0x5b
  wrapped.set(bytes, 1)
  wrapped[wrapped.length - 1] = 0x5d
  scanArray(wrapped, MAX_NESTING)
  return parsePayload(bytes)
}

/** The canonical form of JSON text in UTF-8, one object; throws what `parseStrict` throws. */
export function canonicalizeBytes(bytes: Uint8Array): Uint8Array {
  return canonicalize(parseStrict(bytes))
}

function arrayText(items: readonly unknown[], depth: number): string {
  let text = '['
  // By index: `map` and `join` would pass over holes.
  for (let i = 0; i < items.length; i++) {
    if (i > 0) text += ','
    text += canonicalText(items[i], depth)
  }
  return `${text}]`
}

function objectText(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('JSON has no form for an object with a class')
  }
  let text = '{'
  for (const key of inOrder(Object.keys(value))) {
    if (key === '__proto__') throw refused('a member is called __proto__')
    if (text.length > 1) text += ','
    text += `${quote(key)}:${canonicalText((value as Record<string, unknown>)[key], depth)}`
  }
  return `${text}}`
}

/** The order that is demanded, of UTF-16 code units, is the one of `<`. Few members are sorted so much faster. */
function inOrder(keys: string[]): string[] {
  if (keys.length > MAX_INSERTED) return keys.sort()
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string
    let at = i
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string
    keys[at] = key
  }
  return keys
}

const MAX_INSERTED = 24
/** Texts that are written as they are; nearly all of them. */
const PLAIN = /^[ !#-[\]-~]*$/

function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw refused('a string holds half a surrogate pair')
  return JSON.stringify(text)
}

function refused(problem: string): OverlayError {
  return new OverlayError('ERR_SCHEMA_JSON', { problem })
}
