/** A map of bounded size: what was written longest ago makes room. */
export class Bounded<V> {
  readonly #map = new Map<string, V>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): V | undefined {
    return this.#map.get(key)
  }

  get entries(): readonly (readonly [key: string, value: V])[] {
    return [...this.#map]
  }

  set(key: string, value: V): void {
    this.#map.delete(key)
    this.#map.set(key, value)
    if (this.#map.size > this.#most) this.#map.delete(this.#map.keys().next().value as string)
  }
}
