import { text } from '../text/text.ts'
import tables from './table-room.module.css'

/** Why what is shown is old or missing, and what to do; nothing where it is not. */
export function FailureNote({ failure }: { failure: number | undefined }) {
  if (failure === undefined) return null
  return (
    <p className={tables.note} role="status">
      {failureWords(failure)}
    </p>
  )
}

export function failureWords(failure: number): string {
  if (failure === 0) return text.transactions.notReached
  return failure === 403 ? text.notAllowed : text.transactions.failed(failure)
}
