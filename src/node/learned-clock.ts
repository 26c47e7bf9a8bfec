import type { Clock, Timer } from '../primitives/clock.ts'
import { SKEW_S } from '../security/freshness/freshness.ts'

/** No clock that is right says less: this program did not exist. */
const EARLIEST_MS = Date.UTC(2026, 0, 1)
const SKEW_MS = SKEW_S * 1_000

/** Whether a time can be the one it is. */
function canBe(nowMs: number): boolean {
  return nowMs >= EARLIEST_MS
}

/** Whether a clock can be believed, as far as anybody can tell here. */
export function knowsTime(clock: Pick<Clock, 'now'>): boolean {
  return clock instanceof LearnedClock ? clock.isTrusted : canBe(clock.now())
}

/** What time it is at the least, in seconds since 1970, whatever the clock says. */
export function earliestS(clock: Pick<Clock, 'now'>): number {
  return clock instanceof LearnedClock ? clock.newestS : 0
}

/** What somebody trusted has signed just now, and when that was here. */
interface Lesson {
  readonly atMs: number
  readonly monotonicMs: number
  /** What the clock of the machine said. */
  readonly machineMs: number
}

/**
 * The clock of a machine, or where that has never been set, or is behind what others have signed,
 * what somebody trusted has signed just now, and the time since, until it is set.
 *
 * @spec docs/security.md, "Freshness"
 */
export class LearnedClock implements Clock {
  readonly #clock: Clock
  /** What others had signed before this process began, in seconds since 1970. */
  readonly newestS: number
  #lesson: Lesson | undefined

  constructor(clock: Clock, newestS = 0) {
    this.#clock = clock
    this.newestS = newestS
  }

  get isTrusted(): boolean {
    return this.#learnedMs !== undefined || this.#isBelievable(this.#clock.now())
  }

  /** Whether it is the clock of the machine that is trusted. */
  get isOfMachine(): boolean {
    return this.#learnedMs === undefined && this.#isBelievable(this.#clock.now())
  }

  now(): number {
    return this.#learnedMs ?? this.#clock.now()
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    return this.#clock.setTimer(callback, delayMs)
  }

  /**
   * @param seconds Since 1970, as signed just now.
   * @returns Whether it was not known before.
   */
  learn(seconds: number): boolean {
    const atMs = seconds * 1_000
    if (this.isTrusted || !this.#isBelievable(atMs)) return false
    this.#lesson = { atMs, monotonicMs: this.monotonic(), machineMs: this.#clock.now() }
    return true
  }

  /** Undefined where nothing was learned, or the machine has been told the time since. */
  get #learnedMs(): number | undefined {
    if (!this.#lesson) return undefined
    const { atMs, monotonicMs, machineMs } = this.#lesson
    const passedMs = this.monotonic() - monotonicMs
    const nowMs = this.#clock.now()
    // A clock that is behind gets where it should be by itself, too, and is as wrong as before.
    const wasSet = Math.abs(nowMs - machineMs - passedMs) > SKEW_MS
    return wasSet && this.#isBelievable(nowMs) ? undefined : atMs + passedMs
  }

  #isBelievable(nowMs: number): boolean {
    return canBe(nowMs) && nowMs >= this.newestS * 1_000 - SKEW_MS
  }
}
