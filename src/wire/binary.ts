/**
 * Binary frames, big-endian:
 *
 *     CALL, SEND   u8 2|6 · u16+dest · u8 n · n×(u16+id) · u16+messageId · u16+action · u64+payload
 *     CALLRESULT   u8 3   · u16+dest · u8 n · n×(u16+id) · u16+messageId · u64+payload
 *     errors       u8 4|5 · u16+dest · u8 n · n×(u16+id) · u16+messageId · u16+code
 *                                                       · u16+description · u32+details (JSON)
 *
 * `u16+x` is the length of x in bytes, then x. An empty dest and n = 0 make the standard form. The
 * lengths must add up exactly. There is room for one destination: source routes are text.
 */
import { OverlayError } from '../errors.ts'
import { isMessageId, isNodeId, type MessageId, type NodeId } from '../primitives/ids.ts'
import {
  DEFAULT_LIMITS,
  type Frame,
  isErrorType,
  type MessageType,
  type Remains,
  type Route,
  type WireLimits,
} from './frame.ts'
import { scanArray } from './scanner.ts'
import { allocate, plainText, utf8Bytes, utf8Text } from './strings.ts'
import { decodeText, remainsOfText } from './text.ts'

const OPEN_ARRAY = 0x5b

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

/**
 * Decodes one binary message. One that starts with `[` is JSON text in a binary frame and is
 * decoded as such.
 *
 * @throws {OverlayError} what `decodeText` throws, ERR_WIRE_BINARY_LENGTH, ERR_WIRE_BINARY_TEXT
 * @spec docs/overlay.md section 3
 */
export function decodeBinary(bytes: Uint8Array, limits: WireLimits = DEFAULT_LIMITS): Frame {
  if (bytes[0] === OPEN_ARRAY) return decodeTextInBinary(bytes, limits)
  if (bytes.length > limits.maxBinaryBytes) {
    const details = { actual: bytes.length, limit: limits.maxBinaryBytes }
    throw new OverlayError('ERR_WIRE_FRAME_SIZE', details)
  }
  const type = bytes[0] ?? 0
  if (type < 2 || type > 6) throw new OverlayError('ERR_WIRE_MESSAGE_TYPE', { type })
  const cursor = { bytes, at: 1 }
  const frame = readBody(cursor, type as MessageType, readRoute(cursor, limits), limits)
  if (cursor.at !== bytes.length) throw lengthError(cursor)
  return frame
}

// Binary messages are not checked to be UTF-8 by the transport, so that is done here.
function decodeTextInBinary(bytes: Uint8Array, limits: WireLimits): Frame {
  if (bytes.length <= limits.maxTextBytes && utf8Text(bytes) === undefined) {
    throw new OverlayError('ERR_WIRE_BINARY_TEXT', { field: 'the frame' })
  }
  return decodeText(bytes, limits)
}

function readBody(
  cursor: Cursor,
  type: MessageType,
  route: Route | undefined,
  limits: WireLimits,
): Frame {
  const messageId = readMessageId(cursor, limits)
  // biome-ignore format: one frame
  const frame = { type, encoding: 'binary', route, messageId, action: '', errorCode: '', errorDescription: '' } as const
  if (type === 3) return { ...frame, payload: readLong(cursor) }
  if (type === 2 || type === 6) {
    const action = readText(cursor, 'action')
    if (action === '') {
      throw new OverlayError('ERR_WIRE_FIELD_TYPE', { field: 'action', expected: 'a name' })
    }
    return { ...frame, action, payload: readLong(cursor) }
  }
  const errorCode = readText(cursor, 'errorCode')
  const errorDescription = readText(cursor, 'errorDescription')
  const payload = take(cursor, readNumber(cursor, 4))
  checkDetails(payload, limits)
  return { ...frame, errorCode, errorDescription, payload }
}

function readRoute(cursor: Cursor, limits: WireLimits): Route | undefined {
  const destination = readText(cursor, 'destination')
  const count = readNumber(cursor, 1)
  if (destination === '' && count === 0) return undefined
  if (count === 0) throw new OverlayError('ERR_WIRE_PATH_EMPTY')
  if (count > limits.maxPathEntries) {
    throw new OverlayError('ERR_WIRE_PATH_LENGTH', { limit: limits.maxPathEntries })
  }
  const first = readId(cursor, 'networkPath')
  const rest = Array.from({ length: count - 1 }, () => readId(cursor, 'networkPath'))
  if (!isNodeId(destination)) throw new OverlayError('ERR_WIRE_NODE_ID', { field: 'destination' })
  return { destination: [destination], networkPath: [first, ...rest] }
}

function readId(cursor: Cursor, field: string): NodeId {
  const text = readText(cursor, field)
  if (!isNodeId(text)) throw new OverlayError('ERR_WIRE_NODE_ID', { field })
  return text
}

function readMessageId(cursor: Cursor, limits: WireLimits): MessageId {
  const text = readText(cursor, 'messageId')
  if (!isMessageId(text, limits.maxMessageIdBytes)) {
    throw new OverlayError('ERR_WIRE_MESSAGE_ID', { limit: limits.maxMessageIdBytes })
  }
  return text
}

function readText(cursor: Cursor, field: string): string {
  const length = readNumber(cursor, 2)
  const start = cursor.at
  const bytes = take(cursor, length)
  const text = plainText(cursor.bytes, start, start + length) ?? utf8Text(bytes)
  if (text === undefined) throw new OverlayError('ERR_WIRE_BINARY_TEXT', { field })
  return text
}

/** The payload behind its u64 length; a length beyond the frame ends here, before any work. */
function readLong(cursor: Cursor): Uint8Array {
  const high = readNumber(cursor, 4)
  const low = readNumber(cursor, 4)
  if (high !== 0) throw lengthError(cursor)
  return take(cursor, low)
}

function readNumber(cursor: Cursor, width: 1 | 2 | 4): number {
  const { bytes, at } = cursor
  if (at + width > bytes.length) throw lengthError(cursor)
  let value = 0
  for (let i = 0; i < width; i++) value = value * 256 + (bytes[at + i] as number)
  cursor.at = at + width
  return value
}

function take(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.at + length
  if (end > cursor.bytes.length) throw lengthError(cursor)
  const part = cursor.bytes.subarray(cursor.at, end)
  cursor.at = end
  return part
}

function lengthError(cursor: Cursor): OverlayError {
  return new OverlayError('ERR_WIRE_BINARY_LENGTH', { actual: cursor.bytes.length })
}

// Details become JSON again when the frame is converted to text, so they must be one object.
function checkDetails(details: Uint8Array, limits: WireLimits): void {
  // biome-ignore format: one line
  const wrong = new OverlayError('ERR_WIRE_FIELD_TYPE', { field: 'errorDetails', expected: 'an object' })
  if (details[0] !== 0x7b || utf8Text(details) === undefined) throw wrong
  const wrapped = allocate(details.length + 2)
  wrapped[0] = OPEN_ARRAY
  wrapped.set(details, 1)
  wrapped[wrapped.length - 1] = 0x5d
  scanArray(wrapped, limits.maxNesting)
}

/** What can be read of a binary message that `decodeBinary` refused. */
export function remainsOfBinary(
  bytes: Uint8Array,
  form: 'overlay' | 'standard',
  limits: WireLimits = DEFAULT_LIMITS,
): Remains {
  if (bytes[0] === OPEN_ARRAY) {
    return utf8Text(bytes) === undefined ? {} : remainsOfText(bytes, form, limits)
  }
  const type = bytes[0] ?? 0
  if (type < 2 || type > 6) return {}
  const cursor = { bytes, at: 1 }
  try {
    const source = readRoute(cursor, limits)?.networkPath[0]
    const messageId = readMessageId(cursor, limits)
    return { type, messageId, ...(source && { source }) }
  } catch {
    return { type }
  }
}

/**
 * Encodes a frame as one binary message.
 *
 * @throws {OverlayError} ERR_WIRE_ENCODE for a source route, or a field longer than its length
 *   field can say.
 */
export function encodeBinary(frame: Omit<Frame, 'encoding' | 'origin'>): Uint8Array {
  const { type, route } = frame
  if (route && route.destination.length > 1) {
    throw new OverlayError('ERR_WIRE_ENCODE', { problem: 'a source route has no binary form' })
  }
  const path = route?.networkPath ?? []
  if (path.length > DEFAULT_LIMITS.maxPathEntries) {
    throw new OverlayError('ERR_WIRE_ENCODE', { problem: 'its network path is too long' })
  }
  const parts = [
    Uint8Array.of(type),
    short(route?.destination[0] ?? ''),
    Uint8Array.of(path.length),
  ]
  for (const id of path) parts.push(short(id))
  parts.push(short(frame.messageId))
  if (type === 2 || type === 6) parts.push(short(frame.action))
  if (isErrorType(type)) parts.push(short(frame.errorCode), short(frame.errorDescription))
  parts.push(lengthBytes(frame.payload.length, isErrorType(type) ? 4 : 8), frame.payload)
  return join(parts)
}

function short(text: string): Uint8Array {
  const bytes = utf8Bytes(text)
  if (bytes.length > 0xffff) {
    throw new OverlayError('ERR_WIRE_ENCODE', { problem: 'a field is longer than 65535 bytes' })
  }
  return join([lengthBytes(bytes.length, 2), bytes])
}

function lengthBytes(value: number, width: 2 | 4 | 8): Uint8Array {
  const bytes = new Uint8Array(width)
  let rest = value
  for (let i = width - 1; i >= 0; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return bytes
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = allocate(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
