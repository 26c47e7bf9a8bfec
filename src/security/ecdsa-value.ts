/**
 * The two forms of an ECDSA signature: r then s, big-endian and each in its full length, as JOSE has
 * it, and DER, as OpenSSL has it. `node:crypto` converts, too, where it is asked to, but takes as long
 * for that as for half a signature.
 *
 * @spec RFC 7518 section 3.4; RFC 3279 section 2.2.3
 */

const SEQUENCE = 0x30
const INTEGER = 0x02
const ONE_LENGTH_BYTE = 0x81

/** @param value r then s, of equal length. */
export function derOf(value: Uint8Array): Uint8Array {
  const half = value.length / 2
  const [r, s] = [firstByte(value, 0, half), firstByte(value, half, value.length)]
  const [lengthR, lengthS] = [lengthOf(value, r, half), lengthOf(value, s, value.length)]
  const length = 4 + lengthR + lengthS
  const head = length > 0x7f ? 3 : 2
  const der = new Uint8Array(head + length)
  der[0] = SEQUENCE
  if (head === 3) der[1] = ONE_LENGTH_BYTE
  der[head - 1] = length
  writeInteger(der, head, { value, from: r, to: half, length: lengthR })
  writeInteger(der, head + 2 + lengthR, { value, from: s, to: value.length, length: lengthS })
  return der
}

/**
 * @param der What OpenSSL has made, so it is not doubted.
 * @param length Of r and s together.
 */
export function joseValueOf(der: Uint8Array, length: number): Uint8Array {
  const value = new Uint8Array(length)
  const half = length / 2
  let at = der[1] === ONE_LENGTH_BYTE ? 3 : 2
  for (const end of [half, length]) {
    const from = at + 2
    const to = from + (der[at + 1] ?? 0)
    // A leading zero only says that the number is not negative.
    const digits = der.subarray(der[from] === 0 ? from + 1 : from, to)
    value.set(digits, end - digits.length)
    at = to
  }
  return value
}

/** Where a number begins; the last byte stands also where it is 0. */
function firstByte(value: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to - 1 && value[at] === 0) at++
  return at
}

function lengthOf(value: Uint8Array, from: number, to: number): number {
  return to - from + ((value[from] ?? 0) > 0x7f ? 1 : 0)
}

function writeInteger(
  der: Uint8Array,
  at: number,
  number: { readonly value: Uint8Array; readonly from: number; readonly to: number; readonly length: number }, // biome-ignore format: one line
): void {
  const { value, from, to, length } = number
  der[at] = INTEGER
  der[at + 1] = length
  der.set(value.subarray(from, to), at + 2 + length - (to - from))
}
