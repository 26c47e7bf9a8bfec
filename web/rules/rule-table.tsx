import { useId } from 'react'
import { text } from '../text/text.ts'
import styles from './rule-table.module.css'

/** A rule in words: its name, and phrases for each further column. */
export interface ToldRule {
  readonly name: string | undefined
  readonly cells: readonly (readonly string[])[]
}

/** Rules of one list, one row each. */
export function RuleTable(props: {
  title: string
  note?: string
  labels: Readonly<Record<string, string>>
  rows: readonly ToldRule[]
}) {
  const { title, note, labels, rows } = props
  const id = useId()
  const names = Object.values(labels)
  return (
    <section className={styles.part} aria-labelledby={id}>
      <h3 className={styles.title} id={id}>
        {title}
        {note && <span className={styles.note}>{note}</span>}
      </h3>
      {rows.length === 0 && <p className={styles.note}>{text.rules.noRules}</p>}
      {rows.length > 0 && (
        <table className={styles.table}>
          <thead>
            <tr>
              {names.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, cells }, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a rule is known by its place
              <tr key={i}>
                <th scope="row">{name ?? text.rules.unnamed(i + 1)}</th>
                {cells.map((phrases, column) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns do not move
                  <td key={column}>
                    <ul>
                      {phrases.map((phrase) => (
                        <li key={phrase}>{phrase}</li>
                      ))}
                    </ul>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
