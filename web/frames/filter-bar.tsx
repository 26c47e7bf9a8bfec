import type { FrameView } from '../../src/http/live-api.ts'
import { useLive } from '../live/use-live.ts'
import { KINDS, NO_FILTER } from '../navigation/address.ts'
import { useAddress } from '../navigation/use-address.ts'
import buttons from '../shell/button.module.css'
import { formatCount } from '../text/format.ts'
import { text } from '../text/text.ts'
import { neighboursOf } from './filter.ts'
import styles from './filter-bar.module.css'

interface FilterBarProps {
  readonly frames: readonly FrameView[]
  readonly shown: number
  readonly isPaused: boolean
  readonly onPause: () => void
}

/** Heading of the frame list: what it is narrowed to, how much that is, and the pause. */
export function FilterBar(props: FilterBarProps) {
  const { frames, shown, isPaused, onPause } = props
  const { filter, narrow } = useAddress()
  const skipped = useLive((state) => state.skipped)
  const neighbours = neighboursOf(frames)
  const links =
    filter.link && !neighbours.includes(filter.link) ? [...neighbours, filter.link] : neighbours
  const isNarrowed = shown !== frames.length
  return (
    <div className={styles.bar}>
      <h2 className={styles.title} id="frames-title">
        {text.frames.title}
      </h2>
      <input
        className={styles.field}
        type="search"
        aria-label={text.frames.search}
        placeholder={text.frames.searchHint}
        value={filter.text}
        onChange={(event) => narrow({ ...filter, text: event.target.value })}
      />
      <select
        className={styles.field}
        aria-label={text.frames.kind}
        value={filter.kind}
        onChange={(event) => {
          const kind = KINDS.find((known) => known === event.target.value) ?? ''
          narrow({ ...filter, kind })
        }}
      >
        <option value="">{text.frames.everyKind}</option>
        {KINDS.map((kind) => (
          <option key={kind}>{kind}</option>
        ))}
      </select>
      <select
        className={styles.field}
        aria-label={text.frames.link}
        value={filter.link}
        onChange={(event) => narrow({ ...filter, link: event.target.value })}
      >
        <option value="">{text.frames.everyLink}</option>
        {links.map((id) => (
          <option key={id}>{id}</option>
        ))}
      </select>
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={filter.refused}
          onChange={(event) => narrow({ ...filter, refused: event.target.checked })}
        />
        {text.frames.onlyRefused}
      </label>
      {isNarrowed && (
        <button type="button" className={buttons.plain} onClick={() => narrow(NO_FILTER)}>
          {text.frames.clear}
        </button>
      )}
      <p className={styles.count}>
        {skipped > 0 && <span>{text.frames.skipped(formatCount(skipped))}</span>}
        <span>
          {isNarrowed
            ? text.frames.shown(formatCount(shown), formatCount(frames.length))
            : formatCount(frames.length)}
        </span>
      </p>
      <button type="button" className={buttons.button} aria-pressed={isPaused} onClick={onPause}>
        {isPaused ? text.frames.resume : text.frames.pause}
      </button>
    </div>
  )
}
