import { wholeNumber, withValues } from './address.ts'

/** What the weave shows; the span that is selected stands with the filter of the frames. */
export interface WeaveAddress {
  /** The node at the far end of the path; empty: the busiest path. */
  readonly leaf: string
  /** Time it stands still at, in ms; undefined: it runs. */
  readonly pausedAt: number | undefined
}

/** Reads from the address what the weave shows. */
export function parseWeave(query: URLSearchParams): WeaveAddress {
  return {
    leaf: query.get('weave') ?? '',
    pausedAt: wholeNumber(query.get('paused') ?? ''),
  }
}

/** The address with another weave; everything else in it stays. */
export function withWeave(
  query: URLSearchParams,
  { leaf, pausedAt }: WeaveAddress,
): URLSearchParams {
  return withValues(query, { weave: leaf, paused: pausedAt?.toString() ?? '' })
}
