import type { Clock } from '../primitives/clock.ts'
import { type Moment, SKEW_S } from '../security/freshness/freshness.ts'
import type { NewestSigned } from '../security/freshness/newest-signed.ts'
import type { MessageFields } from '../security/header.ts'
import type { NodeEvent } from './core.ts'
import { LearnedClock } from './learned-clock.ts'

/** What is kept may be that much older than what was taken: a process may end without a word. */
const KEEP_EVERY_S = 10

/**
 * By which time messages are judged, and since when this process can remember them. Clocks are set
 * while and between processes run; what has been signed was signed all the same.
 *
 * @spec docs/security.md, "Freshness"
 */
export class JudgedTime {
  readonly clock: LearnedClock
  readonly #kept: NewestSigned | undefined
  readonly #emit: (event: NodeEvent) => void
  readonly #startedMs: number
  readonly #startedMonotonicMs: number
  /** Signed up to then may have been taken by the process before. */
  readonly #takenBeforeS: number
  #keptS: number
  #newestS: number

  /** @param kept Without it nothing is known of the process before. */
  constructor(clock: Clock, kept: NewestSigned | undefined, emit: (event: NodeEvent) => void) {
    this.#kept = kept
    this.#emit = emit
    this.#keptS = kept?.read() ?? 0
    this.#newestS = this.#keptS
    this.#takenBeforeS = this.#keptS + KEEP_EVERY_S
    this.clock = new LearnedClock(clock, this.#keptS)
    this.#startedMs = clock.now()
    this.#startedMonotonicMs = clock.monotonic()
  }

  get moment(): Moment {
    const nowS = this.clock.now() / 1_000
    return { nowS, startedS: this.#startedS, isClockTrusted: this.clock.isTrusted }
  }

  /**
   * When this process began to remember, by the clock as it goes now: one that was behind then and
   * was set since would otherwise take what came before for later. The latest of what is known of it
   * counts.
   */
  get #startedS(): number {
    const runningMs = this.clock.monotonic() - this.#startedMonotonicMs
    const startedMs = Math.max(this.#startedMs, this.clock.now() - runningMs)
    return Math.max(startedMs / 1_000, this.#takenBeforeS + 1 - SKEW_S)
  }

  /** Says so where the clock is behind what was signed before. */
  start(): void {
    const nowMs = this.clock.now()
    if (this.clock.isTrusted || this.#keptS === 0) return
    const behindS = this.#keptS - Math.floor(nowMs / 1_000)
    this.#emit({ name: 'clock.behind', newest: new Date(this.#keptS * 1_000).toISOString(), behindS }) // biome-ignore format: one line
  }

  stop(): void {
    if (this.#newestS > this.#keptS) this.#keep()
  }

  /**
   * A message of somebody known was found to be new and of now. Only by a clock that nobody could set
   * by a message: whoever has stolen a key would push it ahead, and nothing later be believed.
   */
  noteTaken({ iat, chal }: Pick<MessageFields, 'iat' | 'chal'>): void {
    if (chal !== undefined || iat === 0 || !this.clock.isOfMachine) return
    this.#newestS = Math.max(this.#newestS, iat)
    // By what was signed, not by when: so nothing that was taken is ever further ahead of what is kept.
    if (this.#newestS > this.#keptS + KEEP_EVERY_S) this.#keep()
  }

  #keep(): void {
    if (!this.#kept) return
    // Also where it fails: a full disk is not tried for each message.
    this.#keptS = this.#newestS
    try {
      this.#kept.write(this.#newestS)
    } catch (error) {
      this.#emit({ name: 'clock.unkept', error: String(error) })
    }
  }
}
