import type { Clock, Timer } from '../primitives/clock.ts'
import type { AccountStore } from '../storage/account-store.ts'

const SPAN_MS = 3_600_000
/** Beyond them failures of one hour are only counted: a flood must not push out what people did. */
const ENTRIES_PER_SPAN = 60

/**
 * Keeps in the audit log who tried to log in and could not: so many entries an hour, and one that
 * says how many more there were.
 */
export class FailedLogins {
  readonly #accounts: AccountStore
  readonly #clock: Clock
  #written = 0
  #counted = 0
  #since = 0
  #timer: Timer | undefined

  constructor(accounts: AccountStore, clock: Clock) {
    this.#accounts = accounts
    this.#clock = clock
  }

  /**
   * A password or a link was wrong.
   *
   * @param name As it was typed; undefined when it was a link.
   */
  wrong(name: string | undefined, address: string): void {
    this.#begin()
    if (this.#written === ENTRIES_PER_SPAN) {
      this.#counted++
      return
    }
    this.#written++
    this.#add(this.#whoIs(name), address, 401)
  }

  /** It was refused without a look, because there had been too many. */
  refused(): void {
    this.#begin()
    this.#counted++
  }

  /** Says now what was counted. */
  stop(): void {
    this.#timer?.cancel()
    this.#end()
  }

  #begin(): void {
    if (this.#timer) return
    this.#since = this.#clock.now()
    this.#timer = this.#clock.setTimer(() => this.#end(), SPAN_MS)
  }

  #end(): void {
    const since = new Date(this.#since).toISOString()
    if (this.#counted > 0) this.#add('several', `${this.#counted} more attempts since ${since}`, 429) // biome-ignore format: one line
    this.#written = 0
    this.#counted = 0
    this.#timer = undefined
  }

  /** Who is no user may be a password that was typed into the wrong field. */
  #whoIs(name: string | undefined): string {
    if (name === undefined) return 'a login link'
    return this.#accounts.user(name)?.name ?? 'nobody known'
  }

  #add(who: string, object: string, outcome: number): void {
    this.#accounts.addAudit({ who, what: 'log in', object, outcome })
  }
}
