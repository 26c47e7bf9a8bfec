import type { OverviewView } from '../../src/http/live-api.ts'
import { text } from '../text/text.ts'
import { CopyButton } from './copy-button.tsx'
import styles from './overlay-room.module.css'

/** What will be here, and how to get it. */
export function NoStations({ overview }: { overview: OverviewView }) {
  const [first] = overview.stationUrls
  if (first === undefined) return <p className={styles.empty}>{text.diagram.nothingListens}</p>
  const address = `${first.replace(/\/?$/, '/')}${text.diagram.stationId}`
  return (
    <p className={styles.empty} data-empty="stations">
      {text.diagram.empty}
      <code className={styles.address}>{address}</code>
      <CopyButton label={text.diagram.copyUrl} value={address} />
    </p>
  )
}
