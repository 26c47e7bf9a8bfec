import { useEffect, useState } from 'react'
import type { FrameDetail } from '../../src/http/live-api.ts'

export type DetailState =
  | { readonly state: 'waiting' }
  | { readonly state: 'ready'; readonly detail: FrameDetail }
  | { readonly state: 'gone' }
  | { readonly state: 'failed'; readonly status: number }

/** One frame with everything the inspector shows. The old one stays until the new one is there. */
export function useFrameDetail(sequence: number): DetailState {
  const [result, setResult] = useState<DetailState>({ state: 'waiting' })
  useEffect(() => {
    const abort = new AbortController()
    load(sequence, abort.signal).then(setResult, () => {
      if (!abort.signal.aborted) setResult({ state: 'failed', status: 0 })
    })
    return () => abort.abort()
  }, [sequence])
  return result
}

async function load(sequence: number, signal: AbortSignal): Promise<DetailState> {
  const response = await fetch(`/api/frames/${sequence}`, { signal })
  if (response.status === 404) return { state: 'gone' }
  if (!response.ok) return { state: 'failed', status: response.status }
  return { state: 'ready', detail: (await response.json()) as FrameDetail }
}
