import type { QueuedFrame } from './frame-stream.ts'

/** All frames that wait, in the order in which they came. */
export class ArrivalList<Token> {
  #oldest: QueuedFrame<Token> | undefined
  #newest: QueuedFrame<Token> | undefined

  get oldest(): QueuedFrame<Token> | undefined {
    return this.#oldest
  }

  add(frame: QueuedFrame<Token>): void {
    frame.older = this.#newest
    if (this.#newest) this.#newest.newer = frame
    else this.#oldest = frame
    this.#newest = frame
  }

  remove(frame: QueuedFrame<Token>): void {
    const { older, newer } = frame
    if (older) older.newer = newer
    else this.#oldest = newer
    if (newer) newer.older = older
    else this.#newest = older
    frame.older = undefined
    frame.newer = undefined
  }
}
