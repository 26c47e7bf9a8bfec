import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import { type Clock, systemClock, type Timer } from '../primitives/clock.ts'
import { isReservedId, isStationId, type NodeId } from '../primitives/ids.ts'
import { type Randomness, systemRandomness } from '../primitives/randomness.ts'
import { type Admission, Admissions } from './admission.ts'
import { type ConnectionBudget, PROCESS_CONNECTIONS } from './connection-budget.ts'
import type { PeerEntry, SecurityProfile } from './credentials.ts'
import { answerDeflate, EXTENSIONS_HEADER } from './deflate.ts'
import type { Link, LinkFacts, LinkSource, SourceEvent } from './link.ts'
import {
  chooseProtocol,
  formatOffer,
  idOfPath,
  MODE_HEADER,
  MODE_OVERLAY,
  OVERLAY_HEADER,
  parseOffer,
} from './negotiation.ts'
import { Newcomers } from './newcomers.ts'
import { refusalText } from './refusal-text.ts'
import { type ListenTls, peerCertificate, serverSettings } from './tls.ts'
import { UpgradeQueue } from './upgrade-queue.ts'
import { acceptUpgrade, upgradeProblem } from './websocket-handshake.ts'
import { WebSocketLink } from './websocket-link.ts'
import { WebSocketStream } from './websocket-stream.ts'

export interface AcceptOptions {
  /** This node's own id, told to overlay peers. */
  readonly nodeId: NodeId
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0 takes any free port; see `port` after start. */
  readonly port: number
  /** Who may come. Several listeners of one node share one `Admissions`. */
  readonly peers?: readonly PeerEntry[] | Admissions
  /** Security profiles 2 and 3; without it connections are plain. */
  readonly tls?: ListenTls
  /** Let in ids without an entry and without credential (security profile 0). Default false. */
  readonly insecure?: boolean
  /** Answer 404 to unknown ids as OCPP says, which tells strangers what ids there are. */
  readonly conform404?: boolean
  /** Who dials in without overlay; default `station`. A station that listens says `csms`. */
  readonly peer?: 'station' | 'csms'
  /** Default: all three. */
  readonly protocols?: readonly Protocol[]
  /** Default 30 000 towards stations; overlay links use 5 000. */
  readonly pingIntervalMs?: number
  /** Accept permessage-deflate where a client offers it. Default true. */
  readonly compression?: boolean
  /** How long a TLS handshake or a request may take. Default 10 000. */
  readonly requestTimeoutMs?: number
  /** Upgrades that may wait; more are answered 503. Default 1 000. */
  readonly maxWaitingUpgrades?: number
  /** How many connections there may be. Default 18 000 over all listeners of this process. */
  readonly connections?: ConnectionBudget
  readonly clock?: Clock
  readonly random?: Randomness
}

/** In place of a status: the connection ended before anything was asked for. */
const UNASKED = 0
const TOO_MANY = 'this process has as many connections as it may have'
const NO_CAPABILITIES: ReadonlySet<string> = new Set()
const OVERLAY_PING_MS = 5_000
const STATION_PING_MS = 30_000
/** A handshake or request that is not complete by then is none. */
const REQUEST_TIMEOUT_MS = 10_000
/** Refusals that are held back; beyond it they are given at once. */
const MAX_HELD_BACK = 1_000
/** How long links that were closed may take to end when the listener stops. */
const STOP_MS = 2_000

/** Links that peers open to us, over WebSocket. */
export interface Acceptor extends LinkSource {
  readonly port: number
  readonly url: string
  readonly insecure: boolean
  /**
   * Uses another certificate, key or authorities from the next connection on.
   *
   * @throws {OverlayError} ERR_CREDENTIAL_TLS when they cannot be used; the former ones stay.
   */
  reloadTls(tls: ListenTls): void
  /** From now on newcomers are sent away with 503; links that are open stay. */
  drain(): void
}

/**
 * Accepts WebSocket connections: identity from the last path segment, proved by password or
 * certificate, subprotocol by the client's order, overlay form where the client asks for it.
 *
 * @throws {OverlayError} ERR_CREDENTIAL_STORED, ERR_CREDENTIAL_TLS
 * @spec OCPP 2.1 Part 4 sections 3.1–3.3; docs/overlay.md section 4
 */
export function accept(options: AcceptOptions): Acceptor {
  return new WebSocketAcceptor(options)
}

interface Refusal {
  readonly status: number
  readonly id: string
  readonly why: string
  readonly delayMs?: number
}

class WebSocketAcceptor implements Acceptor {
  readonly insecure: boolean
  readonly #options: AcceptOptions
  readonly #protocols: readonly Protocol[]
  readonly #clock: Clock
  readonly #random: Randomness
  readonly #admissions: Admissions
  readonly #host: string
  readonly #http: Server
  readonly #queue: UpgradeQueue
  readonly #sockets = new Set<Socket>()
  readonly #newcomers: Newcomers
  readonly #budget: ConnectionBudget
  readonly #heldBack = new Set<Timer>()
  readonly #links = new Map<Socket, Link>()
  #onLink: (link: Link) => void = () => {}
  #report: (event: SourceEvent) => void = () => {}
  #isDraining = false

  constructor(options: AcceptOptions) {
    const { peers = [], clock = systemClock, tls } = options
    this.#options = options
    this.insecure = options.insecure ?? false
    this.#protocols = options.protocols ?? PROTOCOLS
    this.#clock = clock
    this.#random = options.random ?? systemRandomness
    this.#host = options.host ?? '127.0.0.1'
    this.#admissions = peers instanceof Admissions ? peers : new Admissions(peers, { clock })
    this.#queue = new UpgradeQueue(options.maxWaitingUpgrades)
    const limits = timeouts(options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS)
    this.#http = tls ? createTlsServer({ ...limits, ...serverSettings(tls) }) : createServer(limits)
    this.#budget = options.connections ?? PROCESS_CONNECTIONS
    this.#http.on('connection', (socket: Socket) => this.#onConnection(socket))
    this.#newcomers = new Newcomers(this.#http, {
      isTls: tls !== undefined,
      onFailure: ({ address, why }) => this.#unasked(address, why),
    })
    this.#http.on('request', (_, response) => {
      response.writeHead(426, {
        'content-type': 'text/plain',
        upgrade: 'websocket',
        connection: 'close',
      })
      response.end('This is an OCPP WebSocket endpoint.\n')
    })
    this.#http.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) =>
      this.#onUpgrade(request, duplex as Socket, head),
    )
  }

  get port(): number {
    return (this.#http.address() as AddressInfo | null)?.port ?? this.#options.port
  }

  get url(): string {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host
    return `${this.#options.tls ? 'wss' : 'ws'}://${host}:${this.port}/`
  }

  start(onLink: (link: Link) => void, report: (event: SourceEvent) => void): Promise<void> {
    this.#onLink = onLink
    this.#report = report
    return listen(this.#http, this.#options.port, this.#host)
  }

  reloadTls(tls: ListenTls): void {
    const settings = serverSettings(tls)
    ;(this.#http as ReturnType<typeof createTlsServer>).setSecureContext(settings)
  }

  drain(): void {
    this.#isDraining = true
  }

  async stop(): Promise<void> {
    this.drain()
    for (const timer of this.#heldBack) timer.cancel()
    this.#newcomers.close()
    for (const link of this.#links.values()) link.close(1001, 'going away')
    const closed = new Promise((resolve) => this.#http.close(resolve))
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, STOP_MS)
    this.#http.closeIdleConnections()
    await closed
    clearTimeout(late)
  }

  // ---- Connections

  #onConnection(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    if (!this.#budget.take()) {
      this.#unasked(socket.remoteAddress ?? '', TOO_MANY)
      return void socket.destroy()
    }
    this.#sockets.add(socket)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#budget.giveBack()
    })
  }

  #unasked(address: string, why: string): void {
    // Whoever is sent away because this listener stops did nothing wrong.
    if (!this.#isDraining) this.#report({ name: 'refused', id: '', status: UNASKED, why, address })
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    destroyOnError(socket)
    const id = idOfPath(request.url ?? '')
    if (this.#isDraining)
      return this.#refuse(socket, { status: 503, id: id ?? '', why: 'stopping' })
    const address = socket.remoteAddress ?? ''
    const isQueued = this.#queue.push(() => {
      // OpenSSL ends sessions of some forged certificates by itself, after the request has come.
      if (socket.destroyed) this.#unasked(address, whyGone(socket))
      else void this.#admit(request, socket, head, id)
    })
    if (!isQueued) this.#refuse(socket, { status: 503, id: id ?? '', why: 'too many wait' })
  }

  async #admit(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    id: NodeId | undefined,
  ): Promise<void> {
    const form = header(request, MODE_HEADER) === MODE_OVERLAY ? 'overlay' : 'standard'
    const isLegal = id !== undefined && !isReservedId(id) && (form === 'overlay' || isStationId(id))
    const isTls = socket instanceof TLSSocket
    const claim = {
      id: isLegal ? id : undefined,
      authorization: request.headers.authorization,
      certificate: undefined,
      ...(isTls && peerCertificate(socket, this.#clock.now())),
      isTls,
      isOverlay: form === 'overlay',
      address: socket.remoteAddress ?? '',
      insecure: this.insecure,
    }
    const judged = this.#admissions.admit(claim)
    // Who waits for nothing is not made to wait: frames behind the request are read at once.
    const admission = judged instanceof Promise ? await judged : judged
    if (socket.destroyed) return
    const answer = this.#agree(request, form, admission, id)
    if ('status' in answer) return this.#refuse(socket, answer)
    const problem = upgradeProblem(request)
    if (problem) return this.#refuse(socket, { ...problem, id: id ?? '' })
    this.#open(request, socket, head, answer)
  }

  /** What was agreed, or why the peer is refused. */
  #agree(
    request: IncomingMessage,
    form: LinkFacts['form'],
    admission: Admission,
    asked: NodeId | undefined,
  ): Refusal | (Omit<LinkFacts, 'protocol'> & { protocol: Protocol | undefined }) {
    if ('refused' in admission) {
      const { refused: why, status, isUnknown, delayMs } = admission
      const isNotFound = status === 401 && isUnknown && this.#options.conform404 === true
      return { status: isNotFound ? 404 : status, id: asked ?? '', why, delayMs }
    }
    const { id, profile } = admission
    const protocol = chooseProtocol(offeredProtocols(request), this.#protocols)
    if (form === 'overlay' && protocol === undefined) {
      return { status: 400, id, why: 'no common subprotocol' }
    }
    const offer = parseOffer(header(request, OVERLAY_HEADER))
    const { peer = 'station' } = this.#options
    return {
      peerIds: [id],
      peer: form === 'overlay' ? 'node' : peer,
      form,
      protocol,
      capabilities: offer?.capabilities ?? NO_CAPABILITIES,
      way: form === 'standard' && peer === 'csms' ? 'up' : 'down',
      transport: this.#options.tls ? 'tls' : 'plain',
      credential: credentialOf(profile),
    }
  }

  #open(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    facts: Omit<LinkFacts, 'protocol'> & { protocol: Protocol | undefined },
  ): void {
    const { form, protocol } = facts
    const clock = this.#clock
    const offered = header(request, EXTENSIONS_HEADER)
    const deflate = this.#options.compression === false ? undefined : answerDeflate(offered)
    acceptUpgrade(request, socket, head, this.#agreement(form, protocol, deflate))
    const stream = new WebSocketStream(socket, {
      isServer: true,
      clock,
      deflate: deflate !== undefined,
    })
    // Part 4 section 3.3: no common subprotocol, so the connection opens and closes.
    if (protocol === undefined) {
      const [id = ''] = facts.peerIds
      const offers = offeredProtocols(request).join(', ') || 'none'
      const why = `it offers ${offers} where ${this.#protocols.join(', ')} can be had`
      this.#report({ name: 'refused', id, status: 1002, why, address: socket.remoteAddress ?? '' })
      return stream.close(1002, 'no common subprotocol')
    }
    const usual = form === 'overlay' ? OVERLAY_PING_MS : STATION_PING_MS
    const pingIntervalMs = this.#options.pingIntervalMs ?? usual
    const link = new WebSocketLink(stream, { ...facts, protocol }, { clock, pingIntervalMs })
    this.#links.set(socket, link)
    socket.on('close', () => this.#links.delete(socket))
    this.#onLink(link)
  }

  /** Header lines of the 101. */
  #agreement(
    form: LinkFacts['form'],
    protocol: Protocol | undefined,
    deflate: string | undefined,
  ): string[] {
    const lines = [
      ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
      ...(deflate === undefined ? [] : [`${EXTENSIONS_HEADER}: ${deflate}`]),
    ]
    if (form === 'standard') return lines
    const offer = formatOffer(this.#options.nodeId)
    return [...lines, `${MODE_HEADER}: ${MODE_OVERLAY}`, `${OVERLAY_HEADER}: ${offer}`]
  }

  // ---- Refusals

  #refuse(socket: Socket, refusal: Refusal): void {
    const { id, status, why, delayMs = 0 } = refusal
    const address = socket.remoteAddress ?? ''
    this.#report({ name: 'refused', id, status, why, address })
    if (delayMs === 0 || this.#heldBack.size >= MAX_HELD_BACK) return this.#answer(socket, refusal)
    const timer = this.#clock.setTimer(() => {
      this.#heldBack.delete(timer)
      this.#answer(socket, refusal)
    }, delayMs)
    this.#heldBack.add(timer)
    socket.on('close', () => {
      timer.cancel()
      this.#heldBack.delete(timer)
    })
    socket.resume() // or it would not be noticed that the peer has left
  }

  #answer(socket: Socket, refusal: Refusal): void {
    // Whoever was refused is not waited for.
    socket.once('finish', () => socket.destroy())
    socket.end(refusalText(refusal, this.#protocols, this.#random))
  }
}

/** Why a connection may have ended between its request and its answer. */
function whyGone(socket: Socket): string {
  const problem = socket instanceof TLSSocket && socket.authorizationError
  return problem ? `its certificate proves nothing: ${problem}` : 'it left before it was answered'
}

/** Apart, because a listener keeps alive what is in scope where it is made: here, the request. */
function destroyOnError(socket: Socket): void {
  socket.on('error', () => socket.destroy())
}

function timeouts(ms: number) {
  const connectionsCheckingInterval = Math.min(ms, 1_000)
  return { handshakeTimeout: ms, headersTimeout: ms, requestTimeout: ms, connectionsCheckingInterval } // biome-ignore format: one line
}

function credentialOf(profile: SecurityProfile): LinkFacts['credential'] {
  if (profile === 3) return 'certificate'
  return profile === 0 ? 'none' : 'basic'
}

function offeredProtocols({ headers }: IncomingMessage): string[] {
  return (headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/).filter(Boolean)
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()]
  return Array.isArray(value) ? value[0] : value
}

function listen(http: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, () => {
      http.off('error', reject)
      resolve()
    })
  })
}
