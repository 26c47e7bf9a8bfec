import type { Logger, NodeEvent } from '../node/core.ts'
import type { Node } from '../node/node.ts'

const SPAN_MS = 60_000
/** Beyond it strangers would write the log. */
const MAX_HANDSHAKES = 20
const MAX_REFUSALS = 100

/** Writes a line for each event of a node, except what the node logs itself. */
export function logEvents(node: Node, log: Logger): void {
  const handshakes = new LineLimit(MAX_HANDSHAKES)
  const refusals = new LineLimit(MAX_REFUSALS)
  node.onEvent((event) => {
    // The node itself logs links that come and go.
    if (event.name === 'link.up' || event.name === 'link.down') return
    const { name, ...fields } = event
    if (name === 'presence') return log.info(name, fields)
    if (!isRefusal(event)) return log.warn(name, fields)
    const { address, id, status, why } = event
    // A handshake that fails costs whoever causes it next to nothing: any connection that is
    // dropped is one. A wrong attempt is told once for each way of being wrong.
    const skipped =
      status === 0
        ? handshakes.take(`${address}`, Date.now())
        : refusals.take(`${address} ${id} ${status} ${why}`, Date.now())
    if (skipped !== undefined) log.warn(name, { ...fields, ...(skipped > 0 && { skipped }) })
  })
}

function isRefusal(
  event: NodeEvent,
): event is Extract<NodeEvent, { name: 'link.refused' }> & { readonly address?: string } {
  return event.name === 'link.refused'
}

/** In a minute one line for each key, and not more than `most`; the metrics count them all. */
export class LineLimit {
  readonly #seen = new Set<string>()
  readonly #most: number
  #since = Number.NEGATIVE_INFINITY
  #skipped = 0

  constructor(most: number) {
    this.#most = most
  }

  /** @returns How many lines were left out since the last one; undefined: leave out this one, too. */
  take(key: string, nowMs: number): number | undefined {
    if (nowMs - this.#since >= SPAN_MS) {
      this.#seen.clear()
      this.#since = nowMs
    }
    if (this.#seen.has(key) || this.#seen.size >= this.#most) {
      this.#skipped++
      return undefined
    }
    this.#seen.add(key)
    const skipped = this.#skipped
    this.#skipped = 0
    return skipped
  }
}
