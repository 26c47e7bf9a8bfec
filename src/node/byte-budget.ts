/** How many bytes may be kept for others, in one place and in all such places together. */
export class ByteBudget {
  readonly #max: number
  readonly #whole: ByteBudget | undefined
  #used = 0

  /** @param whole All such places: what is taken here is taken there, too. */
  constructor(max: number, whole?: ByteBudget) {
    this.#max = max
    this.#whole = whole
  }

  get used(): number {
    return this.#used
  }

  /** @param share Of both bounds: less than 1 for what has to leave room for others. */
  hasRoom(bytes: number, share = 1): boolean {
    if (this.#used + bytes > this.#max * share) return false
    return this.#whole === undefined || this.#whole.hasRoom(bytes, share)
  }

  /** False where there is no room for them; nothing is taken then. */
  take(bytes: number, share = 1): boolean {
    if (!this.hasRoom(bytes, share)) return false
    this.#add(bytes)
    return true
  }

  give(bytes: number): void {
    this.#add(-bytes)
  }

  #add(bytes: number): void {
    this.#used += bytes
    if (this.#whole) this.#whole.#add(bytes)
  }
}
