import { useState } from 'react'
import { text } from '../text/text.ts'
import { type PayloadLine, type Problem, payloadLines } from './payload-lines.ts'
import styles from './payload-tree.module.css'

/** The payload as a tree; a schema problem stands under the line it is about. */
export function PayloadTree({
  payload,
  problems,
}: {
  payload: unknown
  problems: readonly Problem[]
}) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set())
  function toggle(pointer: string): void {
    const next = new Set(folded)
    if (!next.delete(pointer)) next.add(pointer)
    setFolded(next)
  }
  return (
    <ul className={styles.tree}>
      {payloadLines(payload, problems, folded).map((line) => (
        <li key={line.pointer} className={styles.item} data-pointer={line.pointer}>
          <Line
            line={line}
            isFolded={folded.has(line.pointer)}
            onToggle={() => toggle(line.pointer)}
          />
          {line.problems.map((problem) => (
            <p
              key={problem.pointer + problem.code}
              className={styles.problem}
              data-problem={problem.code}
              style={{ marginLeft: 18 + line.depth * 14 }}
            >
              <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
                <path d="M1 1L9 9M1 9L9 1" />
              </svg>
              <span>
                <code>{problem.pointer || text.inspector.wholePayload}</code> {problem.problem}{' '}
                <code>{problem.code}</code>
              </span>
            </p>
          ))}
        </li>
      ))}
    </ul>
  )
}

function Line(props: { line: PayloadLine; isFolded: boolean; onToggle: () => void }) {
  const { line, isFolded, onToggle } = props
  const name = line.name || text.inspector.sections.payload
  return (
    <div
      className={styles.line}
      data-wrong={line.problems.length > 0}
      style={{ paddingLeft: line.depth * 14 }}
    >
      {line.size > 0 ? (
        <button
          type="button"
          className={styles.fold}
          aria-expanded={!isFolded}
          aria-label={isFolded ? text.inspector.unfold(name) : text.inspector.fold(name)}
          onClick={onToggle}
        >
          <svg width="8" height="8" viewBox="0 0 8 8" data-folded={isFolded} aria-hidden="true">
            <path d="M0 2H8L4 7Z" />
          </svg>
        </button>
      ) : (
        <span className={styles.fold} />
      )}
      {line.name && <span className={styles.name}>{line.name}</span>}
      <span className={styles.value} data-kind={line.kind}>
        {valueText(line, isFolded)}
      </span>
    </div>
  )
}

function valueText(line: PayloadLine, isFolded: boolean): string {
  if (line.kind === 'object') return line.size === 0 ? '{}' : isFolded ? `{ ${line.size} }` : '{'
  if (line.kind === 'array') return line.size === 0 ? '[]' : isFolded ? `[ ${line.size} ]` : '['
  return line.value
}
