import { useContext, useEffect, useState } from 'react'
import { LiveContext } from '../live/use-live.ts'
import { changesTransactions } from './transactions.ts'

const EVERY_MS = 2_000

/** A number that rises when transactions may have changed, at most every two seconds. */
export function useTransactionPulse(): number {
  const store = useContext(LiveContext)
  const [pulse, setPulse] = useState(0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let beatAt = 0
    let before = store.snapshot()
    function beat(): void {
      timer = undefined
      beatAt = performance.now()
      setPulse((count) => count + 1)
    }
    function changed(): void {
      timer ??= setTimeout(beat, Math.max(0, beatAt + EVERY_MS - performance.now()))
    }
    function look(): void {
      const now = store.snapshot()
      const seen = before.frames.at(-1)?.sequence ?? 0
      const isNew = now.frames !== before.frames && changesTransactions(now.frames, seen)
      // What was left out, or passed while the console was cut off, may have been about some.
      const isBack = before.status === 'offline' && now.status === 'live'
      if (isNew || isBack || now.skipped > before.skipped) changed()
      before = now
    }
    const onVisibility = () => document.hidden || changed()
    const stop = store.subscribe(look)
    document.addEventListener('visibilitychange', onVisibility)
    return () => {
      clearTimeout(timer)
      stop()
      document.removeEventListener('visibilitychange', onVisibility)
    }
  }, [store])
  return pulse
}
