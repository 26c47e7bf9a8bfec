import type { TransactionDetail } from '../../src/http/live-api.ts'

type Reading = TransactionDetail['readings'][number]

/** One line of a chart. */
export interface Line {
  readonly kind: 'measured' | 'limit'
  readonly values: readonly (number | null)[]
}

/** A chart over time, ready to be drawn. */
export interface Chart {
  readonly name: 'energy' | 'power' | 'soc'
  readonly unit: 'kWh' | 'kW' | '%'
  /** Seconds since 1970, rising. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  /** Upper end of the axis where it is known beforehand. */
  readonly max?: number
}

/** A phase at the newest moment. */
export interface Phase {
  readonly name: 'L1' | 'L2' | 'L3'
  readonly amperes: number
  readonly limit?: number
}

const FACTORS: Readonly<Record<string, number>> = { W: 1e-3, Wh: 1e-3, kW: 1, kWh: 1, A: 1, Percent: 1, '%': 1 } // biome-ignore format: one line
/** A pause longer than so many usual ones is missing data. */
const GAP = 3

/** The charts that the readings of a transaction make; those without two moments make none. */
export function chartsOf({
  readings,
  meterStartWh,
}: {
  readonly readings: readonly Reading[]
  readonly meterStartWh?: number | undefined
}): readonly Chart[] {
  const register = valuesOf(readings, 'Energy.Active.Import.Register')
  const start = meterStartWh === undefined ? register[0]?.[1] : meterStartWh / 1000
  const energy = register.map(([at, kWh]) => [at, kWh - (start ?? 0)] as const)
  const charts = [
    chart('power', 'kW', valuesOf(readings, 'Power.Active.Import'), valuesOf(readings, 'Power.Offered')), // biome-ignore format: one line
    chart('energy', 'kWh', energy),
    chart('soc', '%', valuesOf(readings, 'SoC')),
  ]
  return charts.filter(({ times }) => times.length > 1)
}

/** The current of each phase at the newest moment that has any; a phase without one is missing. */
export function phasesOf(readings: readonly Reading[]): readonly Phase[] {
  const currents = readings.filter(
    ({ measurand, phase }) => measurand === 'Current.Import' && /^L[123](-N)?$/.test(phase ?? ''),
  )
  const newest = latest(currents)?.timestamp
  const offered = latest(readings.filter(({ measurand }) => measurand === 'Current.Offered'))
  return (['L1', 'L2', 'L3'] as const).flatMap((name) => {
    const found = currents.find(
      ({ timestamp, phase }) => timestamp === newest && phase?.startsWith(name),
    )
    return found ? [{ name, amperes: found.value, ...(offered && { limit: offered.value }) }] : []
  })
}

/** The readings as comma-separated values, oldest first. */
export function csvOf(readings: readonly Reading[]): string {
  const head = ['timestamp', 'measurand', 'phase', 'context', 'value', 'unit']
  const rows = [...readings]
    .sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1))
    .map(({ timestamp, measurand, phase = '', context = '', value, unit }) =>
      [timestamp, measurand, phase, context, value, unit].map(cell).join(','),
    )
  return `${[head.join(','), ...rows].join('\r\n')}\r\n`
}

/** What a station wrote must not become a formula in whoever's spreadsheet. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function latest(readings: readonly Reading[]): Reading | undefined {
  return readings.reduce<Reading | undefined>(
    (best, one) => (best && best.timestamp >= one.timestamp ? best : one),
    undefined,
  )
}

/** What was measured of the whole, not of a phase, over time. */
function valuesOf(readings: readonly Reading[], measurand: string): [at: number, value: number][] {
  const found = new Map<number, number>()
  for (const reading of readings) {
    const factor = FACTORS[reading.unit]
    if (reading.measurand !== measurand || reading.phase !== undefined) continue
    const at = Date.parse(reading.timestamp) / 1000
    // A leap second has no place on the axis.
    if (factor !== undefined && !Number.isNaN(at)) found.set(at, reading.value * factor)
  }
  return [...found].sort((a, b) => a[0] - b[0])
}

function chart(
  name: Chart['name'],
  unit: Chart['unit'],
  measured: readonly (readonly [number, number])[],
  limits: readonly (readonly [number, number])[] = [],
): Chart {
  const values = new Map(measured)
  const gaps = gapsIn(measured.map(([at]) => at))
  const moments = [...values.keys(), ...limits.map(([at]) => at), ...gaps]
  const times = [...new Set(moments)].sort((a, b) => a - b)
  const isGap = new Set(gaps)
  const lines: Line[] = [
    { kind: 'measured', values: joined(times, values, isGap) },
    ...(limits.length > 0 ? [{ kind: 'limit' as const, values: stepped(times, limits) }] : []),
  ]
  return { name, unit, times, lines, ...(name === 'soc' && { max: 100 }) }
}

/** Only a gap is null; where another line has a value between two of this one, it goes on. */
function joined(
  times: readonly number[],
  values: ReadonlyMap<number, number>,
  isGap: ReadonlySet<number>,
): (number | null)[] {
  const known = [...values]
  return times.map((at) => {
    const own = values.get(at)
    if (own !== undefined) return own
    if (isGap.has(at)) return null
    const after = known.findIndex(([other]) => other > at)
    const [from, to] = [known[after - 1], known[after]]
    if (!from || !to || [...isGap].some((gap) => gap > from[0] && gap < to[0])) return null
    return from[1] + ((to[1] - from[1]) * (at - from[0])) / (to[0] - from[0])
  })
}

/** A limit holds until another one is told. */
function stepped(times: readonly number[], limits: readonly (readonly [number, number])[]) {
  return times.map((at) => limits.findLast(([since]) => since <= at)?.[1] ?? null)
}

/** Moments in the middle of pauses that are much longer than the usual one. */
function gapsIn(times: readonly number[]): readonly number[] {
  const pauses = times.slice(1).map((at, index) => at - (times[index] ?? at))
  const usual = [...pauses].sort((a, b) => a - b)[Math.floor(pauses.length / 2)] ?? 0
  return pauses.flatMap((pause, index) =>
    usual > 0 && pause > GAP * usual ? [(times[index] ?? 0) + pause / 2] : [],
  )
}
