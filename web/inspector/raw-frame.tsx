import { useMemo } from 'react'
import type { FrameDetail } from '../../src/http/live-api.ts'
import { hexRows, markText } from './raw-bytes.ts'
import styles from './raw-frame.module.css'

/** Bytes of a frame; `end` is the first one behind. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** The frame exactly as it was on the wire: text, or hex of a binary one. */
export function RawFrame({ detail, range }: { detail: FrameDetail; range: ByteRange | undefined }) {
  return detail.encoding === 'binary' ? (
    <Hex raw={detail.raw} range={range} />
  ) : (
    <Text raw={detail.raw} range={range} />
  )
}

function Text({ raw, range }: { raw: string; range: ByteRange | undefined }) {
  const { before, marked, after } = markText(raw, range?.start ?? 0, range?.end ?? 0)
  return (
    <pre className={styles.raw} data-raw="text">
      {before}
      {marked && <mark>{marked}</mark>}
      {after}
    </pre>
  )
}

function Hex({ raw, range }: { raw: string; range: ByteRange | undefined }) {
  const rows = useMemo(() => hexRows(raw), [raw])
  const isMarked = (place: number) => range && place >= range.start && place < range.end
  return (
    <pre className={styles.raw} data-raw="hex">
      {rows.map((row) => (
        <span key={row.offset} className={styles.row}>
          <span className={styles.offset}>{row.offset}</span>
          <span className={styles.bytes}>
            {row.bytes.map(({ place, hex }) =>
              isMarked(place) ? <mark key={place}>{hex} </mark> : `${hex} `,
            )}
          </span>
          <span className={styles.offset}>{row.ascii}</span>
        </span>
      ))}
    </pre>
  )
}
