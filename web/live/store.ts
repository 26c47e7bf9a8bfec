import type { FrameView } from '../../src/http/live-api.ts'
import { INITIAL_STATE, type LiveState } from './state.ts'

/** Holds the live state for `useSyncExternalStore`, and tells new frames to the moving marks. */
export class LiveStore {
  #state: LiveState = INITIAL_STATE
  readonly #listeners = new Set<() => void>()
  readonly #frameListeners = new Set<(frames: readonly FrameView[]) => void>()

  readonly snapshot = (): LiveState => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls `listener` with frames as they pass; never with those that passed before. */
  readonly onFrames = (listener: (frames: readonly FrameView[]) => void): (() => void) => {
    this.#frameListeners.add(listener)
    return () => this.#frameListeners.delete(listener)
  }

  update(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener()
  }

  passed(frames: readonly FrameView[]): void {
    for (const listener of this.#frameListeners) listener(frames)
  }
}
