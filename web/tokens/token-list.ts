import type { TokenPage, TokenView } from '../../src/http/live-api.ts'

/** The page of tokens that is shown, for the drawer beside it; there is no asking for one token. */
class TokenList {
  #page: TokenPage | undefined
  #version = 0
  readonly #listeners = new Set<() => void>()

  readonly page = (): TokenPage | undefined => this.#page
  /** Rises when tokens were changed from here. */
  readonly version = (): number => this.#version

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  show(page: TokenPage): void {
    this.#page = page
    this.#tell()
  }

  changed(token?: TokenView): void {
    const tokens = this.#page?.tokens.map((one) => (one.id === token?.id ? token : one))
    if (this.#page && tokens) this.#page = { ...this.#page, tokens }
    this.#version += 1
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

export const tokenList = new TokenList()
