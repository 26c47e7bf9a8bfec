// biome-ignore-all lint/a11y/useSemanticElements: the virtual list places the rows of this grid
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid holds focus and keys for its rows
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { useLive } from '../live/use-live.ts'
import { NO_FILTER } from '../navigation/address.ts'
import { useAddress } from '../navigation/use-address.ts'
import { NARROW, useMedia } from '../shell/use-media.ts'
import { formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import { filterFrames } from './filter.ts'
import { FilterBar } from './filter-bar.tsx'
import styles from './frame-list.module.css'
import { COLUMNS, FrameRow } from './frame-row.tsx'
import { useHeldFrames } from './use-held-frames.ts'

const ROW = 28
const NARROW_ROW = 52

/** The frames as a list, newest first; it stands still while paused or scrolled. */
export function FrameList() {
  const { filter, narrow, selection, select } = useAddress()
  const [isPaused, setPaused] = useState(false)
  const [isScrolled, setScrolled] = useState(false)
  const { frames, newer } = useHeldFrames(isPaused || isScrolled)
  const shown = useMemo(() => filterFrames(frames, filter), [frames, filter])
  const isNarrow = useMedia(NARROW)
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isNarrow ? NARROW_ROW : ROW),
    getItemKey: (index) => shown[index]?.sequence ?? index,
    overscan: 6,
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the row height depends on the width
  useEffect(() => {
    rows.measure()
  }, [isNarrow, rows])
  const open = selection?.type === 'frame' ? selection.sequence : undefined

  const items = rows.getVirtualItems()
  const isOpenDrawn = items.some((item) => item.key === open)

  function onKeyDown(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key]
    if (by === undefined) return
    event.preventDefault()
    const at = shown.findIndex((frame) => frame.sequence === open)
    const index = at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by))
    const next = shown[index]
    if (!next) return
    select({ type: 'frame', sequence: next.sequence })
    rows.scrollToIndex(index)
  }

  return (
    <section className={styles.panel} aria-labelledby="frames-title">
      <FilterBar
        frames={frames}
        shown={shown.length}
        isPaused={isPaused}
        onPause={() => setPaused(!isPaused)}
      />
      <div className={styles.list}>
        {newer > 0 && !isPaused && (
          <button
            type="button"
            className={styles.newer}
            onClick={() => scroller.current?.scrollTo({ top: 0 })}
          >
            {text.frames.newer(formatCount(newer))}
          </button>
        )}
        <div
          ref={scroller}
          className={styles.scroller}
          role="grid"
          aria-labelledby="frames-title"
          aria-rowcount={shown.length + 1}
          aria-activedescendant={isOpenDrawn ? `frame-${open}` : undefined}
          tabIndex={0}
          onKeyDown={onKeyDown}
          onScroll={(event) => setScrolled(event.currentTarget.scrollTop > 4)}
        >
          <Header />
          <div className={styles.rows} role="rowgroup" style={{ height: rows.getTotalSize() }}>
            {items.map((item) => {
              const frame = shown[item.index]
              return (
                frame && (
                  <FrameRow
                    key={item.key}
                    frame={frame}
                    index={item.index}
                    top={item.start}
                    isOpen={open === frame.sequence}
                    onOpen={() => select({ type: 'frame', sequence: frame.sequence })}
                  />
                )
              )
            })}
          </div>
        </div>
        {shown.length === 0 && (
          <Empty hasFrames={frames.length > 0} onClear={() => narrow(NO_FILTER)} />
        )}
      </div>
    </section>
  )
}

function Header() {
  return (
    <div className={styles.header} role="rowgroup">
      <div className={styles.row} role="row" aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <span key={column} role="columnheader" data-column={column}>
            {text.frames.columns[column]}
          </span>
        ))}
      </div>
    </div>
  )
}

function Empty({ hasFrames, onClear }: { hasFrames: boolean; onClear: () => void }) {
  const status = useLive((state) => state.status)
  if (!hasFrames) {
    return (
      <p className={styles.empty}>
        {status === 'connecting' ? text.status.connecting : text.frames.empty}
      </p>
    )
  }
  return (
    <p className={styles.empty}>
      {text.frames.noMatch}{' '}
      <button type="button" className={styles.clear} onClick={onClear}>
        {text.frames.clear}
      </button>
    </p>
  )
}
