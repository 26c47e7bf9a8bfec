import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'
import {
  type FrameFilter,
  type OperationFilter,
  parseFilter,
  parseOperationFilter,
  parseSelection,
  parseStationFilter,
  parseTransactionFilter,
  type Selection,
  type StationFilter,
  type TransactionFilter,
  withFilter,
  withOperationFilter,
  withSelection,
  withStationFilter,
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
  const narrowOperations = useCallback(
    (filter: OperationFilter) =>
      setQuery((old) => withOperationFilter(old, filter), { replace: filter.before === '' }),
    [setQuery],
  )
  const narrowStations = useCallback(
    (filter: StationFilter) =>
      setQuery((old) => withStationFilter(old, filter), { replace: filter.after === '' }),
    [setQuery],
  )
  return useMemo(
    () => ({
      selection: parseSelection(query),
      filter: parseFilter(query),
      transactions: parseTransactionFilter(query),
      operations: parseOperationFilter(query),
      stations: parseStationFilter(query),
      select,
      narrow,
      narrowTransactions,
      narrowOperations,
      narrowStations,
    }),
    [query, select, narrow, narrowTransactions, narrowOperations, narrowStations],
  )
}
