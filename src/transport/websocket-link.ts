import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { type Clock, every, type Timer } from '../primitives/clock.ts'
import type { Link, LinkFacts, LinkReceiver } from './link.ts'

const LIVENESS = 'l'.charCodeAt(0)
const PONG_PAYLOAD_BYTES = 9
/** Weight of a new sample in the smoothed round trip. */
const SMOOTHING = 1 / 8

export interface WebSocketLinkOptions {
  readonly clock: Clock
  readonly pingIntervalMs: number
}

/** A link over a WebSocket that is already open. */
export class WebSocketLink implements Link {
  readonly peerIds
  readonly peer
  readonly form
  readonly protocol
  readonly capabilities
  readonly way
  readonly transport
  readonly credential
  readonly #socket: WebSocket
  readonly #stream: Socket
  readonly #clock: Clock
  readonly #liveness: Timer
  #receiver: LinkReceiver | undefined
  #isCorked = false
  #unanswered = 0
  #pingedAt = 0
  #roundTripMs: number | undefined

  constructor(socket: WebSocket, stream: Socket, facts: LinkFacts, options: WebSocketLinkOptions) {
    this.peerIds = facts.peerIds
    this.peer = facts.peer
    this.form = facts.form
    this.protocol = facts.protocol
    this.capabilities = facts.capabilities
    this.way = facts.way
    this.transport = facts.transport
    this.credential = facts.credential
    this.#socket = socket
    this.#stream = stream
    this.#clock = options.clock
    this.#liveness = every(options.clock, options.pingIntervalMs, () => this.#ping())
    socket.on('pong', (data: Buffer) => this.#onPong(data))
    socket.on('error', () => socket.terminate()) // what was wrong is the close code's to say
    socket.on('close', (code, reason) => {
      this.#liveness.cancel()
      this.#receiver?.closed(code, reason.toString())
    })
    socket.pause() // until there is somebody to receive
  }

  get queuedBytes(): number {
    return this.#stream.writableLength
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  attach(receiver: LinkReceiver): void {
    this.#receiver = receiver
    this.#socket.on('message', (data: Buffer, isBinary) => receiver.message(data, isBinary))
    this.#socket.resume()
    if (this.#socket.readyState === this.#socket.OPEN) this.#ping()
  }

  send(message: Uint8Array, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    // All messages of one tick leave in one system call.
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#stream.cork()
      process.nextTick(uncork, this)
    }
    this.#socket.send(message, { binary: isBinary, compress: false })
  }

  static uncork(link: WebSocketLink): void {
    link.#isCorked = false
    link.#stream.uncork()
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
    this.#socket.resume()
  }

  /** Two pings without pong mean that nobody is there, whatever TCP still believes. */
  #ping(): void {
    if (this.#unanswered >= 2) return this.#socket.terminate()
    this.#unanswered++
    const payload = Buffer.alloc(PONG_PAYLOAD_BYTES)
    payload[0] = LIVENESS
    this.#pingedAt = performance.now()
    payload.writeDoubleBE(this.#pingedAt, 1)
    this.#socket.ping(payload)
  }

  #onPong(data: Buffer): void {
    if (data.length !== PONG_PAYLOAD_BYTES || data[0] !== LIVENESS) return
    if (data.readDoubleBE(1) !== this.#pingedAt) return
    this.#unanswered = 0
    const sampleMs = performance.now() - this.#pingedAt
    const before = this.#roundTripMs ?? sampleMs
    this.#roundTripMs = before + (sampleMs - before) * SMOOTHING
  }
}

const { uncork } = WebSocketLink
