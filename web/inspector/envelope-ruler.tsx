import type { FrameDetail } from '../../src/http/live-api.ts'
import styles from './envelope-ruler.module.css'
import type { ByteRange } from './raw-frame.tsx'

/** The envelope as labelled boxes in wire order; pointing at one marks its bytes. */
export function EnvelopeRuler(props: {
  detail: FrameDetail
  onMark: (range: ByteRange | undefined) => void
}) {
  const { detail, onMark } = props
  return (
    <ul className={styles.ruler} onPointerLeave={() => onMark(undefined)}>
      {detail.envelope.map(({ name, value, start, end }) => (
        <li key={`${name} ${start}`} style={{ flexGrow: Math.log2(end - start + 2) }}>
          <button
            type="button"
            className={styles.field}
            data-field={name}
            onPointerEnter={() => onMark({ start, end })}
            onFocus={() => onMark({ start, end })}
            onBlur={() => onMark(undefined)}
          >
            <span className={styles.name}>{name}</span>
            <span className={styles.value}>{value}</span>
            <span className={styles.place}>
              {start}–{end}
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}
