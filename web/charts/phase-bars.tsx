import { formatMeasured, join } from '../text/format.ts'
import { text } from '../text/text.ts'
import styles from './charts.module.css'
import type { Phase } from './charts.ts'

const words = text.charts
const HEIGHT = 96
const WIDTH = 400
const BAR = 56

/** The phases side by side, each against its limit; never a stack. */
export function PhaseBars({ phases }: { phases: readonly Phase[] }) {
  const top = Math.max(1, ...phases.flatMap(({ amperes, limit = 0 }) => [amperes, limit])) * 1.15
  const y = (amperes: number) => HEIGHT - (Math.max(0, amperes) / top) * (HEIGHT - 16)
  const said = phases.map(({ name, amperes }) => `${name} ${amperesOf(amperes)}`).join(', ')
  const [{ limit } = { limit: undefined }] = phases
  return (
    <figure className={styles.chart} data-chart="phases">
      <figcaption className={styles.caption}>
        {words.phases}
        {limit !== undefined && (
          <span className={styles.readout}>{words.limit(amperesOf(limit))}</span>
        )}
      </figcaption>
      <svg
        className={styles.bars}
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 18}`}
        role="img"
        aria-label={said}
      >
        <path className={styles.base} d={`M0 ${HEIGHT + 0.5}H${WIDTH}`} />
        {phases.map(({ name, amperes, limit }, index) => {
          const x = (WIDTH / phases.length) * (index + 0.5)
          return (
            <g key={name}>
              <rect
                data-phase={name}
                x={x - BAR / 2}
                y={y(amperes)}
                width={BAR}
                height={HEIGHT - y(amperes)}
              />
              {limit !== undefined && (
                <path className={styles.limit} d={`M${x - BAR / 2 - 8} ${y(limit)}h${BAR + 16}`} />
              )}
              <text x={x} y={HEIGHT + 14} textAnchor="middle">
                {name} {amperesOf(amperes)}
              </text>
            </g>
          )
        })}
      </svg>
    </figure>
  )
}

function amperesOf(value: number): string {
  return join(formatMeasured(value, 'A'))
}
