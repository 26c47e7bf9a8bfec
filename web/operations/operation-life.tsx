import type { OperationView } from '../../src/http/live-api.ts'
import { useNow } from '../live/use-live.ts'
import { formatMs, formatSpan, join } from '../text/format.ts'
import { lifeOf } from './life.ts'
import styles from './operation-life.module.css'

/** Sent, accepted, effect seen: the steps of an operation, with the time each has taken. */
export function OperationLife({ operation }: { operation: OperationView }) {
  const steps = lifeOf(operation, useNow())
  return (
    <ol className={styles.life} data-life={operation.state}>
      {steps.map(({ name, word, at, tone }, index) => {
        const before = steps[index - 1]?.at
        return (
          <li key={name} data-tone={tone}>
            {word}
            {at !== undefined && before !== undefined && at !== before && (
              <span className={styles.after}> +{spanOf(before, at)}</span>
            )}
          </li>
        )
      })}
    </ol>
  )
}

function spanOf(from: string, to: string): string {
  const ms = Math.max(0, Date.parse(to) - Date.parse(from))
  return ms < 1000 ? join(formatMs(Math.round(ms))) : formatSpan(ms)
}
