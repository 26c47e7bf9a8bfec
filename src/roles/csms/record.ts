import type { Context } from '../../node/handlers.ts'
import type { CsmsState } from './csms.ts'

/** Stores the message as it came, and in the same transaction what follows from it. */
export function record<T>(state: CsmsState, context: Context, effect: () => T): Promise<T> {
  const { source, protocol, action, payloadBytes } = context
  return state.store.write(() => {
    const receivedAt = timeOf(context)
    state.store.addMessage({ station: source, protocol, action, receivedAt, payload: payloadBytes })
    return effect()
  })
}

export function timeOf(context: Context): string {
  return new Date(context.receivedAt).toISOString()
}

/** Factors to the base unit of what is stored: W, Wh, A, V. Units not listed stay as they are. */
const FACTORS = new Map([
  ['kW', { unit: 'W', factor: 1000 }],
  ['kWh', { unit: 'Wh', factor: 1000 }],
])

/** A measured value in base units; undefined when the text is no number. */
export function measured(value: string | number, unit: string, multiplier = 0) {
  const raw = Number(value)
  if (value === '' || !Number.isFinite(raw)) return undefined
  const { unit: base, factor } = FACTORS.get(unit) ?? { unit, factor: 1 }
  return { value: raw * factor * 10 ** multiplier, unit: base }
}

/** What a sample says about itself, in either generation. */
interface Sample {
  readonly measurand?: string
  readonly phase?: string
  readonly context?: string
}

/** Which meter of which transaction was read, and when. */
export interface Reading {
  readonly evseId: number
  readonly transactionId: string | undefined
  readonly timestamp: string
}

/** Stores one measured value; a text that is no number stays in the message as received. */
export function keepSample(
  state: CsmsState,
  station: string,
  reading: Reading,
  sample: Sample,
  value: ReturnType<typeof measured>,
): void {
  if (!value) return
  const { measurand = 'Energy.Active.Import.Register', phase, context } = sample
  state.store.addMeterValue({ station, ...reading, measurand, phase, context, ...value })
}
