/**
 * Puts one member into an object as it is written, or takes it out: every other byte stays, with its
 * spaces and spellings.
 */
import { closingQuote, endOfNested, isLiteralByte, skipSpace } from './scanner.ts'
import { utf8Bytes } from './strings.ts'

const [QUOTE, COMMA] = [0x22, 0x2c] as const
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY] = [0x7b, 0x7d, 0x5b] as const

const decoder = new TextDecoder()

/**
 * Puts a member behind all others.
 *
 * @param object An object in JSON that was read before and does not have the member.
 */
export function putMember(object: Uint8Array, name: string, value: unknown): Uint8Array {
  const close = object.lastIndexOf(CLOSE_OBJECT)
  const isEmpty = object[skipSpace(object, skipSpace(object, 0) + 1)] === CLOSE_OBJECT
  const member = `${isEmpty ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(value)}`
  return joined(object.subarray(0, close), utf8Bytes(member), object.subarray(close))
}

/**
 * Takes a member out, with one comma; an object without it is returned as it is.
 *
 * @param object An object in JSON that was read before.
 */
export function cutMember(object: Uint8Array, name: string): Uint8Array {
  let comma = -1
  for (let at = skipSpace(object, skipSpace(object, 0) + 1); object[at] === QUOTE; ) {
    const nameEnd = closingQuote(object, at) + 1
    const valueAt = skipSpace(object, skipSpace(object, nameEnd) + 1)
    const end = skipSpace(object, endOfValue(object, valueAt))
    if (JSON.parse(decoder.decode(object.subarray(at, nameEnd))) === name) {
      if (comma >= 0) return joined(object.subarray(0, comma), object.subarray(end))
      const next = object[end] === COMMA ? skipSpace(object, end + 1) : end
      return joined(object.subarray(0, at), object.subarray(next))
    }
    comma = end
    at = skipSpace(object, end + 1)
  }
  return object
}

function endOfValue(object: Uint8Array, at: number): number {
  const first = object[at]
  if (first === QUOTE) return closingQuote(object, at) + 1
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return endOfNested(object, at, Infinity)
  let end = at
  while (isLiteralByte(object[end] ?? 0)) end++
  return end
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
