import type { FrameView } from '../../src/http/live-api.ts'
import styles from './mark-icon.module.css'
import { MARK_PATHS, markShape } from './marks.ts'

/** The mark of a frame beside its kind; an answer points back. */
export function MarkIcon({ frame }: { frame: Pick<FrameView, 'kind' | 'encoding'> }) {
  const shape = markShape(frame)
  return (
    <svg
      className={styles.icon}
      data-shape={shape}
      width="12"
      height="12"
      viewBox="-1.5 -1.5 3 3"
      aria-hidden="true"
    >
      <path d={MARK_PATHS[shape]} vectorEffect="non-scaling-stroke" />
    </svg>
  )
}
