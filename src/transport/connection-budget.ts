/** Descriptors are finite; one process is to hold fewer than 20 000. */
const MAX_CONNECTIONS = 18_000

/** How many connections may be open at once, over all listeners that share it. */
export class ConnectionBudget {
  #open = 0
  readonly #max: number

  constructor(max = MAX_CONNECTIONS) {
    this.#max = max
  }

  get open(): number {
    return this.#open
  }

  /** @returns False when there are too many; then there is nothing to give back. */
  take(): boolean {
    if (this.#open >= this.#max) return false
    this.#open++
    return true
  }

  giveBack(): void {
    this.#open--
  }
}

/** What the listeners of this process share. */
export const PROCESS_CONNECTIONS = new ConnectionBudget()
