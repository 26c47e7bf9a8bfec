import { useState } from 'react'
import type { FrameView } from '../../src/http/live-api.ts'
import { useLive } from '../live/use-live.ts'

/** The frames to list: live, or as they were when the list was paused or scrolled away from. */
export function useHeldFrames(isHeld: boolean) {
  const live = useLive((state) => state.frames)
  const [held, setHeld] = useState<readonly FrameView[]>()
  if (isHeld && held === undefined) setHeld(live)
  if (!isHeld && held !== undefined) setHeld(undefined)
  const frames = (isHeld ? held : undefined) ?? live
  const newer = (live.at(-1)?.sequence ?? 0) - (frames.at(-1)?.sequence ?? 0)
  return { frames, newer: Math.max(0, newer) }
}
