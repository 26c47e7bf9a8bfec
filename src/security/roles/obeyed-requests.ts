import { foldId } from '../../primitives/ids.ts'
import { Bounded } from '../context/bounded.ts'
import { MAX_COUNTED } from '../context/rate.ts'

/** A request that was obeyed, as rates of user roles count it. */
export interface EarlierRequest {
  /** Plain name. */
  readonly action: string
  readonly to: string
  readonly agoS: number
}

interface Obeyed {
  readonly action: string
  readonly to: string
  readonly atMs: number
}

const MAX_OWNERS = 20_000

/**
 * What was obeyed of whom, for roles that permit something only so often. Who asks counts with all
 * keys of its owner, or another key would be another count; refused requests do not count. A restart
 * begins anew.
 */
export class ObeyedRequests {
  readonly #byOwner = new Bounded<readonly Obeyed[]>(MAX_OWNERS)

  of(owner: string, nowMs: number): readonly EarlierRequest[] {
    const known = this.#byOwner.get(foldId(owner)) ?? []
    return known.map(({ action, to, atMs }) => ({ action, to, agoS: (nowMs - atMs) / 1_000 }))
  }

  note(owner: string, action: string, to: string, nowMs: number): void {
    const key = foldId(owner)
    const known = this.#byOwner.get(key) ?? []
    this.#byOwner.set(key, [...known, { action, to, atMs: nowMs }].slice(-MAX_OBEYED))
  }
}

/** More than a rate can ask about, for an owner may have several of them. */
const MAX_OBEYED = 4 * MAX_COUNTED
