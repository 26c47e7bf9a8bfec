import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { OverlayError } from '../errors.ts'

/**
 * The extension permessage-deflate, always without context takeover: what one source sends is never
 * compressed together with what another sent, so nobody can guess at it by its length, and a link
 * keeps no memory for it.
 *
 * @spec RFC 7692 section 7; OCPP 2.1 Part 4 section 3.1 (compression)
 */

export const EXTENSIONS_HEADER = 'Sec-WebSocket-Extensions'
const NAME = 'permessage-deflate'
const SERVER_RESET = 'server_no_context_takeover'
const CLIENT_RESET = 'client_no_context_takeover'
const SERVER_BITS = 'server_max_window_bits'
const CLIENT_BITS = 'client_max_window_bits'
/** What this side offers when it dials. */
export const DEFLATE_OFFER = `${NAME}; ${SERVER_RESET}; ${CLIENT_RESET}`

/** Shorter messages gain less than the call costs. */
export const MIN_DEFLATED_BYTES = 256
/** Frames are short; a window of 4 KiB finds what there is and is set up four times as fast. */
const WINDOW_BITS = 12
const MEM_LEVEL = 5
/** zlib cannot make raw streams with a window of 256 bytes. */
const MIN_WINDOW_BITS = 9
/** What ends every message and is not sent. */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff])
const MAX_STREAMS = 8
const TOO_LARGE = 'ERR_BUFFER_TOO_LARGE'

type Parameters = ReadonlyMap<string, string | true>

/** @returns The answer to the first offer that can be met; undefined when there is none. */
export function answerDeflate(header: string | undefined): string | undefined {
  for (const parameters of offersOf(header)) {
    const bits = parameters.get(SERVER_BITS)
    if (!isLegal(parameters) || (bits !== undefined && Number(bits) < MIN_WINDOW_BITS)) continue
    const limit =
      bits === undefined ? '' : `; ${SERVER_BITS}=${Math.min(WINDOW_BITS, Number(bits))}`
    return `${DEFLATE_OFFER}${limit}`
  }
  return undefined
}

/** Why a server's answer to `DEFLATE_OFFER` cannot be accepted; undefined when it can. */
export function deflateAnswerProblem(header: string): string | undefined {
  const [parameters, ...more] = offersOf(header)
  if (!parameters || more.length > 0 || header.includes(','))
    return 'it set an extension nobody offered'
  if (!isLegal(parameters) || parameters.has(CLIENT_BITS))
    return 'its permessage-deflate is not as offered'
  return parameters.has(SERVER_RESET) ? undefined : 'its permessage-deflate keeps its context'
}

/** @returns undefined when the message is better sent as it is. */
export function compress(message: Uint8Array): Buffer | undefined {
  if (message.length < MIN_DEFLATED_BYTES) return undefined
  const bytes = deflateRawSync(message, {
    windowBits: WINDOW_BITS,
    memLevel: MEM_LEVEL,
    level: 3,
    finishFlush: constants.Z_SYNC_FLUSH,
  })
  const end = bytes.length - TAIL.length
  return end < message.length ? bytes.subarray(0, end) : undefined
}

/**
 * A message may be several deflate streams, each ended by a final block, as those write it who cannot
 * flush otherwise.
 *
 * @param maxBytes The inflated message may have no more; nothing beyond it is ever inflated.
 * @throws {OverlayError} ERR_LINK_FRAME with close code 1009 or 1007.
 * @spec RFC 7692 sections 7.2.2 and 7.2.3.4
 */
export function decompress(message: Uint8Array, maxBytes: number): Buffer {
  let rest = Buffer.concat([message, TAIL])
  const parts: Buffer[] = []
  let room = maxBytes
  try {
    // Behind the last final block only what this side has added may stand.
    while (parts.length === 0 || rest.length > TAIL.length) {
      // Setting up a stream costs more than the two bytes that ask for one.
      if (parts.length === MAX_STREAMS) throw new Error('too many streams')
      const { buffer, engine } = inflateRawSync(rest, {
        maxOutputLength: Math.max(room, 1),
        finishFlush: constants.Z_SYNC_FLUSH,
        info: true,
      }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
      parts.push(buffer)
      room -= buffer.length
      if (room < 0) throw Object.assign(new Error(), { code: TOO_LARGE })
      rest = rest.subarray(engine.bytesWritten)
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  } catch (error) {
    const isTooBig = (error as NodeJS.ErrnoException).code === TOO_LARGE
    throw isTooBig
      ? new OverlayError('ERR_LINK_FRAME', { problem: 'message too big', closeCode: 1009 })
      : new OverlayError('ERR_LINK_FRAME', { problem: 'broken compression', closeCode: 1007 })
  }
}

/** The parameters of each permessage-deflate in a header; what cannot be read is left out. */
function offersOf(header = ''): Parameters[] {
  return header.split(',').flatMap((part) => {
    const [name = '', ...pairs] = part.split(';').map((text) => text.trim())
    if (name.toLowerCase() !== NAME) return []
    const parameters = new Map<string, string | true>()
    for (const pair of pairs) {
      const [key = '', value] = pair.split('=').map((text) => text.trim())
      if (parameters.has(key)) return []
      parameters.set(key, value === undefined ? true : value.replace(/^"(.*)"$/, '$1'))
    }
    return [parameters]
  })
}

function isLegal(parameters: Parameters): boolean {
  for (const [key, value] of parameters) {
    if (key === SERVER_RESET || key === CLIENT_RESET) {
      if (value !== true) return false
    } else if (key === SERVER_BITS) {
      if (value === true || !isWindowBits(value)) return false
    } else if (key === CLIENT_BITS) {
      if (value !== true && !isWindowBits(value)) return false
    } else {
      return false
    }
  }
  return true
}

function isWindowBits(text: string): boolean {
  return /^(?:8|9|1[0-5])$/.test(text)
}
