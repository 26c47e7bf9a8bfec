import { parseMoment } from '../../messages/date-time.ts'
import type { Clock } from '../../primitives/clock.ts'
import type { TokenRow, TokenRows } from '../../storage/token-rows.ts'

/** What a CSMS says of a token, in words that all versions share. */
export interface TokenVerdict {
  readonly status: 'Accepted' | 'Blocked' | 'Expired' | 'ConcurrentTx' | 'Unknown'
  /** RFC 3339. */
  readonly expiresAt?: string | undefined
  readonly groupId?: string | undefined
}

/** The use a token is judged for. */
export interface TokenUse {
  readonly station: string
  /** Undefined when nothing is started: the token is only held up. */
  readonly startsAt?: number | undefined
}

/**
 * Judges tokens by the store, and by those that the configuration names: these are always accepted.
 *
 * @spec OCPP 1.6 edition 2 section 7.2 (AuthorizationStatus); OCPP 2.0.1 edition 3 Part 2 section C
 */
export class Tokens {
  readonly #rows: TokenRows
  readonly #configured: ReadonlySet<string>
  readonly #clock: Clock

  constructor(rows: TokenRows, configured: Iterable<string>, clock: Clock) {
    this.#rows = rows
    this.#configured = new Set([...configured].map((token) => token.toUpperCase()))
    this.#clock = clock
  }

  judge(idToken: string, use: TokenUse): TokenVerdict {
    const token = this.#rows.find(idToken)
    if (!token) return { status: this.#configured.has(idToken.toUpperCase()) ? 'Accepted' : 'Unknown' } // biome-ignore format: one line
    return { status: this.#statusOf(token, use), expiresAt: token.expiresAt, groupId: token.groupId } // biome-ignore format: one line
  }

  #statusOf(token: TokenRow, use: TokenUse): TokenVerdict['status'] {
    if (token.status === 'Blocked') return 'Blocked'
    // A time that cannot be read is over: `>` with NaN is never true.
    const isOver = (at: string) => !(parseMoment(at) > this.#clock.now())
    if (token.expiresAt !== undefined && isOver(token.expiresAt)) return 'Expired'
    return this.#isElsewhere(token, use) ? 'ConcurrentTx' : 'Accepted'
  }

  #isElsewhere(token: TokenRow, { station, startsAt }: TokenUse): boolean {
    if (token.concurrent || startsAt === undefined) return false
    const running = this.#rows.runningOf(token.idToken)
    // The same place again: a repeated start, or the end of the one before was never told.
    return running.some((one) => one.station !== station || one.evseId !== startsAt)
  }
}
