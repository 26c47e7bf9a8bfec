import { text } from '../text/text.ts'
import { type DiffLine, diffLines } from './line-diff.ts'
import styles from './rule-history.module.css'

const words = text.policies.history
const MARKS = { same: ' ', added: '+', removed: '−' } as const

/** Two texts as one: what was taken away and what was put in is marked, what is alike left out. */
export function DiffText({ before, after }: { before: string; after: string }) {
  const lines = before === '' ? whole(after) : diffLines(before, after)
  if (lines.every(({ is }) => is === 'same' || is === 'skipped')) return <p>{words.same}</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keys
    <ol className={styles.diff} tabIndex={0}>
      {lines.map((one, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its place
        <li key={i} data-is={one.is}>
          {one.is === 'skipped'
            ? `… ${words.unchanged(one.count)}`
            : `${MARKS[one.is]} ${one.line}`}
        </li>
      ))}
    </ol>
  )
}

function whole(text: string): readonly DiffLine[] {
  return text.split('\n').map((line) => ({ is: 'added', line }))
}
