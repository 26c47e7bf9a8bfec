const ANY = 0x2a
const ONE = 0x3f

/**
 * A text with wildcards as a test. No backtracking beyond the last `*`, so the work is at most the
 * length of the text times that of the pattern, whatever a peer writes.
 *
 * @param pattern `*` stands for any run of characters; without an escape, as ids need none.
 * @param hasOne Whether `?` stands for one UTF-16 unit, or for itself.
 */
export function wildcard(pattern: string, hasOne: boolean): (text: string) => boolean {
  return (text) => {
    let at = 0
    let position = 0
    let star = -1
    let resume = 0
    while (position < text.length) {
      const expected = pattern.charCodeAt(at)
      if (expected === ANY) {
        star = at++
        resume = position
      } else if (expected === text.charCodeAt(position) || (hasOne && expected === ONE)) {
        at++
        position++
      } else if (star >= 0) {
        at = star + 1
        position = ++resume
      } else return false
    }
    while (pattern.charCodeAt(at) === ANY) at++
    return at === pattern.length
  }
}

/**
 * Whether a text is one of a list of names, some with `*`.
 *
 * @param fold Brings names and text into the form in which they are compared.
 */
export function oneOf(
  names: readonly string[],
  fold: (text: string) => string,
): (text: string) => boolean {
  const exact = new Set(names.filter((name) => !name.includes('*')).map(fold))
  const patterns = names
    .filter((name) => name.includes('*'))
    .map((name) => wildcard(fold(name), false))
  return (text) => {
    const key = fold(text)
    if (exact.has(key)) return true
    for (const matches of patterns) if (matches(key)) return true
    return false
  }
}
