import type { FrameDetail } from '../../src/http/live-api.ts'

/** The frame as indented JSON; a binary or undecodable one as what is known about it. */
export function frameJson(detail: FrameDetail): string {
  if (detail.encoding === 'text' && !detail.truncated) {
    try {
      return JSON.stringify(JSON.parse(detail.raw), null, 2)
    } catch {
      // Not JSON: fall through to the description.
    }
  }
  return JSON.stringify(detail, null, 2)
}

/** The command that sends such a frame again; undefined for answers and unreadable frames. */
export function sendCommand(detail: FrameDetail): string | undefined {
  const isRequest = detail.kind === 'CALL' || detail.kind === 'SEND'
  if (!isRequest || detail.payload === undefined) return undefined
  const words = ['wattweave', 'send', quote(detail.destination), quote(detail.action)]
  return [...words, quote(JSON.stringify(detail.payload))].join(' ')
}

/** One word of a POSIX shell. */
function quote(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
