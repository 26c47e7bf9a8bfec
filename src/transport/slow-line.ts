/** Slow hashes computed at once, and those that may wait. */
const MAX_AT_ONCE = 2
const MAX_WAITING = 100
/** Of one network, waiting here or held back before: whoever has so many open means no good. */
const MAX_OF_NETWORK = 8

interface Waiting {
  readonly network: string
  readonly go: (isMyTurn: boolean) => void
}

/**
 * The line in which slow passwords wait to be computed. It is short, and where it is full whoever
 * has most in it gives way: one network cannot keep the others out.
 */
export class SlowLine {
  #running = 0
  #waiting: Waiting[] = []
  readonly #open = new Map<string, number>()

  /** Whether a network has as many attempts open as it may have. */
  isCrowded(network: string): boolean {
    return (this.#open.get(network) ?? 0) >= MAX_OF_NETWORK
  }

  /** Counts an attempt of a network from its arrival to its answer. */
  async of<T>(network: string, run: () => Promise<T>): Promise<T> {
    this.#open.set(network, (this.#open.get(network) ?? 0) + 1)
    try {
      return await run()
    } finally {
      const left = (this.#open.get(network) ?? 1) - 1
      if (left > 0) this.#open.set(network, left)
      else this.#open.delete(network)
    }
  }

  /** Computes when it is this one's turn; undefined when it had to give way. */
  async compute<T>(network: string, run: () => Promise<T>): Promise<T | undefined> {
    if (this.#running < MAX_AT_ONCE) this.#running++
    else if (!(await this.#turn(network))) return undefined
    try {
      return await run()
    } finally {
      const next = this.#waiting.shift()
      if (next) next.go(true)
      else this.#running--
    }
  }

  #turn(network: string): Promise<boolean> {
    if (this.#waiting.length >= MAX_WAITING && !this.#makeRoom(network)) return Promise.resolve(false) // biome-ignore format: one line
    return new Promise((go) => this.#waiting.push({ network, go }))
  }

  /** The newest of the network that has most waiting gives way, to one that has fewer. */
  #makeRoom(network: string): boolean {
    const counts = new Map<string, number>()
    for (const one of this.#waiting) counts.set(one.network, (counts.get(one.network) ?? 0) + 1)
    const [most = ['', 0]] = [...counts].sort((a, b) => b[1] - a[1])
    if (most[1] <= (counts.get(network) ?? 0) + 1) return false
    const at = this.#waiting.findLastIndex((one) => one.network === most[0])
    const [gone] = this.#waiting.splice(at, 1)
    gone?.go(false)
    return true
  }
}
