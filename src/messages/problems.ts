/**
 * What a person is told about a payload that breaks its schema, and which CALLERROR it means.
 */
import type { ErrorObject } from 'ajv'
import type { ErrorCode } from '../errors.ts'

/** One way in which a payload breaks its schema. */
export interface Problem {
  /** Where, as an RFC 6901 JSON pointer; for a missing or unknown member that of the member. */
  readonly pointer: string
  /** The keyword of JSON schema that is broken. */
  readonly keyword: string
  /** What is wrong, as the rest of a sentence that starts with the pointer. */
  readonly problem: string
  readonly code: ErrorCode
}

interface KeywordRow {
  readonly code: ErrorCode
  readonly problem: (parameters: Readonly<Record<string, unknown>>) => string
}

// A peer chooses the names of unknown members; longer ones are not repeated in logs and answers.
const MAX_NAME_LENGTH = 100
const MAX_WORDS = 12

// biome-ignore format: a table
/**
 * Part 4 section 4.2.3 (1.6: OCPP-J section 4.2.3): wrong data type, wrong value, wrong number of
 * occurrences; what is not part of the message at all is not well-formed.
 */
const KEYWORDS = new Map<string, KeywordRow>([
  ['type',                 { code: 'ERR_SCHEMA_TYPE',       problem: ({ type }) => `must be ${article(String(type))}` }],
  ['enum',                 { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ allowedValues }) => `must be one of ${list(allowedValues)}` }],
  ['const',                { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ allowedValue }) => `must be ${allowedValue}` }],
  ['format',               { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ format }) => `must be ${FORMATS.get(String(format)) ?? format}` }],
  ['maxLength',            { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ limit }) => `must have at most ${count(limit, 'character')}` }],
  ['minLength',            { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ limit }) => `must have at least ${count(limit, 'character')}` }],
  ['minimum',              { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ limit }) => `must be at least ${limit}` }],
  ['maximum',              { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ limit }) => `must be at most ${limit}` }],
  ['exclusiveMinimum',     { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ limit }) => `must be more than ${limit}` }],
  ['exclusiveMaximum',     { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ limit }) => `must be less than ${limit}` }],
  ['multipleOf',           { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ multipleOf }) => `must be a multiple of ${multipleOf}` }],
  ['pattern',              { code: 'ERR_SCHEMA_PROPERTY',   problem: ({ pattern }) => `must match ${pattern}` }],
  ['required',             { code: 'ERR_SCHEMA_OCCURRENCE', problem: () => 'is required' }],
  ['minItems',             { code: 'ERR_SCHEMA_OCCURRENCE', problem: ({ limit }) => `must have at least ${count(limit, 'item')}` }],
  ['maxItems',             { code: 'ERR_SCHEMA_OCCURRENCE', problem: ({ limit }) => `must have at most ${count(limit, 'item')}` }],
  ['additionalItems',      { code: 'ERR_SCHEMA_OCCURRENCE', problem: ({ limit }) => `must have at most ${count(limit, 'item')}` }],
  ['additionalProperties', { code: 'ERR_SCHEMA_FORMAT',     problem: () => 'is not part of this message' }],
])

const FORMATS = new Map([
  ['date-time', 'a date and time with its offset, such as 2026-01-31T12:00:00Z'],
  ['uri', 'an absolute URI'],
])

/** The problem behind the first error of a compiled schema. */
export function describeProblem(error: ErrorObject | undefined): Problem {
  const { keyword = 'schema', instancePath: pointer = '', params = {} } = error ?? {}
  // A keyword no table row knows still refuses the payload.
  const row = KEYWORDS.get(keyword) ?? {
    code: 'ERR_SCHEMA_FORMAT',
    problem: () => 'does not match the schema',
  }
  const { code } = row
  const member: unknown = params.missingProperty ?? params.additionalProperty
  if (typeof member !== 'string') return { pointer, keyword, problem: row.problem(params), code }
  if (member.length > MAX_NAME_LENGTH) {
    return { pointer, keyword, problem: 'has a member that is not part of this message', code }
  }
  const escaped = member.replaceAll('~', '~0').replaceAll('/', '~1')
  return { pointer: `${pointer}/${escaped}`, keyword, problem: row.problem(params), code }
}

function article(type: string): string {
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`
}

function count(limit: unknown, noun: string): string {
  return limit === 1 ? `1 ${noun}` : `${limit} ${noun}s`
}

function list(values: unknown): string {
  const words = Array.isArray(values) ? values : [values]
  if (words.length <= MAX_WORDS) return words.join(', ')
  return `${words.slice(0, MAX_WORDS).join(', ')} and ${words.length - MAX_WORDS} more`
}
