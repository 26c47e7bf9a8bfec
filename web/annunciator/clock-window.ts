import type { OverviewView } from '../../src/http/live-api.ts'
import { text } from '../text/text.ts'

/** A third of what clocks may be apart before nobody obeys anybody. */
export const OFF_S = 10

/** Whether some clock is off; the list has the furthest first. */
export function isClockOff({ keys }: Pick<OverviewView, 'keys'>): boolean {
  return Math.abs(keys?.clocks[0]?.offsetS ?? 0) >= OFF_S
}

/** The clock that is furthest off; empty where none is. */
export function clockValue(overview: Pick<OverviewView, 'keys'>): string {
  const [worst] = overview.keys?.clocks ?? []
  return worst && isClockOff(overview) ? `${worst.id} ${text.windows.offset(worst.offsetS)}` : ''
}
