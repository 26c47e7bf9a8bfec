/** A line of one text or both; or many that are alike and far from what is not. */
export type DiffLine =
  | { readonly is: 'same' | 'added' | 'removed'; readonly line: string }
  | { readonly is: 'skipped'; readonly count: number }

/** Beyond this many pairs of lines only the whole texts are told apart. */
const MAX_PAIRS = 4_000_000
/** Lines that are shown around each change. */
const AROUND = 2

/** What has to be taken from one text and put into it to get another, line by line. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const [old, now] = [before.split('\n'), after.split('\n')]
  let head = 0
  while (head < old.length && head < now.length && old[head] === now[head]) head++
  let tail = 0
  const room = Math.min(old.length, now.length) - head
  while (tail < room && old.at(-1 - tail) === now.at(-1 - tail)) tail++
  const same = (line: string): DiffLine => ({ is: 'same', line })
  return folded([
    ...old.slice(0, head).map(same),
    ...middle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...old.slice(old.length - tail).map(same),
  ])
}

/** By a longest common subsequence. */
function middle(old: readonly string[], now: readonly string[]): readonly DiffLine[] {
  if (old.length * now.length > MAX_PAIRS) return [...all('removed', old), ...all('added', now)]
  const width = now.length + 1
  // lengths[i * width + j]: how many lines old from i on and now from j on have in common.
  const lengths = new Uint32Array((old.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      lengths[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1)) // biome-ignore format: one line
    }
  }
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      lines.push({ is: 'same', line: old[i] ?? '' })
      i++
      j++
    } else if (at(i + 1, j) >= at(i, j + 1)) lines.push({ is: 'removed', line: old[i++] ?? '' })
    else lines.push({ is: 'added', line: now[j++] ?? '' })
  }
  return [...lines, ...all('removed', old.slice(i)), ...all('added', now.slice(j))]
}

function all(is: 'added' | 'removed', lines: readonly string[]): readonly DiffLine[] {
  return lines.map((line) => ({ is, line }))
}

/** Without lines that are alike and far from a change. */
function folded(lines: readonly DiffLine[]): readonly DiffLine[] {
  const isNear = (at: number) => lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(({ is }) => is !== 'same') // biome-ignore format: one line
  const kept: DiffLine[] = []
  for (const [at, line] of lines.entries()) {
    const last = kept.at(-1)
    if (isNear(at)) kept.push(line)
    else if (last?.is === 'skipped')
      kept[kept.length - 1] = { is: 'skipped', count: last.count + 1 } // biome-ignore format: one line
    else kept.push({ is: 'skipped', count: 1 })
  }
  return kept
}
