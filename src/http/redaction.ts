import { withFingerprints } from './fingerprints.ts'
import { HIDDEN, isNameOfSecret, isSecretName, isValueName } from './secrets.ts'

/** Nothing worth reading in a log line lies deeper. */
const MAX_DEPTH = 12

/**
 * Fields of a log line with nothing in them that must stay secret, whatever its name or depth: id
 * tokens, passwords, keys and credentials. What is not plain data becomes plain data.
 */
export function redactFields(fields: object): Record<string, unknown> {
  return members(fields, { depth: 0, hidesValues: false, around: new Set() })
}

interface Place {
  readonly depth: number
  /** True beside the name of a variable that is a secret. */
  readonly hidesValues: boolean
  /** Objects that this one is in. */
  readonly around: ReadonlySet<object>
}

function redact(value: unknown, place: Place): unknown {
  if (typeof value === 'string') return withFingerprints(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof URL) return withFingerprints(value.href)
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
    redacted.push([
      withFingerprints(name),
      isHidden ? HIDDEN : redact(value, { ...place, hidesValues }),
    ])
  }
  return Object.fromEntries(redacted)
}

/** `{ key: 'AuthorizationKey', value }`, or `{ variable: { name: 'BasicAuthPassword' }, … }`. */
function isOfPassword(object: object): boolean {
  return Object.entries(object).some(([member, value]) => {
    if (typeof value !== 'object' || value === null) return isNameOfSecret(member, value)
    return Object.entries(value).some(([inner, name]) => isNameOfSecret(inner, name))
  })
}
