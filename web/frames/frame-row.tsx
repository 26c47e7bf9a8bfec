// biome-ignore-all lint/a11y/useSemanticElements: the virtual list places the rows of this grid
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid holds focus and keys for its rows
// biome-ignore-all lint/a11y/useKeyWithClickEvents: the grid holds focus and keys for its rows
import { memo } from 'react'
import type { FrameView } from '../../src/http/live-api.ts'
import { MarkIcon } from '../diagram/mark-icon.tsx'
import { VerdictMark } from '../inspector/verdict-mark.tsx'
import { Figure, Moment } from '../shell/moment.tsx'
import { formatBytes } from '../text/format.ts'
import { text } from '../text/text.ts'
import { isRefused } from './filter.ts'
import styles from './frame-list.module.css'

export const COLUMNS = [
  'time',
  'direction',
  'link',
  'kind',
  'action',
  'destination',
  'path',
  'bytes',
  'reaction',
] as const

interface FrameRowProps {
  readonly frame: FrameView
  readonly index: number
  readonly top: number
  readonly isOpen: boolean
  readonly onOpen: () => void
}

/** One frame of the list. */
export const FrameRow = memo(
  function FrameRow({ frame, index, top, isOpen, onOpen }: FrameRowProps) {
    return (
      <div
        className={styles.row}
        id={`frame-${frame.sequence}`}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={isOpen}
        data-sequence={frame.sequence}
        data-refused={isRefused(frame)}
        style={{ transform: `translateY(${top}px)` }}
        onClick={onOpen}
      >
        {COLUMNS.map((column) => (
          <span key={column} role="gridcell" data-column={column}>
            <Cell frame={frame} column={column} />
          </span>
        ))}
      </div>
    )
  },
  (a, b) => a.frame === b.frame && a.top === b.top && a.isOpen === b.isOpen && a.index === b.index,
)

function Cell({ frame, column }: { frame: FrameView; column: (typeof COLUMNS)[number] }) {
  switch (column) {
    case 'time':
      return <Moment iso={frame.time} />
    case 'direction':
      return text.frames[frame.direction]
    case 'link':
      return frame.link
    case 'kind':
      return (
        <>
          <MarkIcon frame={frame} />
          {frame.kind}
        </>
      )
    case 'action':
      return frame.action || (frame.kind === 'undecodable' ? text.frames.unreadable : text.none)
    case 'destination':
      return frame.destination || text.none
    case 'path':
      return frame.networkPath.join(' › ') || text.none
    case 'bytes':
      return <Figure quantity={formatBytes(frame.bytes)} />
    case 'reaction':
      return <Reaction frame={frame} />
  }
}

function Reaction({ frame }: { frame: FrameView }) {
  if (isRefused(frame)) {
    return (
      <span className={styles.refused} title={frame.errorText}>
        <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
          <path d="M1 1L9 9M1 9L9 1" />
        </svg>
        <span>{text.frames.reactions[frame.reaction]}</span> <code>{frame.errorCode}</code>
      </span>
    )
  }
  const { verdict } = frame
  const done =
    frame.forwardedTo === undefined
      ? text.frames.reactions[frame.reaction]
      : text.frames.forwardedTo(frame.forwardedTo)
  if (!verdict) return done
  return (
    <span className={styles.judged} title={text.inspector.signatures.levels[verdict.level]}>
      <VerdictMark level={verdict.level} />
      {text.frames.levels[verdict.level]} · {done}
    </span>
  )
}
