import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import {
  type FrameFilter,
  parseFilter,
  parseSelection,
  parseTransactionFilter,
  type Selection,
  type TransactionFilter,
  withFilter,
  withSelection,
  withTransactionFilter,
} from './address.ts'

/** The address of the view: what is selected and how the lists are narrowed. */
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
  const narrowTransactions = useCallback(
    (filter: TransactionFilter) => setQuery((old) => withTransactionFilter(old, filter)),
    [setQuery],
  )
  return useMemo(
    () => ({
      selection: parseSelection(query),
      filter: parseFilter(query),
      transactions: parseTransactionFilter(query),
      select,
      narrow,
      narrowTransactions,
    }),
    [query, select, narrow, narrowTransactions],
  )
}
