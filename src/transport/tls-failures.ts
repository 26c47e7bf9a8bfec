import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** What is told of a TLS session that came to nothing. */
export interface TlsFailure {
  readonly address: string
  readonly why: string
}

/** What OpenSSL and Node call it, and what that means at a listener of stations. */
// biome-ignore format: a table
const MEANINGS: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  [/ALERT_UNKNOWN_CA/, "it does not trust the authority of this node's certificate"],
  [/ALERT_(BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE)/, "it does not accept this node's certificate"],
  [/ALERT_CERTIFICATE_(EXPIRED|REVOKED)/, "for it this node's certificate is over"],
  [/HTTP_REQUEST/, 'it speaks plain ws:// where wss:// is due'],
  [/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|ALERT_PROTOCOL_VERSION/, 'it speaks only TLS versions before 1.2'],
  [/NO_SHARED_CIPHER|ALERT_HANDSHAKE_FAILURE/, 'it offers no cipher suite with forward secrecy'],
  [/WRONG_VERSION_NUMBER/, 'it does not speak TLS'],
]
const UNFINISHED =
  "TLS: it ended the connection before the handshake was over; does it trust this node's certificate?"
const LATE = 'TLS: its handshake was not over in time'
const UNASKED = "the TLS session ended without a request: does it trust this node's certificate?"

/**
 * Watches the connections of a TLS server until they have asked for something. Clients check the
 * server's certificate in the handshake or behind it, so both ends of it are looked at. A failure is
 * told when its connection has closed: one each.
 *
 * @param timeoutMs How long a handshake may take.
 */
export function watchTlsFailures(
  http: Server,
  timeoutMs: number,
  onFailure: (failure: TlsFailure) => void,
): void {
  /** Why a connection would have failed if it closed now; those that asked are not in it. */
  const reasons = new Map<string, string>()
  http.on('connection', (socket: Socket) => {
    const origin = originOf(socket)
    const address = socket.remoteAddress ?? ''
    const since = performance.now()
    reasons.set(origin, UNFINISHED)
    socket.on('close', () => {
      const why = reasons.get(origin)
      if (!reasons.delete(origin) || why === undefined) return
      const isLate = why === UNFINISHED && performance.now() - since >= timeoutMs
      onFailure({ address, why: isLate ? LATE : why })
    })
  })
  http.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Of one that is gone nothing is known any more, neither where it came from.
    if (reasons.has(originOf(socket))) reasons.set(originOf(socket), reasonOf(error))
  })
  http.on('secureConnection', (socket: Socket) => reasons.set(originOf(socket), UNASKED))
  http.on('request', ({ socket }: { socket: Socket }) => reasons.delete(originOf(socket)))
  http.on('upgrade', ({ socket }: { socket: Socket }) => reasons.delete(originOf(socket)))
}

function reasonOf({ code = '', message }: NodeJS.ErrnoException): string {
  const [, meaning] = MEANINGS.find(([pattern]) => pattern.test(code)) ?? []
  return `TLS: ${meaning ?? 'the handshake failed'} (${code || message.slice(0, 100)})`
}

/** The same for a connection and for the TLS session on it. */
export function originOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
