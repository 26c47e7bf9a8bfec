import type { Clock, Timer } from '../../primitives/clock.ts'

/** Timers of the system overflow at 2^31 ms. */
const MAX_DELAY_MS = 3_600_000

/** One timer for whatever is due next. It may ring early: who is woken looks what is due. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #timer: Timer | undefined
  #at = Number.POSITIVE_INFINITY

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** @param at Milliseconds since 1970; infinity: nothing is due, and no timer is left. */
  set(at: number, now: number): void {
    const isNever = at === Number.POSITIVE_INFINITY
    // The due time moves on with each frame sent; the timer is set anew only when it rings.
    if (this.#timer && at >= this.#at && !isNever) return
    this.#timer?.cancel()
    this.#timer = undefined
    if (isNever) return
    this.#at = at
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(0, at - now))
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined
      this.#ring()
    }, delayMs)
  }
}
