import type { Timer } from '../../primitives/clock.ts'
import type { Site } from './site.ts'
import type { VariableName } from './variables-table.ts'

const DAY_MS = 86_400_000
/** What comes later than this was not measured when it was due, and does not say so. */
const PUNCTUAL_MS = 1_000

export interface TickerOptions {
  /** The variable with the seconds between two ticks; 0 for none. */
  readonly interval: VariableName
  /** Counted from midnight, UTC, and not from the start. */
  readonly isAligned?: boolean
  /** @param dueAt RFC 3339, by the station's clock. */
  readonly tick: (dueAt: string) => void
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
    this.#nextAt = this.#nextAfter(clock.now())
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

  /** @param moment Of the clock, as is what is returned. */
  #nextAfter(moment: number): number {
    const intervalMs = this.#intervalMs
    if (!this.#options.isAligned || intervalMs === 0) return moment + intervalMs
    const sinceMidnightMs = (moment + this.#skewMs) % DAY_MS
    const nextMs = (Math.floor(sinceMidnightMs / intervalMs) + 1) * intervalMs
    return moment + Math.min(nextMs, DAY_MS) - sinceMidnightMs
  }

  /** How far the station's clock is ahead. */
  get #skewMs(): number {
    return this.#site.now() - this.#site.clock.now()
  }

  #arm(): void {
    this.#timer?.cancel()
    if (this.#nextAt === undefined || this.#intervalMs === 0) return
    const waitMs = Math.max(0, this.#nextAt - this.#site.clock.now())
    this.#timer = this.#site.after(waitMs, () => this.#tick())
  }

  #tick(): void {
    const dueAt = this.#nextAt
    if (this.#intervalMs === 0 || dueAt === undefined) return
    const now = this.#site.clock.now()
    // A real timer may fire too early, and what is due would then be due once more.
    if (dueAt - now >= 1) return this.#arm()
    const from = Math.max(now, dueAt)
    // From when it was due, so that it does not drift; a clock that stood still owes nothing.
    this.#nextAt = Math.max(this.#nextAfter(this.#options.isAligned ? from : dueAt), now)
    this.#arm()
    const at = from - dueAt < PUNCTUAL_MS ? dueAt : now
    this.#options.tick(new Date(at + this.#skewMs).toISOString())
  }
}
