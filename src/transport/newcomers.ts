import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { PROCESS_CONNECTIONS } from './connection-budget.ts'
import { networkOf } from './network-of.ts'
import { requestProblem, TLS_UNFINISHED, TLS_UNSAID, tlsProblem } from './newcomer-problems.ts'

/** What is told of a connection that ended before anything was asked for on it. */
export interface Failure {
  readonly address: string
  readonly why: string
}

export interface NewcomersOptions {
  readonly isTls: boolean
  readonly onFailure: (failure: Failure) => void
}

interface Newcomer {
  /** Its key. */
  readonly origin: string
  readonly socket: Socket
  readonly address: string
  readonly network: string
  /** Milliseconds, of this machine's own clock. */
  readonly since: number
  /** Why it would have failed if it closed now; undefined: it would just have left. */
  why: string | undefined
}

/** Connections that have said nothing at all for so long; beyond that many some are closed. */
const MAX_SILENT = Math.min(1_000, Math.ceil(PROCESS_CONNECTIONS.max / 16))
const SILENT_MS = 1_000
/** Of all that have not said yet what they want, those of a storm included, whom nobody has read yet. */
const MAX_NEWCOMERS = Math.min(4_000, Math.ceil(PROCESS_CONNECTIONS.max / 4))
const CROWDED = 'it had not asked for anything while more than a thousand did the same, most of them from its network' // biome-ignore format: one line

/**
 * The connections of a server until they have asked for something. TLS clients check the server's
 * certificate in the handshake or behind it, so both ends of it are looked at. A failure is told
 * when its connection has closed, one each; who leaves a plain connection without a word did no
 * harm and is not told.
 */
export class Newcomers {
  /** By where they come from, oldest first. */
  readonly #all = new Map<string, Newcomer>()
  readonly #options: NewcomersOptions
  #isLooking = false

  constructor(http: Server, options: NewcomersOptions) {
    this.#options = options
    http.on('connection', (socket: Socket) => this.#add(socket))
    http.on('upgrade', ({ socket }: { socket: Socket }) => this.#all.delete(originOf(socket)))
    http.on('request', ({ socket }: { socket: Socket }) => this.#all.delete(originOf(socket)))
    http.on('secureConnection', (socket: Socket) => {
      const newcomer = this.#all.get(originOf(socket))
      if (newcomer) newcomer.why = TLS_UNSAID
    })
    http.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      this.#onClientError(error, socket),
    )
  }

  /** Closes them all. */
  close(): void {
    for (const { socket } of this.#all.values()) socket.destroy()
  }

  #add(socket: Socket): void {
    if (socket.destroyed) return // there are too many of all kinds
    const { isTls, onFailure } = this.#options
    const origin = originOf(socket)
    const address = socket.remoteAddress ?? ''
    const newcomer: Newcomer = {
      origin,
      socket,
      address,
      network: networkOf(address),
      since: performance.now(),
      why: isTls ? TLS_UNFINISHED : undefined,
    }
    this.#all.set(origin, newcomer)
    socket.on('close', () => {
      if (this.#all.get(origin) !== newcomer) return
      this.#all.delete(origin)
      if (newcomer.why !== undefined) onFailure({ address, why: newcomer.why })
    })
    if (this.#all.size > MAX_NEWCOMERS) this.#sendAwayOneOf([...this.#all.values()])
    else if (this.#all.size > MAX_SILENT) this.#lookSoon()
  }

  /**
   * Whoever comes in a storm has asked, only nobody has read it yet. What has arrived is read between
   * two turns of the event loop, so the look is behind such a pause.
   */
  #lookSoon(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    setTimeout(() => setImmediate(() => setImmediate(() => this.#look())), SILENT_MS).unref()
  }

  #look(): void {
    this.#isLooking = false
    const latest = performance.now() - SILENT_MS
    const isSilent = ({ socket, since }: Newcomer) => since <= latest && socket.bytesRead === 0
    let silent = [...this.#all.values()].filter(isSilent)
    while (silent.length > MAX_SILENT) {
      const gone = this.#sendAwayOneOf(silent)
      silent = silent.filter((one) => one !== gone)
    }
    if (this.#all.size > MAX_SILENT) this.#lookSoon()
  }

  /**
   * Over a bad radio a good station may need seconds to ask, so it is not the oldest of all who has
   * to go, but the oldest of the network that has most here.
   */
  #sendAwayOneOf(newcomers: readonly Newcomer[]): Newcomer | undefined {
    const counts = new Map<string, number>()
    for (const { network } of newcomers) counts.set(network, (counts.get(network) ?? 0) + 1)
    let [crowd, most] = ['', 0]
    for (const [network, count] of counts) if (count > most) [crowd, most] = [network, count]
    const one = newcomers.find(({ network }) => network === crowd)
    if (!one) return undefined
    this.#all.delete(one.origin)
    one.socket.destroy()
    this.#options.onFailure({ address: one.address, why: CROWDED })
    return one
  }

  /** Of a TLS server the handshakes that failed come here, too. */
  #onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    // Of one that is gone nothing is known any more, neither where it came from.
    const newcomer = this.#all.get(originOf(socket))
    if (newcomer?.why === TLS_UNFINISHED) newcomer.why = tlsProblem(error)
    else {
      const problem = requestProblem(error)
      if (newcomer && problem) newcomer.why = problem.why
      if (problem && socket.writable) socket.write(answerOf(problem.status))
    }
    socket.destroy()
  }
}

function answerOf(status: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`
}

/** The same for a connection and for the TLS session on it. */
function originOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
