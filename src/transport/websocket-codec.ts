import { isUtf8 } from 'node:buffer'
import { OverlayError } from '../errors.ts'
import { decompress } from './deflate.ts'
import {
  BINARY,
  CLOSE,
  COMPRESSED,
  CONTINUATION,
  FIN,
  KEY_BYTES,
  LENGTH,
  LENGTH_16,
  LENGTH_64,
  MASK,
  MAX_CONTROL_BYTES,
  MAX_HEADER_BYTES,
  NO_CODE,
  OPCODE,
  PING,
  PONG,
  RSV,
  TEXT,
  xor,
} from './websocket-frames.ts'

/** Close codes that a broken frame is answered with. */
/** As a shift: 4 KiB. */
const WORK_UNIT = 12
const PROTOCOL_ERROR = 1002
const NOT_UTF8 = 1007
const TOO_BIG = 1009
const EMPTY = Buffer.alloc(0)
const ASCII_UNKNOWN = -1

/**
 * What a decoder finds, in the order of the wire. Payloads are views of what was pushed wherever a
 * frame lay in it whole, so a receiver that keeps one for long copies it.
 */
export interface FrameSink {
  onMessage(bytes: Buffer, isBinary: boolean): void
  onPing(payload: Buffer): void
  onPong(payload: Buffer): void
  /** The last thing a decoder finds. `code` is 1005 when the peer named none. */
  onClose(code: number, reason: string): void
}

export interface DecoderOptions {
  /** A server expects every frame to be masked, a client none. */
  readonly isServer: boolean
  readonly maxMessageBytes: number
  /** Messages may be compressed. */
  readonly deflate?: boolean
}

/** The close code that answers an error of the decoder; undefined for any other error. */
export function closeCodeOf(error: unknown): number | undefined {
  if (!(error instanceof OverlayError) || error.code !== 'ERR_LINK_FRAME') return undefined
  return error.details.closeCode as number
}

/**
 * Finds frames in a stream of bytes that arrives in pieces of any size, and messages in frames.
 * What is not whole yet is copied; memory for it grows with the bytes that came, not with the
 * length a peer announced.
 */
export class FrameDecoder {
  readonly #sink: FrameSink
  readonly #isServer: boolean
  readonly #maxMessageBytes: number
  readonly #canInflate: boolean
  /** A header that the end of a piece has cut, and how much of it is here. */
  #head: Buffer | undefined
  #headUsed = 0
  // The frame that was begun last.
  #first = 0
  #length = 0
  #key = 0
  /** Bytes of it that are still to come; -1 between frames. */
  #missing = -1
  /** TEXT or BINARY while a message is incomplete, 0 else. */
  #opcode = 0
  /** The message under way is compressed. */
  #isCompressed = false
  readonly #message = new Assembly()
  readonly #control = new Assembly()
  #isDone = false
  /** Work that may still be done: a frame and each 4 KiB of it are 1. Whoever owns the decoder sets it. */
  budget = Number.POSITIVE_INFINITY

  constructor(sink: FrameSink, options: DecoderOptions) {
    this.#sink = sink
    this.#isServer = options.isServer
    this.#maxMessageBytes = options.maxMessageBytes
    this.#canInflate = options.deflate ?? false
  }

  /** Takes no more, also not what is left of a piece under way. */
  stop(): void {
    this.#isDone = true
    this.#head = undefined
    this.#message.drop()
    this.#control.drop()
  }

  /**
   * Takes the next piece and tells the sink what became whole. The piece belongs to the decoder:
   * payloads are unmasked in place.
   *
   * @returns How much of it was taken: all, unless the budget is used up.
   * @throws {OverlayError} ERR_LINK_FRAME, see `closeCodeOf`; the decoder has then stopped.
   */
  push(piece: Buffer): number {
    if (this.#isDone) return piece.length
    let at = 0
    if (this.#headUsed > 0) at = this.#completeHead(piece)
    if (this.#missing >= 0) at = this.#completePayload(piece, at)
    const view = new DataView(piece.buffer, piece.byteOffset, piece.length)
    while (at < piece.length && !this.#isDone) {
      if (this.budget <= 0) return at
      const size = headerBytes(view, at)
      if (at + size > piece.length) {
        this.#keepHead(piece, at)
        break
      }
      this.#readHeader(view, at)
      const start = at + size
      at = start + this.#length
      this.budget -= 1 + (this.#length >>> WORK_UNIT)
      if (at <= piece.length) this.#wholeFrame(piece, view, start, at)
      else this.#keepPayload(piece, start)
    }
    return piece.length
  }

  /** The fast path: nothing is copied, one view is made. */
  #wholeFrame(piece: Buffer, view: DataView, start: number, end: number): void {
    const high = this.#isServer ? xor(view, start, end, this.#key) : ASCII_UNKNOWN
    const opcode = this.#first & OPCODE
    if (opcode >= CLOSE) return this.#deliverControl(opcode, piece.subarray(start, end))
    if (opcode === CONTINUATION || (this.#first & FIN) === 0) {
      this.#message.append(piece, start, end, this.#expected(this.#length))
      return this.#endFragment(opcode)
    }
    this.#deliver(opcode, piece.subarray(start, end), high === 0)
  }

  #endFragment(opcode: number): void {
    if (opcode !== CONTINUATION) this.#opcode = opcode
    if ((this.#first & FIN) === 0) return
    const whole = this.#opcode
    this.#opcode = 0
    this.#deliver(whole, this.#message.take(), false)
  }

  #deliver(opcode: number, received: Buffer, isAscii: boolean): void {
    if (this.#isCompressed) return this.#inflate(opcode, received)
    this.#deliverPlain(opcode, received, isAscii)
  }

  #inflate(opcode: number, received: Buffer): void {
    this.#isCompressed = false
    let bytes: Buffer
    try {
      bytes = decompress(received, this.#maxMessageBytes)
    } catch (error) {
      this.stop()
      throw error
    }
    this.budget -= bytes.length >>> WORK_UNIT
    this.#deliverPlain(opcode, bytes, false)
  }

  #deliverPlain(opcode: number, bytes: Buffer, isAscii: boolean): void {
    if (opcode === BINARY) return this.#sink.onMessage(bytes, true)
    if (!isAscii && !isUtf8(bytes)) throw this.#refusal(NOT_UTF8, 'text that is not UTF-8')
    this.#sink.onMessage(bytes, false)
  }

  #deliverControl(opcode: number, payload: Buffer): void {
    if (opcode === PING) return this.#sink.onPing(payload)
    if (opcode === PONG) return this.#sink.onPong(payload)
    if (payload.length === 0) {
      this.stop()
      return this.#sink.onClose(NO_CODE, '')
    }
    if (payload.length === 1) throw this.#broken('half a close code')
    const code = payload.readUInt16BE(0)
    const reason = payload.subarray(2)
    if (!isCloseCode(code)) throw this.#broken('a close code that is none')
    if (!isUtf8(reason)) throw this.#refusal(NOT_UTF8, 'a close reason that is not UTF-8')
    this.stop()
    this.#sink.onClose(code, reason.toString())
  }

  /** Reads and judges a header that is there whole. */
  #readHeader(view: DataView, at: number): void {
    const first = view.getUint8(at)
    const second = view.getUint8(at + 1)
    const opcode = first & OPCODE
    const isMasked = (second & MASK) !== 0
    const isCompressed = (first & RSV) === COMPRESSED && this.#canInflate
    if ((first & RSV) !== 0 && !(isCompressed && (opcode === TEXT || opcode === BINARY))) {
      throw this.#broken('a reserved bit is set')
    }
    if (isMasked !== this.#isServer) {
      throw this.#broken(isMasked ? 'a masked frame' : 'an unmasked frame')
    }
    const length = this.#readLength(view, at + 2, second & LENGTH)
    if (opcode > PONG || (opcode > BINARY && opcode < CLOSE))
      throw this.#broken('an unknown opcode')
    if (opcode >= CLOSE) {
      if ((first & FIN) === 0) throw this.#broken('a fragmented control frame')
      if (length > MAX_CONTROL_BYTES) throw this.#broken('a long control frame')
    } else {
      const isContinued = this.#opcode !== 0
      if (isContinued && opcode !== CONTINUATION) throw this.#broken('an unfinished message')
      if (!isContinued && opcode === CONTINUATION) throw this.#broken('nothing to continue')
      const total = this.#message.used + length
      if (total > this.#maxMessageBytes) throw this.#refusal(TOO_BIG, 'message too big')
    }
    if (opcode === TEXT || opcode === BINARY) this.#isCompressed = isCompressed
    this.#first = first
    this.#length = length
    this.#key = isMasked ? view.getInt32(at + headerBytes(view, at) - KEY_BYTES, true) : 0
  }

  #readLength(view: DataView, at: number, short: number): number {
    if (short < LENGTH_16) return short
    const length =
      short === LENGTH_16
        ? view.getUint16(at)
        : view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4)
    if (length < (short === LENGTH_16 ? LENGTH_16 : 2 ** 16)) {
      throw this.#broken('a length that takes more bytes than it needs')
    }
    if (short === LENGTH_64 && view.getUint8(at) > 0x7f) {
      throw this.#broken('a length of more than 63 bits')
    }
    return length
  }

  // ---- Frames that do not lie whole in one piece

  #keepHead(piece: Buffer, at: number): void {
    this.#head ??= Buffer.allocUnsafe(MAX_HEADER_BYTES)
    this.#headUsed = piece.copy(this.#head, 0, at)
  }

  /** Adds to a header what is missing of it; returns the index behind. */
  #completeHead(piece: Buffer): number {
    const head = this.#head ?? EMPTY
    const view = new DataView(head.buffer, head.byteOffset, head.length)
    let at = 0
    // Its second byte tells how long it is.
    while (this.#headUsed < 2 || this.#headUsed < headerBytes(view, 0)) {
      if (at === piece.length) return at
      head[this.#headUsed++] = piece[at++] as number
    }
    this.#head = undefined
    this.#headUsed = 0
    this.#readHeader(view, 0)
    this.#keepPayload(EMPTY, 0)
    return at
  }

  #keepPayload(piece: Buffer, start: number): void {
    this.#missing = this.#length
    this.#completePayload(piece, start)
  }

  /** Adds to a payload what is missing of it; returns the index behind. */
  #completePayload(piece: Buffer, at: number): number {
    const opcode = this.#first & OPCODE
    const assembly = opcode >= CLOSE ? this.#control : this.#message
    const end = Math.min(piece.length, at + this.#missing)
    const expected = assembly === this.#control ? MAX_CONTROL_BYTES : this.#expected(this.#missing)
    assembly.append(piece, at, end, expected)
    this.#missing -= end - at
    if (this.#missing > 0) return end
    this.#missing = -1
    if (this.#isServer) assembly.unmask(this.#length, this.#key)
    if (opcode >= CLOSE) this.#deliverControl(opcode, assembly.take())
    else this.#endFragment(opcode)
    return end
  }

  /** Most bytes that the message under way can have, when `missing` of its frame are to come. */
  #expected(missing: number): number {
    return (this.#first & FIN) === 0 ? this.#maxMessageBytes : this.#message.used + missing
  }

  #broken(problem: string): OverlayError {
    return this.#refusal(PROTOCOL_ERROR, problem)
  }

  #refusal(closeCode: number, problem: string): OverlayError {
    this.stop()
    return new OverlayError('ERR_LINK_FRAME', { problem, closeCode })
  }
}

/** Length of the header at `at`; 2 as long as its second byte is not there. */
function headerBytes(view: DataView, at: number): number {
  if (at + 1 >= view.byteLength) return 2
  const second = view.getUint8(at + 1)
  const short = second & LENGTH
  const extended = short < LENGTH_16 ? 0 : short === LENGTH_16 ? 2 : 8
  return 2 + extended + ((second & MASK) === 0 ? 0 : KEY_BYTES)
}

function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)
}

/** Bytes put together from pieces. */
class Assembly {
  #bytes: Buffer = EMPTY
  used = 0

  /** @param expected At most so many bytes there will be. */
  append(piece: Buffer, start: number, end: number, expected: number): void {
    const needed = this.used + end - start
    if (needed > this.#bytes.length) {
      // Never more than was announced, and never much more than has come.
      const larger = Buffer.allocUnsafe(Math.min(expected, Math.max(256, needed * 2)))
      this.#bytes.copy(larger, 0, 0, this.used)
      this.#bytes = larger
    }
    piece.copy(this.#bytes, this.used, start, end)
    this.used = needed
  }

  /** Unmasks the newest `length` bytes. */
  unmask(length: number, key: number): void {
    const { buffer, byteOffset } = this.#bytes
    xor(new DataView(buffer, byteOffset, this.used), this.used - length, this.used, key)
  }

  take(): Buffer {
    const whole = this.#bytes.subarray(0, this.used)
    this.drop()
    return whole
  }

  drop(): void {
    this.#bytes = EMPTY
    this.used = 0
  }
}
