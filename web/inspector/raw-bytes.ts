/** A text cut where marked bytes begin and end. */
export interface MarkedText {
  readonly before: string
  readonly marked: string
  readonly after: string
}

/** Marks bytes `start` to `end` (exclusive, of the UTF-8 form) in a text. */
export function markText(raw: string, start: number, end: number): MarkedText {
  const bytes = new TextEncoder().encode(raw)
  const decoder = new TextDecoder()
  const piece = (from: number, to?: number) => decoder.decode(bytes.subarray(from, to))
  return {
    before: piece(0, start),
    marked: piece(start, Math.max(start, end)),
    after: piece(Math.max(start, end)),
  }
}

export interface HexRow {
  /** Place of the first byte, four hexadecimal digits or more. */
  readonly offset: string
  readonly bytes: readonly { readonly place: number; readonly hex: string }[]
  /** The bytes as ASCII, a dot for what has no sign. */
  readonly ascii: string
}

const PER_ROW = 12

/** Hex digits (spaces and line ends between them do not matter) as rows of twelve bytes. */
export function hexRows(raw: string): readonly HexRow[] {
  const digits = raw.replace(/[^0-9a-f]/gi, '').toLowerCase()
  const rows: HexRow[] = []
  for (let start = 0; start * 2 < digits.length; start += PER_ROW) {
    const pairs = digits.slice(start * 2, (start + PER_ROW) * 2).match(/../g) ?? []
    rows.push({
      offset: start.toString(16).padStart(4, '0'),
      bytes: pairs.map((hex, index) => ({ place: start + index, hex })),
      ascii: pairs.map((hex) => printable(Number.parseInt(hex, 16))).join(''),
    })
  }
  return rows
}

function printable(code: number): string {
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '.'
}
