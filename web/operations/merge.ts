import type { OperationView } from '../../src/http/live-api.ts'
import { mergeOperations } from '../live/state.ts'
import type { OperationFilter } from '../navigation/address.ts'

/** Of what was told only what belongs on the page; an older page gets nothing new. */
export function merged(
  read: readonly OperationView[],
  live: readonly OperationView[],
  { station, state, before }: OperationFilter,
): readonly OperationView[] {
  const ids = new Set(read.map(({ id }) => id))
  const newest = read[0]?.id ?? ''
  const told = live.filter(
    (one) =>
      ids.has(one.id) || (!before && one.id > newest && (!station || one.station === station)),
  )
  return mergeOperations(read, told).filter((one) => !state || one.state === state)
}
