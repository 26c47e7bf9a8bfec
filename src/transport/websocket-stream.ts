import type { Socket } from 'node:net'
import type { OverlayError } from '../errors.ts'
import type { Clock, Timer } from '../primitives/clock.ts'
import { compress } from './deflate.ts'
import { type Closer, MAX_MESSAGE_BYTES } from './link.ts'
import { closeCodeOf, FrameDecoder, type FrameSink } from './websocket-codec.ts'
import {
  BINARY,
  CLOSE,
  closePayload,
  type FrameTarget,
  frameBytes,
  PING,
  PONG,
  TEXT,
  writeFrame,
} from './websocket-frames.ts'

/** How long the closing handshake may take before the socket is cut. */
const CLOSE_TIMEOUT_MS = 30_000
const FAREWELL_MS = 5_000
/** So much is handed over at once, also before the tick is over. */
const MAX_WRITE_BYTES = 64 * 1024
/** Below it there is room. */
const LOW_WATER_BYTES = 16 * 1024
/** The connection was lost without a close frame. */
const LOST = 1006

/** What a stream tells its owner. */
export interface StreamReceiver {
  message(bytes: Uint8Array, isBinary: boolean): void
  pong(payload: Buffer): void
  /** There is room again; once after `notifyDrained`. */
  drained(): void
  /** The socket is gone; called exactly once. */
  closed(code: number, reason: string, by: Closer): void
}

export interface StreamOptions {
  readonly isServer: boolean
  readonly clock: Clock
  /** permessage-deflate was agreed. */
  readonly deflate?: boolean
  /** Called once when nothing comes or goes any more, however long the socket takes to go. */
  readonly onOver?: () => void
}

/**
 * The WebSocket protocol on a socket after its upgrade: messages, ping and pong, the closing
 * handshake. All frames of one turn of the event loop leave in one write.
 *
 * Nothing is read before `read`. A violation is answered with its close code; what the peer still
 * sends after it is read and dropped, because a reset would take the close frame with it.
 *
 * @spec RFC 6455 sections 5 and 7
 */
export class WebSocketStream implements FrameSink {
  readonly #socket: Socket
  readonly #isClient: boolean
  readonly #clock: Clock
  readonly #deflates: boolean
  readonly #decoder: FrameDecoder
  #receiver: StreamReceiver | undefined
  #out: FrameTarget | undefined
  /** The newest ping that a full socket has kept from being answered. */
  #unanswered: Buffer | undefined
  #isReading = false
  /** Of the event loop, when it was read last. */
  #turn = -1
  #wantsRoom = false
  #isCloseSent = false
  #isEnded = false
  #isClosed = false
  #isTold = false
  #onOver: (() => void) | undefined
  #closeCode = LOST
  #closeReason = ''
  #closer: Closer | undefined
  /** What this side has said goodbye with, where it did so first. */
  #ending: { readonly code: number; readonly reason: string } | undefined
  #closeTimer: Timer | undefined

  constructor(socket: Socket, options: StreamOptions) {
    const { isServer, clock, deflate = false } = options
    this.#socket = socket
    this.#isClient = !isServer
    this.#clock = clock
    this.#deflates = deflate
    this.#onOver = options.onOver
    this.#decoder = new FrameDecoder(this, {
      isServer,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      deflate,
    })
    socket.setTimeout(0)
    socket.setNoDelay(true)
    socket.allowHalfOpen = true // what is still to be sent goes out before this side ends
    socket.on('error', () => {}) // 'close' follows
    socket.on('end', () => {
      this.#end()
      this.#tellClosed()
    })
    socket.on('close', () => this.#onClosed())
  }

  /** Frames can be sent: nobody has closed it. */
  get isOpen(): boolean {
    return !this.#isCloseSent && !this.#isEnded && !this.#isClosed
  }

  /** Bytes handed over but not yet taken by the network. */
  get queuedBytes(): number {
    return this.#socket.writableLength + (this.#out?.used ?? 0)
  }

  /** Sets who is told what happens; until then it is lost. */
  attach(receiver: StreamReceiver): void {
    this.#receiver = receiver
  }

  /** Begins to read. */
  read(): void {
    if (this.#isReading) return
    this.#isReading = true
    this.#socket.on('data', (piece: Buffer) => this.#onData(piece))
  }

  /** Sends one message, `asIs` uncompressed; the bytes are the caller's again at once. */
  send(message: Uint8Array, isBinary: boolean, asIs = false): void {
    if (!this.isOpen) return
    if (isBinary) return this.#write(BINARY, message)
    const compressed = this.#deflates && !asIs ? compress(message) : undefined
    this.#write(TEXT, compressed ?? message, compressed !== undefined)
  }

  /** @param payload At most 125 bytes. */
  ping(payload: Uint8Array): void {
    if (this.isOpen) this.#write(PING, payload)
  }

  /** Asks to be told once when the network has taken most of what was handed over. */
  notifyDrained(): void {
    this.#wantsRoom = true
    if (this.queuedBytes === 0) setImmediate(this.#onWritten)
  }

  /** Begins the closing handshake; without an answer the socket is cut after 30 s. */
  close(code: number, reason: string): void {
    if (!this.isOpen) return
    this.#ending = { code, reason }
    this.#closer = 'here'
    this.#sendClose(code, reason)
    this.read()
  }

  /**
   * Cuts the connection.
   *
   * @param why Told where nobody has said anything else.
   */
  terminate(why?: string): void {
    this.#isEnded = true
    this.#closer ??= 'here'
    if (why !== undefined && this.#closeReason === '') this.#closeReason = why
    this.#decoder.stop()
    // Before what was written is called back, as if the network had taken it.
    this.#tellClosed()
    this.#socket.destroy()
  }

  // ---- What the decoder finds

  onMessage(bytes: Buffer, isBinary: boolean): void {
    this.#receiver?.message(bytes, isBinary)
  }

  onPong(payload: Buffer): void {
    this.#receiver?.pong(payload)
  }

  /** A peer that sends pings but takes no pongs gets only the newest answered (section 5.5.3). */
  onPing(payload: Buffer): void {
    if (!this.isOpen) return
    if (!this.#socket.writableNeedDrain) return this.#write(PONG, payload)
    if (!this.#unanswered) this.#socket.once('drain', () => this.#answerPing())
    this.#unanswered = Buffer.from(payload)
  }

  onClose(code: number, reason: string): void {
    // What a peer answers a goodbye with is not why the connection ended.
    const { code: endedBy, reason: why } = this.#ending ?? { code, reason }
    this.#closeCode = endedBy
    this.#closeReason = why
    this.#closer ??= 'peer'
    this.#sendClose(code, reason)
    this.#end()
    this.#giveUpSoon()
    this.#tellClosed()
  }

  // ---- Reading

  #onData(piece: Buffer): void {
    const rest = this.#take(piece)
    if (!rest) return
    // The others have their turn before the rest. Nothing is lost, and the network is not asked for more.
    this.#socket.pause()
    setImmediate(() => this.#goOn(rest))
  }

  #goOn(piece: Buffer): void {
    const rest = this.#take(piece)
    if (rest) setImmediate(() => this.#goOn(rest))
    else this.#socket.resume()
  }

  /** @returns What this turn of the event loop has no room for. */
  #take(piece: Buffer): Buffer | undefined {
    if (this.#isClosed) return undefined
    const turn = currentTurn()
    if (this.#turn !== turn) this.#decoder.budget = WORK_PER_TURN
    this.#turn = turn
    const taken = this.#push(piece)
    return taken < piece.length ? piece.subarray(taken) : undefined
  }

  #push(piece: Buffer): number {
    try {
      return this.#decoder.push(piece)
    } catch (error) {
      const code = closeCodeOf(error)
      if (code === undefined) throw error
      this.#closer ??= 'here'
      this.#closeCode = code
      this.#closeReason = String((error as OverlayError).details.problem)
      this.#sendClose(code, this.#closeReason)
      this.#end()
      this.#tellClosed()
      return piece.length
    }
  }

  #answerPing(): void {
    const payload = this.#unanswered
    this.#unanswered = undefined
    if (payload && this.isOpen) this.#write(PONG, payload)
  }

  // ---- Writing

  #write(opcode: number, payload: Uint8Array, isCompressed = false): void {
    const size = frameBytes(payload.length, this.#isClient)
    let out = this.#out
    if (out && out.used + size > MAX_WRITE_BYTES) {
      this.#flush()
      out = undefined
    }
    if (!out) {
      out = takeTarget(size)
      // Several sockets are read in one turn of the event loop: what they send on one link leaves
      // together, when all were read.
      if (unflushed.push(this) === 1) setImmediate(flushAll)
    } else if (out.used + size > out.bytes.length) {
      out = enlarge(out)
    }
    this.#out = out
    writeFrame(out, opcode, payload, this.#isClient, isCompressed)
  }

  #flush(): void {
    const out = this.#out
    if (!out) return
    this.#out = undefined
    if (this.#socket.writable) this.#socket.write(out.bytes.subarray(0, out.used), this.#onWritten)
    // Zero says that the network has taken it all, so nobody looks at these bytes any more.
    if (this.#socket.writableLength === 0) giveBack(out)
  }

  readonly #onWritten = (): void => {
    if (!this.#wantsRoom || this.queuedBytes >= LOW_WATER_BYTES) return
    this.#wantsRoom = false
    this.#receiver?.drained()
  }

  static flush(stream: WebSocketStream): void {
    stream.#flush()
  }

  // ---- The end

  #sendClose(code: number, reason: string): void {
    if (!this.isOpen) return
    this.#write(CLOSE, closePayload(code, reason))
    this.#isCloseSent = true
    this.#flush()
    this.#awaitClose()
  }

  /** Nothing more will be sent; the socket closes when the peer has ended too. */
  #end(): void {
    if (this.#isEnded) return
    this.#flush()
    this.#isEnded = true
    this.#socket.end()
    this.#awaitClose()
  }

  #awaitClose(): void {
    if (this.#isClosed) return
    this.#closeTimer ??= this.#clock.setTimer(() => this.terminate(), CLOSE_TIMEOUT_MS)
  }

  /** Both sides have said goodbye: all that is left is for the peer to let go of the socket. */
  #giveUpSoon(): void {
    if (this.#isClosed) return
    this.#closeTimer?.cancel()
    this.#closeTimer = this.#clock.setTimer(() => this.terminate(), FAREWELL_MS)
  }

  get #lost() {
    return { code: this.#closeCode, reason: this.#closeReason }
  }

  /** As soon as nothing comes or goes any more, however long the socket takes: who sends on would lose it. */
  #tellClosed(): void {
    const receiver = this.#receiver
    if (!this.#isTold && receiver) {
      this.#isTold = true
      const { code, reason } = this.#closeCode === LOST ? (this.#ending ?? this.#lost) : this.#lost
      receiver.closed(code, reason, this.#closer ?? 'network')
    }
    const onOver = this.#onOver
    this.#onOver = undefined
    onOver?.()
  }

  #onClosed(): void {
    this.#isClosed = true
    this.#closeTimer?.cancel()
    this.#decoder.stop()
    this.#unanswered = undefined
    this.#flush()
    this.#tellClosed()
  }
}

// ---- Turns of the event loop

/** What one link may have done before the others get their turn, see `FrameDecoder.budget`. */
const WORK_PER_TURN = 256

let turn = 0
let isCounting = false

function currentTurn(): number {
  if (!isCounting) {
    isCounting = true
    setImmediate(endTurn)
  }
  return turn
}

function endTurn(): void {
  turn++
  isCounting = false
}

// ---- Buffers of one turn. An idle connection holds none.

const SMALL_BYTES = 8 * 1024
const MAX_KEPT = 32
const small: FrameTarget[] = []
const large: FrameTarget[] = []

function takeTarget(size: number): FrameTarget {
  if (size <= SMALL_BYTES) return small.pop() ?? createTarget(SMALL_BYTES)
  if (size <= MAX_WRITE_BYTES) return large.pop() ?? createTarget(MAX_WRITE_BYTES)
  return createTarget(size)
}

function createTarget(size: number): FrameTarget {
  const bytes = Buffer.allocUnsafeSlow(size)
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size), used: 0 }
}

function enlarge(target: FrameTarget): FrameTarget {
  const larger = takeTarget(MAX_WRITE_BYTES)
  target.bytes.copy(larger.bytes, 0, 0, target.used)
  larger.used = target.used
  giveBack(target)
  return larger
}

function giveBack(target: FrameTarget): void {
  target.used = 0
  const { length } = target.bytes
  const kept = length === SMALL_BYTES ? small : length === MAX_WRITE_BYTES ? large : undefined
  if (kept && kept.length < MAX_KEPT) kept.push(target)
}

const unflushed: WebSocketStream[] = []
const { flush } = WebSocketStream

function flushAll(): void {
  // Writing may end a stream but sends nothing new, so the list does not grow here.
  for (const stream of unflushed.splice(0)) flush(stream)
}
