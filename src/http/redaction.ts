import { withFingerprints } from './fingerprints.ts'
import { isSecretName, isValueName, namesPassword } from './secrets.ts'

const HIDDEN = '[secret]'
/** Nothing worth reading in a log line lies deeper. */
const MAX_DEPTH = 12

/**
 * Fields of a log line with nothing in them that must stay secret, whatever its name or depth: id
 * tokens, passwords, keys and credentials. What is not plain data becomes plain data.
 */
export function redactFields(fields: object): Record<string, unknown> {
  return members(fields, { depth: 0, hidesValues: false, around: new Set() })
}

/** A text without the secrets that can be told from its form. */
export function redactText(text: string): string {
  return SECRET_TEXTS.reduce(
    (redacted, [pattern, replacement]) => redacted.replace(pattern, replacement),
    redactJson(text),
  )
}

interface Place {
  readonly depth: number
  /** True beside the name of a variable that is a password. */
  readonly hidesValues: boolean
  /** Objects that this one is in. */
  readonly around: ReadonlySet<object>
}

function redact(value: unknown, place: Place): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof URL) return redactText(value.href)
  if (place.around.has(value) || place.depth > MAX_DEPTH) return '[…]'
  if (value instanceof Map) return redact(Object.fromEntries(value), place)
  if (value instanceof Set) return redact([...value], place)
  const inside = { ...place, depth: place.depth + 1, around: new Set([...place.around, value]) }
  if (Array.isArray(value)) return value.map((item) => redact(item, inside))
  if (!(value instanceof Error)) return members(value, inside)
  const { name, message, stack, cause } = value
  return members({ ...value, name, message, stack, cause }, inside)
}

function members(object: object, place: Place): Record<string, unknown> {
  const hidesValues = place.hidesValues || isOfPassword(object)
  // `key` beside a value is a name; alone it is a key.
  const hidesKey = !('value' in object || 'readonly' in object)
  const redacted: [string, unknown][] = []
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined || typeof value === 'function') continue
    const isHidden =
      isSecretName(name) || (hidesValues && isValueName(name)) || (hidesKey && name === 'key')
    redacted.push([redactText(name), isHidden ? HIDDEN : redact(value, { ...place, hidesValues })])
  }
  return Object.fromEntries(redacted)
}

/** `{ key: 'AuthorizationKey', value }`, or `{ variable: { name: 'BasicAuthPassword' }, … }`. */
function isOfPassword(object: object): boolean {
  return Object.values(object).some((value) => {
    if (typeof value === 'string') return namesPassword(value)
    if (typeof value !== 'object' || value === null) return false
    return Object.values(value).some((name) => typeof name === 'string' && namesPassword(name))
  })
}

// biome-ignore format: a table
/** Secrets that stand in a text. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\b([Bb]asic|BASIC)(\s+)(?![a-z]+\b)[\w+/=.~:-]{4,}/g,                           `$1$2${HIDDEN}`],
  [/\b(Bearer|Digest)(\s+)[\w+/=.~:-]{4,}/gi,                                     `$1$2${HIDDEN}`],
  [/(\/\/)[^\s/@]*:[^\s/@]*@/g,                                                    `$1${HIDDEN}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g,       HIDDEN],
  [/\$(?:argon2id|hmac-sha256)\$\S+/g,                                             HIDDEN],
  // JSON inside JSON: \"idTag\":\"…\", at any depth of quoting.
  [/(\\+"(?:[\w-]*(?:password|secret|token|idtag|authorization(?:key)?|pin))\\+"\s*:\s*)(?:\\+"(?:(?!\\+")[\s\S])*|-?\d[\d.]*)/gi, `$1${HIDDEN}`],
  [/\b((?:[\w-]*(?:password|passphrase|secret|token|idtag|authorizationkey))\s*[=:]\s*)(?!\[|")[^\s,;&}\]]+/gi, `$1${HIDDEN}`],
]

/** A text that has JSON in it; its secrets become the fingerprints that the console shows. */
function redactJson(text: string): string {
  return text.includes('"') ? withFingerprints(text) : text
}
