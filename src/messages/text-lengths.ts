/**
 * Longer (or shorter) texts for peers that need them: a station whose idTag has 24 characters.
 */
import type { JsonSchema } from './json-schema.ts'
import { isSchema, mapSchema, membersOf, resolveReference } from './json-schema.ts'
import { officialSchemas } from './official-schemas.ts'
import type { Direction } from './protocols.ts'
import { PROTOCOLS } from './protocols.ts'

/**
 * Greatest number of characters, by place. A place is the name of a member, meaning it in every
 * message (`idTag`), or one member of one message as `Action.direction:/pointer`, where `*`
 * stands for any item of an array: `Authorize.request:/idTag`, `GetConfiguration.request:/key/*`.
 */
export type TextLengths = Readonly<Record<string, number>>

interface Place {
  readonly action: string
  readonly direction: string
  readonly path: readonly string[]
}

/**
 * Checks lengths from a configuration.
 *
 * @throws {TypeError} when a length is no positive integer, or a place is in no version a text of
 *   limited length: a rule that can never apply is a mistake.
 */
export function assertTextLengths(lengths: TextLengths): void {
  for (const [place, length] of Object.entries(lengths)) {
    if (!Number.isSafeInteger(length) || length < 1) {
      throw new TypeError(`maxLengths: ${place} must be a positive integer`)
    }
    if (!isKnownPlace(place)) {
      throw new TypeError(`maxLengths: no version of OCPP limits the length of ${place}`)
    }
  }
}

/** The schema of one payload with these lengths in it. */
export function applyTextLengths(
  schema: JsonSchema,
  lengths: TextLengths,
  { action, direction }: { readonly action: string; readonly direction: Direction },
): JsonSchema {
  const byName = new Map(Object.entries(lengths))
  let result = mapSchema(schema, (part, name) => {
    const maxLength = part.maxLength === undefined ? undefined : byName.get(name)
    return maxLength === undefined ? part : { ...part, maxLength }
  })
  for (const [text, maxLength] of byName) {
    const place = parsePlace(text)
    if (place?.action !== action || place.direction !== direction) continue
    result = replaceAt(result, result, { path: place.path, maxLength }) ?? result
  }
  return result
}

function parsePlace(place: string): Place | undefined {
  const { action, direction, pointer } =
    /^(?<action>\w+)\.(?<direction>request|response):\/(?<pointer>.+)$/.exec(place)?.groups ?? {}
  if (!action || !direction || !pointer) return undefined
  const path = pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return { action, direction, path }
}

function isKnownPlace(text: string): boolean {
  const place = parsePlace(text)
  return PROTOCOLS.some((protocol) => {
    const schemas = officialSchemas(protocol)
    if (!place) {
      return [...schemas.values()].some((pair) =>
        [pair.request, pair.response].some((schema) => schema && limitsName(schema, text)),
      )
    }
    const schema = schemas.get(place.action)?.[place.direction as Direction]
    return schema && replaceAt(schema, schema, { path: place.path, maxLength: 1 }) !== undefined
  })
}

function limitsName(schema: JsonSchema, name: string): boolean {
  let found = false
  mapSchema(schema, (part, partName) => {
    if (partName === name && part.maxLength !== undefined) found = true
    return part
  })
  return found
}

/**
 * Copies a schema with another `maxLength` at the end of a path; definitions passed on the way
 * are copied into their place, so that the same definition elsewhere keeps its own limit.
 *
 * @returns undefined when the path leads to no text of limited length.
 */
function replaceAt(
  root: JsonSchema,
  part: JsonSchema,
  { path, maxLength }: { readonly path: readonly string[]; readonly maxLength: number },
): JsonSchema | undefined {
  const schema = resolveReference(root, part)
  const [key, ...rest] = path
  if (key === undefined)
    return schema.maxLength === undefined ? undefined : { ...schema, maxLength }

  if (key === '*') {
    if (!isSchema(schema.items)) return undefined
    const items = replaceAt(root, schema.items, { path: rest, maxLength })
    return items && { ...schema, items }
  }
  const member = membersOf(schema).find(([name]) => name === key)?.[1]
  const replaced = member && replaceAt(root, member, { path: rest, maxLength })
  return replaced && { ...schema, properties: { ...(schema.properties ?? {}), [key]: replaced } }
}
