import { lazy, Suspense, useMemo } from 'react'
import type { TransactionDetail } from '../../src/http/live-api.ts'
import buttons from '../shell/button.module.css'
import { text } from '../text/text.ts'
import styles from './charts.module.css'
import { chartsOf, csvOf, phasesOf } from './charts.ts'
import { PhaseBars } from './phase-bars.tsx'

const words = text.charts
/** The library for it is fetched when somebody looks. */
const LineChart = lazy(() => import('./line-chart.tsx'))

/** Power, energy, state of charge and phases of a transaction; the table stands below them. */
export function TransactionCharts({ detail }: { detail: TransactionDetail }) {
  const charts = useMemo(() => chartsOf(detail), [detail])
  const phases = useMemo(() => phasesOf(detail.readings), [detail])
  return (
    <>
      <Suspense fallback={<p className={styles.waiting}>{words.waiting}</p>}>
        {charts.map((chart) => (
          <LineChart key={chart.name} chart={chart} isSimulated={detail.simulated} />
        ))}
      </Suspense>
      {phases.length > 0 && <PhaseBars phases={phases} />}
      {charts.length === 0 && phases.length === 0 && <p>{words.none}</p>}
      <p>
        <button type="button" className={buttons.button} onClick={() => download(detail)}>
          {words.csv}
        </button>
      </p>
    </>
  )
}

function download({ station, number, readings }: TransactionDetail): void {
  const url = URL.createObjectURL(new Blob([csvOf(readings)], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${station}-${number}.csv`
  link.click()
  URL.revokeObjectURL(url)
}
