import { isByOriginator } from '../security/policies/demands.ts'
import type { PolicyFacts } from '../security/policies/facts.ts'
import { ObeyedRequests } from '../security/roles/obeyed-requests.ts'
import type { Trust } from './security-gate.ts'

/** What was obeyed of whom; nothing is counted where no user role permits something only so often. */
export class CountedRequests {
  readonly #obeyed = new ObeyedRequests()
  readonly #trust: Pick<Trust, 'book'>

  /** @param trust Read each time: its rules may change. */
  constructor(trust: Pick<Trust, 'book'>) {
    this.#trust = trust
  }

  /** The same, each signer with what was obeyed of its owner before. */
  withEarlier(facts: PolicyFacts, nowMs: number): PolicyFacts {
    if (!this.#trust.book.countsRequests) return facts
    return { ...facts, signers: facts.signers.map((one) => ({ ...one, earlier: this.#obeyed.of(one.owner, nowMs) })) } // biome-ignore format: one line
  }

  /** It is obeyed. */
  note({ kind, action, to, from, signers }: PolicyFacts, nowMs: number): void {
    if (!this.#trust.book.countsRequests || (kind !== 'CALL' && kind !== 'SEND')) return
    const owners = signers.filter((one) => isByOriginator(one, from)).map(({ owner }) => owner)
    for (const owner of new Set(owners)) this.#obeyed.note(owner, action, to, nowMs)
  }
}
