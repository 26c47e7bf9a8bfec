import type { JsonSchema } from '../../src/messages/json-schema.ts'
import { officialSchemas } from '../../src/messages/official-schemas.ts'
import type { Direction, Protocol } from '../../src/messages/protocols.ts'
import type { JsonObject } from '../../src/wire/payload.ts'

/** What JSON can say that `String`, `Number` and templates throw at: its members hide the inherited ones. */
const POISON = { toString: 0, valueOf: 0 }

/** Names a schema that each place of a payload may be of. */
interface Schema extends JsonObject {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly enum?: readonly unknown[]
  readonly type?: string
  readonly format?: string
  readonly $ref?: string
}

/**
 * Payloads of an action with all members it may have, of which one is of no use.
 *
 * @param depth How deep it lies at the most.
 */
export function* poisoned(
  protocol: Protocol,
  action: string,
  direction: Direction,
  depth = Number.POSITIVE_INFINITY,
): Generator<JsonObject> {
  const schema = officialSchemas(protocol).get(action)?.[direction]
  if (!schema) return
  const whole = sample(schema as Schema, schema, 0)
  for (const path of pathsIn(whole))
    if (path.length <= depth) yield replacedAt(whole, path) as JsonObject
}

function resolved(schema: Schema, root: JsonSchema): Schema {
  if (schema.$ref === undefined) return schema
  const name = schema.$ref.split('/').at(-1) ?? ''
  return (root as { definitions?: Record<string, Schema> }).definitions?.[name] ?? {}
}

function sample(given: Schema, root: JsonSchema, depth: number): unknown {
  const schema = resolved(given, root)
  if (schema.enum) return schema.enum[0]
  if (schema.properties) {
    if (depth > 6) return {}
    return Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, sample(one, root, depth + 1)])) // biome-ignore format: one line
  }
  if (schema.type === 'array') return [sample(schema.items ?? {}, root, depth + 1)]
  if (schema.type === 'integer' || schema.type === 'number') return 1
  if (schema.type === 'boolean') return true
  return schema.format === 'date-time' ? '2026-01-01T00:00:00Z' : 'x'
}

function* pathsIn(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    yield [...path, name]
    yield* pathsIn(inner, [...path, name])
  }
}

function replacedAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return POISON
  if (Array.isArray(value)) return value.with(Number(name), replacedAt(value[Number(name)], rest))
  const members = value as JsonObject
  return { ...members, [name]: replacedAt(members[name], rest) }
}
