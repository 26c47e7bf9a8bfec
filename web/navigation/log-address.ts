import { wholeNumber, withValues } from './address.ts'

/** What the log shows: who changed what, or what stations reported of their security. */
export type LogPart = 'changes' | 'security'

/** What the security events are narrowed to; empty means not narrowed. */
export interface SecurityFilter {
  /** Id of the station. */
  readonly station: string
  readonly type: string
  /** Only older ones than this number: not the first page. */
  readonly before: number | undefined
}

export const NO_SECURITY_FILTER: SecurityFilter = { station: '', type: '', before: undefined }

/** Reads which part of the log is shown; undefined where the address does not say. */
export function parseLogPart(query: URLSearchParams): LogPart | undefined {
  const part = query.get('log')
  return part === 'changes' || part === 'security' ? part : undefined
}

/** The address with a part of the log and its filter; everything else in it stays. */
export function withLog(
  query: URLSearchParams,
  part: LogPart,
  filter: SecurityFilter = NO_SECURITY_FILTER,
): URLSearchParams {
  return withValues(query, { ...filter, log: part, before: filter.before?.toString() ?? '' })
}

/** Reads the filter of the security events from the address. */
export function parseSecurityFilter(query: URLSearchParams): SecurityFilter {
  return {
    station: (query.get('station') ?? '').slice(0, 255),
    type: (query.get('type') ?? '').slice(0, 50),
    before: wholeNumber(query.get('before') ?? '') || undefined,
  }
}
