import { encodeBase64url } from '../base64url.ts'

/** How long an answer to a challenge may take. */
export const CHALLENGE_S = 60
const CHALLENGE_BYTES = 16
/** Of one originator; who asks for more has lost the oldest. */
const MAX_PER_SOURCE = 4
const MAX_SOURCES = 10_000

interface Challenge {
  readonly text: string
  readonly until: number
}

/**
 * Random numbers that an originator signs, to show that a message is of now where no clock can.
 * Each is for one originator, counts once, and for a minute.
 *
 * @spec docs/security.md, "Freshness"
 */
export class Challenges {
  readonly #bySource = new Map<string, Challenge[]>()
  readonly #random: (length: number) => Uint8Array

  /** @param random Bytes that nobody can foretell. */
  constructor(random: (length: number) => Uint8Array) {
    this.#random = random
  }

  /** @returns The challenge, base64url of 16 bytes. */
  issue(from: string, nowS: number): string {
    const text = encodeBase64url(this.#random(CHALLENGE_BYTES))
    const open = this.#open(from, nowS).slice(-(MAX_PER_SOURCE - 1))
    this.#bySource.delete(from)
    // Who is asked anew moves to the end; the one asked longest ago is forgotten first.
    this.#bySource.set(from, [...open, { text, until: nowS + CHALLENGE_S }])
    if (this.#bySource.size > MAX_SOURCES) {
      this.#bySource.delete(this.#bySource.keys().next().value ?? '')
    }
    return text
  }

  /** Whether it was issued to this originator and is answered for the first time. */
  redeem(from: string, text: string, nowS: number): boolean {
    const open = this.#open(from, nowS)
    const left = open.filter((challenge) => challenge.text !== text)
    if (left.length === 0) this.#bySource.delete(from)
    else this.#bySource.set(from, left)
    return left.length < open.length
  }

  #open(from: string, nowS: number): Challenge[] {
    return (this.#bySource.get(from) ?? []).filter(({ until }) => nowS <= until)
  }
}
