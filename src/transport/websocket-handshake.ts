import { createHash, randomBytes } from 'node:crypto'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { OverlayError } from '../errors.ts'
import type { Clock } from '../primitives/clock.ts'
import { DEFLATE_OFFER, deflateAnswerProblem, EXTENSIONS_HEADER } from './deflate.ts'
import type { clientSettings } from './tls.ts'

/**
 * The HTTP exchange that turns a connection into a WebSocket. The one extension there may be is
 * permessage-deflate.
 *
 * @spec RFC 6455 sections 1.3 and 4
 */

const VERSION = '13'
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const KEY = /^[A-Za-z0-9+/]{22}==$/
/** A list of subprotocols: tokens with commas between them. */
const TOKENS = /^[\w!#$%&'*+\-.^`|~]+(?:[ \t]*,[ \t]*[\w!#$%&'*+\-.^`|~]+)*$/

/** Why a request is no WebSocket handshake; undefined when it is one. */
export function upgradeProblem(
  request: IncomingMessage,
): { status: 400 | 405; why: string } | undefined {
  const { method, headers } = request
  if (method !== 'GET') return { status: 405, why: 'not a GET' }
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    return { status: 400, why: 'no Upgrade: websocket' }
  }
  if (!KEY.test(headers['sec-websocket-key'] ?? '')) {
    return { status: 400, why: 'no Sec-WebSocket-Key' }
  }
  if (headers['sec-websocket-version'] !== VERSION) {
    return { status: 400, why: `Sec-WebSocket-Version is not ${VERSION}` }
  }
  const offered = headers['sec-websocket-protocol']
  if (offered !== undefined && !TOKENS.test(offered)) {
    return { status: 400, why: 'Sec-WebSocket-Protocol is no list' }
  }
  return undefined
}

/**
 * Answers 101 to a request without an `upgradeProblem`; what the client sent behind its request
 * (`head`) is then read first.
 *
 * @param headers Lines to add, each `Name: value`.
 */
export function acceptUpgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  headers: readonly string[],
): void {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(request.headers['sec-websocket-key'] ?? '')}`,
    ...headers,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  if (head.length > 0) socket.unshift(head)
}

export interface UpgradeOptions {
  /** `ws:` or `wss:`. */
  readonly url: string
  readonly protocols: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** Settings of the connection under `wss:`. */
  readonly tls?: ReturnType<typeof clientSettings>
  /** Offer permessage-deflate. */
  readonly deflate?: boolean
  /** From the first look at the name to the end of the answer, however busy the server seems. */
  readonly timeoutMs: number
  readonly clock: Clock
}

export interface UpgradeReceiver {
  /** @param protocol The subprotocol that the server chose, one of those offered. */
  upgraded(socket: Socket, response: IncomingMessage, protocol: string, deflate: boolean): void
  /** There is no WebSocket; called at most once, instead of `upgraded`. */
  failed(error: Error, retryAfterMs: number | undefined): void
}

/** Asks a server for a WebSocket. Destroying the request that is returned gives up. */
export function requestUpgrade(options: UpgradeOptions, receiver: UpgradeReceiver): ClientRequest {
  const { url, protocols, headers, tls, deflate = false, timeoutMs, clock } = options
  const key = randomBytes(16).toString('base64')
  const httpUrl = new URL(url.replace(/^ws/i, 'http'))
  const request = (httpUrl.protocol === 'https:' ? requestHttps : requestHttp)(httpUrl, {
    ...tls,
    agent: false,
    headers: {
      ...headers,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': VERSION,
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Protocol': protocols.join(','),
      ...(deflate && { [EXTENSIONS_HEADER]: DEFLATE_OFFER }),
    },
  })
  let isSettled = false
  const fail = (error: Error, retryAfterMs?: number) => {
    if (isSettled) return
    isSettled = true
    deadline.cancel()
    request.destroy()
    receiver.failed(error, retryAfterMs)
  }
  const refuse = (problem: string, retryAfterMs?: number) =>
    fail(new OverlayError('ERR_LINK_REFUSED', { problem }), retryAfterMs)
  // Not the silence but the whole: who drips its answer must not hold a station for ever.
  const deadline = clock.setTimer(() => refuse('it did not answer in time'), timeoutMs)
  request.on('response', ({ statusCode, headers }) =>
    refuse(`it answered ${statusCode}${hintFor(statusCode)}`, retryAfterMs(headers['retry-after'])),
  )
  request.on('error', (error) => fail(withHint(error, httpUrl.protocol === 'https:')))
  request.on('close', () => refuse('the connection was closed'))
  request.on('upgrade', (response, socket: Socket, head) => {
    const chosen = response.headers['sec-websocket-protocol'] ?? ''
    const problem = answerProblem(response, key, deflate) ?? protocolProblem(chosen, protocols)
    if (problem !== undefined) {
      socket.destroy()
      return refuse(problem)
    }
    isSettled = true
    deadline.cancel()
    if (head.length > 0) socket.unshift(head)
    const isDeflated = response.headers['sec-websocket-extensions'] !== undefined
    receiver.upgraded(socket, response, chosen, isDeflated)
  })
  request.end()
  return request
}

function answerProblem(
  { headers }: IncomingMessage,
  key: string,
  deflate: boolean,
): string | undefined {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'it upgraded to something else'
  if (headers['sec-websocket-accept'] !== acceptOf(key)) return 'its Sec-WebSocket-Accept is wrong'
  const extensions = headers['sec-websocket-extensions']
  if (extensions === undefined) return undefined
  return deflate ? deflateAnswerProblem(extensions) : 'it set an extension nobody offered'
}

function protocolProblem(chosen: string, offered: readonly string[]): string | undefined {
  return offered.includes(chosen) ? undefined : 'no common subprotocol'
}

function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}

/** Seconds only: peers that send a date are asked again when the own back-off says so. */
function retryAfterMs(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1_000 : undefined
}

/** Codes of a server certificate whose authority is not trusted here. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** The same error; of what a person can mend, the message says how. */
function withHint(error: NodeJS.ErrnoException, isTls: boolean): Error {
  const { code = '', message } = error
  if (isTls && UNTRUSTED.has(code)) {
    const problem = `its certificate is not of a trusted authority (${code})`
    const hint = 'name the file of that authority: uplinks[].tls.caFile, or --ca of send'
    return new OverlayError('ERR_LINK_REFUSED', { problem: `${problem}; ${hint}` }, { cause: error }) // biome-ignore format: one line
  }
  // A record that is none has no code of its own; only a hint hangs on its words.
  const isOtherScheme = isTls
    ? code === 'EPROTO' && /wrong version number|packet length too long/.test(message)
    : code === 'ECONNRESET'
  if (!isOtherScheme) return error
  const problem = `${isTls ? 'it does not speak TLS' : message}; does it expect ${isTls ? 'ws' : 'wss'}://?`
  return new OverlayError('ERR_LINK_REFUSED', { problem }, { cause: error })
}

/** What a person may do about the answer. */
function hintFor(status: number | undefined): string {
  if (status === 401) return '; check the own id and its password or certificate there'
  if (status === 403) return '; to be a node, the own id needs `peer: node` there'
  if (status === 404) return '; check the own id there, and the path of the URL'
  if (status === 400) return '; check that both offer a common OCPP version'
  return ''
}
