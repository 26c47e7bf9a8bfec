import type { ConnectionRefusal } from '../http/connections.ts'
import type { Logger, NodeEvent } from '../node/core.ts'
import type { Node } from '../node/node.ts'

const SPAN_MS = 60_000
/** After a push that failed for the first time. */
const FIRST_RETRY_MS = 1_000
/** Beyond it strangers would write the log. */
const MAX_HANDSHAKES = 20
const MAX_REFUSALS = 100
/** Frames of one link with one code, and how many links and codes. */
const LINES_PER_CODE = 10
const MAX_CODES = 100
/** Stations that come and go over one link, or lose one upstream. */
const LINES_PER_LINK = 100
const MAX_LINKS = 1_000

/** Writes a line for each event of a node, except what the node logs itself. */
export function logEvents(node: Node, log: Logger): void {
  const handshakes = new LineLimit(MAX_HANDSHAKES)
  const refusals = new LineLimit(MAX_REFUSALS)
  const frames = new LineLimit(MAX_CODES, LINES_PER_CODE)
  const copies = new LineLimit(MAX_CODES, LINES_PER_CODE)
  const alerts = new LineLimit(MAX_CODES, LINES_PER_CODE)
  const presences = new LineLimit(MAX_LINKS, LINES_PER_LINK)
  const upstreams = new LineLimit(MAX_LINKS, LINES_PER_LINK)
  const warn = (name: string, fields: object, skipped: number | undefined) => {
    if (skipped !== undefined) log.warn(name, { ...fields, ...(skipped > 0 && { skipped }) })
  }
  node.onEvent((event) => {
    // The node itself logs links that come and go.
    if (event.name === 'link.up' || event.name === 'link.down') return
    const { name, ...fields } = event
    if (event.name === 'request.repeated' || event.name === 'error.unsigned')
      return log.debug(name, fields)
    // Whoever has just started asks everybody once: that is how it should be.
    if (event.name === 'frame.refused' && event.code === 'ERR_POLICY_CHALLENGE') return log.debug(name, fields) // biome-ignore format: one line
    // A newcomer believes nobody before it has read its own answer, and is told again in a second.
    if (event.name === 'trust.unpushed' && (event.inMs ?? 0) === FIRST_RETRY_MS) return log.debug(name, fields) // biome-ignore format: one line
    // The list that a node begins with takes nothing from anybody.
    if (event.name === 'keys.revoked' && event.count === 0) return log.info(name, fields)
    if (event.name === 'clock.unkept') return log.error(name, fields)
    if (event.name === 'node.joined' || event.name === 'node.commissioned' || event.name === 'node.entitled') return log.info(name, fields) // biome-ignore format: one line
    if (event.name === 'presence') {
      const skipped = presences.take(event.link, Date.now())
      if (skipped !== undefined) log.info(name, { ...fields, ...(skipped > 0 && { skipped }) })
      return
    }
    if (event.name === 'upstream.lost') {
      return warn(name, fields, upstreams.take(event.upstream, Date.now()))
    }
    if (event.name === 'message.alerted') {
      return warn(name, fields, alerts.take(`${event.link} ${event.rule} ${event.reason}`, Date.now())) // biome-ignore format: one line
    }
    if (event.name === 'frame.refused' || event.name === 'copy.dropped') {
      // Whoever sends nothing but nonsense would write the log, and this node would do nothing else.
      const limit = event.name === 'copy.dropped' ? copies : frames
      return warn(name, fields, limit.take(`${event.link} ${event.code}`, Date.now()))
    }
    if (!isRefusal(event)) return log.warn(name, fields)
    const { address, id, status, why } = event
    // A handshake that fails costs whoever causes it next to nothing: any connection that is
    // dropped is one. A wrong attempt is told once for each way of being wrong.
    const skipped =
      status === 0
        ? handshakes.take(`${address}`, Date.now())
        : refusals.take(`${address} ${id} ${status} ${why}`, Date.now())
    warn(name, fields, skipped)
  })
}

function isRefusal(
  event: NodeEvent,
): event is Extract<NodeEvent, { name: 'link.refused' }> & { readonly address?: string } {
  return event.name === 'link.refused'
}

/** Writes a line for connections that the HTTP port has closed: one a minute for each address and reason. */
export function logRefusedConnections(log: Logger): (refusal: ConnectionRefusal) => void {
  const limit = new LineLimit(MAX_HANDSHAKES)
  return ({ address, reason, why }) => {
    const skipped = limit.take(`${address} ${reason}`, Date.now())
    if (skipped === undefined) return
    log.warn('http.refused', { address, reason, why, ...(skipped > 0 && { skipped }) }) // biome-ignore format: one line
  }
}

/** In a minute some lines for each key, of not more than `most` keys; the metrics count them all. */
export class LineLimit {
  /** Lines of the minute, and how many were left out since the last one. */
  readonly #seen = new Map<string, { written: number; skipped: number }>()
  readonly #most: number
  readonly #each: number
  #since = Number.NEGATIVE_INFINITY
  /** Of keys that there was no room for. */
  #skipped = 0

  /** @param each Lines for one key. */
  constructor(most: number, each = 1) {
    this.#most = most
    this.#each = each
  }

  /**
   * @returns How many lines of this key were left out since its last one, and, with the first one of
   *   a key, of keys that there was no room for; undefined: leave out this one, too.
   */
  take(key: string, nowMs: number): number | undefined {
    if (nowMs - this.#since >= SPAN_MS) this.#begin(nowMs)
    const known = this.#seen.get(key)
    if (!known && this.#seen.size >= this.#most) {
      this.#skipped++
      return undefined
    }
    const seen = known ?? { written: 0, skipped: 0 }
    if (seen.written >= this.#each) {
      seen.skipped++
      return undefined
    }
    const others = seen.written === 0 ? this.#skipped : 0
    this.#skipped -= others
    const skipped = seen.skipped + others
    this.#seen.set(key, { written: seen.written + 1, skipped: 0 })
    return skipped
  }

  /** What was left out of a key is told with its next line; of one that does not come again, with another's. */
  #begin(nowMs: number): void {
    this.#since = nowMs
    for (const [key, seen] of this.#seen) {
      if (seen.written === 0) {
        this.#skipped += seen.skipped
        this.#seen.delete(key)
      } else if (seen.skipped > 0) seen.written = 0
      else this.#seen.delete(key)
    }
  }
}
