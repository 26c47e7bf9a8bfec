import type { PolicyReason } from '../security/policies/facts.ts'

/** A frame that a policy keeps back until somebody has looked at it. */
export interface QuarantinedFrame {
  readonly id: number
  /** Milliseconds since 1970. */
  readonly since: number
  /** The link it came by. */
  readonly link: string
  readonly source: string
  readonly destination: string
  /** Of an answer: what it answers. */
  readonly action: string
  readonly reason: PolicyReason
  /** Without its envelope. */
  readonly payload: Uint8Array
}

interface Held extends QuarantinedFrame {
  readonly release: () => void
}

const MAX_FRAMES = 256
const MAX_BYTES = 8 * 1024 * 1024

/**
 * Frames that are held and not delivered. What is full takes no more: then they are refused.
 *
 * @spec docs/security.md, "Signature policies"
 */
export class Quarantine {
  readonly #held = new Map<number, Held>()
  #bytes = 0
  #lastId = 0

  get size(): number {
    return this.#held.size
  }

  /** What is held, the oldest first. */
  list(): readonly QuarantinedFrame[] {
    return [...this.#held.values()].map(({ release: _, ...frame }) => frame)
  }

  /**
   * Holds a frame.
   *
   * @param release Sends it on.
   * @returns Its id; undefined where there is no room.
   */
  hold(frame: Omit<QuarantinedFrame, 'id'>, release: () => void): number | undefined {
    const isFull = this.#held.size >= MAX_FRAMES || this.#bytes + frame.payload.length > MAX_BYTES
    if (isFull) return undefined
    const id = ++this.#lastId
    this.#held.set(id, { ...frame, id, release })
    this.#bytes += frame.payload.length
    return id
  }

  /**
   * Lets a frame go on its way. Its receiver still judges whether it is of now.
   *
   * @returns false where it is not here any more.
   * @throws {OverlayError} what a frame is refused with that comes now.
   */
  release(id: number): boolean {
    const held = this.#take(id)
    held?.release()
    return held !== undefined
  }

  /** Forgets a frame; whoever sent it hears nothing. */
  discard(id: number): boolean {
    return this.#take(id) !== undefined
  }

  clear(): void {
    this.#held.clear()
    this.#bytes = 0
  }

  #take(id: number): Held | undefined {
    const held = this.#held.get(id)
    if (held && this.#held.delete(id)) this.#bytes -= held.payload.length
    return held
  }
}
