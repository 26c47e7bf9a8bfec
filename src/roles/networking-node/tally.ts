import type { Clock, Timer } from '../../primitives/clock.ts'

/** What came again, and how often since that was last told. */
export interface Counted<T> {
  readonly what: T
  readonly count: number
}

export interface TallyOptions<T> {
  readonly clock: Clock
  /** Told at once of what did not come in the minute before. */
  first(what: T): void
  /** Told once a minute of what came again; `others` are those there was no room to tell apart. */
  again(counted: readonly Counted<T>[], others: number): void
}

interface Kind<T> {
  readonly what: T
  readonly group: string
  count: number
}

const SPAN_MS = 60_000
const MAX_KINDS = 20
/** Of one group, so that who makes up names takes the room of nobody else. */
const MAX_OF_GROUP = 5

/**
 * What strangers can cause as often as they like, told in bounded size: the first of each kind, then
 * a count a minute.
 */
export class Tally<T> {
  readonly #options: TallyOptions<T>
  readonly #kinds = new Map<string, Kind<T>>()
  #others = 0
  #timer: Timer | undefined

  constructor(options: TallyOptions<T>) {
    this.#options = options
  }

  /** @param group Who causes it, as far as that is proved: the link. */
  note(kind: string, group: string, what: T): void {
    this.#timer ??= this.#options.clock.setTimer(() => this.#onMinute(), SPAN_MS)
    const known = this.#kinds.get(kind)
    if (known) {
      known.count++
      return
    }
    const ofGroup = [...this.#kinds.values()].filter((one) => one.group === group).length
    if (this.#kinds.size >= MAX_KINDS || ofGroup >= MAX_OF_GROUP) {
      this.#others++
      return
    }
    this.#kinds.set(kind, { what, group, count: 0 })
    this.#options.first(what)
  }

  /** Tells what was not told yet, and forgets everything. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#tell()
    this.#kinds.clear()
  }

  #onMinute(): void {
    this.#timer = undefined
    for (const [kind, { count }] of this.#kinds) if (count === 0) this.#kinds.delete(kind)
    this.#tell()
    if (this.#kinds.size > 0) this.#timer = this.#options.clock.setTimer(() => this.#onMinute(), SPAN_MS) // biome-ignore format: one line
  }

  #tell(): void {
    const counted = [...this.#kinds.values()].filter(({ count }) => count > 0).map(({ what, count }) => ({ what, count })) // biome-ignore format: one line
    const others = this.#others
    if (counted.length > 0 || others > 0) this.#options.again(counted, others)
    for (const kind of this.#kinds.values()) kind.count = 0
    this.#others = 0
  }
}
