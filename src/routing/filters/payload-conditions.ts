import { COMPARISONS } from '../../wire/comparisons.ts'
import { assertMembers, type Complain, recordOf } from '../../wire/document-checks.ts'
import { parsePointer, someAt } from '../../wire/pointer.ts'
import type { Condition } from './conditions.ts'
import type { Inspection } from './inspection.ts'
import type { PayloadCondition } from './rule.ts'

type Test = (value: unknown) => boolean

const MAX_SHOWN = 60

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
