import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http' // biome-ignore format: one line
import type { Socket } from 'node:net'
import { HTTP_CONNECTIONS } from '../transport/connection-budget.ts'
import { networkOf } from '../transport/network-of.ts'

/** Why a connection was closed that nobody had asked to close. */
// biome-ignore format: a table
const REFUSALS = {
  silent:  'it had not asked for anything in time',
  headers: 'it did not finish the head of a request in time',
  body:    'it did not finish the body of a request in time',
  unread:  'it did not read its answer',
  crowded: 'it had to make room, as the oldest of where most connections came from',
  full:    'there were as many connections as there may be, all of them in use',
} as const
type RefusalReason = keyof typeof REFUSALS

export interface ConnectionRefusal {
  readonly address: string
  readonly reason: RefusalReason
  /** The same as a sentence. */
  readonly why: string
}

export interface ConnectionLimits {
  /**
   * Open at once; the descriptors of the others are for stations. For the moment in which a storm is
   * taken from the kernel there may be twice as many. Default 500, fewer where few files may be open.
   */
  readonly maxConnections?: number
  /** From the connection, or the first byte of a further request, to the end of the head. Default 10 000. */
  readonly headersTimeoutMs?: number
  /** To the end of the body. Default 30 000. */
  readonly requestTimeoutMs?: number
  /** How long a connection stays open on which nothing is asked any more. Default 30 000. */
  readonly idleTimeoutMs?: number
  /** How long an answer may wait for its reader; streams are written to all the time. Default 120 000. */
  readonly unreadTimeoutMs?: number
}

export interface ConnectionsOptions extends ConnectionLimits {
  /** Whether a request is made in the name of somebody: no crowd drives that one away. */
  readonly isKnown: (headers: IncomingHttpHeaders) => boolean
  readonly onRefused: (refusal: ConnectionRefusal) => void
}

const DEFAULTS = {
  maxConnections: HTTP_CONNECTIONS,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
  unreadTimeoutMs: 120_000,
} as const
const MAX_CHECKING_INTERVAL_MS = 1_000

interface Connection {
  readonly socket: Socket
  readonly address: string
  readonly network: string
  /** Of the last request; undefined as long as nothing was asked. */
  headers: IncomingHttpHeaders | undefined
  /** Whether it is somebody's; looked up only when there is a crowd. */
  isKnown: boolean | undefined
  /** How many bytes had come when the last request was complete. */
  bytesBefore: number
  request: IncomingMessage | undefined
  /** The answer is not over; also a stream, which has no end. */
  isOpen: boolean
}

/**
 * The connections of an HTTP server, which may not take the descriptors that stations need. Who is
 * slow to ask, or does not read, is sent away. Where there are too many, those of whoever has logged
 * in stay, and of the others the oldest goes of the network that has most: who comes now is let in,
 * and has asked and been answered before it is the oldest one.
 */
export class HttpConnections {
  /** Closed ones by why. */
  readonly refused = new Map<string, number>(Object.keys(REFUSALS).map((reason) => [reason, 0]))
  /** Oldest first. */
  readonly #all = new Map<Socket, Connection>()
  readonly #limits: Required<ConnectionLimits>
  readonly #options: ConnectionsOptions
  #isLooking = false

  constructor(options: ConnectionsOptions) {
    this.#options = options
    const { maxConnections, headersTimeoutMs, requestTimeoutMs, idleTimeoutMs, unreadTimeoutMs } = { ...DEFAULTS, ...options } // biome-ignore format: one line
    this.#limits = { maxConnections, headersTimeoutMs, requestTimeoutMs, idleTimeoutMs, unreadTimeoutMs } // biome-ignore format: one line
  }

  /** A server whose connections these are; one name can stand for several addresses, each with a server. */
  createServer(handler: RequestListener): Server {
    const { headersTimeoutMs, requestTimeoutMs, idleTimeoutMs, unreadTimeoutMs } = this.#limits
    const server = createServer(
      {
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: idleTimeoutMs,
        connectionsCheckingInterval: Math.min(headersTimeoutMs, MAX_CHECKING_INTERVAL_MS),
      },
      handler,
    )
    server.timeout = unreadTimeoutMs
    server.on('connection', (socket: Socket) => this.#add(socket))
    // Before the listeners of others: an answer can be over in the same turn.
    server.prependListener('request', (request, response) => this.#asks(request, response))
    server.prependListener('upgrade', (request: IncomingMessage) => this.#asks(request))
    server.on('timeout', (socket: Socket) => this.#onTimeout(socket))
    server.on('clientError', (error: NodeJS.ErrnoException, duplex) => {
      const socket = duplex as Socket
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') this.#onLate(socket)
      setImmediate(() => socket.destroy()) // what has been answered is written by then
    })
    return server
  }

  /** Closes them all, those too that are WebSockets or were to be. */
  close(): void {
    for (const socket of this.#all.keys()) socket.destroy()
  }

  #add(socket: Socket): void {
    const { maxConnections } = this.#limits
    const address = socket.remoteAddress ?? ''
    if (this.#all.size >= 2 * maxConnections) this.#makeRoom()
    if (this.#all.size >= 2 * maxConnections) {
      socket.destroy()
      return this.#refuse(address, 'full')
    }
    this.#all.set(socket, {
      socket,
      address,
      network: networkOf(address),
      headers: undefined,
      isKnown: undefined,
      bytesBefore: 0,
      request: undefined,
      isOpen: false,
    })
    socket.on('close', () => this.#all.delete(socket))
    if (this.#all.size > maxConnections) this.#lookSoon()
  }

  #asks(request: IncomingMessage, response?: ServerResponse): void {
    const connection = this.#all.get(request.socket)
    if (!connection) return
    connection.headers = request.headers
    connection.isKnown = undefined
    connection.request = request
    connection.isOpen = true
    response?.on('finish', () => {
      if (connection.request !== request) return // more was asked for meanwhile
      connection.isOpen = false
      connection.bytesBefore = connection.socket.bytesRead
    })
  }

  /** The head or the body of a request did not come to its end. */
  #onLate(socket: Socket): void {
    const { request, isOpen, bytesBefore, address } = this.#all.get(socket) ?? {}
    if (address === undefined) return
    if (isOpen && request?.complete === false) return this.#refuse(address, 'body')
    this.#refuse(address, socket.bytesRead > (bytesBefore ?? 0) ? 'headers' : 'silent')
  }

  /** Nothing has moved: an answer is not read, or nothing more is asked for. */
  #onTimeout(socket: Socket): void {
    const connection = this.#all.get(socket)
    if (connection?.isOpen) this.#refuse(connection.address, 'unread')
    socket.destroy()
  }

  #refuse(address: string, reason: RefusalReason): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1)
    this.#options.onRefused({ address, reason, why: REFUSALS[reason] })
  }

  // ---- Crowds

  /** What has arrived is read between two turns of the event loop: who has asked then is known as such. */
  #lookSoon(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    setImmediate(() =>
      setImmediate(() => {
        this.#isLooking = false
        this.#makeRoom()
      }),
    )
  }

  #makeRoom(): void {
    let excess = this.#all.size - this.#limits.maxConnections
    if (excess <= 0) return
    const strangers: Connection[] = []
    const atRest: Connection[] = []
    for (const connection of this.#all.values()) {
      if (!this.#isKnown(connection)) strangers.push(connection)
      else if (!connection.isOpen) atRest.push(connection)
    }
    for (const some of [strangers, atRest]) {
      for (const one of oldestOfCrowds(some, excess)) {
        excess--
        this.#all.delete(one.socket)
        one.socket.destroy()
        this.#refuse(one.address, 'crowded')
      }
    }
  }

  #isKnown(connection: Connection): boolean {
    const { headers } = connection
    if (!headers) return false
    connection.isKnown ??= this.#options.isKnown(headers)
    return connection.isKnown
  }
}

/** So many, each the oldest of the network that has most of those that are left. */
function oldestOfCrowds(connections: readonly Connection[], most: number): readonly Connection[] {
  const networks = new Map<string, Connection[]>()
  for (const connection of connections) {
    const those = networks.get(connection.network)
    if (those) those.push(connection)
    else networks.set(connection.network, [connection])
  }
  const crowds = [...networks.values()].map((those) => ({ those, at: 0 }))
  const left = ({ those, at }: { readonly those: readonly Connection[]; readonly at: number }) =>
    those.length - at
  const chosen: Connection[] = []
  while (chosen.length < most) {
    let [crowd] = crowds
    for (const other of crowds) if (crowd && left(other) > left(crowd)) crowd = other
    const one = crowd?.those[crowd.at]
    if (!crowd || !one) return chosen
    crowd.at++
    chosen.push(one)
  }
  return chosen
}
