import type { OverviewView } from '../../src/http/live-api.ts'
import { formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import { CopyButton } from './copy-button.tsx'
import styles from './overlay-room.module.css'
import { StartSimulated } from './start-simulated.tsx'

/** What will be here, and how to get it. */
export function NoStations({ overview }: { overview: OverviewView }) {
  const [first] = overview.stationUrls
  const words = text.diagram
  const { storedStations = 0 } = overview
  if (storedStations > 0) {
    return (
      <div className={styles.empty} data-empty="away">
        <p>{words.away(formatCount(storedStations))}</p>
      </div>
    )
  }
  if (first === undefined) {
    return (
      <div className={styles.empty} data-empty="stations">
        <p>{words.nothingListens}</p>
        <pre className={styles.lines}>{text.simulation.lines('9000')}</pre>
      </div>
    )
  }
  const address = `${first.replace(/\/?$/, '/')}${words.stationId}`
  return (
    <div className={styles.empty} data-empty="stations">
      <p>{words.empty}</p>
      <code className={styles.address}>{address}</code>
      <CopyButton label={words.copyUrl} value={address} />
      {overview.simulation ? (
        <>
          <p>{text.simulation.or}</p>
          <StartSimulated />
        </>
      ) : (
        <details className={styles.how}>
          <summary>{text.simulation.how}</summary>
          <p>{text.simulation.explain}</p>
          <pre className={styles.lines}>{text.simulation.lines(new URL(first).port)}</pre>
        </details>
      )}
    </div>
  )
}
