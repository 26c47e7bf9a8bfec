/**
 * Ids of nodes, services, groups and messages: what is a legal one, and when two are the same.
 *
 * @spec docs/overlay.md section 1
 */

/** A node, service or group: 1–255 UTF-8 bytes, printable, NFC, no surrounding spaces. */
export type NodeId = string & { readonly brand: 'NodeId' }

/** Correlates a request with its answer on one hop: 1–36 printable ASCII characters. */
export type MessageId = string & { readonly brand: 'MessageId' }

const MAX_NODE_ID_BYTES = 255
export const MAX_MESSAGE_ID_BYTES = 36
/** What a standard peer set `tolerant` may use. */
export const MAX_TOLERATED_MESSAGE_ID_BYTES = 255

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/
// Control, format (bidi marks among them), surrogate, private use, unassigned, line separators.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u

/**
 * Whether a text is a legal id of a node, service or group. A text that is not already NFC is no
 * id: normalising it would let two spellings of one name pass two different checks.
 */
export function isNodeId(text: string): text is NodeId {
  if (text.length === 0 || text.length > MAX_NODE_ID_BYTES) return false
  if (text.startsWith(' ') || text.endsWith(' ')) return false
  // In a URL these would be steps.
  if (text === '.' || text === '..') return false
  if (PRINTABLE_ASCII.test(text)) return true
  return (
    !UNPRINTABLE.test(text) &&
    text.normalize('NFC') === text &&
    new TextEncoder().encode(text).length <= MAX_NODE_ID_BYTES
  )
}

/**
 * Checks an id from configuration or a caller.
 *
 * @throws {TypeError} when it is not legal.
 */
export function assertNodeId(text: string): NodeId {
  if (!isNodeId(text)) throw new TypeError(`"${text}" is not a legal node id`)
  return text
}

/** Whether a text may be a message id; `maxBytes` is 36, or 255 from tolerated standard peers. */
export function isMessageId(text: string, maxBytes = MAX_MESSAGE_ID_BYTES): text is MessageId {
  return text.length > 0 && text.length <= maxBytes && PRINTABLE_ASCII.test(text)
}

/** Identifier characters of OCPP (Part 2, identifierString) without the colon, 1–48 of them. */
export function isStationId(text: string): text is NodeId {
  return /^(?!\.\.?$)[A-Za-z0-9*\-_=+|@.]{1,48}$/.test(text)
}

/** Service names that a bare id may collide with; whoever bears one must be entitled to it. */
// biome-ignore format: one line reads better
const SERVICES: ReadonlySet<string> = new Set([
  'csms', 'centralsystem', 'gridoperator', 'transparency', 'contactpoint', 'time',
])

/** Whether an id is reserved: `0`, a group (`*…`), or a service name, bare or `operator/Name`. */
export function isReservedId(id: NodeId): boolean {
  if (id === '0' || id.startsWith('*')) return true
  const key = foldId(id)
  return SERVICES.has(key) || SERVICES.has(key.slice(key.lastIndexOf('/') + 1))
}

/** Whether a destination is the CSMS by one of its service names, bare or `operator/Name`. */
export function isCsmsService(destination: NodeId): boolean {
  const key = foldId(destination)
  const name = key.slice(key.lastIndexOf('/') + 1)
  return name === 'csms' || name === 'centralsystem'
}

const folded = new Map<string, string>()
const MAX_FOLDED = 8_192
/** Longer ids are rare and not worth remembering. */
const MAX_REMEMBERED_LENGTH = 64

/**
 * The form in which ids are compared: A–Z become a–z and nothing else changes. `toLowerCase` is
 * never used: it would fold U+212A (KELVIN SIGN) to `k`, and `toUpperCase` U+017F to `S`.
 */
export function foldId(id: string): string {
  const known = folded.get(id)
  if (known !== undefined) return known
  if (id.length > MAX_REMEMBERED_LENGTH) return fold(id)
  if (folded.size >= MAX_FOLDED) folded.clear() // a cache: peers choose ids, so it must be bounded
  const key = fold(id)
  folded.set(id, key)
  return key
}

function fold(id: string): string {
  return id.replace(/[A-Z]+/g, (run) => run.toLowerCase())
}

export function isSameId(a: string, b: string): boolean {
  // Folding never changes the length, so most different ids are told apart at once.
  return a === b || (a.length === b.length && foldId(a) === foldId(b))
}
