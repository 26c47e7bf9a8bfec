import { foldId } from '../primitives/ids.ts'
import { wildcard } from '../primitives/wildcard.ts'

/** A value without parts. */
export type Scalar = string | number | boolean | null

/** A comparison with one value, in words and as a test. */
export interface Comparison {
  readonly words: string
  readonly test: (value: unknown) => boolean
}

/** A text is compared within as many steps as its length times this. */
const MAX_PATTERN = 100
const DECIMAL = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

// biome-ignore format: a table
/** What makes a comparison of its operand, or says what is wrong with that. */
export const COMPARISONS: ReadonlyMap<string, (operand: unknown) => Comparison | string> = new Map([
  ['equals', (operand: unknown) => among([operand], 'is')],
  ['in', (operand: unknown) => (Array.isArray(operand) && operand.length > 0 ? among(operand, 'is one of') : 'must be a list of values')],
  ['matches', matching],
  ['greaterThan', (operand: unknown) => compared(operand, 'is greater than', (value, limit) => value > limit)],
  ['lessThan', (operand: unknown) => compared(operand, 'is less than', (value, limit) => value < limit)],
])

function among(operands: readonly unknown[], verb: string): Comparison | string {
  if (!operands.every(isScalar)) return 'must be a text, a number, true, false or null'
  const keys = new Set(operands.map(keyOf))
  return {
    words: `${verb} ${operands.map((operand) => JSON.stringify(operand)).join(', ')}`,
    test: (value) => isScalar(value) && keys.has(keyOf(value)),
  }
}

function keyOf(value: Scalar): Scalar {
  return typeof value === 'string' ? foldId(value) : value
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
}

function matching(pattern: unknown): Comparison | string {
  if (typeof pattern !== 'string' || pattern === '' || pattern.length > MAX_PATTERN) {
    return `must be a text of 1 to ${MAX_PATTERN} characters, with the wildcards * and ?`
  }
  const matches = wildcard(foldId(pattern), true)
  return {
    words: `is like ${JSON.stringify(pattern)}`,
    test: (value) => typeof value === 'string' && matches(foldId(value)),
  }
}

function compared(
  limit: unknown,
  verb: string,
  test: (value: number, limit: number) => boolean,
): Comparison | string {
  if (typeof limit !== 'number' || !Number.isFinite(limit)) return 'must be a number'
  return {
    words: `${verb} ${limit}`,
    test(value) {
      const number = numberOf(value)
      return number !== undefined && test(number, limit)
    },
  }
}

/** Meter values are texts in OCPP 1.6, and a limit must not be evaded by writing it as one. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined
}
