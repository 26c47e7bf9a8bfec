import { useMemo } from 'react'
import type { OperationPage, OperationView } from '../../src/http/live-api.ts'
import { mergeOperations } from '../live/state.ts'
import { useLive } from '../live/use-live.ts'
import { usePulse } from '../live/use-pulse.ts'
import { useResource } from '../live/use-resource.ts'
import type { OperationFilter } from '../navigation/address.ts'
import { merged } from './merge.ts'

const PER_PAGE = 100
/** A change that was not heard of, because the page could not keep up, is read. */
const REREAD_MS = 10_000

/** A page of operations as they are now: what was read, and what was told since. */
export function useOperations(filter: OperationFilter, limit = PER_PAGE) {
  const live = useLive((state) => state.operations)
  const pulse = usePulse(REREAD_MS)
  const path = operationsPath(filter, limit)
  const { data, path: readPath, failure } = useResource<OperationPage>(path, pulse)
  const read = readPath === path ? data : undefined
  const operations = useMemo(
    () =>
      read &&
      merged(read.operations, live, filter).slice(0, Math.max(limit, read.operations.length)),
    [read, live, filter, limit],
  )
  return { operations, older: read?.older, failure }
}

/** An operation as it is now. */
export function useOperation(id: string) {
  const live = useLive((state) => state.operations.find((one) => one.id === id))
  const { data, failure } = useResource<OperationView>(`/api/operations/${encodeURIComponent(id)}`)
  const read = data?.id === id ? data : undefined
  const [operation] = mergeOperations(read ? [read] : [], live ? [live] : [])
  return { operation, failure }
}

function operationsPath({ station, state, before }: OperationFilter, limit: number): string {
  const query = new URLSearchParams({ limit: String(limit) })
  if (station) query.set('station', station)
  if (state) query.set('state', state)
  if (before) query.set('before', before)
  return `/api/operations?${query}`
}
