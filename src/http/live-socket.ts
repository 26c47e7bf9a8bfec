import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { systemClock } from '../primitives/clock.ts'
import type { AccountStore } from '../storage/account-store.ts'
import { acceptUpgrade, upgradeProblem } from '../transport/websocket-handshake.ts'
import { WebSocketStream } from '../transport/websocket-stream.ts'
import { isAllowed, tellLive } from './live.ts'
import type { Overview, ViewSources } from './overview.ts'
import { isLoopback, isOwnOrigin } from './same-origin.ts'

const PATH = '/api/live'
/** A listener that far behind is left out until it has caught up. */
const MAX_QUEUED_BYTES = 256 * 1024
/** RFC 6455, 7.4.1. */
const POLICY_VIOLATION = 1008
/** So that proxies keep it, and one that is gone is noticed. */
const PING_EVERY_MS = 30_000

/**
 * The events of `GET /api/live` over WebSocket: each a text message `{"type":…,"data":…}`. A page
 * of another origin is refused, because a browser would send it the cookie of the session.
 */
export function serveLiveSocket(
  app: FastifyInstance,
  host: string,
  view: ViewSources,
  overview: Overview,
): void {
  const open = new Set<WebSocketStream>()
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const status = refusalOf(request, host, view.accounts)
    if (status !== undefined) {
      // Nobody waits for somebody who was refused: no timeout of the server counts here any more.
      socket.once('finish', () => socket.destroy())
      return void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
    }
    acceptUpgrade(request, socket, head, [])
    const stream = new WebSocketStream(socket, { isServer: true, clock: systemClock })
    open.add(stream)
    stream.attach({
      message() {}, // nobody is asked anything here
      pong() {},
      drained() {},
      closed() {
        open.delete(stream)
        clearInterval(alive)
        stop()
      },
    })
    const alive = setInterval(() => stream.ping(Buffer.alloc(0)), PING_EVERY_MS)
    const stop = tellLive(view, overview, {
      send(event) {
        if (!stream.isOpen || stream.queuedBytes > MAX_QUEUED_BYTES) return false
        stream.send(Buffer.from(JSON.stringify(event)), false)
        return true
      },
      mayListen: () => isAllowed(request.headers, view.accounts),
      end: () => stream.close(POLICY_VIOLATION, 'nobody valid listens any more'),
    })
    stream.read()
  })
  app.addHook('preClose', async () => {
    for (const stream of open) stream.terminate()
  })
}

function refusalOf(
  request: IncomingMessage,
  host: string,
  accounts: AccountStore | undefined,
): string | undefined {
  const { headers, url = '' } = request
  if (url.split('?')[0] !== PATH) return '404 Not Found'
  const name = (headers.host ?? '').replace(/:\d+$/, '')
  if (isLoopback(host) && !isLoopback(name)) return '421 Misdirected Request'
  if (!isOwnOrigin(headers, `http://${headers.host}`)) return '403 Forbidden'
  if (!isAllowed(headers, accounts)) return '401 Unauthorized'
  return upgradeProblem(request) && '400 Bad Request'
}
