/**
 * What a meter shows, measurand by measurand, for all versions.
 *
 * @spec OCPP 1.6 edition 2 section 7.31; OCPP 2.0.1 edition 3 Part 2, MeasurandEnumType
 */
import type { MEASURANDS } from './variables-table.ts'

export type Measurand = (typeof MEASURANDS)[number]
export type Phase = 'L1' | 'L2' | 'L3' | 'L1-N' | 'L2-N' | 'L3-N'
export type ReadingContext =
  | 'Other'
  | 'Sample.Clock'
  | 'Sample.Periodic'
  | 'Transaction.Begin'
  | 'Transaction.End'
  | 'Trigger'

export interface Sample {
  readonly measurand: Measurand
  readonly value: number
  readonly unit: 'Wh' | 'W' | 'A' | 'V' | 'Percent'
  readonly phase?: Phase
}

export interface ValueRecord {
  /** RFC 3339. */
  readonly at: string
  readonly context: ReadingContext
  readonly samples: readonly Sample[]
}

/** What there is to measure at an EVSE, in base units. */
export interface MeterState {
  readonly registerWh: number
  readonly powerW: number
  /** Per phase in use. */
  readonly currentA: number
  readonly phases: number
  readonly voltageV: number
  /** Per phase. */
  readonly offeredA: number
  readonly offeredPhases: number
  /** 0 to 1; undefined without a vehicle that says it. */
  readonly stateOfCharge: number | undefined
}

type Reader = (state: MeterState) => readonly Omit<Sample, 'measurand'>[]

const LINES = [1, 2, 3] as const

const READERS: Readonly<Record<Measurand, Reader>> = {
  'Energy.Active.Import.Register': ({ registerWh }) => [
    { value: round(registerWh, 1), unit: 'Wh' },
  ],
  'Power.Active.Import': ({ powerW }) => [{ value: round(powerW, 0), unit: 'W' }],
  'Power.Offered': ({ offeredA, offeredPhases, voltageV }) => [
    { value: round(offeredA * offeredPhases * voltageV, 0), unit: 'W' },
  ],
  'Current.Import': ({ currentA, phases }) =>
    LINES.map((line) => ({
      value: line <= phases ? round(currentA, 2) : 0,
      unit: 'A',
      phase: `L${line}`,
    })),
  'Current.Offered': ({ offeredA }) => [{ value: round(offeredA, 2), unit: 'A' }],
  Voltage: ({ voltageV }) =>
    LINES.map((line) => ({ value: round(voltageV, 1), unit: 'V', phase: `L${line}-N` })),
  SoC: ({ stateOfCharge }) =>
    stateOfCharge === undefined
      ? []
      : [{ value: Math.floor(stateOfCharge * 1000) / 10, unit: 'Percent' }],
}

/** @param names Measurands as configured, each for all phases or, as in `Voltage.L1`, for one. */
export function samplesOf(names: readonly string[], state: MeterState): Sample[] {
  return names.flatMap((name) => {
    const [, measurand = name, line] = /^(.+)\.(L[123])$/.exec(name) ?? []
    const samples = READERS[measurand as Measurand](state)
    return samples
      .filter(({ phase }) => line === undefined || phase?.startsWith(line))
      .map((sample) => ({ ...sample, measurand: measurand as Measurand }))
  })
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
