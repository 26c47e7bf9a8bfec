import type { FilterMatch, FilterRule, FilterSubject, PayloadCondition, Replacement } from '../../../src/routing/filters/rule.ts' // biome-ignore format: one line
import type { Scalar } from '../../../src/wire/comparisons.ts'

/**
 * Filters as slowly and plainly as they can be written: no index, no laziness, regular expressions,
 * a new payload for each change. Rates are left out: time makes them another subject.
 */

export type Outcome =
  | { readonly effect: 'forward' }
  | { readonly effect: 'reject' | 'drop'; readonly rule: string }
  | { readonly effect: 'replace'; readonly payload: unknown }

/** @param payload What is in the frame; undefined when it cannot be read. */
export function judgeSlowly(
  rules: readonly FilterRule[],
  subject: FilterSubject,
  payload: unknown,
): Outcome {
  const matching = rules.filter(({ match = {} }) => isMatch(match, subject, payload))
  const denial = matching.find(({ effect }) => effect === 'reject' || effect === 'drop')
  if (denial?.effect === 'reject' || denial?.effect === 'drop') {
    return { effect: denial.effect, rule: denial.name }
  }
  const replaces = matching.filter(({ effect }) => effect === 'replace')
  if (replaces[0] && payload === undefined) return { effect: 'reject', rule: replaces[0].name }
  const states = [payload]
  for (const one of replaces.flatMap(({ replace = [] }) => replace)) {
    states.push(replaced(states.at(-1), namesOf(one.pointer), one))
  }
  // What is set and taken out again was changed, though nothing of it is left.
  if (new Set(states.map((state) => JSON.stringify(state))).size === 1) return { effect: 'forward' }
  return { effect: 'replace', payload: states.at(-1) }
}

function isMatch(match: FilterMatch, subject: FilterSubject, payload: unknown): boolean {
  const { kind, action, source, via, destination, from, to, largerThan } = match
  return (
    (kind === undefined || [kind].flat().includes(subject.kind)) &&
    (action === undefined || subject.action === '' || some(action, [subject.action], (x) => x)) &&
    (source === undefined || some(source, [subject.source], fold)) &&
    (via === undefined || some(via, subject.networkPath, fold)) &&
    (destination === undefined || some(destination, [subject.destination], fold)) &&
    (from === undefined || some(from, [subject.from], fold)) &&
    (to === undefined || some(to, [subject.to], fold)) &&
    (largerThan === undefined || subject.bytes > largerThan) &&
    (match.payload ?? []).every((one) => payload === undefined || isMet(one, payload))
  )
}

function some(
  patterns: string | readonly string[],
  texts: readonly string[],
  form: (text: string) => string,
): boolean {
  return [patterns].flat().some((pattern) => texts.some((text) => like(form(pattern), form(text), false))) // biome-ignore format: one line
}

function like(pattern: string, text: string, hasOne: boolean): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\/-]/g, '\\$&')
    .replaceAll('?', hasOne ? '.' : '\\?')
    .replaceAll('*', '.*')
  return new RegExp(`^${source}$`, 's').test(text)
}

const fold = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

function isMet(condition: PayloadCondition, payload: unknown): boolean {
  const { exists, matches, greaterThan, lessThan } = condition
  const values = valuesAt(payload, namesOf(condition.pointer))
  if (exists !== undefined) return exists === values.length > 0
  const choices = [
    ...('equals' in condition ? [[condition.equals]] : []),
    ...(condition.in ? [condition.in] : []),
  ]
  return values.some(
    (value) =>
      choices.every((choice) => choice.some((one) => isSame(one as Scalar, value))) &&
      (matches === undefined ||
        (typeof value === 'string' && like(fold(matches), fold(value), true))) && // biome-ignore format: one line
      (greaterThan === undefined || numberIn(value) > greaterThan) &&
      (lessThan === undefined || numberIn(value) < lessThan),
  )
}

function isSame(a: Scalar, b: unknown): boolean {
  return typeof a === 'string' && typeof b === 'string' ? fold(a) === fold(b) : a === b
}

/** NaN is neither greater nor less than anything. */
function numberIn(value: unknown): number {
  if (typeof value === 'number') return value
  const isDecimal = typeof value === 'string' && /^[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$/i.test(value) // biome-ignore format: one line
  return isDecimal ? Number.parseFloat(value) : Number.NaN
}

const namesOf = (pointer: string) => pointer.split('/').slice(1)

function valuesAt(value: unknown, [name, ...rest]: readonly string[]): unknown[] {
  if (name === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value) && name === '*') return value.flatMap((item) => valuesAt(item, rest))
  const entry = Object.entries(value).find(([key]) => key === name)
  return entry ? valuesAt(entry[1], rest) : []
}

function replaced(value: unknown, [name, ...rest]: readonly string[], how: Replacement): unknown {
  if (typeof value !== 'object' || value === null || name === undefined) return value
  const isHere = (key: string) => key === name || (Array.isArray(value) && name === '*')
  const isLast = rest.length === 0
  const entries = Object.entries(value).flatMap(([key, item]) => {
    if (!isHere(key)) return [[key, item]]
    if (!isLast) return [[key, replaced(item, rest, how)]]
    return 'value' in how ? [[key, how.value]] : []
  })
  if (Array.isArray(value)) return entries.map(([, item]) => item)
  const isNew = isLast && 'value' in how && !Object.hasOwn(value, name)
  return Object.fromEntries(isNew ? [...entries, [name, how.value]] : entries)
}
