import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { OverlayError } from '../errors.ts'
import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import { type Clock, systemClock, type Timer } from '../primitives/clock.ts'
import { isReservedId, isSameId, type NodeId } from '../primitives/ids.ts'
import { type Randomness, randomFraction, systemRandomness } from '../primitives/randomness.ts'
import { isCertificateFor } from './certificates.ts'
import { type ConnectionBudget, PROCESS_CONNECTIONS } from './connection-budget.ts'
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
import { clientSettings, type DialTls, peerCertificate } from './tls.ts'
import { requestUpgrade } from './websocket-handshake.ts'
import { WebSocketLink } from './websocket-link.ts'
import { WebSocketStream } from './websocket-stream.ts'

export interface DialOptions {
  /** Base URL; the own id is appended as the last path segment. */
  readonly url: string
  readonly nodeId: NodeId
  /** A function is asked at each attempt: passwords change while a link is dialled again. */
  readonly password?: Secret | (() => Secret | undefined)
  /** Not to dial while there is no password to show. Default false. */
  readonly needsPassword?: boolean
  /** Send a password of hexadecimal digits as bytes, as OCPP 1.6 says. Default: as text. */
  readonly keyAsBytes?: boolean
  /** `overlay`: one link for everything below; `standard`: an ordinary OCPP connection. */
  readonly mode: 'overlay' | 'standard'
  /** Who is there; default `node` for overlay, else `csms`. A station may listen, too. */
  readonly peer?: 'station' | 'csms'
  /** In order of preference. Default: 2.1, 2.0.1, 1.6. */
  readonly protocols?: readonly Protocol[]
  /** Who the peer is; without it an overlay peer's own word is taken. */
  readonly peerId?: NodeId
  /** What the peer is called where nothing says who it is. Default `CSMS`. */
  readonly unnamed?: NodeId
  /** Under `wss:`: whom to trust, and the own certificate. A function is asked at each attempt: they are renewed. */
  readonly tls?: DialTls | (() => DialTls)
  /** Offer permessage-deflate. Default true. */
  readonly compression?: boolean
  /** How many attempts in a row have failed before, for the back-off. Default 0. */
  readonly failures?: number
  /** How attempts follow each other. Asked at each loss where it is a function; undefined: full jitter, 1 s doubling to 60 s. */
  readonly backOff?: BackOff | (() => BackOff | undefined)
  /** `reference`: the peer speaks overlay without confirming it. */
  readonly dialect?: 'reference'
  /** How many connections there may be. Default 18 000 over all of this process. */
  readonly connections?: ConnectionBudget
  /** Default 5 000 on overlay links, 30 000 else. */
  readonly pingIntervalMs?: number
  readonly clock?: Clock
  readonly random?: Randomness
}

/**
 * OCPP's variables for it: after a loss wait `waitMinimumS` plus up to `randomRangeS`, then twice
 * that, `repeatTimes` times; from then on always as long as the last time.
 *
 * @spec OCPP 2.0.1 Part 4 section 5.3; Part 2 OCPPCommCtrlr.RetryBackOff…
 */
export interface BackOff {
  readonly waitMinimumS: number
  readonly randomRangeS: number
  readonly repeatTimes: number
}

const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000
const MAX_RETRY_AFTER_MS = 600_000
/** A link that lived so long worked. */
const STEADY_MS = 10_000
const HANDSHAKE_TIMEOUT_MS = 10_000
const OVERLAY_PING_MS = 5_000
const STANDARD_PING_MS = 30_000
const UNNAMED_PEER = 'CSMS' as NodeId

/**
 * How long to wait before attempt `n` (from 0): exponential, with full jitter or as OCPP says.
 *
 * @param lastMs How long the wait before was; undefined of the first one.
 */
export function retryDelayMs(
  attempt: number,
  random: Randomness,
  backOff?: BackOff,
  lastMs?: number,
): number {
  if (backOff) {
    const { waitMinimumS, randomRangeS, repeatTimes } = backOff
    if (attempt > repeatTimes && lastMs !== undefined) return lastMs
    const seconds = waitMinimumS * 2 ** Math.min(attempt, repeatTimes)
    return (seconds + randomFraction(random) * randomRangeS) * 1_000
  }
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
  readonly #isTls: boolean
  #onLink: (link: Link) => void = () => {}
  #report: (event: SourceEvent) => void = () => {}
  #attemptUnderWay: { destroy(): void } | undefined
  /** That of the link, and those of links that are over. */
  readonly #sockets = new Set<Socket>()
  #onGone: () => void = () => {}
  #timer: Timer | undefined
  /** What the last attempt has shown. */
  #password: Secret | undefined
  #tls: DialTls
  #attempt = 0
  /** How long the last wait was. */
  #lastMs: number | undefined
  #isStopped = false

  get peerId(): NodeId | undefined {
    return this.#options.peerId
  }

  constructor(options: DialOptions) {
    this.#options = options
    this.#attempt = options.failures ?? 0
    this.#isTls = /^wss:/i.test(options.url)
    this.#tls = tlsOf(options)
    if (this.#isTls) clientSettings(this.#tls, options.peerId)
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
    const open = [...this.#sockets, ...(this.#attemptUnderWay ? [this.#attemptUnderWay] : [])]
    if (open.length === 0) return
    await new Promise<void>((resolve) => {
      this.#onGone = resolve
      for (const one of open) one.destroy()
    })
  }

  #connect(): void {
    const {
      url,
      nodeId,
      mode,
      protocols = [...PROTOCOLS].reverse(),
      peerId,
      keyAsBytes,
    } = this.#options
    const { password: given } = this.#options
    const password = typeof given === 'function' ? given() : given
    this.#password = password
    this.#tls = tlsOf(this.#options)
    if (this.#options.needsPassword && !password) {
      return this.#retry('there is no password to show there')
    }
    const overlay = { [MODE_HEADER]: MODE_OVERLAY, [OVERLAY_HEADER]: formatOffer() }
    const options = {
      url: `${url.replace(/\/$/, '')}/${encodeURIComponent(nodeId)}`,
      protocols,
      headers: {
        ...(mode === 'overlay' && overlay),
        ...(password && { authorization: formatBasic(nodeId, password, keyAsBytes) }),
      },
      ...(this.#isTls && { tls: clientSettings(this.#tls, peerId) }),
      deflate: this.#options.compression !== false,
      timeoutMs: HANDSHAKE_TIMEOUT_MS,
      clock: this.#clock,
    }
    const budget = this.#options.connections ?? PROCESS_CONNECTIONS
    if (!budget.take()) return this.#retry('this process has as many connections as it may have')
    this.#attemptUnderWay = requestUpgrade(options, {
      upgraded: (socket, ...agreed) => {
        socket.on('close', () => budget.giveBack())
        this.#onUpgraded(socket, ...agreed)
      },
      failed: (error, retryAfterMs) => {
        budget.giveBack()
        this.#retry(error.message, retryAfterMs)
      },
    })
  }

  #onUpgraded(socket: Socket, response: IncomingMessage, protocol: string, deflate: boolean): void {
    this.#attemptUnderWay = undefined
    this.#sockets.add(socket)
    const clock = this.#clock
    let why = 'the connection was closed'
    const openedAt = clock.now()
    // A peer that has said goodbye may keep its socket: nobody waits for that.
    const onOver = () => {
      // A server that lets in and closes at once is no better than one that refuses.
      if (clock.now() - openedAt >= STEADY_MS) this.#attempt = 0
      if (!this.#isStopped) this.#retry(why)
    }
    const stream = new WebSocketStream(socket, { isServer: false, clock, deflate, onOver })
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (this.#isStopped) this.#goneIfAll()
    })
    try {
      const facts = this.#agree(response, protocol, socket)
      const usual = facts.form === 'overlay' ? OVERLAY_PING_MS : STANDARD_PING_MS
      const pingIntervalMs = this.#options.pingIntervalMs ?? usual
      this.#onLink(new WebSocketLink(stream, facts, { clock, pingIntervalMs }))
    } catch (error) {
      why = error instanceof Error ? error.message : String(error)
      stream.close(1002, 'not the peer expected')
    }
  }

  #goneIfAll(): void {
    if (this.#sockets.size === 0 && !this.#attemptUnderWay) this.#onGone()
  }

  #retry(why: string, retryAfterMs = 0): void {
    this.#attemptUnderWay = undefined
    if (this.#isStopped) return this.#goneIfAll()
    const { backOff } = this.#options
    const rule = typeof backOff === 'function' ? backOff() : backOff
    if (this.#attempt === 0) this.#lastMs = undefined
    const ownMs = retryDelayMs(this.#attempt++, this.#random, rule, this.#lastMs)
    this.#lastMs = ownMs
    // A server that says when must not make this side wait for ever.
    const inMs = Math.ceil(Math.max(ownMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)))
    // Before it is told: whoever hears it may stop this, and then nothing may dial any more.
    this.#timer = this.#clock.setTimer(() => this.#connect(), inMs)
    this.#report({ name: 'retry', url: this.#options.url, inMs, why, failures: this.#attempt })
  }

  /** What the 101 answer agreed to. */
  #agree(response: IncomingMessage, chosen: string, socket: Socket): LinkFacts {
    const {
      mode,
      peer,
      peerId,
      unnamed = UNNAMED_PEER,
      dialect,
      protocols = PROTOCOLS,
    } = this.#options
    // A standard peer that was asked for nothing of ours says nothing of ours: not even who it is.
    const header = mode === 'overlay' ? response.headers[OVERLAY_HEADER.toLowerCase()] : undefined
    const offer = parseOffer(header as string | undefined)
    if (mode === 'overlay' && !offer && dialect !== 'reference') {
      throw new OverlayError('ERR_LINK_NOT_OVERLAY')
    }
    const protocol = chooseProtocol([chosen], protocols)
    if (!protocol) throw new OverlayError('ERR_LINK_REFUSED', { problem: 'no common subprotocol' })
    const said = offer?.id
    if (said && (isReservedId(said) || (peerId && !isSameId(said, peerId)))) {
      throw new OverlayError('ERR_LINK_IDENTITY', { actual: said, expected: peerId ?? 'a node' })
    }
    const { certificate } =
      socket instanceof TLSSocket ? peerCertificate(socket, this.#clock.now()) : {}
    const expected = peerId ?? said
    if (certificate?.hasNodeUri && expected && !isCertificateFor(certificate, expected)) {
      const actual = certificate.nodeIds.join(', ') || 'nobody by its certificate'
      throw new OverlayError('ERR_LINK_IDENTITY', { actual, expected })
    }
    const proof = this.#tls.identity ? 'certificate' : this.#password ? 'basic' : 'none'
    const isSelfNamed = said !== undefined && peerId === undefined && !certificate?.hasNodeUri
    return {
      peerIds: [expected ?? certificate?.nodeIds[0] ?? unnamed],
      ...(isSelfNamed && { isSelfNamed }),
      peer: mode === 'overlay' ? 'node' : (peer ?? 'csms'),
      form: mode,
      protocol,
      capabilities: offer?.capabilities ?? new Set(),
      way: peer === 'station' ? 'down' : 'up',
      transport: this.#isTls ? 'tls' : 'plain',
      credential: proof,
    }
  }
}

function tlsOf({ tls = {} }: DialOptions): DialTls {
  return typeof tls === 'function' ? tls() : tls
}
