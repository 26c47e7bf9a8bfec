import type { AnyHandler, Context, HandlersByProtocol } from '../../node/handlers.ts'

/** A request of a station that was answered, and so is stored. */
export interface Heard {
  readonly station: string
  readonly action: string
  readonly request: Record<string, unknown>
  readonly answer: Record<string, unknown>
}

export type Listener = (heard: Heard) => void

/** Tells what stations said to whoever waits for it. */
export class Hearing {
  readonly #listeners = new Set<Listener>()

  /** @returns What ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The same handlers, whose requests are told once they are answered. */
  of(handlers: HandlersByProtocol): HandlersByProtocol {
    const told = Object.entries(handlers).map(([protocol, byAction]) => {
      const entries = Object.entries(byAction) as [string, AnyHandler][]
      return [protocol, Object.fromEntries(entries.map(([action, run]) => [action, this.#told(run)]))] // biome-ignore format: one line
    })
    return Object.fromEntries(told) as HandlersByProtocol
  }

  #told(run: AnyHandler): AnyHandler {
    return async (request: unknown, context: Context) => {
      const answer = await run(request, context)
      for (const listener of this.#listeners) {
        listener({
          station: context.source,
          action: context.action,
          request: request as Heard['request'],
          answer: answer as Heard['answer'],
        })
      }
      return answer
    }
  }
}
