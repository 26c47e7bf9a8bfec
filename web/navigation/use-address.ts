import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import {
  type FrameFilter,
  parseFilter,
  parseSelection,
  type Selection,
  withFilter,
  withSelection,
} from './address.ts'

/** The address of the view: what is selected and how the frame list is narrowed. */
export function useAddress() {
  const [query, setQuery] = useSearchParams()
  const select = useCallback(
    (selection: Selection | undefined) => setQuery((old) => withSelection(old, selection)),
    [setQuery],
  )
  const narrow = useCallback(
    (filter: FrameFilter) => setQuery((old) => withFilter(old, filter), { replace: true }),
    [setQuery],
  )
  return useMemo(
    () => ({ selection: parseSelection(query), filter: parseFilter(query), select, narrow }),
    [query, select, narrow],
  )
}
