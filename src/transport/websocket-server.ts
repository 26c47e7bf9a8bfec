import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import { type Clock, systemClock } from '../primitives/clock.ts'
import { isReservedId, isStationId, type NodeId } from '../primitives/ids.ts'
import { createAdmission, type PeerEntry } from './credentials.ts'
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
  readonly peers?: readonly PeerEntry[]
  /** Let in ids without an entry and without credential (security profile 0). Default false. */
  readonly insecure?: boolean
  /** Default: all three. */
  readonly protocols?: readonly Protocol[]
  /** Default 30 000 towards stations; overlay links use 5 000. */
  readonly pingIntervalMs?: number
  readonly clock?: Clock
}

const NO_CAPABILITIES: ReadonlySet<string> = new Set()
const OVERLAY_PING_MS = 5_000
const STATION_PING_MS = 30_000

/** Links that peers open to us, over WebSocket. */
export interface Acceptor extends LinkSource {
  readonly port: number
  readonly url: string
  readonly insecure: boolean
}

/**
 * Accepts WebSocket connections: identity from the last path segment, security profile 1 (or 0
 * behind `insecure`), subprotocol by the client's order, overlay form where the client asks for it.
 *
 * @spec OCPP 2.1 Part 4 sections 3.1–3.3; docs/overlay.md section 4
 */
export function accept(options: AcceptOptions): Acceptor {
  const { host = '127.0.0.1', insecure = false, protocols = PROTOCOLS } = options
  const { clock = systemClock } = options
  const admit = createAdmission(options.peers ?? [], { insecure })
  const http = createServer((_, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' })
    response.end('This is an OCPP WebSocket endpoint.\n')
  })
  const sockets = new Set<Socket>()
  let onLink: (link: Link) => void = () => {}
  let report: (event: SourceEvent) => void = () => {}
  http.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const socket = duplex as Socket
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    const facts = judge(request)
    if ('status' in facts) {
      report({ name: 'refused', id: facts.id, status: facts.status, why: facts.why })
      return refuse(socket, facts)
    }
    const { protocol, form } = facts
    const problem = upgradeProblem(request)
    if (problem) return refuse(socket, problem)
    acceptUpgrade(request, socket, head, agreement(form, protocol))
    const stream = new WebSocketStream(socket, { isServer: true, clock })
    // Part 4 section 3.3: no common subprotocol, so the connection opens and closes.
    if (protocol === undefined) return stream.close(1002, 'no common subprotocol')
    const { pingIntervalMs = form === 'overlay' ? OVERLAY_PING_MS : STATION_PING_MS } = options
    onLink(new WebSocketLink(stream, { ...facts, protocol }, { clock, pingIntervalMs }))
  })

  /** Header lines of the 101. */
  function agreement(form: LinkFacts['form'], protocol: Protocol | undefined): string[] {
    const lines = protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]
    if (form === 'standard') return lines
    const offer = formatOffer(options.nodeId)
    return [...lines, `${MODE_HEADER}: ${MODE_OVERLAY}`, `${OVERLAY_HEADER}: ${offer}`]
  }

  /** Who this is and what was agreed, or why it is refused. */
  function judge(request: IncomingMessage) {
    const id = idOfPath(request.url ?? '')
    const form = isOverlay(request) ? ('overlay' as const) : ('standard' as const)
    const admission =
      id === undefined || isReservedId(id) || (form === 'standard' && !isStationId(id))
        ? { refused: 'the URL does not end in a legal id' }
        : admit(id, request.headers.authorization)
    if ('refused' in admission) return refusal(401, id ?? '', admission.refused)
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/)
    const protocol = chooseProtocol(offered, protocols)
    if (form === 'overlay' && protocol === undefined) {
      return refusal(400, admission.id, 'no common subprotocol')
    }
    const offer = parseOffer(header(request, OVERLAY_HEADER))
    return {
      peerIds: [admission.id] as [NodeId],
      peer: form === 'overlay' ? ('node' as const) : ('station' as const),
      form,
      protocol,
      capabilities: offer?.capabilities ?? NO_CAPABILITIES,
      way: 'down' as const,
      transport: 'plain' as const,
      credential: admission.credential,
    }
  }

  function refuse(socket: Socket, { status, why }: { status: number; why: string }) {
    const body =
      status === 401 ? 'Unauthorized\n' : JSON.stringify({ error: why, subprotocols: protocols })
    const lines = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      status === 401 ? 'WWW-Authenticate: Basic realm="OCPP"' : 'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ]
    // Whoever was refused is not waited for.
    socket.once('finish', () => socket.destroy())
    socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
  }

  return {
    insecure,
    get port() {
      return (http.address() as AddressInfo | null)?.port ?? options.port
    },
    get url() {
      return `ws://${host.includes(':') ? `[${host}]` : host}:${this.port}/`
    },
    start(linkHandler, eventHandler) {
      onLink = linkHandler
      report = eventHandler
      return listen(http, options.port, host)
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

function refusal(status: number, id: string, why: string) {
  return { status, id, why }
}

function isOverlay(request: IncomingMessage): boolean {
  return header(request, MODE_HEADER) === MODE_OVERLAY
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
