import type { DecisionView, DifferenceView } from '../../src/http/live-api.ts'
import { formatCount } from '../text/format.ts'
import type { OfKind } from './kinds.ts'
import styles from './rule-editor.module.css'

/** Of messages that were obeyed lately those that would be decided differently. */
export function Differences(props: { of: OfKind; differences: readonly DifferenceView[] }) {
  const { of, differences } = props
  const { words } = of
  if (differences.length === 0) return <p data-differences="0">{words.noDifferences}</p>
  const { message, from, to, count, before, after } = words.differenceColumns
  return (
    <div data-differences={differences.length}>
      <h3 className={styles.title}>{words.differences}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keys */}
      <section className={styles.scroller} tabIndex={0} aria-label={words.differences}>
        <table className={styles.differences}>
          <thead>
            <tr>
              {[message, from, to, count, before, after].map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {differences.map((one) => (
              <tr key={JSON.stringify(one)} data-difference={one.action}>
                <th scope="row">
                  {one.kind} {one.action}
                </th>
                <td>{one.from}</td>
                <td>{one.to}</td>
                <td data-number="">{formatCount(one.count)}</td>
                <td>{decisionWords(of, one.before)}</td>
                <td>{decisionWords(of, one.after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  )
}

function decisionWords({ words }: OfKind, { outcome, reason }: DecisionView): string {
  const said = words.outcomes[outcome]
  return reason === undefined ? said : `${said}: ${reason}`
}
