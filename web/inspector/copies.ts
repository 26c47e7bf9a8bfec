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

/**
 * The command that sends such a frame again; undefined for answers and unreadable frames. Who sends
 * adds `--as` and `--password-file`; id tokens are fingerprints here, because the page has no others.
 *
 * @param uplink Where the node that serves this page lets others connect.
 */
export function sendCommand(detail: FrameDetail, uplink?: string): string | undefined {
  const isRequest = detail.kind === 'CALL' || detail.kind === 'SEND'
  // A standard peer's frame names no destination that somebody else could use.
  if (!isRequest || detail.payload === undefined || detail.destination === '') return undefined
  const words = ['wattweave', 'send', quote(detail.destination), quote(detail.action)]
  words.push(quote(JSON.stringify(detail.payload)))
  if (uplink !== undefined) words.push('--uplink', quote(uplink))
  return words.join(' ')
}

/** One word of a POSIX shell. */
function quote(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
