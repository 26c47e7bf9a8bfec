import type { FrameView } from '../../src/http/live-api.ts'

/** What the inspector shows. */
export type Selection =
  | { readonly type: 'frame'; readonly sequence: number }
  | { readonly type: 'node'; readonly id: string }
  | { readonly type: 'link'; readonly id: string }
  | { readonly type: 'transaction'; readonly number: number }
  | { readonly type: 'window'; readonly name: WindowName }

export const WINDOW_NAMES = [
  'links',
  'refused',
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
}

export const NO_FILTER: FrameFilter = { text: '', kind: '', refused: false, link: '' }

/** Reads the selection from the address; anything unknown selects nothing. */
export function parseSelection(query: URLSearchParams): Selection | undefined {
  const [, type, value] =
    /^(frame|node|link|transaction|window):(.+)$/.exec(query.get('open') ?? '') ?? []
  if (!type || !value) return undefined
  if (type === 'node' || type === 'link') return { type, id: value }
  if (type === 'frame' || type === 'transaction') {
    const number = wholeNumber(value)
    if (number === undefined) return undefined
    return type === 'frame' ? { type, sequence: number } : { type, number }
  }
  const name = WINDOW_NAMES.find((known) => known === value)
  return name && { type: 'window', name }
}

/** The `open` value of a selection. */
export function formatSelection(selection: Selection): string {
  if (selection.type === 'frame') return `frame:${selection.sequence}`
  if (selection.type === 'window') return `window:${selection.name}`
  if (selection.type === 'transaction') return `transaction:${selection.number}`
  return `${selection.type}:${selection.id}`
}

/** Reads the frame filter from the address. */
export function parseFilter(query: URLSearchParams): FrameFilter {
  return {
    text: query.get('text') ?? '',
    kind: KINDS.find((kind) => kind === query.get('kind')) ?? '',
    refused: query.get('refused') === '1',
    link: query.get('link') ?? '',
  }
}

/** The address with another filter; everything else in it stays. */
export function withFilter(query: URLSearchParams, filter: FrameFilter): URLSearchParams {
  return withValues(query, { ...filter, refused: filter.refused ? '1' : '' })
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
function withValues(query: URLSearchParams, values: Record<string, string>): URLSearchParams {
  const next = new URLSearchParams(query)
  for (const [name, value] of Object.entries(values)) {
    if (value) next.set(name, value)
    else next.delete(name)
  }
  return next
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
