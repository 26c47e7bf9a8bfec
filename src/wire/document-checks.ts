/** Checks of documents that people write: rules, roles, policies. */

export type OneOrMore<T> = T | readonly T[]

/**
 * Refuses a document.
 *
 * @param path Where in it, from outside to inside.
 * @throws {OverlayError} The document's own code, always.
 */
export type Complain = (path: readonly string[], problem: string) => never

/** The complaints of one part of a document. */
export function within(complain: Complain, ...outer: readonly string[]): Complain {
  return (path, problem) => complain([...outer, ...path], problem)
}

export function listOf<T>(value: OneOrMore<T>): readonly T[] {
  return Array.isArray(value) ? value : [value as T]
}

/** Refuses what is no object. */
export function recordOf(value: unknown, path: readonly string[], complain: Complain): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  return complain(path, 'must be an object')
}

/** Refuses a member that nobody reads: with its condition lost, a rule would match too much. */
export function assertMembers(
  value: object,
  known: readonly string[],
  path: readonly string[],
  complain: Complain,
): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    complain([...path, unknown], `is not known here; there are ${known.join(', ')}`)
  }
}

export function isOneOf<T>(values: readonly T[], value: unknown): value is T {
  return values.some((one) => one === value)
}

/** A whole number from 1. */
export function isWhole(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most
}
