import type { VerdictView } from '../../src/http/live-api.ts'
import styles from './verdict-mark.module.css'

export type VerdictLevel = VerdictView['level'] | 'not-checked'

/** ● end to end · ◐ attested by a node · ○ unsigned · ◌ not checked · ✕ refused. The text stands beside it. */
export function VerdictMark({ level }: { level: VerdictLevel }) {
  return (
    <svg
      className={styles.mark}
      data-level={level}
      width="12"
      height="12"
      viewBox="0 0 12 12"
      aria-hidden="true"
    >
      {level === 'refused' ? (
        <path d="M1.5 1.5L10.5 10.5M1.5 10.5L10.5 1.5" />
      ) : (
        <circle cx="6" cy="6" r="4.5" />
      )}
      {level === 'attested' && <path className={styles.half} d="M6 1.5A4.5 4.5 0 0 0 6 10.5Z" />}
    </svg>
  )
}
