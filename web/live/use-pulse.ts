import { useEffect, useState } from 'react'
import { useLive } from './use-live.ts'

/**
 * A number that rises every `everyMs` while the page is seen, and when the console is live again
 * after it was cut off. `undefined` for a time: only the latter.
 */
export function usePulse(everyMs: number | undefined): number {
  const isLive = useLive((state) => state.status === 'live')
  const [pulse, setPulse] = useState(0)
  useEffect(() => {
    if (isLive) setPulse((count) => count + 1)
  }, [isLive])
  useEffect(() => {
    if (everyMs === undefined) return
    const timer = setInterval(() => {
      if (!document.hidden) setPulse((count) => count + 1)
    }, everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return pulse
}
