import { isNodeId, type NodeId } from '../primitives/ids.ts'

/**
 * Short strings out of bytes. Ids and action names repeat in almost every frame, so the same
 * bytes give the same string object: no allocation, and maps find its hash already computed.
 */

const SLOTS = 4096
const MAX_LENGTH = 64
const slots: (string | undefined)[] = new Array(SLOTS).fill(undefined)
/** Strings in `slots` that are legal node ids, at the same index. */
const nodeIds: (string | undefined)[] = new Array(SLOTS).fill(undefined)

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Slot of a text, or -1 when it holds more than printable ASCII that JSON writes as it is. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return -1
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  return (hash ^ (hash >>> 12)) & (SLOTS - 1)
}

/**
 * The text of `bytes` from `start` to `end` when all of it is printable ASCII that JSON writes as
 * it is (no quote, no backslash); else undefined. For texts that repeat.
 */
export function plainText(bytes: Uint8Array, start: number, end: number): string | undefined {
  const slot = slotOf(bytes, start, end)
  if (slot < 0) return undefined
  const known = slots[slot]
  if (known !== undefined && isSame(known, bytes, start, end)) return known
  const text = asciiSlice(bytes, start, end)
  if (text.length <= MAX_LENGTH) slots[slot] = text
  return text
}

/** As `plainText`, for a text that is used once: not remembered. */
export function plainTextOnce(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return undefined
  }
  return asciiSlice(bytes, start, end)
}

/** As `plainText`, for a node id; undefined also when it is not a legal one. */
export function plainNodeId(bytes: Uint8Array, start: number, end: number): NodeId | undefined {
  const slot = slotOf(bytes, start, end)
  if (slot < 0) return undefined
  const known = nodeIds[slot]
  if (known !== undefined && isSame(known, bytes, start, end)) return known as NodeId
  const text = asciiSlice(bytes, start, end)
  if (!isNodeId(text)) return undefined
  if (text.length <= MAX_LENGTH) nodeIds[slot] = text
  return text
}

function isSame(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}

type Slicer = { latin1Slice?(start: number, end: number): string }

/** The text of bytes known to be ASCII. */
export function asciiSlice(bytes: Uint8Array, start: number, end: number): string {
  // Node's Buffer does it in one call; a browser's array has to be spread.
  const { latin1Slice } = bytes as Slicer
  if (latin1Slice) return latin1Slice.call(bytes, start, end)
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes UTF-8; undefined when the bytes are none. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

const encoder = new TextEncoder()

export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

// Node's pooled allocator is several times faster and need not clear what is overwritten anyway.
const pooled = (globalThis as { Buffer?: { allocUnsafe(length: number): Uint8Array } }).Buffer

/** Bytes with undefined content: the caller overwrites all of them. */
export function allocate(length: number): Uint8Array {
  return pooled ? pooled.allocUnsafe(length) : new Uint8Array(length)
}

/** As `allocate`, and sharing memory with no other bytes. */
export function allocateApart(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length))
}

/** Writes text known to be ASCII; returns the index after it. */
export function writeAscii(target: Uint8Array, text: string, at: number): number {
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i)
  return at + text.length
}
