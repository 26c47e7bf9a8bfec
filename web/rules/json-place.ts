/**
 * The line of JSON text, counted from 1, on which stands what a pointer leads to; of a member that is
 * not there the line of what it is missing in. The text is JSON.
 *
 * @spec RFC 6901
 */
export function lineOf(json: string, pointer: string): number {
  const steps = pointer.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')) // biome-ignore format: one chain
  const reader = new Reader(json)
  return reader.lineAt(steps)
}

/** Reads values of valid JSON one after the other; what is not looked for is skipped. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  lineAt([step, ...rest]: readonly string[]): number {
    const open = this.#next()
    const line = this.#text.slice(0, this.#at).split('\n').length
    if (step === undefined || (open !== '{' && open !== '[')) return line
    this.#at++
    for (let index = 0; this.#next() !== '}' && this.#next() !== ']'; index++) {
      const found = open === '{' ? this.#name() === step : String(index) === step
      if (found) return this.lineAt(rest)
      this.#skip()
      if (this.#next() === ',') this.#at++
      else break
    }
    return line
  }

  #name(): string {
    const start = this.#at
    this.#skip()
    const name: unknown = JSON.parse(this.#text.slice(start, this.#at))
    this.#next()
    this.#at++ // the colon
    return String(name)
  }

  #skip(): void {
    let depth = 0
    do {
      const sign = this.#next()
      if (sign === '"') this.#skipText()
      else if (sign === '{' || sign === '[') {
        depth++
        this.#at++
      } else if (sign === '}' || sign === ']') {
        depth--
        this.#at++
      } else if (sign === ',' || sign === ':') this.#at++
      else this.#skipWord()
    } while (depth > 0 && this.#at < this.#text.length)
  }

  #skipText(): void {
    const [whole = ''] = /^"(?:[^"\\]|\\.)*"/.exec(this.#text.slice(this.#at)) ?? []
    this.#at += Math.max(1, whole.length)
  }

  #skipWord(): void {
    const [whole = ''] = /^[^\s,\]}:]+/.exec(this.#text.slice(this.#at)) ?? []
    this.#at += Math.max(1, whole.length)
  }

  /** The next sign that is no space. */
  #next(): string {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
    return this.#text[this.#at] ?? ''
  }
}
