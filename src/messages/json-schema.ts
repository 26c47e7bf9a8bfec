/**
 * JSON schemas as data: looking into them and copying them with changes.
 */

/** A JSON schema, draft 07, or a part of one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** Whether a value is an object schema, as opposed to an array, a boolean or a plain value. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The named members of an object schema: its `properties`, or its `definitions`. */
export function membersOf(
  schema: JsonSchema,
  keyword: 'properties' | 'definitions' = 'properties',
): readonly (readonly [name: string, schema: JsonSchema])[] {
  const members = schema[keyword]
  if (!isSchema(members)) return []
  return Object.entries(members).filter((entry): entry is [string, JsonSchema] =>
    isSchema(entry[1]),
  )
}

/**
 * Copies a schema, replacing its parts from the outside in.
 *
 * @param visit Gets each schema and the name of the member or definition it stands for (for the
 *   items of an array: that of the array); returns what to put there.
 */
export function mapSchema(
  schema: JsonSchema,
  visit: (schema: JsonSchema, name: string) => JsonSchema,
  name = '',
): JsonSchema {
  const copy: Record<string, unknown> = { ...visit(schema, name) }
  for (const keyword of ['properties', 'definitions'] as const) {
    if (!isSchema(copy[keyword])) continue
    copy[keyword] = Object.fromEntries(
      membersOf(copy, keyword).map(([key, part]) => [key, mapSchema(part, visit, key)]),
    )
  }
  for (const keyword of ['items', 'if', 'then', 'else']) {
    const part = copy[keyword]
    if (isSchema(part)) copy[keyword] = mapSchema(part, visit, name)
  }
  return copy
}

/** A part of a schema, or the definition of the same schema it refers to. */
export function resolveReference(root: JsonSchema, part: JsonSchema): JsonSchema {
  if (typeof part.$ref !== 'string') return part
  const name = part.$ref.slice('#/definitions/'.length)
  const definition = membersOf(root, 'definitions').find(([key]) => key === name)?.[1]
  if (!definition) throw new TypeError(`${part.$ref} refers to nothing`)
  return definition
}
