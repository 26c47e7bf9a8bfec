import { STATUS_CODES } from 'node:http'
import { type Randomness, randomFraction } from '../primitives/randomness.ts'

const MAX_RETRY_AFTER_S = 30

/** The whole HTTP answer to an upgrade that is refused. */
export function refusalText(
  { status, why }: { readonly status: number; readonly why: string },
  protocols: readonly string[],
  random: Randomness,
): string {
  const [body, ...lines] = wordsFor(status, { why, protocols, random })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...lines,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

interface Known {
  readonly why: string
  readonly protocols: readonly string[]
  readonly random: Randomness
}

/** Body and header lines; who has not proved anything is told nothing. */
function wordsFor(
  status: number,
  { why, protocols, random }: Known,
): [body: string, ...lines: string[]] {
  const seconds = Math.ceil(randomFraction(random) * MAX_RETRY_AFTER_S)
  switch (status) {
    case 401:
      return ['Unauthorized\n', 'WWW-Authenticate: Basic realm="OCPP"']
    case 404:
      return ['Not Found\n']
    case 429:
    case 503:
      return [`${STATUS_CODES[status]}\n`, `Retry-After: ${Math.max(1, seconds)}`]
    default: {
      const body = JSON.stringify({ error: why, subprotocols: protocols })
      return [body, 'Content-Type: application/json']
    }
  }
}
