import { type IncomingHttpHeaders, request } from 'node:http'
import type { TestContext } from 'node:test'
import { WebSocket } from 'ws'
import type { NodeId } from '../../src/primitives/ids.ts'
import { Secret } from '../../src/transport/credentials.ts'
import type { Link, LinkSource, SourceEvent } from '../../src/transport/link.ts'
import { type AcceptOptions, type Acceptor, accept } from '../../src/transport/websocket-server.ts'
import { until } from './until.ts'

/** A link source in a test: its links and what it reported, in order. */
export interface Listening {
  readonly links: Link[]
  readonly events: SourceEvent[]
}

const started = new WeakMap<TestContext, Stoppable[]>()

interface Stoppable {
  stop(): unknown
}

/** Who dials stops before whom it dials: it would only dial again. */
function stopLastFirst(context: TestContext, source: Stoppable): void {
  const sources = started.get(context)
  if (sources) return void sources.push(source)
  const all = [source]
  started.set(context, all)
  context.after(async () => {
    for (const one of all.reverse()) await one.stop()
  })
}

/** Starts a source and stops it when the test ends. */
export async function startSource(context: TestContext, source: LinkSource): Promise<Listening> {
  const listening: Listening = { links: [], events: [] }
  await source.start(
    (link) => listening.links.push(link),
    (event) => listening.events.push(event),
  )
  stopLastFirst(context, source)
  return listening
}

/** Stations, each with a password of its own. */
export const stations = (...ids: string[]) =>
  ids.map((id) => ({ id: id as NodeId, password: new Secret(`password of ${id}`) }))

/** Such that may be nodes of the overlay. */
export const peers = (...ids: string[]) =>
  stations(...ids).map((entry) => ({ ...entry, peer: 'node' as const }))

/** A server on a free port that knows CS01, CS02 and LC01. */
export async function listen(context: TestContext, options: Partial<AcceptOptions> = {}) {
  const acceptor: Acceptor = accept({
    nodeId: 'NN01' as NodeId,
    port: 0,
    peers: peers('CS01', 'CS02', 'LC01'),
    ...options,
  })
  const { links, events } = await startSource(context, acceptor)
  return { acceptor, url: acceptor.url, links, events }
}

export function basic(user: string, password = `password of ${user}`): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

export const OVERLAY = {
  'X-OCPP-NetworkingMode': 'OverlayNetwork',
  'X-Wattweave': 'v=1; caps=confirm,binary-send,binary-error,source-route',
}

/** A WebSocket client that is no part of the project, and what it got. */
export class RawClient {
  readonly socket: WebSocket
  readonly received: string[] = []
  readonly receivedBytes: Buffer[] = []
  readonly pings: Buffer[] = []
  headers: IncomingHttpHeaders = {}
  closed: { code: number; reason: string } | undefined
  error: Error | undefined

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('upgrade', ({ headers }) => {
      this.headers = headers
    })
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.receivedBytes.push(data)
      else this.received.push(data.toString())
    })
    socket.on('ping', (data) => this.pings.push(data))
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    socket.on('error', (error) => {
      this.error = error
    })
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN
  }

  send(message: string | Uint8Array): void {
    this.socket.send(message, { binary: typeof message !== 'string' })
  }

  /** Sends bytes as a text message, whether or not they are UTF-8. */
  sendAsText(bytes: Uint8Array): void {
    this.socket.send(bytes, { binary: false })
  }

  /** Takes the first text that fits, once it is there. */
  async take(matches: (frame: unknown[]) => boolean, what: string): Promise<unknown[]> {
    const index = () => this.received.findIndex((text) => matches(JSON.parse(text) as unknown[]))
    await until(() => index() >= 0, what)
    const [text = '[]'] = this.received.splice(index(), 1)
    return JSON.parse(text) as unknown[]
  }
}

export interface ClientOptions {
  readonly id?: string
  readonly protocols?: readonly string[]
  readonly headers?: Record<string, string>
  readonly autoPong?: boolean
  /** Of 127.0.0.0/8: where it comes from. */
  readonly localAddress?: string | undefined
}

/** Opens a raw client under an id; it is closed when the test ends. */
export async function client(context: TestContext, url: string, options: ClientOptions = {}) {
  const {
    id = 'CS01',
    protocols = ['ocpp1.6'],
    headers = {},
    autoPong = true,
    localAddress,
  } = options
  const socket = new WebSocket(`${url}${encodeURIComponent(id)}`, [...protocols], {
    headers: { authorization: basic(id), ...headers },
    perMessageDeflate: false,
    autoPong,
    localAddress,
  } as ConstructorParameters<typeof WebSocket>[2])
  const raw = new RawClient(socket)
  stopLastFirst(context, { stop: () => socket.terminate() })
  await until(() => socket.readyState !== WebSocket.CONNECTING, `${id} to connect`)
  return raw
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Bytes after a 101. */
  readonly stream: () => Buffer
  readonly isEnded: () => boolean
}

/** The plain HTTP answer to an upgrade request. */
export function upgrade(url: string, headers: Record<string, string>): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const asked = request(url.replace(/^ws/, 'http'), {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  })
  asked.on('upgrade', ({ statusCode = 0, headers }, socket, head) => {
    const chunks: Uint8Array[] = [head]
    let isEnded = false
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => {
      isEnded = true
    })
    socket.on('close', () => {
      isEnded = true
    })
    socket.on('error', () => {})
    resolve({ status: statusCode, headers, body: '', stream: () => Buffer.concat(chunks), isEnded: () => isEnded }) // biome-ignore format: one line
  })
  asked.on('response', (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () => {
      const { statusCode = 0, headers } = response
      const body = Buffer.concat(chunks).toString()
      resolve({ status: statusCode, headers, body, stream: () => Buffer.alloc(0), isEnded: () => true }) // biome-ignore format: one line
    })
  })
  asked.on('error', reject)
  asked.end()
  return promise
}
