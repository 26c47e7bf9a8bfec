import { isDateTime, parseMoment } from '../messages/date-time.ts'

/** A request that says something wrong; answered with 400 and the sentence. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
  readonly statusCode = 400
}

/**
 * The parameters of a query, each given at most once.
 *
 * @throws {BadRequest} for a parameter that is not among `names`, or given twice.
 */
export function readQuery<N extends string>(
  query: unknown,
  names: readonly N[],
): { readonly [K in N]?: string } {
  const found: { [K in N]?: string } = {}
  for (const [given, value] of Object.entries(query as Record<string, unknown>)) {
    const name = names.find((known) => known === given)
    if (name === undefined) {
      throw new BadRequest(`"${given}" is not a parameter; known are ${names.join(', ')}`)
    }
    if (typeof value !== 'string') throw new BadRequest(`"${name}" is given more than once`)
    found[name] = value
  }
  return found
}

/**
 * A whole number from `min` to `max`; undefined when it is not given.
 *
 * @throws {BadRequest}
 */
export function readInteger(
  name: string,
  text: string | undefined,
  { min, max }: { min: number; max: number },
): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new BadRequest(`"${name}" must be a whole number from ${min} to ${max}, not "${text}"`)
}

/**
 * One of some words; undefined when it is not given.
 *
 * @throws {BadRequest}
 */
export function readWord<W extends string>(
  name: string,
  text: string | undefined,
  words: readonly W[],
): W | undefined {
  if (text === undefined) return undefined
  const word = words.find((known) => known === text)
  if (word !== undefined) return word
  throw new BadRequest(`"${name}" must be ${words.join(' or ')}, not "${text}"`)
}

/**
 * A moment, in UTC with milliseconds; undefined when it is not given.
 *
 * @throws {BadRequest}
 */
export function readMoment(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  if (isDateTime(text)) return new Date(parseMoment(text)).toISOString()
  // In an address a plus is a space.
  const hint = isDateTime(text.replace(' ', '+')) ? ' (write %2B for +)' : ''
  throw new BadRequest(`"${name}" must be a moment such as 2026-01-31T12:00:00Z, not "${text}"${hint}`) // biome-ignore format: one line
}

/**
 * Of a route that reads its parameters with the functions above: what the description says of them.
 * They are not checked by it, so that what is wrong is answered with their own sentences.
 */
export function readsQuery(
  summary: string,
  tags: readonly string[],
  { query = {}, params = {} }: { query?: Record<string, object>; params?: Record<string, object> },
) {
  return {
    validatorCompiler: () => () => true,
    schema: {
      summary,
      tags,
      querystring: { type: 'object', additionalProperties: false, properties: query },
      ...(Object.keys(params).length > 0 && { params: { type: 'object', properties: params } }),
    },
  }
}

/** A whole number in a description; what `readInteger` accepts with the same bounds. */
export function wholeNumber({ min, max }: { min: number; max: number }, otherwise?: number) {
  return {
    type: 'integer',
    minimum: min,
    maximum: max,
    ...(otherwise !== undefined && { default: otherwise }),
  }
}
