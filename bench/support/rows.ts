/** One line of output; see docs/performance.md for what the fields mean. */
export interface Row {
  readonly bench: string
  readonly case: string
  readonly unit: string
  readonly value: number
  readonly cpuSeconds: number
  readonly baseline: { name: string; value: number; cpuSeconds: number } | null
  /** Ours ÷ baseline for rates, baseline ÷ ours for costs: larger is better. */
  readonly ratio: number | null
  readonly target: number | null
  readonly met: boolean | null
  readonly [extra: string]: unknown
}

export interface BenchOptions {
  /** Seconds long instead of tens of seconds; its figures mean nothing. */
  readonly isSmoke: boolean
  readonly isFull: boolean
}

/** A benchmark yields its rows as it gets them. */
export type Bench = (options: BenchOptions) => AsyncIterable<Row>

export interface Measured {
  /** Units done. */
  readonly count: number
  readonly cpuSeconds: number
}

/** A row that compares two rates, each in units per CPU second, by the median of the rounds. */
export function rateRow(
  names: { bench: string; case: string; unit: string; baseline: string; target: number },
  ours: readonly Measured[],
  theirs: readonly Measured[],
): Row {
  const a = median(ours.map(rate))
  const b = median(theirs.map(rate))
  const ratio = a / b
  return {
    bench: names.bench,
    case: names.case,
    unit: names.unit,
    value: Math.round(a),
    cpuSeconds: round(sum(ours.map(({ cpuSeconds }) => cpuSeconds))),
    baseline: {
      name: names.baseline,
      value: Math.round(b),
      cpuSeconds: round(sum(theirs.map(({ cpuSeconds }) => cpuSeconds))),
    },
    ratio: round(ratio),
    target: names.target,
    met: ratio >= names.target,
  }
}

export function rate({ count, cpuSeconds }: Measured): number {
  return count / cpuSeconds
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
}
