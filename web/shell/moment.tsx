import {
  formatDate,
  formatDay,
  formatSeconds,
  formatTime,
  formatUtc,
  type Quantity,
} from '../text/format.ts'
import styles from './moment.module.css'

/** A time of day with milliseconds; UTC on hover. */
export function Moment({ iso, short = false }: { iso: string; short?: boolean }) {
  return (
    <time dateTime={iso} title={formatUtc(iso)}>
      {short ? formatSeconds(iso) : formatTime(iso)}
    </time>
  )
}

/** A day and a time of day; UTC on hover. */
export function DayMoment({ iso }: { iso: string }) {
  return (
    <time className={styles.figure} dateTime={iso} title={formatUtc(iso)}>
      {formatDay(iso)}
    </time>
  )
}

/** A moment that may be years away; UTC on hover. */
export function DateMoment({ iso }: { iso: string }) {
  return (
    <time className={styles.figure} dateTime={iso} title={formatUtc(iso)}>
      {formatDate(iso)}
    </time>
  )
}

/** A number with its unit in lighter ink after a thin space. */
export function Figure({ quantity }: { quantity: Quantity }) {
  return (
    <span className={styles.figure}>
      {quantity.figure}
      {'\u202f'}
      <span className={styles.unit}>{quantity.unit}</span>
    </span>
  )
}
