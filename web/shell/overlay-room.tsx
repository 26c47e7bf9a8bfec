import { Diagram } from '../diagram/diagram.tsx'
import { OverlayTree } from '../diagram/overlay-tree.tsx'
import { FrameList } from '../frames/frame-list.tsx'
import { useLive } from '../live/use-live.ts'
import { text } from '../text/text.ts'
import { WeavePanel } from '../weave/weave-panel.tsx'
import { NoStations } from './no-stations.tsx'
import styles from './overlay-room.module.css'
import { NARROW, useMedia } from './use-media.ts'

/** The room with the diagram above and the frames below. */
export function OverlayRoom() {
  const overview = useLive((state) => state.overview)
  const isNarrow = useMedia(NARROW)
  const hasStations = overview?.nodes.some((node) => node.role === 'charging-station')
  return (
    <div className={styles.room}>
      {overview ? (
        <>
          <div className={styles.drawings} data-drawings={hasStations ? 2 : 1}>
            {isNarrow ? <OverlayTree overview={overview} /> : <Diagram overview={overview} />}
            {hasStations && <WeavePanel overview={overview} />}
          </div>
          {!hasStations && <NoStations overview={overview} />}
        </>
      ) : (
        <p className={styles.waiting}>{text.diagram.waiting}</p>
      )}
      <FrameList />
    </div>
  )
}
