/** One mark, string or literal of JSON, which may be cut off, with the space before it. */
export const TOKEN = /\s*(?:("[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$))|(-?\d[\d.eE+-]*|true|false|null)|([[\]{},:]))/y // biome-ignore format: one line

/** What a JSON string says, however it is written and also when its end is missing. */
export function plainOf(written: string): string {
  if (!written.startsWith('"')) return written
  const inside = isClosed(written) ? written.slice(1, -1) : written.slice(1)
  if (!inside.includes('\\')) return inside
  for (const attempt of [inside, inside.replace(/\\(?:u[\dA-Fa-f]{0,3})?$/, '')]) {
    try {
      return String(JSON.parse(`"${attempt}"`))
    } catch {
      // not quite JSON
    }
  }
  return unescaped(inside).replace(/\\n/g, '\n').replace(/\\(.)/g, '$1')
}

/** Whether a JSON string has its end. */
export function isClosed(written: string): boolean {
  return /^"[^"\\]*(?:\\[\s\S][^"\\]*)*"$/.test(written)
}

/** What stands for characters in strings of JSON, at any depth of quoting. */
export function unescaped(text: string): string {
  return text.replace(/(?<!\\)\\+u([\dA-Fa-f]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
}
