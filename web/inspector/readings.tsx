import { Fragment } from 'react'
import type { TransactionDetail } from '../../src/http/live-api.ts'
import { DayMoment, Figure } from '../shell/moment.tsx'
import { formatMeasured } from '../text/format.ts'
import { text } from '../text/text.ts'
import styles from './readings.module.css'

const words = text.transactions.readingColumns

/** Meter readings as a table; what was read at one moment stands together. */
export function Readings({ readings }: { readings: TransactionDetail['readings'] }) {
  const moments = [...Map.groupBy(readings, ({ timestamp }) => timestamp)]
  return (
    <div className={styles.scroller}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{words.time}</th>
            <th scope="col">{words.measurand}</th>
            <th scope="col">{words.value}</th>
          </tr>
        </thead>
        {moments.map(([timestamp, values]) => (
          <tbody key={timestamp}>
            {values.map((reading, index) => (
              <tr
                key={`${reading.measurand} ${reading.phase} ${reading.context}`}
                data-reading={reading.measurand}
              >
                {index === 0 && (
                  <th scope="rowgroup" rowSpan={values.length}>
                    <DayMoment iso={timestamp} />
                  </th>
                )}
                <td className={styles.measurand}>
                  <Measurand name={reading.measurand} /> {reading.phase}
                </td>
                <td>
                  <Figure quantity={formatMeasured(reading.value, reading.unit)} />
                </td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  )
}

/** A narrow column breaks the name after a dot, not within a word. */
function Measurand({ name }: { name: string }) {
  return name.split('.').map((part, index) => (
    <Fragment key={part}>
      {index > 0 && (
        <>
          .<wbr />
        </>
      )}
      {part}
    </Fragment>
  ))
}
