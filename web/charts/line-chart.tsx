import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { useColours } from '../shell/use-colours.ts'
import { formatSeconds } from '../text/format.ts'
import { text } from '../text/text.ts'
import styles from './charts.module.css'
import type { Chart } from './charts.ts'

const words = text.charts
const HEIGHT = 132
const COLOURS = ['ink', 'ink-3', 'line', 'alarm'] as const
const FONT = '11px B612, system-ui, sans-serif'
/** All charts of a page share one crosshair. */
const CROSSHAIR = { key: 'charts', setSeries: false } as const

type Colours = Readonly<Record<(typeof COLOURS)[number], string>>

/** A quantity over time. What is missing is a gap; a limit is a step line with its words. */
export default function LineChart({ chart, isSimulated }: { chart: Chart; isSimulated: boolean }) {
  const box = useRef<HTMLDivElement>(null)
  const readout = useRef<HTMLSpanElement>(null)
  const plot = useRef<uPlot>(undefined)
  const newest = useRef(chart)
  newest.current = chart
  const colours = useColours(COLOURS)
  const shape = chart.lines.map(({ kind }) => kind).join()

  // biome-ignore lint/correctness/useExhaustiveDependencies: other lines are another drawing
  useEffect(() => {
    const { current: element } = box
    if (!element) return
    const read = (text: string) => {
      if (readout.current) readout.current.textContent = text
    }
    const options = optionsOf(newest.current, element.clientWidth, colours, read)
    const made = new uPlot(options, dataOf(newest.current), element)
    plot.current = made
    const resized = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: HEIGHT })
    })
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [colours, shape])
  useEffect(() => plot.current?.setData(dataOf(chart)), [chart])

  const last = chart.lines[0]?.values.findLast((value) => value !== null)
  return (
    <figure className={styles.chart} data-chart={chart.name}>
      <figcaption className={styles.caption}>
        {words.names[chart.name]}
        <span className={styles.unit}>{chart.unit}</span>
        <span ref={readout} className={styles.readout} />
      </figcaption>
      <div
        ref={box}
        className={styles.box}
        data-simulated={isSimulated}
        role="img"
        aria-label={words.summary(words.names[chart.name], figure(last ?? 0, chart.unit))}
      />
    </figure>
  )
}

function dataOf({ times, lines }: Chart): uPlot.AlignedData {
  return [[...times], ...inDrawingOrder(lines).map(({ values }) => [...values])]
}

/** What was measured comes last: where it is at its limit, it is what one sees. */
function inDrawingOrder(lines: Chart['lines']): Chart['lines'] {
  return lines.toReversed()
}

function figure(value: number, unit: string): string {
  return `${value.toFixed(unit === '%' ? 0 : 2)}\u202f${unit}`
}

function optionsOf(
  { unit, lines, max }: Chart,
  width: number,
  colours: Colours,
  read: (text: string) => void,
): uPlot.Options {
  const axis = { stroke: colours['ink-3'], font: FONT, grid: { stroke: colours.line, width: 1 }, ticks: { show: false } } // biome-ignore format: one line
  return {
    width,
    height: HEIGHT,
    padding: [14, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: CROSSHAIR, y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      // From 0, and never flat.
      y: { range: (_, _min, top) => [0, max ?? Math.max(top * 1.1, 0.1)] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        values: (_, times) => times.map((at) => clock(at).slice(0, isShort(times) ? 8 : 5)),
      },
      { ...axis, size: 44, values: (_, values) => values.map(String) },
    ],
    series: [
      {},
      ...inDrawingOrder(lines).map(({ kind }) =>
        kind === 'limit'
          ? { stroke: colours.alarm, width: 1, paths: stepPaths, points: { show: false } }
          : { stroke: colours.ink, width: 1.5, points: { show: false } },
      ),
    ],
    hooks: {
      draw: [(plot) => drawLimitWords(plot, lines, unit, colours)],
      setCursor: [
        (plot) => {
          const { idx } = plot.cursor
          const at = idx == null ? undefined : plot.data[0][idx]
          const value = idx == null ? undefined : plot.data[lines.length]?.[idx]
          read(at === undefined || value == null ? '' : `${clock(at)}  ${figure(value, unit)}`)
        },
      ],
    },
  }
}

const stepPaths = uPlot.paths.stepped?.({ align: 1 }) ?? (() => null)

/** Where marks are less than a minute apart they need seconds. */
function isShort([first = 0, second = first + 60]: readonly number[]): boolean {
  return second - first < 60
}

function clock(seconds: number): string {
  return formatSeconds(new Date(seconds * 1000).toISOString())
}

/** A limit without words would be one more line. */
function drawLimitWords(plot: uPlot, lines: Chart['lines'], unit: string, colours: Colours): void {
  const at = lines.findIndex(({ kind }) => kind === 'limit')
  const limit = lines[at]?.values.findLast((value) => value !== null)
  if (limit == null) return
  const { ctx, bbox } = plot
  ctx.save()
  ctx.fillStyle = colours.alarm
  ctx.font = `${11 * devicePixelRatio}px B612, system-ui, sans-serif`
  ctx.textAlign = 'right'
  const y = plot.valToPos(limit, 'y', true) - 4 * devicePixelRatio
  ctx.fillText(words.limit(figure(limit, unit)), bbox.left + bbox.width - 4, y)
  ctx.restore()
}
