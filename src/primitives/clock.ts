/** A timer that was set and can be taken back. */
export interface Timer {
  cancel(): void
}

/** Time as the program sees it. Everything timed takes one, so tests need not wait. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
  /** Milliseconds since some moment that stays the same while the process lives: nobody sets it. */
  monotonic(): number
  /** Calls back once after `delayMs`; the system clock's timers do not keep a process alive. */
  setTimer(callback: () => void, delayMs: number): Timer
}

/** Of `setTimeout`, which takes a longer delay for none at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs) {
    let handle: NodeJS.Timeout
    const wait = (leftMs: number) => {
      const stepMs = Math.min(leftMs, LONGEST_TIMER_MS)
      handle = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : callback()), stepMs)
      handle.unref()
    }
    wait(delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
}

/**
 * A clock that goes faster or slower than another one, from the same moment on.
 *
 * @param speed How many of its seconds pass in one of the other's; more than 0.
 */
export function fasterClock(clock: Clock, speed: number): Clock {
  if (speed === 1) return clock
  const start = clock.now()
  return {
    now: () => start + (clock.now() - start) * speed,
    monotonic: () => clock.monotonic() * speed,
    setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs / speed),
  }
}

/** Calls back every `intervalMs` until cancelled. */
export function every(clock: Clock, intervalMs: number, callback: () => void): Timer {
  let timer = clock.setTimer(tick, intervalMs)
  function tick() {
    timer = clock.setTimer(tick, intervalMs)
    callback()
  }
  return { cancel: () => timer.cancel() }
}

/** Resolves after `delayMs` of the clock, or rejects when the signal aborts first. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    function onAbort() {
      timer.cancel()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** A clock that stands still until it is advanced: timers fire in order, at their exact time. */
export class VirtualClock implements Clock {
  #passedMs = 0
  /** Of the wall clock, when no time had passed. */
  #startMs: number
  #order = 0
  readonly #timers = new Set<{ at: number; order: number; callback: () => void }>()

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#startMs + this.#passedMs
  }

  monotonic(): number {
    return this.#passedMs
  }

  /** As somebody sets a clock: no time passes by it, and no timer comes due. */
  set(nowMs: number): void {
    this.#startMs = nowMs - this.#passedMs
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { at: this.#passedMs + Math.max(0, delayMs), order: this.#order++, callback }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  /** How many timers are set: a stopped node must leave none. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /**
   * Moves time on, firing each timer due on the way; between two of them promises settle, so that
   * code awaiting the first sees its effect before the second fires.
   */
  async advance(byMs: number): Promise<void> {
    const end = this.#passedMs + byMs
    await settle()
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.at - b.at || a.order - b.order)[0]
      if (!next || next.at > end) break
      this.#timers.delete(next)
      this.#passedMs = next.at
      next.callback()
      await settle()
    }
    this.#passedMs = end
  }
}

/** Lets every promise that can settle without time passing do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
