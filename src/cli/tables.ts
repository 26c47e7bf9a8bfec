/** Rows under a heading, in columns as wide as they have to be; for people. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length))) // biome-ignore format: one line
  const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd() // biome-ignore format: one line
  return [line(head), ...rows.map(line)]
}
