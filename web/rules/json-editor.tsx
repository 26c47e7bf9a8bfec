import { useRef } from 'react'
import styles from './json-editor.module.css'

/** A text with numbered lines; one of them can be marked as what is wrong. */
export function JsonEditor(props: {
  label: string
  value: string
  onChange: ((value: string) => void) | undefined
  wrongLine: number | undefined
  /** Id of what says why. */
  describedBy?: string | undefined
}) {
  const { label, value, onChange, wrongLine, describedBy } = props
  const numbers = useRef<HTMLOListElement>(null)
  const lines = value.split('\n').length
  return (
    <div className={styles.editor}>
      <ol className={styles.numbers} ref={numbers} aria-hidden="true">
        {Array.from({ length: lines }, (_, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the number is the line
          <li key={i} data-wrong={i + 1 === wrongLine}>
            {i + 1}
          </li>
        ))}
      </ol>
      <textarea
        className={styles.text}
        aria-label={label}
        aria-invalid={wrongLine !== undefined}
        aria-describedby={describedBy}
        value={value}
        readOnly={onChange === undefined}
        onChange={({ target }) => onChange?.(target.value)}
        onScroll={({ currentTarget }) =>
          numbers.current?.scrollTo({ top: currentTarget.scrollTop })
        }
        spellCheck={false}
        autoComplete="off"
        wrap="off"
        rows={Math.min(Math.max(lines + 1, 8), 28)}
      />
    </div>
  )
}
