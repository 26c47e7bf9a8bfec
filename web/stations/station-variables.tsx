import { useState } from 'react'
import type { StationDetail } from '../../src/http/live-api.ts'
import forms from '../shell/form.module.css'
import { DayMoment } from '../shell/moment.tsx'
import { text } from '../text/text.ts'
import styles from './station-page.module.css'

const words = text.stations
/** More than anybody reads; who looks for one narrows the table. */
const MAX_SHOWN = 300

/** The device model as the station has reported it. */
export function StationVariables({ station }: { station: StationDetail }) {
  const [search, setSearch] = useState('')
  const { variables, protocol } = station
  if (variables.length === 0) {
    return (
      <p className={styles.note}>
        {protocol === 'ocpp1.6' ? words.noVariables16 : words.noVariables}
      </p>
    )
  }
  const sought = search.toLowerCase().split(/\s+/)
  const found = variables.filter(({ component, variable, value = '' }) => {
    const haystack = `${component} ${variable} ${value}`.toLowerCase()
    return sought.every((word) => haystack.includes(word))
  })
  return (
    <>
      <input
        className={`${forms.input} ${styles.search}`}
        type="search"
        aria-label={words.findVariable}
        placeholder={words.findVariable}
        value={search}
        onChange={({ target }) => setSearch(target.value)}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keys */}
      <section className={styles.scroller} tabIndex={0} aria-label={words.variableTable}>
        <table className={styles.table}>
          <thead>
            <tr>
              {words.variableColumns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.slice(0, MAX_SHOWN).map((row) => (
              <tr
                key={`${row.component} ${row.variable} ${row.attribute}`}
                data-variable={row.variable}
              >
                <td>{row.component}</td>
                <td>{row.variable}</td>
                <td>{row.attribute}</td>
                <td>{row.value === undefined ? text.none : <code>{row.value}</code>}</td>
                <td>{row.mutability ?? text.none}</td>
                <td className={styles.moment}>
                  <DayMoment iso={row.reportedAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {found.length === 0 && <p className={styles.note}>{words.noMatch}</p>}
      </section>
      {found.length > MAX_SHOWN && (
        <p className={styles.note}>{words.moreVariables(MAX_SHOWN, found.length)}</p>
      )}
    </>
  )
}
