import type { FrameView } from '../../src/http/live-api.ts'
import type { FrameFilter } from '../navigation/address.ts'

/** True for a frame that this node did not let pass. */
export function isRefused(frame: FrameView): boolean {
  return frame.reaction === 'refused' || frame.reaction === 'dropped'
}

/** The frames the filter lets through, newest first. */
export function filterFrames(
  frames: readonly FrameView[],
  filter: FrameFilter,
): readonly FrameView[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  return frames.filter((frame) => matches(frame, filter, words)).reverse()
}

/** The neighbours that occur in the frames, sorted. */
export function neighboursOf(frames: readonly FrameView[]): readonly string[] {
  return [...new Set(frames.map((frame) => frame.link))].sort()
}

function matches(frame: FrameView, filter: FrameFilter, words: readonly string[]): boolean {
  if (!isWithin(frame, filter)) return false
  if (filter.kind && frame.kind !== filter.kind) return false
  if (filter.refused && !isRefused(frame)) return false
  if (filter.link && frame.link !== filter.link && frame.forwardedTo !== filter.link) return false
  if (words.length === 0) return true
  const haystack = searchable(frame)
  return words.every((word) => haystack.includes(word))
}

function isWithin({ time }: FrameView, { from, to }: FrameFilter): boolean {
  if (from === undefined || to === undefined) return true
  const at = Date.parse(time)
  return at >= from && at <= to
}

function searchable(frame: FrameView): string {
  const parts = [
    frame.link,
    frame.kind,
    frame.action,
    frame.destination,
    ...frame.networkPath,
    frame.messageId,
    frame.reaction,
    frame.forwardedTo,
    frame.errorCode,
  ]
  return parts.join(' ').toLowerCase()
}
