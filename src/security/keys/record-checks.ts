import type { JsonObject } from '../../wire/payload.ts'

/** Checks that the records of this folder share; each says whether a value is what it should be. */

const MAX_TEXT = 255

/** What is wrong where a record has members that nobody knows: what they restrict would not be obeyed. */
export function unknownMember(others: object, what: string): string | undefined {
  const [unknown] = Object.keys(others)
  return unknown === undefined ? undefined : `${unknown} is no member of ${what}`
}

export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT
}

/** Seconds since 1970, or any whole number from 0. */
export function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

export function isListOf<T>(
  value: unknown,
  isOne: (item: unknown) => item is T,
  most: number,
): value is readonly T[] {
  return Array.isArray(value) && value.length <= most && value.every(isOne)
}

/** What is wrong with a span of time. */
export function spanProblem(notBefore: unknown, notAfter: unknown): string | undefined {
  const isSpan = isSeconds(notBefore) && isSeconds(notAfter) && notAfter >= notBefore
  return isSpan ? undefined : 'notBefore and notAfter are no span of time'
}
