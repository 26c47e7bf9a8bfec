import { createValidator, type Validator } from '../messages/validation.ts'
import { foldId, type NodeId } from '../primitives/ids.ts'
import type { PeerRule } from './node-options.ts'

/** One validator for everybody, and one for each peer that has a rule of its own. */
export class ValidatorCache {
  readonly #usual = createValidator()
  readonly #rules: ReadonlyMap<string, PeerRule>
  readonly #own = new Map<string, Validator>()

  constructor(rules: ReadonlyMap<string, PeerRule>) {
    this.#rules = rules
  }

  of(source: NodeId): Validator {
    if (this.#rules.size === 0) return this.#usual
    const key = foldId(source)
    const rule = this.#rules.get(key)
    if (!rule) return this.#usual
    const known = this.#own.get(key)
    if (known) return known
    const validator = createValidator(rule)
    this.#own.set(key, validator)
    return validator
  }
}
