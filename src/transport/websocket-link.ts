import { type Clock, every, type Timer } from '../primitives/clock.ts'
import type { Link, LinkFacts, LinkReceiver } from './link.ts'
import type { StreamReceiver, WebSocketStream } from './websocket-stream.ts'

const LIVENESS = 'l'.charCodeAt(0)
const LIVENESS_BYTES = 9
const NO_PONG = 'two pings without pong'
const MAX_UNANSWERED = 2
const NONE: readonly number[] = []
/** Weight of a new sample in the smoothed round trip. */
const SMOOTHING = 1 / 8

export interface WebSocketLinkOptions {
  readonly clock: Clock
  readonly pingIntervalMs: number
}

/** A link over a WebSocket that is already open. */
export class WebSocketLink implements Link, StreamReceiver {
  readonly peerIds
  readonly peer
  readonly form
  readonly protocol
  readonly capabilities
  readonly way
  readonly transport
  readonly credential
  readonly isSelfNamed
  readonly #stream: WebSocketStream
  readonly #liveness: Timer
  #receiver: LinkReceiver | undefined
  /** When the pings were sent that no pong came back for, oldest first. */
  #unanswered: readonly number[] = NONE
  #roundTripMs: number | undefined
  /** How it ended while nobody was attached. */
  #ending: Parameters<LinkReceiver['closed']> | undefined

  constructor(stream: WebSocketStream, facts: LinkFacts, options: WebSocketLinkOptions) {
    this.peerIds = facts.peerIds
    this.peer = facts.peer
    this.form = facts.form
    this.protocol = facts.protocol
    this.capabilities = facts.capabilities
    this.way = facts.way
    this.transport = facts.transport
    this.credential = facts.credential
    this.isSelfNamed = facts.isSelfNamed
    this.#stream = stream
    this.#liveness = every(options.clock, options.pingIntervalMs, () => this.#probe())
    stream.attach(this)
  }

  get queuedBytes(): number {
    return this.#stream.queuedBytes
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  attach(receiver: LinkReceiver): void {
    this.#receiver = receiver
    const ending = this.#ending
    if (ending) return process.nextTick(() => receiver.closed(...ending))
    this.#stream.read()
    this.#probe()
  }

  send(message: Uint8Array, isBinary: boolean, asIs = false): void {
    this.#stream.send(message, isBinary, asIs)
  }

  ping(payload: Uint8Array): void {
    this.#stream.ping(payload)
  }

  notifyDrained(): void {
    this.#stream.notifyDrained()
  }

  close(code: number, reason: string): void {
    this.#stream.close(code, reason)
  }

  // ---- What the stream tells

  message(bytes: Uint8Array, isBinary: boolean): void {
    this.#receiver?.message(bytes, isBinary)
  }

  pong(payload: Buffer): void {
    if (payload.length !== LIVENESS_BYTES || payload[0] !== LIVENESS) {
      return this.#receiver?.pong?.(payload)
    }
    const at = this.#unanswered.indexOf(payload.readDoubleBE(1))
    const sentAt = this.#unanswered[at]
    if (sentAt === undefined) return
    // A pong that comes after the next ping was sent is late, but somebody is there.
    this.#unanswered = this.#unanswered.slice(at + 1)
    const sampleMs = performance.now() - sentAt
    const before = this.#roundTripMs ?? sampleMs
    this.#roundTripMs = before + (sampleMs - before) * SMOOTHING
  }

  drained(): void {
    this.#receiver?.drained?.()
  }

  closed(...how: Parameters<LinkReceiver['closed']>): void {
    this.#liveness.cancel()
    if (this.#receiver) this.#receiver.closed(...how)
    else this.#ending = how
  }

  /** Two pings without pong mean that nobody is there, whatever TCP still believes. */
  #probe(): void {
    if (!this.#stream.isOpen) return
    if (this.#unanswered.length >= MAX_UNANSWERED) return this.#stream.terminate(NO_PONG)
    const now = performance.now()
    this.#unanswered = [...this.#unanswered, now]
    const payload = Buffer.alloc(LIVENESS_BYTES)
    payload[0] = LIVENESS
    payload.writeDoubleBE(now, 1)
    this.#stream.ping(payload)
  }
}
