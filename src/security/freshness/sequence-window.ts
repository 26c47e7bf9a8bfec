/** How far behind the newest number one may still come. */
export const WINDOW = 64
const HALF = 32

/**
 * Which numbers of a rising counter have come: each is taken once, and up to 64 behind the newest
 * one out of order.
 *
 * @spec RFC 4303 section 3.4.3; docs/security.md, "Freshness"
 */
export class SequenceWindow {
  #newest = -1
  /** Bit i: the number `newest - i` has come; the lower half and the upper one. */
  #low = 0
  #high = 0

  /** Takes a number. `repeated` and `too-old` change nothing. */
  take(number: number): 'new' | 'repeated' | 'too-old' {
    if (!Number.isSafeInteger(number) || number < 0) return 'too-old'
    if (number > this.#newest) {
      this.#shift(number - this.#newest)
      this.#newest = number
      this.#low = (this.#low | 1) >>> 0
      return 'new'
    }
    const behind = this.#newest - number
    if (behind >= WINDOW) return 'too-old'
    const bit = 2 ** (behind % HALF)
    const half = behind < HALF ? this.#low : this.#high
    if (Math.floor(half / bit) % 2 === 1) return 'repeated'
    if (behind < HALF) this.#low += bit
    else this.#high += bit
    return 'new'
  }

  #shift(by: number): void {
    if (by >= WINDOW) {
      this.#low = 0
      this.#high = 0
    } else if (by >= HALF) {
      this.#high = (this.#low << (by - HALF)) >>> 0
      this.#low = 0
    } else {
      this.#high = ((this.#high << by) | (this.#low >>> (HALF - by))) >>> 0
      this.#low = (this.#low << by) >>> 0
    }
  }
}
