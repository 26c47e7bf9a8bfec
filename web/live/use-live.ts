import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import type { LiveState } from './state.ts'
import { LiveStore } from './store.ts'

export const LiveContext = createContext(new LiveStore())

/** A part of the live state; `select` must give the same object as long as nothing changed. */
export function useLive<T>(select: (state: LiveState) => T): T {
  const store = useContext(LiveContext)
  return useSyncExternalStore(store.subscribe, () => select(store.snapshot()))
}

/** The current time in ms by the server's clock, renewed every second while the tab is visible. */
export function useNow(): number {
  const offset = useLive((state) => Math.round(state.clockOffsetMs / 500) * 500)
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now())
    }, 1000)
    return () => clearInterval(timer)
  }, [])
  return now + offset
}
