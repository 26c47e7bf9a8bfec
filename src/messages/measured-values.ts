/** Factors to the base unit of what is told: W, Wh, A, V. Units not listed stay as they are. */
const FACTORS = new Map([
  ['kW', { unit: 'W', factor: 1000 }],
  ['kWh', { unit: 'Wh', factor: 1000 }],
])

/** The unit of a value that is told without one; the standard says it of energy only. */
const USUAL_UNITS: readonly (readonly [prefix: string, unit: string])[] = [
  ['Power.Factor', ''],
  ['Power.', 'W'],
  ['Current.', 'A'],
  ['Voltage', 'V'],
  ['SoC', 'Percent'],
]

/** @spec OCPP 1.6 edition 2 section 7.43; OCPP 2.0.1 edition 3 Part 2, UnitOfMeasureType */
export function usualUnit(measurand = ''): string {
  return USUAL_UNITS.find(([prefix]) => measurand.startsWith(prefix))?.[1] ?? 'Wh'
}

/** What both generations call a decimal; JavaScript would also read hexadecimal and blanks. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** A measured value in base units; undefined when the text is no finite number. */
export function measured(value: string | number, unit: string, multiplier = 0) {
  const raw = typeof value === 'number' || DECIMAL.test(value) ? Number(value) : Number.NaN
  const { unit: base, factor } = FACTORS.get(unit) ?? { unit, factor: 1 }
  // Of the product: factor and multiplier can make a finite value infinite, and 0 no number.
  const inBase = raw * factor * 10 ** multiplier
  return Number.isFinite(inBase) ? { value: inBase, unit: base } : undefined
}
