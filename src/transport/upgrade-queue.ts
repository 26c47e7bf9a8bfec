/** Upgrades begun in one turn of the event loop, so that links that are open get theirs. */
const PER_TURN = 32
const MAX_WAITING = 1_000

/**
 * What keeps a storm of connections from starving those that are open: upgrades wait in a line, a
 * few are begun in each turn of the event loop, and beyond a length of the line nobody is let wait.
 */
export class UpgradeQueue {
  #waiting: (() => void)[] = []
  #isRunning = false
  readonly #maxWaiting: number

  constructor(maxWaiting = MAX_WAITING) {
    this.#maxWaiting = maxWaiting
  }

  get length(): number {
    return this.#waiting.length
  }

  /** @returns False when the line is too long; `begin` is then never called. */
  push(begin: () => void): boolean {
    if (this.#waiting.length >= this.#maxWaiting) return false
    this.#waiting.push(begin)
    if (!this.#isRunning) {
      this.#isRunning = true
      setImmediate(() => this.#turn())
    }
    return true
  }

  #turn(): void {
    for (const begin of this.#waiting.splice(0, PER_TURN)) begin()
    this.#isRunning = this.#waiting.length > 0
    if (this.#isRunning) setImmediate(() => this.#turn())
  }
}
