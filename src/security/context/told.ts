import { parseMoment } from '../../messages/date-time.ts'
import { measured, usualUnit } from '../../messages/measured-values.ts'
import { type JsonObject, jsonText } from '../../wire/payload.ts'
import { isObject } from '../header.ts'

/** What a station says of a transaction and its meter, in any version. */
export interface Told {
  /** undefined: it speaks of no transaction. */
  readonly phase: 'start' | 'during' | 'end' | undefined
  /** undefined: it has none yet (the CSMS of OCPP 1.6 gives it one), or it is not said. */
  readonly transaction: string | undefined
  /** EVSE, or connector in OCPP 1.6; undefined where the message does not say it. */
  readonly place: string | undefined
  /** The same in what is told again. */
  readonly stamp: string
  /** Of OCPP 2.x: it rises with each event of a transaction. */
  readonly seqNo: number | undefined
  /** Milliseconds since 1970, by the clock of the station; NaN where that cannot be read. */
  readonly atMs: number
  readonly samples: readonly MeterSample[]
  /** Some value says that it is of the beginning, or of the end, of a transaction. */
  readonly isOfTransaction: boolean
}

/** One reading. */
export interface MeterSample {
  readonly atMs: number
  /** Register of the energy taken so far. */
  readonly energyWh?: number
  readonly powerW?: number
}

/** What a message says of a transaction or a meter; undefined where it says nothing of them. */
export function toldBy(action: string, payload: JsonObject): Told | undefined {
  switch (action) {
    case 'StartTransaction':
    case 'StopTransaction':
      return action === 'StartTransaction' ? startOf(payload) : stopOf(payload)
    case 'MeterValues':
      return metering(payload)
    case 'TransactionEvent':
      return transactionEvent(payload)
    default:
      return undefined
  }
}

function startOf({ connectorId, timestamp, meterStart }: JsonObject): Told {
  return {
    phase: 'start',
    transaction: undefined,
    place: textOf(connectorId),
    stamp: JSON.stringify([timestamp, meterStart]),
    seqNo: undefined,
    atMs: momentOf(timestamp),
    samples: registerSample(timestamp, meterStart),
    isOfTransaction: true,
  }
}

function stopOf({ transactionId, timestamp, meterStop, transactionData }: JsonObject): Told {
  const { samples } = samplesOf(transactionData)
  return {
    phase: 'end',
    transaction: textOf(transactionId),
    place: undefined,
    stamp: JSON.stringify([timestamp, meterStop]),
    seqNo: undefined,
    atMs: momentOf(timestamp),
    samples: [...samples, ...registerSample(timestamp, meterStop)],
    isOfTransaction: true,
  }
}

function metering({ connectorId, evseId, transactionId, meterValue }: JsonObject): Told {
  const { samples, isOfTransaction } = samplesOf(meterValue)
  const transaction = textOf(transactionId)
  const at = samples.at(-1)?.atMs ?? Number.NaN
  return {
    phase: transaction === undefined ? undefined : 'during',
    transaction,
    place: textOf(evseId ?? connectorId),
    stamp: `${at}`,
    seqNo: undefined,
    atMs: at,
    samples,
    isOfTransaction,
  }
}

const PHASES: ReadonlyMap<unknown, Told['phase']> = new Map([
  ['Started', 'start'],
  ['Updated', 'during'],
  ['Ended', 'end'],
])

function transactionEvent(payload: JsonObject): Told | undefined {
  const { eventType, seqNo, timestamp, transactionInfo, evse, meterValue } = payload
  const phase = PHASES.get(eventType)
  if (phase === undefined) return undefined
  return {
    phase,
    transaction: isObject(transactionInfo) ? textOf(transactionInfo.transactionId) : undefined,
    place: isObject(evse) ? textOf(evse.id) : undefined,
    stamp: jsonText(seqNo),
    seqNo: typeof seqNo === 'number' ? seqNo : undefined,
    atMs: momentOf(timestamp),
    samples: samplesOf(meterValue).samples,
    isOfTransaction: true,
  }
}

const ENERGY = 'Energy.Active.Import.Register'
const POWER = 'Power.Active.Import'
const OF_TRANSACTION: ReadonlySet<unknown> = new Set(['Transaction.Begin', 'Transaction.End'])

function samplesOf(meterValue: unknown): { samples: MeterSample[]; isOfTransaction: boolean } {
  let isOfTransaction = false
  const samples: MeterSample[] = []
  for (const one of objectsIn(meterValue)) {
    const atMs = momentOf(one.timestamp)
    let energyWh: number | undefined
    let total: number | undefined
    let phases: number | undefined
    for (const sample of objectsIn(one.sampledValue)) {
      const { measurand = ENERGY, phase, location = 'Outlet', context } = sample
      if (OF_TRANSACTION.has(context)) isOfTransaction = true
      if (location !== 'Outlet') continue
      const found = readingOf(sample, jsonText(measurand))
      if (found === undefined) continue
      if (measurand === ENERGY && phase === undefined) energyWh = found
      // What is told per phase is told of all of them; of a meter without phases once.
      if (measurand === POWER && phase === undefined) total = found
      if (measurand === POWER && phase !== undefined) phases = (phases ?? 0) + found
    }
    const powerW = total ?? phases
    samples.push({ atMs, ...(energyWh !== undefined && { energyWh }), ...(powerW !== undefined && { powerW }) }) // biome-ignore format: one line
  }
  return { samples, isOfTransaction }
}

function readingOf(
  { value, unit, unitOfMeasure }: JsonObject,
  measurand: string,
): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const of = isObject(unitOfMeasure) ? unitOfMeasure : {}
  const said = unit ?? of.unit ?? usualUnit(measurand)
  return measured(value, jsonText(said), typeof of.multiplier === 'number' ? of.multiplier : 0)
    ?.value
}

function registerSample(timestamp: unknown, register: unknown): MeterSample[] {
  return typeof register === 'number' ? [{ atMs: momentOf(timestamp), energyWh: register }] : []
}

function objectsIn(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}

function momentOf(text: unknown): number {
  return typeof text === 'string' ? parseMoment(text) : Number.NaN
}

export function textOf(id: unknown): string | undefined {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}
