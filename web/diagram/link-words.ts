import type { LinkView } from '../../src/http/live-api.ts'
import { formatCount, formatMs, formatRate, formatSpan, join } from '../text/format.ts'
import { text } from '../text/text.ts'

/** True where several originators share one overlay connection: the one thing drawn in copper. */
export function isShared(link: LinkView): boolean {
  return link.form === 'overlay' && link.sharedBy > 1
}

/** True when a link lacks TLS or a credential. */
export function isInsecure(link: LinkView): boolean {
  return link.transport === 'plain' || link.credential === 'none'
}

/** `insecure` without a credential, `plain` with one but without TLS, otherwise nothing. */
export function securityWord(link: LinkView): string {
  if (link.credential === 'none') return text.link.insecure
  return link.transport === 'plain' ? text.link.plain : ''
}

/** `3 held, oldest 12 s`: calls that wait for a standard peer; empty when there are none. */
export function heldWords({ held }: LinkView, now: number): string {
  return held ? text.link.held(formatCount(held.count), ageOf(held.since, now)) : ''
}

/** How long ago a moment was. */
export function ageOf(iso: string, now: number): string {
  return formatSpan(now - Date.parse(iso))
}

/** `shared by 5 · 82/s · 24 ms`, `down 12 s`, or `down 12 s, next try 3 s` where this node dials. */
export function linkLabel(link: LinkView, now: number): string {
  if (link.state === 'down') return downWords(link, now)
  const parts: string[] = []
  if (isShared(link)) parts.push(text.link.sharedBy(link.sharedBy))
  if (link.framesPerSecond >= 0.05) parts.push(formatRate(link.framesPerSecond))
  if (link.roundTripMs !== undefined && link.form === 'overlay') {
    parts.push(join(formatMs(link.roundTripMs)))
  }
  return parts.join(' · ')
}

function downWords({ since, nextTry }: LinkView, now: number): string {
  const down = text.link.downFor(ageOf(since, now))
  if (nextTry === undefined) return down
  const inMs = Date.parse(nextTry) - now
  return `${down}, ${inMs > 0 ? text.link.nextTry(formatSpan(inMs)) : text.link.triesNow}`
}
