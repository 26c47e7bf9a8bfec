/** Something with a rank; in one heap at a time. */
export interface HeapItem {
  rank: number
  /** Its place in the heap; -1 outside. */
  heapIndex: number
}

/** Keeps the item of least rank at hand while any of them comes, changes or goes. */
export class IndexedHeap<Item extends HeapItem> {
  readonly #items: Item[] = []

  get size(): number {
    return this.#items.length
  }

  /** The item of least rank. */
  get first(): Item | undefined {
    return this.#items[0]
  }

  /** Puts an item in, or moves it to where its new rank belongs. */
  set(item: Item, rank: number): void {
    item.rank = rank
    if (item.heapIndex < 0) {
      item.heapIndex = this.#items.length
      this.#items.push(item)
    }
    this.#rise(item)
    this.#sink(item)
  }

  /** Takes an item out; nothing happens when it is not in. */
  delete(item: Item): void {
    const at = item.heapIndex
    if (at < 0) return
    item.heapIndex = -1
    const last = this.#items.pop()
    if (!last || last === item) return
    this.#put(last, at)
    this.#rise(last)
    this.#sink(last)
  }

  clear(): void {
    for (const item of this.#items) item.heapIndex = -1
    this.#items.length = 0
  }

  #put(item: Item, at: number): void {
    this.#items[at] = item
    item.heapIndex = at
  }

  #rise(item: Item): void {
    for (;;) {
      const at = item.heapIndex
      const parent = this.#items[(at - 1) >> 1]
      if (at === 0 || !parent || parent.rank <= item.rank) return
      this.#put(item, parent.heapIndex)
      this.#put(parent, at)
    }
  }

  #sink(item: Item): void {
    for (;;) {
      const at = item.heapIndex
      const left = this.#items[2 * at + 1]
      const right = this.#items[2 * at + 2]
      const child = right && left && right.rank < left.rank ? right : left
      if (!child || item.rank <= child.rank) return
      this.#put(item, child.heapIndex)
      this.#put(child, at)
    }
  }
}
