import { randomFillSync } from 'node:crypto'

/**
 * WebSocket frames in bytes: what reader and writer share, and the writer.
 *
 *      0               1               2 …
 *     +-+-+-+-+-------+-+-------------+----------------+----------+---------+
 *     |F|C|0 0| opcode|M| length 0–125|                | 4 bytes  |         |
 *     |I|(RSV)| 0 1 2 |A| 126 --------> 2 bytes of it  | of key   | payload |
 *     |N|     | 8 9 A |S| 127 --------> 8 bytes of it  | if MASK  |         |
 *     +-+-----+-------+-+-------------+----------------+----------+---------+
 *
 * Lengths are big-endian and take the fewest bytes. A client masks every frame (byte i of the
 * payload XOR byte i mod 4 of the key), a server none. C: the message is compressed (RFC 7692).
 *
 * @spec RFC 6455 section 5
 */

export const CONTINUATION = 0x0
export const TEXT = 0x1
export const BINARY = 0x2
export const CLOSE = 0x8
export const PING = 0x9
export const PONG = 0xa

export const FIN = 0x80
export const COMPRESSED = 0x40
export const RSV = 0x70
export const OPCODE = 0x0f
export const MASK = 0x80
export const LENGTH = 0x7f
export const LENGTH_16 = 126
export const LENGTH_64 = 127
export const KEY_BYTES = 4
export const MAX_HEADER_BYTES = 14
export const MAX_CONTROL_BYTES = 125

/** What a close frame without a code counts as; never written. */
export const NO_CODE = 1005

/**
 * Masks or unmasks in place, four bytes at a time (seven times as fast as one at a time).
 *
 * @param key The four bytes of the key as a little-endian integer.
 * @returns 0 exactly when the result is all ASCII.
 */
export function xor(view: DataView, start: number, end: number, key: number): number {
  let bits = 0
  let at = start
  for (const lastWord = end - 4; at <= lastWord; at += 4) {
    const word = view.getInt32(at, true) ^ key
    view.setInt32(at, word, true)
    bits |= word
  }
  for (let shift = 0; at < end; at++, shift += 8) {
    const byte = view.getUint8(at) ^ ((key >>> shift) & 0xff)
    view.setUint8(at, byte)
    bits |= byte
  }
  return bits & 0x80808080
}

/** Where frames are written; `view` shows the same memory as `bytes`. */
export interface FrameTarget {
  readonly bytes: Buffer
  readonly view: DataView
  used: number
}

/** Bytes that a frame with a payload of this length takes. */
export function frameBytes(payloadBytes: number, isMasked: boolean): number {
  const extended = payloadBytes < LENGTH_16 ? 0 : payloadBytes < 2 ** 16 ? 2 : 8
  return 2 + extended + (isMasked ? KEY_BYTES : 0) + payloadBytes
}

/** Writes one whole frame behind what `target` holds; it must have room for it. */
export function writeFrame(
  target: FrameTarget,
  opcode: number,
  payload: Uint8Array,
  isMasked: boolean,
  isCompressed = false,
): void {
  const { bytes, view } = target
  const { length } = payload
  const mask = isMasked ? MASK : 0
  let at = target.used
  view.setUint8(at, FIN | (isCompressed ? COMPRESSED : 0) | opcode)
  if (length < LENGTH_16) {
    view.setUint8(at + 1, mask | length)
    at += 2
  } else if (length < 2 ** 16) {
    view.setUint8(at + 1, mask | LENGTH_16)
    view.setUint16(at + 2, length)
    at += 4
  } else {
    view.setUint8(at + 1, mask | LENGTH_64)
    view.setUint32(at + 2, Math.floor(length / 2 ** 32))
    view.setUint32(at + 6, length)
    at += 10
  }
  const start = isMasked ? at + KEY_BYTES : at
  bytes.set(payload, start)
  target.used = start + length
  if (!isMasked) return
  const key = nextKey()
  view.setInt32(at, key, true)
  xor(view, start, target.used, key)
}

/** Payload of a close frame; a reason that is too long is cut between two characters. */
export function closePayload(code: number, reason: string): Buffer {
  if (code === NO_CODE) return Buffer.alloc(0)
  const text = Buffer.from(reason)
  let length = Math.min(text.length, MAX_CONTROL_BYTES - 2)
  while (length < text.length && length > 0 && ((text[length] ?? 0) & 0xc0) === 0x80) length--
  const payload = Buffer.alloc(2 + length)
  payload.writeUInt16BE(code)
  text.copy(payload, 2, 0, length)
  return payload
}

// One system call per key would cost more than the frame; no key is used twice.
const keys = new Int32Array(1024)
let keysUsed = keys.length

function nextKey(): number {
  if (keysUsed === keys.length) {
    randomFillSync(keys)
    keysUsed = 0
  }
  return keys[keysUsed++] as number
}
