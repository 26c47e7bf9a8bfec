import type { Protocol } from '../../messages/protocols.ts'
import { VENDOR_ID } from '../../primitives/vendor.ts'
import { assertMembers, type Complain, recordOf } from '../../wire/document-checks.ts'
import { encodePayload, type JsonObject, parsePayload } from '../../wire/payload.ts'
import { parsePointer, removeAt, setAt } from '../../wire/pointer.ts'
import type { Replacement } from './rule.ts'

/** Changes a payload in place; says whether it did. */
export type Change = (payload: JsonObject) => boolean

/** With the longest pointer it stays below the nesting that the wire allows. */
const MAX_VALUE_NESTING = 16

/** What a replace rule does, checked. */
export function compileReplacements(
  replacements: readonly Replacement[],
  complain: Complain,
): readonly Change[] {
  return replacements.map((replacement, i) => {
    const path = ['replace', `${i}`]
    recordOf(replacement, path, complain)
    assertMembers(replacement, ['pointer', 'value', 'remove'], path, complain)
    const { pointer: text, value, remove } = replacement as { pointer: unknown; value?: unknown; remove?: unknown } // biome-ignore format: one line
    const pointer = parsePointer(typeof text === 'string' ? text : '')
    if (typeof pointer === 'string') return complain([...path, 'pointer'], pointer)
    if (Object.hasOwn(replacement, 'value') === (remove !== undefined)) {
      return complain(path, 'must have either value or remove: true')
    }
    if (remove !== undefined) {
      if (remove !== true)
        complain([...path, 'remove'], 'must be true; leave the entry out instead')
      return (payload) => removeAt(payload, pointer)
    }
    if (!isWritable(value)) {
      complain([...path, 'value'], 'is nothing that JSON can say in one way only')
    }
    const own = structuredClone(value)
    return (payload) => setAt(payload, pointer, own)
  })
}

/** Whether other nodes would read a value back as it is written here. */
function isWritable(value: unknown): boolean {
  try {
    if (!isJson(value, MAX_VALUE_NESTING)) return false
    parsePayload(encodePayload({ value }))
    return true
  } catch {
    return false
  }
}

function isJson(value: unknown, nesting: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || nesting === 0) return false
  return Object.values(value).every((item) => isJson(item, nesting - 1))
}

/** Who changed a payload, by which rule. */
export interface ReplacedBy {
  readonly by: string
  readonly rule: string
}

/**
 * Writes into a payload that it was changed. OCPP 1.6 has no place for that, and what another
 * vendor keeps in `customData` is not ours to change.
 *
 * @param protocol Version of the payload; undefined (not known) may be 1.6.
 * @returns Whether it was written.
 * @spec docs/vendor-extensions.md, "customData"
 */
export function markReplaced(
  payload: JsonObject,
  protocol: Protocol | undefined,
  entries: readonly ReplacedBy[],
): boolean {
  if (protocol === undefined || protocol === 'ocpp1.6') return false
  const { customData = {} } = payload
  if (typeof customData !== 'object' || customData === null || Array.isArray(customData)) return false // biome-ignore format: one line
  const { vendorId = VENDOR_ID, replaced: earlier } = customData as Record<string, unknown>
  if (vendorId !== VENDOR_ID) return false
  const replaced = [...(Array.isArray(earlier) ? earlier : []), ...entries]
  const mark = { vendorId: VENDOR_ID, replaced }
  return setAt(payload, ['customData'], { ...customData, ...mark })
}
