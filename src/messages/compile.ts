/**
 * Schemas to functions. Nothing is coerced and no default is filled in: what was received, and
 * perhaps signed, is what a handler gets.
 */
import type { ErrorObject, KeywordCxt } from 'ajv'
import { _, Ajv } from 'ajv'
import { isDateTime, isDateTimeOrWithoutOffset, isUri } from './date-time.ts'
import type { JsonSchema } from './json-schema.ts'
import { mapSchema, resolveReference } from './json-schema.ts'

/** A compiled schema; after it returned false, `errors` holds the first problem. */
export interface Check {
  (payload: unknown): boolean
  errors?: ErrorObject[] | null | undefined
}

/** How a text becomes a time: `offset-optional` is for tolerant 1.6 peers. */
export type TimeFormat = 'rfc3339' | 'offset-optional'

const COMPILERS = new Map<TimeFormat, Ajv>()

/** Compiles one schema; its `$ref`s lead to its own definitions. */
export function compileSchema(schema: JsonSchema, timeFormat: TimeFormat): Check {
  let compiler = COMPILERS.get(timeFormat)
  if (!compiler) {
    compiler = createCompiler(timeFormat)
    COMPILERS.set(timeFormat, compiler)
  }
  return compiler.compile(lean(schema))
}

/**
 * A schema without words and without references. One function without calls is a third faster
 * than one per definition, and no slower to compile. The official ids go too: Ajv does not take
 * them for URIs. No schema is recursive.
 */
function lean(root: JsonSchema): JsonSchema {
  return mapSchema({ ...root, definitions: undefined }, (part) => {
    const { $id, $schema, description, comment, javaType, ...rest } = resolveReference(root, part)
    if (rest.type === 'object') return rest
    // 2.x closes its enumerations of texts too: it says nothing, and yet would be compiled.
    const { additionalProperties, ...open } = rest
    return open
  })
}

function createCompiler(timeFormat: TimeFormat): Ajv {
  const compiler = new Ajv({
    strict: false,
    // NaN is no number and Infinity no integer.
    strictNumbers: true,
    messages: false,
    // Optimising would double the time to compile (100 instead of 40 ms for the largest schema,
    // on the event loop) and the memory, to win half a microsecond on the largest messages.
    code: { optimize: false },
    // The schemas are ours or official, and tested: checking each against draft 07 costs more
    // than compiling it.
    meta: false,
    validateSchema: false,
    // 1.6 limits power to steps of 0.1, which no binary fraction is a multiple of.
    multipleOfPrecision: 6,
    formats: {
      'date-time': timeFormat === 'rfc3339' ? isDateTime : isDateTimeOrWithoutOffset,
      uri: isUri,
    },
  })
  compiler.removeKeyword('maxLength')
  compiler.addKeyword({
    keyword: 'maxLength',
    type: 'string',
    schemaType: 'number',
    code: compileMaxLength,
    error: { message: 'too long', params: ({ schema }) => _`{limit: ${schema}}` },
  })
  return compiler
}

/** Characters are counted only where the number of UTF-16 units does not already decide. */
function compileMaxLength(context: KeywordCxt): void {
  const { gen, data, schema } = context
  const isLonger = gen.scopeValue('func', { ref: hasMoreCharacters })
  context.fail(_`${data}.length > ${schema} && ${isLonger}(${data}, ${schema})`)
}

/** JSON schema counts code points, not UTF-16 units. */
function hasMoreCharacters(text: string, limit: number): boolean {
  // No character has more than two units: a megabyte is not counted to refuse 20 characters.
  if (text.length > limit * 2) return true
  let characters = 0
  for (const _character of text) characters += 1
  return characters > limit
}
