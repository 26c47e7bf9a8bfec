import { OverlayError } from '../errors.ts'

/**
 * Finds the elements of one JSON array in its bytes, without building any of them.
 *
 *     [2,"CSMS",["CS01","NN01"],"19223201","Heartbeat",{"a":"]"}]
 *      ^ ^----^ ^-------------^ ^--------^ ^---------^ ^-------^   start and end of each element
 *
 * Brackets are matched and strings are skipped; whether what stands between them is JSON is
 * judged where it is parsed, so a forwarding node never judges a payload.
 */

/** No frame has more fields than the overlay form of CALLERROR. */
const MAX_ELEMENTS = 7

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

// One class per byte, so that the loop over a payload decides by one table look-up.
const IN_STRING = 1
const OPENS = 2
const CLOSES = 3
const CLASS = new Uint8Array(256)
CLASS[QUOTE] = IN_STRING
CLASS[OPEN_ARRAY] = OPENS
CLASS[OPEN_OBJECT] = OPENS
CLASS[CLOSE_ARRAY] = CLOSES
CLASS[CLOSE_OBJECT] = CLOSES

const opened = new Uint8Array(256) // the brackets that are open, innermost last

/**
 * Where the elements lie: `starts[i]` to `ends[i]`, end exclusive. One array serves every call
 * (decoding is synchronous), so it is valid until the next call.
 */
export const elements = {
  count: 0,
  starts: new Int32Array(MAX_ELEMENTS),
  ends: new Int32Array(MAX_ELEMENTS),
}

/**
 * Splits the array that a text message is; the result is in `elements`. An array with more than
 * seven elements is scanned to its end but counts as eight.
 *
 * @throws {OverlayError} ERR_WIRE_JSON, ERR_WIRE_NESTING
 */
export function scanArray(bytes: Uint8Array, maxNesting: number): void {
  elements.count = 0
  let at = skipSpace(bytes, 0)
  if (bytes[at] !== OPEN_ARRAY) throw broken('no array', at)
  at = skipSpace(bytes, at + 1)
  if (bytes[at] === CLOSE_ARRAY) throw broken('an empty array', at)
  for (;;) {
    const end = endOfValue(bytes, at, maxNesting)
    const n = elements.count
    if (n < MAX_ELEMENTS) {
      elements.starts[n] = at
      elements.ends[n] = end
    }
    if (n <= MAX_ELEMENTS) elements.count = n + 1
    at = skipSpace(bytes, end)
    const next = bytes[at]
    if (next === CLOSE_ARRAY) break
    if (next !== COMMA) throw broken('no comma or end after an element', at)
    at = skipSpace(bytes, at + 1)
  }
  at = skipSpace(bytes, at + 1)
  if (at !== bytes.length) throw broken('text after the array', at)
}

/** Index after the value that starts at `at`. */
function endOfValue(bytes: Uint8Array, at: number, maxNesting: number): number {
  const first = bytes[at]
  if (first === QUOTE) return endOfString(bytes, at)
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return endOfNested(bytes, at, maxNesting)
  let end = at
  while (end < bytes.length && isLiteralByte(bytes[end] ?? 0)) end++
  if (end === at) throw broken('no value', at)
  return end
}

function endOfString(bytes: Uint8Array, at: number): number {
  const end = closingQuote(bytes, at)
  if (end < 0) throw broken('a string without end', at)
  return end + 1
}

/** How far a string is followed byte by byte before the engine's own search is worth its call. */
const SHORT_STRING = 24

/** Index of the quote that ends the string opened at `at`; -1 when there is none. */
export function closingQuote(bytes: Uint8Array, at: number): number {
  const { length } = bytes
  const near = Math.min(length, at + SHORT_STRING)
  let i = at + 1
  for (; i < near; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) return i
    if (byte === BACKSLASH) i++
  }
  while (i < length) {
    const quote = indexOf.call(bytes, QUOTE, i)
    if (quote < 0) return -1
    let before = quote - 1
    while (before >= i && bytes[before] === BACKSLASH) before--
    // An even number of backslashes escape each other, an odd one escapes the quote.
    if ((quote - 1 - before) % 2 === 0) return quote
    i = quote + 1
  }
  return -1
}

type IndexOf = (this: Uint8Array, byte: number, from: number) => number
// Node's Buffer searches with memchr, which is several times faster than the engine's own search.
const nodeBuffer = (globalThis as { Buffer?: { prototype: { indexOf: IndexOf } } }).Buffer
const indexOf: IndexOf = nodeBuffer?.prototype.indexOf ?? Uint8Array.prototype.indexOf

/** Index behind the bracket that closes the one at `at`. */
export function endOfNested(bytes: Uint8Array, at: number, maxNesting: number): number {
  const length = bytes.length
  let depth = 0
  for (let i = at; i < length; i++) {
    const byte = bytes[i] as number
    switch (CLASS[byte]) {
      case IN_STRING:
        i = closingQuote(bytes, i)
        if (i < 0) throw broken('a string without end', at)
        break
      case OPENS:
        if (depth === maxNesting) throw new OverlayError('ERR_WIRE_NESTING', { limit: maxNesting })
        opened[depth++] = byte
        break
      case CLOSES:
        // `{` and `[` are each two below the bracket that closes them.
        if (opened[--depth] !== byte - 2) throw broken('brackets that do not match', i)
        if (depth === 0) return i + 1
        break
    }
  }
  throw broken('a bracket that is never closed', at)
}

/** Index of the first byte from `at` that is no JSON white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at
  for (;;) {
    const byte = bytes[i]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return i
    i++
  }
}

/** Letters, digits, sign and point: what numbers, true, false and null are made of. */
export function isLiteralByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d || byte === 0x2e || byte === 0x2b || byte === 0x45
  // biome-ignore format: one condition
  )
}

function broken(problem: string, at: number): OverlayError {
  return new OverlayError('ERR_WIRE_JSON', { problem, at })
}
