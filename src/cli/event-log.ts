import type { Logger, NodeEvent } from '../node/core.ts'
import type { Node } from '../node/node.ts'

const SPAN_MS = 60_000
/** Beyond it strangers would write the log. */
const MAX_LINES = 20

/** Writes a line for each event of a node, except what the node logs itself. */
export function logEvents(node: Node, log: Logger): void {
  const handshakes = new LineLimit()
  node.onEvent((event) => {
    // The node itself logs links that come and go.
    if (event.name === 'link.up' || event.name === 'link.down') return
    const { name, ...fields } = event
    if (name === 'presence') return log.info(name, fields)
    if (!isFailedHandshake(event)) return log.warn(name, fields)
    const skipped = handshakes.take(String(event.address), Date.now())
    if (skipped !== undefined) log.warn(name, { ...fields, ...(skipped > 0 && { skipped }) })
  })
}

/** Costs whoever causes it next to nothing: any connection that is dropped is one. */
function isFailedHandshake(event: NodeEvent): event is NodeEvent & { readonly address?: string } {
  return event.name === 'link.refused' && event.status === 0
}

/** In a minute one line for each address, and not more than twenty; the metrics count them all. */
export class LineLimit {
  readonly #seen = new Set<string>()
  #since = Number.NEGATIVE_INFINITY
  #skipped = 0

  /** @returns How many lines were left out since the last one; undefined: leave out this one, too. */
  take(address: string, nowMs: number): number | undefined {
    if (nowMs - this.#since >= SPAN_MS) {
      this.#seen.clear()
      this.#since = nowMs
    }
    if (this.#seen.has(address) || this.#seen.size >= MAX_LINES) {
      this.#skipped++
      return undefined
    }
    this.#seen.add(address)
    const skipped = this.#skipped
    this.#skipped = 0
    return skipped
  }
}
