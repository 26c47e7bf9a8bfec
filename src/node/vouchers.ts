import { foldId, isSameId, type NodeId } from '../primitives/ids.ts'
import type { PolicyFacts } from '../security/policies/facts.ts'

/** Of the stations heard last. */
const MAX_KEPT = 20_000

/** A station that another node speaks for than before. */
export interface ChangedVoucher {
  readonly station: NodeId
  readonly node: NodeId
  readonly before: NodeId
}

/**
 * Which edge vouched for a station last. Where nobody is entitled to a station any edge may, a station
 * may be carried to another one, and a node that lies does the same: so somebody is told.
 */
export class Vouchers {
  readonly #nodes = new Map<string, NodeId>()

  /** @returns undefined where it is the same as before, or the first one. */
  note({ from, signers }: PolicyFacts): ChangedVoucher | undefined {
    const voucher = signers.find(({ att, isEntitled }) => att !== undefined && isEntitled)
    if (!voucher) return undefined
    const key = foldId(from as NodeId)
    const node = voucher.owner as NodeId
    const before = this.#nodes.get(key)
    this.#nodes.delete(key)
    this.#nodes.set(key, node)
    if (this.#nodes.size > MAX_KEPT) this.#nodes.delete(this.#nodes.keys().next().value ?? '')
    return before === undefined || isSameId(before, node) ? undefined : { station: from as NodeId, node, before } // biome-ignore format: one line
  }
}
