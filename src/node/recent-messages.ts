import type { PolicyFacts } from '../security/policies/facts.ts'

const MAX_MESSAGES = 256
/** Together with the number it bounds what is kept. */
const MAX_PAYLOAD_BYTES = 16 * 1024

/** What was obeyed lately: changed rules are tried on it before they hold. */
export class RecentMessages {
  readonly #ring: PolicyFacts[] = []
  #next = 0

  /** @param payloadBytes Length of the payload as it came; a long one is not kept. */
  add(facts: PolicyFacts, payloadBytes: number): void {
    if (payloadBytes > MAX_PAYLOAD_BYTES) return
    this.#ring[this.#next] = facts
    this.#next = (this.#next + 1) % MAX_MESSAGES
  }

  /** In no order. */
  all(): readonly PolicyFacts[] {
    return this.#ring
  }
}
