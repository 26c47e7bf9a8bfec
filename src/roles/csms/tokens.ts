import { parseMoment } from '../../messages/date-time.ts'
import type { Clock } from '../../primitives/clock.ts'
import type { RunningRow, TokenRow, TokenRows } from '../../storage/token-rows.ts'

/** What a CSMS says of a token, in words that all versions share. */
export interface TokenVerdict {
  readonly status: 'Accepted' | 'Blocked' | 'Expired' | 'ConcurrentTx' | 'Unknown'
  /** RFC 3339. */
  readonly expiresAt?: string | undefined
  readonly groupId?: string | undefined
}

/** A token as a station shows it. */
export interface ShownToken {
  readonly idToken: string
  /** IdTokenEnumType of OCPP 2.x; undefined in 1.6, which knows no types. */
  readonly type?: string | undefined
}

/** The use a token is judged for. */
export interface TokenUse {
  readonly station: string
  /** What it is to charge in; undefined when it is only held up, or ends something. */
  readonly charges?: ChargingPlace | undefined
}

export interface ChargingPlace {
  readonly transactionId: string
  /** Undefined while the station has not said it. */
  readonly evseId: number | undefined
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

  judge({ idToken, type }: ShownToken, use: TokenUse): TokenVerdict {
    // C02.FR.02: whoever charges without authorization is not looked up.
    if (type === 'NoAuthorization') return { status: 'Accepted' }
    const token = this.#rows.find(idToken)
    if (!token) return { status: this.#configured.has(idToken.toUpperCase()) ? 'Accepted' : 'Unknown' } // biome-ignore format: one line
    // A number that is entered as a card is none of an app or a vehicle.
    if (type !== undefined && type !== token.type) return { status: 'Unknown' }
    return { status: this.#statusOf(token, use), expiresAt: token.expiresAt, groupId: token.groupId } // biome-ignore format: one line
  }

  #statusOf(token: TokenRow, use: TokenUse): TokenVerdict['status'] {
    if (token.status === 'Blocked') return 'Blocked'
    // A time that cannot be read is over: `>` with NaN is never true.
    const isOver = (at: string) => !(parseMoment(at) > this.#clock.now())
    if (token.expiresAt !== undefined && isOver(token.expiresAt)) return 'Expired'
    return this.#isElsewhere(token, use) ? 'ConcurrentTx' : 'Accepted'
  }

  #isElsewhere(token: TokenRow, { station, charges }: TokenUse): boolean {
    if (token.concurrent || !charges) return false
    const running = this.#rows.runningOf(token.idToken)
    const { transactionId, evseId } = charges
    const own = running.find((one) => one.station === station && one.transactionId === transactionId) // biome-ignore format: one line
    // Who had the token first keeps it: one that came later and was refused may still run.
    const isBefore = ({ since }: RunningRow) => own === undefined || since < own.since
    // The same place again: a repeated start, or the end of the one before was never told.
    const isThere = (one: RunningRow) => one.station === station && evseId !== undefined && one.evseId === evseId // biome-ignore format: one line
    return running.some((one) => one !== own && !isThere(one) && isBefore(one))
  }
}
