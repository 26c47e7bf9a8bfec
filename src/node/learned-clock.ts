import type { Clock, Timer } from '../primitives/clock.ts'

/** No clock that is right says less: this program did not exist. */
const EARLIEST_MS = Date.UTC(2026, 0, 1)

/** Whether a time can be the one it is. */
export function canBe(nowMs: number): boolean {
  return nowMs >= EARLIEST_MS
}

/**
 * The clock of a machine, or where that has never been set what somebody trusted has signed just now,
 * and the time since.
 *
 * @spec docs/security.md, "Freshness"
 */
export class LearnedClock implements Clock {
  readonly #clock: Clock
  #aheadMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isTrusted(): boolean {
    return canBe(this.now())
  }

  now(): number {
    const nowMs = this.#clock.now()
    return canBe(nowMs) ? nowMs : nowMs + this.#aheadMs
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    return this.#clock.setTimer(callback, delayMs)
  }

  /**
   * @param seconds Since 1970, as signed just now.
   * @returns Whether it was not known before.
   */
  learn(seconds: number): boolean {
    if (this.isTrusted || !canBe(seconds * 1_000)) return false
    this.#aheadMs = seconds * 1_000 - this.#clock.now()
    return true
  }
}
