import type { Timer } from '../../primitives/clock.ts'
import type { Site } from './site.ts'
import type { VariableName } from './variables-table.ts'

const DAY_MS = 86_400_000

export interface TickerOptions {
  /** The variable with the seconds between two ticks; 0 for none. */
  readonly interval: VariableName
  /** Counted from midnight, UTC, and not from the start. */
  readonly isAligned?: boolean
  readonly tick: () => void
}

/** Does something at an interval that can be set; what is set counts at once. */
export class Ticker {
  readonly #site: Site
  readonly #options: TickerOptions
  #timer: Timer | undefined
  #nextAt: number | undefined

  constructor(site: Site, options: TickerOptions) {
    this.#site = site
    this.#options = options
    site.variables.onChange((name) => {
      if (name === options.interval && this.#nextAt !== undefined) this.start()
    })
  }

  start(): void {
    this.stop()
    const { clock } = this.#site
    this.#nextAt = clock.now() + this.#firstWaitMs()
    this.#arm()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#nextAt = undefined
  }

  /** Does now what is due now, and would come too late. */
  flush(): void {
    if (this.#nextAt !== undefined && this.#site.clock.now() >= this.#nextAt) this.#tick()
  }

  get #intervalMs(): number {
    return this.#site.variables.number(this.#options.interval) * 1000
  }

  #firstWaitMs(): number {
    const intervalMs = this.#intervalMs
    if (!this.#options.isAligned || intervalMs === 0) return intervalMs
    const sinceMidnightMs = this.#site.now() % DAY_MS
    const nextMs = (Math.floor(sinceMidnightMs / intervalMs) + 1) * intervalMs
    return Math.min(nextMs, DAY_MS) - sinceMidnightMs
  }

  #arm(): void {
    this.#timer?.cancel()
    if (this.#nextAt === undefined || this.#intervalMs === 0) return
    const waitMs = Math.max(0, this.#nextAt - this.#site.clock.now())
    this.#timer = this.#site.after(waitMs, () => this.#tick())
  }

  #tick(): void {
    if (this.#intervalMs === 0 || this.#nextAt === undefined) return
    // From when it was due, so that it does not drift; a clock that stood still owes nothing.
    const { clock } = this.#site
    const nextMs = this.#options.isAligned ? this.#firstWaitMs() : this.#intervalMs
    this.#nextAt = Math.max(this.#nextAt + nextMs, clock.now())
    this.#arm()
    this.#options.tick()
  }
}
