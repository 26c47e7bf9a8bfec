import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { OverlayError } from '../errors.ts'
import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import { type Clock, systemClock, type Timer } from '../primitives/clock.ts'
import { isReservedId, isSameId, type NodeId } from '../primitives/ids.ts'
import { type Randomness, randomFraction, systemRandomness } from '../primitives/randomness.ts'
import { formatBasic, type Secret } from './credentials.ts'
import type { Link, LinkFacts, LinkSource, SourceEvent } from './link.ts'
import {
  chooseProtocol,
  formatOffer,
  MODE_HEADER,
  MODE_OVERLAY,
  OVERLAY_HEADER,
  parseOffer,
} from './negotiation.ts'
import { requestUpgrade } from './websocket-handshake.ts'
import { WebSocketLink } from './websocket-link.ts'
import { WebSocketStream } from './websocket-stream.ts'

export interface DialOptions {
  /** Base URL; the own id is appended as the last path segment. */
  readonly url: string
  readonly nodeId: NodeId
  readonly password?: Secret
  /** `overlay`: one link for everything below; `standard`: an ordinary OCPP connection. */
  readonly mode: 'overlay' | 'standard'
  /** In order of preference. Default: 2.1, 2.0.1, 1.6. */
  readonly protocols?: readonly Protocol[]
  /** Who the peer is; without it an overlay peer's own word is taken. */
  readonly peerId?: NodeId
  /** `reference`: the peer speaks overlay without confirming it. */
  readonly dialect?: 'reference'
  /** Default 5 000 on overlay links, 30 000 else. */
  readonly pingIntervalMs?: number
  readonly clock?: Clock
  readonly random?: Randomness
}

const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000
const HANDSHAKE_TIMEOUT_MS = 10_000
const OVERLAY_PING_MS = 5_000
const STANDARD_PING_MS = 30_000
const UNNAMED_PEER = 'CSMS' as NodeId

/** How long to wait before attempt `n` (from 0): exponential, with full jitter. */
export function retryDelayMs(attempt: number, random: Randomness): number {
  return randomFraction(random) * Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt)
}

/** A link that this side opens, and opens again whenever it is lost. */
export function dial(options: DialOptions): LinkSource {
  return new Dialler(options)
}

class Dialler implements LinkSource {
  readonly #options: DialOptions
  readonly #clock: Clock
  readonly #random: Randomness
  #onLink: (link: Link) => void = () => {}
  #report: (event: SourceEvent) => void = () => {}
  /** The attempt under way, later the socket of the link. */
  #connection: { destroy(): void } | undefined
  #onGone: () => void = () => {}
  #timer: Timer | undefined
  #attempt = 0
  #isStopped = false

  constructor(options: DialOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemRandomness
  }

  async start(onLink: (link: Link) => void, report: (event: SourceEvent) => void): Promise<void> {
    this.#onLink = onLink
    this.#report = report
    this.#connect()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    const connection = this.#connection
    if (!connection) return
    await new Promise<void>((resolve) => {
      this.#onGone = resolve
      connection.destroy()
    })
  }

  #connect(): void {
    const { url, nodeId, password, mode, protocols = [...PROTOCOLS].reverse() } = this.#options
    const overlay = { [MODE_HEADER]: MODE_OVERLAY, [OVERLAY_HEADER]: formatOffer() }
    const options = {
      url: `${url.replace(/\/$/, '')}/${encodeURIComponent(nodeId)}`,
      protocols,
      headers: {
        ...(mode === 'overlay' && overlay),
        ...(password && { authorization: formatBasic(nodeId, password) }),
      },
      timeoutMs: HANDSHAKE_TIMEOUT_MS,
    }
    this.#connection = requestUpgrade(options, {
      upgraded: (socket, response, protocol) => this.#onUpgraded(socket, response, protocol),
      failed: (error) => this.#retry(error.message),
    })
  }

  #onUpgraded(socket: Socket, response: IncomingMessage, protocol: string): void {
    this.#connection = socket
    const clock = this.#clock
    const stream = new WebSocketStream(socket, { isServer: false, clock })
    let why = 'the connection was closed'
    socket.on('close', () => this.#retry(why))
    try {
      const facts = this.#agree(response, protocol)
      this.#attempt = 0
      const usual = facts.form === 'overlay' ? OVERLAY_PING_MS : STANDARD_PING_MS
      const pingIntervalMs = this.#options.pingIntervalMs ?? usual
      this.#onLink(new WebSocketLink(stream, facts, { clock, pingIntervalMs }))
    } catch (error) {
      why = error instanceof Error ? error.message : String(error)
      stream.close(1002, 'not the peer expected')
    }
  }

  #retry(why: string): void {
    this.#connection = undefined
    if (this.#isStopped) return this.#onGone()
    const inMs = retryDelayMs(this.#attempt++, this.#random)
    this.#report({ name: 'retry', url: this.#options.url, inMs, why })
    this.#timer = this.#clock.setTimer(() => this.#connect(), inMs)
  }

  /** What the 101 answer agreed to. */
  #agree(response: IncomingMessage, chosen: string): LinkFacts {
    const { mode, peerId, dialect, protocols = PROTOCOLS, password } = this.#options
    const offer = parseOffer(response.headers[OVERLAY_HEADER.toLowerCase()] as string | undefined)
    if (mode === 'overlay' && !offer && dialect !== 'reference') {
      throw new OverlayError('ERR_LINK_NOT_OVERLAY')
    }
    const protocol = chooseProtocol([chosen], protocols)
    if (!protocol) throw new OverlayError('ERR_LINK_REFUSED', { problem: 'no common subprotocol' })
    const said = offer?.id
    if (said && (isReservedId(said) || (peerId && !isSameId(said, peerId)))) {
      throw new OverlayError('ERR_LINK_IDENTITY', { actual: said, expected: peerId ?? 'a node' })
    }
    return {
      peerIds: [peerId ?? said ?? UNNAMED_PEER],
      peer: mode === 'overlay' ? 'node' : 'csms',
      form: mode,
      protocol,
      capabilities: offer?.capabilities ?? new Set(),
      way: 'up',
      transport: 'plain',
      credential: password ? 'basic' : 'none',
    }
  }
}
