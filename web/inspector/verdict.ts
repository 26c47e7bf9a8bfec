import type { FrameView } from '../../src/http/live-api.ts'
import { isRefused } from '../frames/filter.ts'
import { formatTime } from '../text/format.ts'
import { text } from '../text/text.ts'

/** Who did what with the frame, and why, in one sentence. */
export function verdictSentence(frame: FrameView, self: string): string {
  const what = frameName(frame)
  const words = text.verdict
  if (isRefused(frame)) {
    const { reason: code, sentence } = frame.verdict ?? {}
    const why = code && sentence && `${code}, ${sentence}`
    const reason = why ?? frame.errorText ?? frame.errorCode ?? words.noReason
    const head = frame.reaction === 'refused' ? words.refused(self) : words.dropped(self)
    return `${head}: ${endStop(reason)} ${words.cameFrom(what, frame.link, formatTime(frame.time))}`
  }
  if (frame.reaction === 'forwarded') {
    return words.forwarded(self, what, frame.link, frame.forwardedTo ?? frame.destination)
  }
  if (frame.reaction === 'originated') return words.originated(self, what, frame.destination)
  return frame.direction === 'received'
    ? words.handled(self, what, frame.networkPath[0] ?? frame.link)
    : words.sent(self, what, frame.link)
}

/** `Heartbeat CALL`, or the kind alone where no action is known. */
export function frameName(frame: FrameView): string {
  return frame.action ? `${frame.action} ${frame.kind}` : frame.kind
}

function endStop(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}
