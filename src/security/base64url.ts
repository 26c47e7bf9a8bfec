/** Bytes as base64url without padding (RFC 4648 section 5). */
export function encodeBase64url(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('base64url')
}

/**
 * Reads base64url in its one canonical spelling: no padding, unused bits zero, no other character.
 *
 * @returns undefined for anything else, so that two texts never mean the same bytes.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  return decodeCanonical(text, 'base64url')
}

/**
 * Whether a text is the one canonical spelling of so many bytes. Nothing is decoded: most texts of
 * a header are only kept and compared.
 */
export function isBase64urlOf(text: string, bytes: number): boolean {
  const rest = bytes % 3
  if (text.length !== Math.ceil((bytes * 4) / 3) || !BASE64URL.test(text)) return false
  // Of the last character 2 or 4 bits are of no byte, and have to be zero.
  return rest === 0 || LAST[rest - 1]?.includes(text.charAt(text.length - 1)) === true
}

const BASE64URL = /^[\w-]+$/
const LAST = ['AQgw', 'AEIMQUYcgkosw048'] as const

/** How the bytes of a signature's value may be written. */
export const ENCODINGS = ['base64url', 'base64', 'hex'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** As `decodeBase64url`, also for base64 with its padding and for hex in small letters. */
export function decodeCanonical(text: string, encoding: Encoding): Uint8Array | undefined {
  const bytes = Buffer.from(text, encoding)
  // Node skips what it does not understand; written anew, that shows.
  return bytes.toString(encoding) === text ? bytes : undefined
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
