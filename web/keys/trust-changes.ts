import { useSyncExternalStore } from 'react'
import { useLive } from '../live/use-live.ts'
import { usePulse } from '../live/use-pulse.ts'

const REREAD_MS = 5_000

/** How often keys and rules were changed from this page. */
class TrustChanges {
  #count = 0
  readonly #listeners = new Set<() => void>()

  readonly count = (): number => this.#count

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly note = (): void => {
    this.#count += 1
    for (const listener of this.#listeners) listener()
  }
}

export const trustChanges = new TrustChanges()

/** A number that is another one whenever keys or rules may have changed. */
export function useTrustPulse(): number {
  const changes = useSyncExternalStore(trustChanges.subscribe, trustChanges.count)
  const trialEndsAt = useLive((state) => state.overview?.keys?.trialEndsAt)
  const trial = trialEndsAt === undefined ? 0 : Date.parse(trialEndsAt)
  return usePulse(REREAD_MS) + changes + trial
}
