import { lazy, Suspense, useMemo, useState } from 'react'
import type { TransactionDetail } from '../../src/http/live-api.ts'
import buttons from '../shell/button.module.css'
import { failureWords } from '../shell/failure-note.tsx'
import { formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import { allReadings } from './all-readings.ts'
import styles from './charts.module.css'
import { chartsOf, csvOf, phasesOf } from './charts.ts'
import { PhaseBars } from './phase-bars.tsx'

const words = text.charts
/** The library for it is fetched when somebody looks. */
const LineChart = lazy(() => import('./line-chart.tsx'))

/** Power, energy, state of charge and phases of a transaction; the table stands below them. */
export function TransactionCharts({ detail }: { detail: TransactionDetail }) {
  const { course, readings, readingCount, meterStartWh } = detail
  const charts = useMemo(
    () => chartsOf({ readings: course ?? readings, meterStartWh }),
    [course, readings, meterStartWh],
  )
  const phases = useMemo(() => phasesOf(readings), [readings])
  return (
    <>
      <Suspense fallback={<p className={styles.waiting}>{words.waiting}</p>}>
        {charts.map((chart) => (
          <LineChart key={chart.name} chart={chart} isSimulated={detail.simulated} />
        ))}
      </Suspense>
      {phases.length > 0 && <PhaseBars phases={phases} />}
      {charts.length === 0 && phases.length === 0 && <p>{words.none}</p>}
      {course && course.length < readingCount && (
        <p className={styles.waiting} data-thinned="">
          {words.thinned(formatCount(course.length), formatCount(readingCount))}
        </p>
      )}
      <SaveReadings detail={detail} />
    </>
  )
}

/** All readings, however many there are; what is shown may be a part of them. */
function SaveReadings({ detail: { station, number } }: { detail: TransactionDetail }) {
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    const all = await allReadings(number)
    setBusy(false)
    setProblem('problem' in all ? failureWords(all.problem.status) : undefined)
    if ('data' in all) download(`${station}-${number}.csv`, csvOf(all.data))
  }
  return (
    <>
      <p>
        <button type="button" className={buttons.button} disabled={isBusy} onClick={save}>
          {words.csv}
        </button>
      </p>
      {problem && <p role="alert">{words.notSaved(problem)}</p>}
    </>
  )
}

function download(name: string, csv: string): void {
  const url = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
