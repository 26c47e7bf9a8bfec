import { assertMembers, type Complain, isWhole, recordOf } from '../../wire/document-checks.ts'

/** At most so many in so many seconds, the one that is judged included. */
export interface RateDocument {
  readonly atMost: number
  readonly perS: number
}

/** How many earlier messages a rate can ask about. */
export const MAX_COUNTED = 100
/** One day. */
export const MAX_PER_S = 86_400

export function rateOf(value: unknown, complain: Complain): RateDocument {
  const rate = recordOf(value, [], complain) as RateDocument
  assertMembers(rate, ['atMost', 'perS'], [], complain)
  if (!isWhole(rate.atMost, MAX_COUNTED)) complain(['atMost'], `must be a whole number, 1 to ${MAX_COUNTED}`) // biome-ignore format: one line
  if (!isWhole(rate.perS, MAX_PER_S)) complain(['perS'], `must be a whole number of seconds, 1 to ${MAX_PER_S}`) // biome-ignore format: one line
  return rate
}

/** @param earlierS How long ago each earlier one was. */
export function isTooOften({ atMost, perS }: RateDocument, earlierS: readonly number[]): boolean {
  return earlierS.filter((ago) => ago < perS).length >= atMost
}
