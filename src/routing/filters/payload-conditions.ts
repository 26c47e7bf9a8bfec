import { foldId } from '../../primitives/ids.ts'
import { assertMembers, type Complain, recordOf } from './checks.ts'
import type { Condition } from './conditions.ts'
import type { Inspection } from './inspection.ts'
import { parsePointer, someAt } from './pointer.ts'
import type { PayloadCondition, Scalar } from './rule.ts'
import { wildcard } from './wildcard.ts'

type Test = (value: unknown) => boolean

/** One comparison of a condition: in words, and as a test of one value. */
interface Comparison {
  readonly words: string
  readonly test: Test
}

/** A text is compared within as many steps as its length times this. */
const MAX_PATTERN = 100
const MAX_SHOWN = 60

const DECIMAL = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/**
 * A condition on the payload. It is met when one value that the pointer leads to passes all
 * comparisons; and when the payload cannot be read, because what a rule denies must not pass in
 * an envelope nobody can look into.
 */
export function compilePayloadCondition(
  condition: PayloadCondition,
  path: readonly string[],
  complain: Complain,
): Condition {
  const { pointer: text, exists, ...rest } = recordOf(condition, path, complain) as PayloadCondition
  assertMembers(condition, ['pointer', ...COMPARISONS.keys(), 'exists'], path, complain)
  const pointer = parsePointer(typeof text === 'string' ? text : '')
  if (typeof pointer === 'string') return complain([...path, 'pointer'], pointer)
  const comparisons = Object.entries(rest).map(([name, operand]) => {
    const made = COMPARISONS.get(name)?.(operand)
    return typeof made === 'object' ? made : complain([...path, name], made ?? 'is not known')
  })
  if (exists !== undefined && typeof exists !== 'boolean') {
    complain([...path, 'exists'], 'must be true or false')
  }
  if (comparisons.length === 0 && exists === undefined) {
    complain(path, `compares with nothing; give one of ${[...COMPARISONS.keys()].join(', ')}, exists`) // biome-ignore format: one line
  }
  if (exists === false && comparisons.length > 0) {
    complain([...path, 'exists'], 'false leaves nothing to compare; take two conditions')
  }
  const passes: Test = (value) => comparisons.every(({ test }) => test(value))
  const words = comparisons.map((one) => one.words).join(' and ')
  return {
    words: `${text} ${words || (exists === false ? 'is missing' : 'is there')}`,
    isVoid: false,
    holds(inspection) {
      const payload = inspection.payload()
      if (payload === undefined) return true
      return someAt(payload, pointer, passes) !== (exists === false)
    },
    actual: (inspection) => shown(inspection, pointer),
  }
}

// biome-ignore format: a table
/** What makes a comparison of its operand, or says what is wrong with that. */
const COMPARISONS: ReadonlyMap<string, (operand: unknown) => Comparison | string> = new Map([
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

function shown(inspection: Inspection, pointer: readonly string[]): string {
  const payload = inspection.payload()
  if (payload === undefined) return 'not readable, which counts as met'
  const values: string[] = []
  someAt(payload, pointer, (value) => {
    values.push(JSON.stringify(value))
    return values.length === 3
  })
  const text = values.join(', ')
  if (text === '') return 'missing'
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}
