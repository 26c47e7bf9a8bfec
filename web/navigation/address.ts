import type { FrameView } from '../../src/http/live-api.ts'

/** What the inspector shows. */
export type Selection =
  | { readonly type: 'frame'; readonly sequence: number }
  | { readonly type: 'node'; readonly id: string }
  | { readonly type: 'link'; readonly id: string }
  | { readonly type: 'transaction'; readonly number: number }
  | { readonly type: 'operation'; readonly id: string }
  /** A number of 0 is a token that is not entered yet. */
  | { readonly type: 'token'; readonly number: number }
  /** By its kid; `invite` is a node that is to be let in. */
  | { readonly type: 'key'; readonly id: string }
  /** Entries of the log. */
  | { readonly type: 'audit'; readonly number: number }
  | { readonly type: 'security-event'; readonly number: number }
  | { readonly type: 'window'; readonly name: WindowName }

export const WINDOW_NAMES = [
  'links',
  'clock',
  'refused',
  'alerts',
  'queues',
  'stations',
  'insecure',
  'simulated',
] as const

export type WindowName = (typeof WINDOW_NAMES)[number]

export const KINDS = [
  'CALL',
  'CALLRESULT',
  'CALLERROR',
  'CALLRESULTERROR',
  'SEND',
  'undecodable',
] as const satisfies readonly FrameView['kind'][]

/** What the frame list is narrowed to; empty means not narrowed. */
export interface FrameFilter {
  readonly text: string
  readonly kind: FrameView['kind'] | ''
  readonly refused: boolean
  /** Id of the neighbour. */
  readonly link: string
  /** Only frames of this span of time, in ms. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

export const NO_FILTER: FrameFilter = { text: '', kind: '', refused: false, link: '' }

const NUMBERED = ['transaction', 'token', 'audit', 'security-event'] as const

/** Reads the selection from the address; anything unknown selects nothing. */
export function parseSelection(query: URLSearchParams): Selection | undefined {
  const [, type, value] =
    /^(frame|node|link|transaction|operation|token|key|audit|security-event|window):(.+)$/.exec(
      query.get('open') ?? '',
    ) ?? []
  if (!type || !value) return undefined
  if (type === 'node' || type === 'link' || type === 'operation' || type === 'key') {
    return { type, id: value }
  }
  if (type === 'frame' || NUMBERED.some((one) => one === type)) {
    const number = wholeNumber(value)
    if (number === undefined) return undefined
    return type === 'frame'
      ? { type, sequence: number }
      : { type: type as (typeof NUMBERED)[number], number }
  }
  const name = WINDOW_NAMES.find((known) => known === value)
  return name && { type: 'window', name }
}

/** The `open` value of a selection. */
export function formatSelection(selection: Selection): string {
  if (selection.type === 'frame') return `frame:${selection.sequence}`
  if (selection.type === 'window') return `window:${selection.name}`
  if ('number' in selection) return `${selection.type}:${selection.number}`
  return `${selection.type}:${selection.id}`
}

/** Reads the frame filter from the address. */
export function parseFilter(query: URLSearchParams): FrameFilter {
  const from = wholeNumber(query.get('from') ?? '')
  const to = wholeNumber(query.get('to') ?? '')
  return {
    text: query.get('text') ?? '',
    kind: KINDS.find((kind) => kind === query.get('kind')) ?? '',
    refused: query.get('refused') === '1',
    link: query.get('link') ?? '',
    ...(from !== undefined && to !== undefined && { from, to }),
  }
}

/** The address with another filter; everything else in it stays. */
export function withFilter(query: URLSearchParams, filter: FrameFilter): URLSearchParams {
  return withValues(query, {
    ...filter,
    refused: filter.refused ? '1' : '',
    from: filter.from?.toString() ?? '',
    to: filter.to?.toString() ?? '',
  })
}

/** What the transactions are narrowed to. */
export interface TransactionFilter {
  /** Id, or empty for every station. */
  readonly station: string
  readonly state: (typeof TRANSACTION_STATES)[number] | ''
  /** Only older ones than this number: not the first page. */
  readonly before: number | undefined
}

export const TRANSACTION_STATES = ['running', 'ended'] as const

export const NO_TRANSACTION_FILTER: TransactionFilter = {
  station: '',
  state: '',
  before: undefined,
}

/** Reads the filter of the transactions from the address. */
export function parseTransactionFilter(query: URLSearchParams): TransactionFilter {
  return {
    station: query.get('station') ?? '',
    state: TRANSACTION_STATES.find((state) => state === query.get('state')) ?? '',
    before: wholeNumber(query.get('before') ?? ''),
  }
}

/** The address with another filter of the transactions; everything else in it stays. */
export function withTransactionFilter(
  query: URLSearchParams,
  filter: TransactionFilter,
): URLSearchParams {
  return withValues(query, { ...filter, before: filter.before?.toString() ?? '' })
}

/** What the operations are narrowed to; empty means not narrowed. */
export interface OperationFilter {
  /** Id of the station. */
  readonly station: string
  readonly state: (typeof OPERATION_STATES)[number] | ''
  /** Only operations older than this one: not the first page. */
  readonly before: string
}

export const OPERATION_STATES = [
  'sent',
  'accepted',
  'effect-seen',
  'no-effect',
  'refused',
  'failed',
] as const

export const NO_OPERATION_FILTER: OperationFilter = { station: '', state: '', before: '' }

/** Reads the filter of the operations from the address. */
export function parseOperationFilter(query: URLSearchParams): OperationFilter {
  const before = query.get('before') ?? ''
  return {
    station: query.get('station') ?? '',
    state: OPERATION_STATES.find((state) => state === query.get('state')) ?? '',
    // In the room of the transactions it is a number.
    before: /^[\da-f]{8}-[\da-f-]{27}$/.test(before) ? before : '',
  }
}

/** The address with another filter of the operations; everything else in it stays. */
export function withOperationFilter(
  query: URLSearchParams,
  filter: OperationFilter,
): URLSearchParams {
  return withValues(query, { ...filter })
}

/** What the list of stations is narrowed to; empty means not narrowed. */
export interface StationFilter {
  /** Part of id, maker, model or serial number. */
  readonly find: string
  readonly version: (typeof VERSIONS)[number] | ''
  /** Status of a connector, as the station told it. */
  readonly status: string
  readonly known: 'yes' | 'no' | ''
  /** Only stations behind this one: not the first page. */
  readonly after: string
}

export const VERSIONS = ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'] as const

export const NO_STATION_FILTER: StationFilter = {
  find: '',
  version: '',
  status: '',
  known: '',
  after: '',
}

/** Reads the filter of the stations from the address. */
export function parseStationFilter(query: URLSearchParams): StationFilter {
  const known = query.get('known')
  return {
    find: query.get('find') ?? '',
    version: VERSIONS.find((version) => version === query.get('version')) ?? '',
    status: query.get('status') ?? '',
    known: known === 'yes' || known === 'no' ? known : '',
    after: query.get('after') ?? '',
  }
}

/** The address with another filter of the stations; everything else in it stays. */
export function withStationFilter(query: URLSearchParams, filter: StationFilter): URLSearchParams {
  return withValues(query, { ...filter })
}

/** The address with another selection, or none. */
export function withSelection(
  query: URLSearchParams,
  selection: Selection | undefined,
): URLSearchParams {
  const next = new URLSearchParams(query)
  if (selection) next.set('open', formatSelection(selection))
  else next.delete('open')
  return next
}

/** The address with these values; an empty one is left out. */
export function withValues(
  query: URLSearchParams,
  values: Record<string, string>,
): URLSearchParams {
  const next = new URLSearchParams(query)
  for (const [name, value] of Object.entries(values)) {
    if (value) next.set(name, value)
    else next.delete(name)
  }
  return next
}

/** A number without sign or fraction. */
export function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
