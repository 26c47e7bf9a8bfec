import type { FrameView } from '../../src/http/live-api.ts'

/** What the inspector shows. */
export type Selection =
  | { readonly type: 'frame'; readonly sequence: number }
  | { readonly type: 'node'; readonly id: string }
  | { readonly type: 'link'; readonly id: string }
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
  const [, type, value] = /^(frame|node|link|window):(.+)$/.exec(query.get('open') ?? '') ?? []
  if (!type || !value) return undefined
  if (type === 'node' || type === 'link') return { type, id: value }
  if (type === 'frame') return /^\d+$/.test(value) ? { type, sequence: Number(value) } : undefined
  const name = WINDOW_NAMES.find((known) => known === value)
  return name && { type: 'window', name }
}

/** The `open` value of a selection. */
export function formatSelection(selection: Selection): string {
  if (selection.type === 'frame') return `frame:${selection.sequence}`
  if (selection.type === 'window') return `window:${selection.name}`
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
  const next = new URLSearchParams(query)
  const values = { ...filter, refused: filter.refused ? '1' : '' }
  for (const [name, value] of Object.entries(values)) {
    if (value) next.set(name, value)
    else next.delete(name)
  }
  return next
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
