import { OverlayError } from '../errors.ts'
import { isMessageId, isNodeId, type MessageId, type NodeId } from '../primitives/ids.ts'
import {
  DEFAULT_LIMITS,
  type Frame,
  type MessageType,
  type Remains,
  type Route,
  type WireLimits,
} from './frame.ts'
import { closingQuote, elements, scanArray, skipSpace } from './scanner.ts'
import {
  allocate,
  allocateApart,
  plainNodeId,
  plainText,
  plainTextOnce,
  utf8Bytes,
  utf8Text,
  writeAscii,
} from './strings.ts'

/** What follows the message type, in wire order. */
const FIELDS = new Map<number, readonly string[]>([
  [2, ['messageId', 'action', 'payload']], // CALL
  [3, ['messageId', 'payload']], // CALLRESULT
  [4, ['messageId', 'errorCode', 'errorDescription', 'errorDetails']], // CALLERROR
  [5, ['messageId', 'errorCode', 'errorDescription', 'errorDetails']], // CALLRESULTERROR, 2.1
  [6, ['messageId', 'action', 'payload']], // SEND, 2.1
])

const EMPTY_OBJECT = utf8Bytes('{}')

/**
 * Decodes one text message. An overlay frame has two extra fields, `destination` and
 * `networkPath`, between the message type and the message id.
 *
 * Only the envelope is parsed. The payload stays the sender's own JSON text, so a node that
 * forwards it passes on identical bytes and every signature inside stays valid.
 *
 * @param bytes One whole text message; the transport has checked that it is UTF-8.
 * @returns The frame. `route` is undefined exactly when the sender used the standard form.
 * @throws {OverlayError} ERR_WIRE_JSON, ERR_WIRE_MESSAGE_TYPE, ERR_WIRE_FIELD_COUNT,
 *   ERR_WIRE_FIELD_TYPE, ERR_WIRE_NODE_ID, ERR_WIRE_MESSAGE_ID, ERR_WIRE_PATH_EMPTY,
 *   ERR_WIRE_PATH_LENGTH, ERR_WIRE_FRAME_SIZE, ERR_WIRE_NESTING
 * @spec OCPP 2.1 Part 4 section 4.2; docs/overlay.md section 2
 */
export function decodeText(bytes: Uint8Array, limits: WireLimits = DEFAULT_LIMITS): Frame {
  if (bytes.length > limits.maxTextBytes) {
    throw new OverlayError('ERR_WIRE_FRAME_SIZE', {
      actual: bytes.length,
      limit: limits.maxTextBytes,
    })
  }
  scanArray(bytes, limits.maxNesting)
  const type = readType(bytes)
  const standardCount = FIELDS.get(type)?.length
  if (standardCount === undefined) throw new OverlayError('ERR_WIRE_MESSAGE_TYPE', { type })
  const count = elements.count - 1
  if (count === standardCount + 2) return readFields(bytes, type as MessageType, 3, limits)
  if (count === standardCount) return readFields(bytes, type as MessageType, 1, limits)
  // Tolerated: a CALLERROR without details, as some stations send it.
  if (type === 4 && count === standardCount - 1) return readFields(bytes, 4, 1, limits)
  throw new OverlayError('ERR_WIRE_FIELD_COUNT', { type, actual: elements.count })
}

/** Reads the fields whose places are in `elements`; `first` is the index of the message id. */
function readFields(bytes: Uint8Array, type: MessageType, first: 1 | 3, limits: WireLimits): Frame {
  const { starts, ends, count } = elements
  const isRequest = type === 2 || type === 6
  const last = first + (isRequest ? 2 : type === 3 ? 1 : 3)
  // Places are kept aside: reading an escaped string scans anew.
  const payloadStart = last < count ? (starts[last] as number) : -1
  const payloadEnd = last < count ? (ends[last] as number) : -1
  const pathEnd = (ends[2] as number) - 1
  // Only what this side would have written itself is spliced; the rest is written anew.
  const isStrict = bytes[starts[1] as number] === 0x22 && bytes[starts[2] as number] === 0x5b
  const route = first === 3 ? readRoute(bytes, limits) : undefined
  const messageId = readMessageId(bytes, first, limits)
  let action = ''
  let errorCode = ''
  let errorDescription = ''
  if (isRequest) action = readAction(bytes, first + 1)
  else if (type !== 3) {
    errorCode = readString(bytes, first + 1, 'errorCode')
    errorDescription = readString(bytes, first + 2, 'errorDescription')
  }
  if (payloadStart >= 0 && bytes[payloadStart] !== 0x7b) {
    throw new OverlayError('ERR_WIRE_FIELD_TYPE', { field: 'payload', expected: 'an object' })
  }
  const payload = payloadStart < 0 ? EMPTY_OBJECT : bytes.subarray(payloadStart, payloadEnd)
  const origin = route && isStrict ? { bytes, pathEnd } : undefined
  // biome-ignore format: one frame
  return { type, encoding: 'text', route, messageId, action, payload, errorCode, errorDescription, origin }
}

/** A message type is one digit; anything else is none. */
function readType(bytes: Uint8Array): number {
  const start = elements.starts[0] as number
  const end = elements.ends[0] as number
  if (end - start === 1) {
    const digit = (bytes[start] as number) - 0x30
    if (digit >= 0 && digit <= 9) return digit
  }
  const text = utf8Text(bytes.subarray(start, Math.min(end, start + 20))) ?? ''
  if (/^-?\d+$/.test(text)) return Number(text)
  throw new OverlayError('ERR_WIRE_FIELD_TYPE', { field: 'messageTypeId', expected: 'an integer' })
}

/** Routes repeat as ids do: one source asks many times. Equal bytes give the same route. */
const ROUTE_SLOTS = 2048
const MAX_ROUTE_BYTES = 96
const routes: ({ readonly bytes: Uint8Array; readonly route: Route } | undefined)[] = new Array(
  ROUTE_SLOTS,
).fill(undefined)

function readRoute(bytes: Uint8Array, limits: WireLimits): Route {
  const start = elements.starts[1] as number
  const end = elements.ends[2] as number
  if (end - start > MAX_ROUTE_BYTES) return parseRoute(bytes, limits)
  let hash = 0
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0
  const slot = (hash ^ (hash >>> 11)) & (ROUTE_SLOTS - 1)
  const known = routes[slot]
  if (known !== undefined && isEqual(known.bytes, bytes, start, end)) return known.route
  const route = parseRoute(bytes, limits)
  // So few bytes cannot hold more entries than any limit allows, so no limit is passed by.
  // A copy, not the view that `slice` of a Buffer gives: the received bytes are not ours to keep.
  routes[slot] = { bytes: Uint8Array.from(bytes.subarray(start, end)), route }
  return route
}

function isEqual(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false
  return true
}

function parseRoute(bytes: Uint8Array, limits: WireLimits): Route {
  const networkPath = readIds(bytes, 2, 'networkPath', limits.maxPathEntries)
  const destination = readIds(bytes, 1, 'destination', limits.maxPathEntries)
  return { destination, networkPath }
}

/** One id, or an array of them. */
function readIds(
  bytes: Uint8Array,
  index: number,
  field: string,
  limit: number,
): readonly [NodeId, ...NodeId[]] {
  let at = elements.starts[index] as number
  const end = elements.ends[index] as number
  if (bytes[at] === 0x22) return [nodeIdAt(bytes, at, end, field)]
  if (bytes[at] !== 0x5b) {
    throw new OverlayError('ERR_WIRE_FIELD_TYPE', { field, expected: 'an id or an array of ids' })
  }
  const ids: NodeId[] = []
  at = skipSpace(bytes, at + 1)
  while (bytes[at] !== 0x5d) {
    if (ids.length === limit) throw new OverlayError('ERR_WIRE_PATH_LENGTH', { limit })
    if (bytes[at] !== 0x22) {
      throw new OverlayError('ERR_WIRE_FIELD_TYPE', { field, expected: 'an array of ids' })
    }
    const close = closingQuote(bytes, at)
    ids.push(nodeIdAt(bytes, at, close + 1, field))
    at = skipSpace(bytes, close + 1)
    if (bytes[at] === 0x5d) break
    if (bytes[at] !== 0x2c) throw new OverlayError('ERR_WIRE_JSON', { problem: 'no comma', at })
    at = skipSpace(bytes, at + 1)
    if (bytes[at] === 0x5d) throw new OverlayError('ERR_WIRE_JSON', { problem: 'no value', at })
  }
  if (ids.length === 0) {
    throw field === 'networkPath'
      ? new OverlayError('ERR_WIRE_PATH_EMPTY')
      : new OverlayError('ERR_WIRE_FIELD_TYPE', { field, expected: 'a destination' })
  }
  return ids as unknown as readonly [NodeId, ...NodeId[]]
}

/** The id in the JSON string at this place. */
function nodeIdAt(bytes: Uint8Array, start: number, end: number, field: string): NodeId {
  const plain = plainNodeId(bytes, start + 1, end - 1)
  if (plain !== undefined) return plain
  const text = stringAt(bytes, start, end)
  if (text === undefined || !isNodeId(text)) throw new OverlayError('ERR_WIRE_NODE_ID', { field })
  return text
}

function readMessageId(bytes: Uint8Array, index: number, limits: WireLimits): MessageId {
  const start = elements.starts[index] as number
  const end = elements.ends[index] as number
  const plain = bytes[start] === 0x22 ? plainTextOnce(bytes, start + 1, end - 1) : undefined
  // The text was looked at byte by byte, so its length is all that is left to judge.
  if (plain && plain.length <= limits.maxMessageIdBytes) return plain as MessageId
  const text = readString(bytes, index, 'messageId')
  if (!isMessageId(text, limits.maxMessageIdBytes)) {
    throw new OverlayError('ERR_WIRE_MESSAGE_ID', { limit: limits.maxMessageIdBytes })
  }
  return text
}

function readAction(bytes: Uint8Array, index: number): string {
  const action = readString(bytes, index, 'action')
  if (action === '') {
    throw new OverlayError('ERR_WIRE_FIELD_TYPE', { field: 'action', expected: 'a name' })
  }
  return action
}

function readString(bytes: Uint8Array, index: number, field: string): string {
  const text = stringAt(bytes, elements.starts[index] as number, elements.ends[index] as number)
  if (text === undefined) {
    throw new OverlayError('ERR_WIRE_FIELD_TYPE', { field, expected: 'a string' })
  }
  return text
}

/** The JSON string at this place, escapes decoded; undefined when there is none. */
function stringAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (bytes[start] !== 0x22) return undefined
  const plain = plainText(bytes, start + 1, end - 1)
  if (plain !== undefined) return plain
  try {
    const value: unknown = JSON.parse(utf8Text(bytes.subarray(start, end)) ?? '')
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * What can be read of a text message that `decodeText` refused: its type, its id, and who sent
 * it, each only when beyond doubt.
 *
 * @param form The form of the link it came in on, which tells where the id should stand.
 */
export function remainsOfText(
  bytes: Uint8Array,
  form: 'overlay' | 'standard',
  limits: WireLimits = DEFAULT_LIMITS,
): Remains {
  // What stands before the place where it breaks can be read all the same.
  attempt(() => scanArray(bytes, limits.maxNesting))
  const type = elements.count > 0 ? attempt(() => readType(bytes)) : undefined
  if (type === undefined) return {}
  const idAt = form === 'overlay' ? 3 : 1
  const source =
    form === 'overlay' && elements.count > 2
      ? attempt(() => readIds(bytes, 2, 'networkPath', limits.maxPathEntries)[0])
      : undefined
  const messageId =
    idAt < elements.count ? attempt(() => readMessageId(bytes, idAt, limits)) : undefined
  return { type, ...(messageId && { messageId }), ...(source && { source }) }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof OverlayError) return undefined
    throw error
  }
}

/**
 * Encodes a frame as one text message.
 *
 * @throws {OverlayError} ERR_WIRE_ENCODE when the payload does not start with `{`, or the path has
 *   more than 32 entries.
 */
export function encodeText(frame: Omit<Frame, 'encoding' | 'origin'>): Uint8Array {
  if (frame.payload[0] !== 0x7b) {
    throw new OverlayError('ERR_WIRE_ENCODE', { problem: 'its payload is no JSON object' })
  }
  const head = utf8Bytes(envelopeText(frame))
  const out = allocate(head.length + frame.payload.length + 1)
  out.set(head, 0)
  out.set(frame.payload, head.length)
  out[out.length - 1] = 0x5d
  return out
}

function envelopeText(frame: Omit<Frame, 'encoding' | 'origin'>): string {
  const { type, route } = frame
  let text = `[${type},`
  if (route) {
    if (route.networkPath.length > DEFAULT_LIMITS.maxPathEntries) {
      throw new OverlayError('ERR_WIRE_ENCODE', { problem: 'its network path is too long' })
    }
    const { destination } = route
    text += `${JSON.stringify(destination.length === 1 ? destination[0] : destination)},`
    text += `${JSON.stringify(route.networkPath)},`
  }
  text += `${JSON.stringify(frame.messageId)},`
  if (type === 2 || type === 6) return `${text}${JSON.stringify(frame.action)},`
  if (type === 3) return text
  return `${text}${JSON.stringify(frame.errorCode)},${JSON.stringify(frame.errorDescription)},`
}

const MIN_SCRATCH_BYTES = 16 * 1024
let scratch = allocateApart(MIN_SCRATCH_BYTES)

const quoted = new Map<NodeId, string>()

/**
 * The text of a received frame with one more path entry. Where the envelope allows it, the new
 * entry is spliced into the received bytes; payload bytes stay the same either way.
 *
 * @returns Bytes that are valid until the next call: the one who sends them copies them anyway, and
 *   a buffer for each frame forwarded would be most of the garbage a node makes.
 */
export function forwardText(frame: Frame, self: NodeId): Uint8Array {
  const { origin } = frame
  if (!origin) throw new OverlayError('ERR_WIRE_ENCODE', { problem: 'nothing to splice' })
  const { bytes, pathEnd } = origin
  const entry = spliceOf(self)
  const length = bytes.length + entry.length
  // A frame that was itself decoded from the shared bytes would overwrite what it reads.
  const isOwnResult = bytes.buffer === scratch.buffer
  if (isOwnResult || scratch.length < length)
    scratch = allocateApart(Math.max(length, MIN_SCRATCH_BYTES))
  const out = scratch
  // The tail lands at its place with one copy of the whole; the short head is written over it.
  out.set(bytes, entry.length)
  for (let i = 0; i < pathEnd; i++) out[i] = bytes[i] as number
  writeAscii(out, entry, pathEnd)
  return out.subarray(0, length)
}

function spliceOf(self: NodeId): string {
  let text = quoted.get(self)
  if (text === undefined) {
    text = `,${JSON.stringify(self).replace(/[^\x20-\x7e]/g, escapeUnit)}`
    quoted.set(self, text)
  }
  return text
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
