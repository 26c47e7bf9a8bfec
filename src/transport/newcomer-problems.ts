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
  [/HANDSHAKE_TIMEOUT/, 'its handshake was not over in time'],
]

/** As long as its handshake is not over. */
export const TLS_UNFINISHED =
  "TLS: it ended the connection before the handshake was over; does it trust this node's certificate?"
/** From then on until it asks for something. */
export const TLS_UNSAID =
  "the TLS session ended without a request: does it trust this node's certificate, and, where clientCaFile is set, is its own of an authority in that file?"

/** Why a TLS handshake failed. */
export function tlsProblem({ code = '', message }: NodeJS.ErrnoException): string {
  const [, meaning] = MEANINGS.find(([pattern]) => pattern.test(code)) ?? []
  return `TLS: ${meaning ?? 'the handshake failed'} (${code || message.slice(0, 100)})`
}

const TLS_HANDSHAKE = 0x16

/** Why what came is no request, and the status it is answered with; undefined: the peer has gone. */
export function requestProblem(
  error: NodeJS.ErrnoException & { readonly rawPacket?: Uint8Array },
): { readonly status: string; readonly why: string } | undefined {
  const { code = '', rawPacket } = error
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: '408 Request Timeout', why: 'it did not finish a request in time' }
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { status: '431 Request Header Fields Too Large', why: 'its request is too long' }
  }
  if (!code.startsWith('HPE_')) return undefined
  const isTls = rawPacket?.[0] === TLS_HANDSHAKE
  const why = isTls ? 'it speaks TLS where plain ws:// is due' : `what it says is no HTTP (${code})`
  return { status: '400 Bad Request', why }
}
