import { isDeepStrictEqual } from 'node:util'
import { parseMoment } from '../../messages/date-time.ts'
import type { measured } from '../../messages/measured-values.ts'
import type { Context } from '../../node/handlers.ts'
import { stripSignatures } from '../../security/carriers.ts'
import { parsePayload } from '../../wire/payload.ts'
import type { CsmsState } from './csms.ts'

/**
 * Stores the message as it came, and in the same transaction what follows from it.
 *
 * @param effect Gets the id under which the message is stored.
 */
export async function record<T>(
  state: CsmsState,
  context: Context,
  effect: (message: number) => T,
): Promise<T> {
  const { store, arrivals } = state
  const kept = await writeOnce(state, context, () => effect(store.addMessage(arrivals.rowOf(context)))) // biome-ignore format: one line
  arrivals.kept(context)
  return kept
}

/** Writes what follows from a message, and with it that the message was obeyed. */
export function writeOnce<T>(
  { store }: Pick<CsmsState, 'store'>,
  { seen, receivedAt }: Context,
  run: () => T,
): Promise<T> {
  return store.write(() => {
    if (seen) store.obeyed.add(seen, receivedAt / 1_000)
    return run()
  })
}

/**
 * Marks a message that came before: its effects are there. When it says something else than the
 * first one, that one counts all the same, and the conflict is told.
 *
 * @param first The message that counts; undefined when it was not kept.
 */
export function recordRepeated(
  state: CsmsState,
  context: Context,
  message: number,
  first: number | undefined,
): void {
  const bytes = first === undefined ? undefined : state.store.messages.payloadOf(first)
  const isConflict = bytes !== undefined && !saysTheSame(bytes, context.payloadBytes)
  mark(state, context, message, { isRepeated: true, isConflict })
}

/** Marks a message that bears the number of another one; its effects count all the same. */
export function recordConflict(state: CsmsState, context: Context, message: number): void {
  mark(state, context, message, { isRepeated: false, isConflict: true })
}

function mark(
  { store, log, counts }: CsmsState,
  { source, action, messageId }: Context,
  message: number,
  marks: { readonly isRepeated: boolean; readonly isConflict: boolean },
): void {
  store.messages.mark(message, marks)
  if (marks.isRepeated) counts.repeated++
  if (marks.isConflict) counts.conflicts++
  const fields = { station: source, action, messageId, message }
  if (marks.isConflict) log.warn('message.conflict', fields)
  else log.debug('message.repeated', fields)
}

/** A status as a station told it. */
export interface Status {
  readonly evseId: number
  readonly connectorId: number
  readonly status: string
  /** RFC 3339, by the station's clock. */
  readonly timestamp: string
}

/**
 * Keeps the status of a connector, unless a newer one is known: messages may come late.
 *
 * @returns The word that this one takes the place of.
 */
export function keepStatus(
  { store }: CsmsState,
  context: Context,
  status: Status,
): string | undefined {
  const { source, receivedAt } = context
  const { evseId, connectorId, status: word, timestamp } = status
  const known = store
    .stationRow(source)
    ?.connectors.find((one) => one.evseId === evseId && one.connectorId === connectorId)
  const at = parseMoment(timestamp)
  const knownAt = known ? parseMoment(known.at) : Number.NaN
  // A clock that was ahead, and has been set right, must not silence its station.
  const wasAhead = knownAt > receivedAt && at <= receivedAt
  if (knownAt > at && !wasAhead) return undefined
  store.setConnector(source, evseId, connectorId, word, timestamp)
  return known?.status
}

/** A transaction began with a reservation, if it names one: that is used up. */
export function endOfReservation(
  { store }: CsmsState,
  context: Context,
  reservationId: number | undefined,
): void {
  if (reservationId === undefined) return
  store.reservations.end(context.source, reservationId, 'used', timeOf(context))
}

/** A station may write a message again in another way, and say by then that it was offline; what
 * an edge signs is new each time. */
function saysTheSame(first: Uint8Array, again: Uint8Array): boolean {
  if (Buffer.compare(first, again) === 0) return true
  const { offline: _, ...a } = stripSignatures(parsePayload(first))
  const { offline: __, ...b } = stripSignatures(parsePayload(again))
  return isDeepStrictEqual(a, b)
}

export function timeOf(context: Context): string {
  return new Date(context.receivedAt).toISOString()
}

/** One value and what it says about itself, in either generation. */
export interface Sample {
  readonly timestamp: string
  readonly measurand?: string | undefined
  readonly phase?: string | undefined
  readonly context?: string | undefined
  readonly location?: string | undefined
  /** Undefined: it was no number that can be stored, and stays in the message as received. */
  readonly value: ReturnType<typeof measured>
}

/** The same moment in UTC, so that times of a station that writes local ones stand in order as texts. */
export function inUtc(timestamp: string): string {
  const isLeap = timestamp.slice(17, 19) === '60'
  if (timestamp.endsWith('Z') && !isLeap) return timestamp
  const moment = parseMoment(timestamp)
  return Number.isNaN(moment) ? timestamp : new Date(moment).toISOString()
}

/** Which meter was read, and what for. */
export interface Metering {
  readonly evseId: number
  readonly transactionId: string | undefined
  /** Of the TransactionEvent that the values came with. */
  readonly seqNo?: number
  /** Of the message that the values came with. */
  readonly message: number
}

/**
 * Stores the values of a message, each once however often it comes.
 *
 * @returns Whether all of them were there before, so that the message is a repeated one.
 */
export function keepSamples(
  state: CsmsState,
  context: Context,
  { message, ...metering }: Metering,
  samples: readonly Sample[],
): boolean {
  const station = context.source
  const alike = new Map<string, number>()
  const counts = { new: 0, repeated: 0, conflict: 0 }
  for (const { timestamp: said, phase, context: reason, location, value, ...sample } of samples) {
    if (!value) continue
    const timestamp = inUtc(said)
    const { measurand = 'Energy.Active.Import.Register' } = sample
    const key = JSON.stringify([timestamp, measurand, phase, reason, location, value.unit])
    const ordinal = alike.get(key) ?? 0
    alike.set(key, ordinal + 1)
    // biome-ignore format: one row
    const row = { station, ...metering, timestamp, measurand, phase, context: reason, location, ...value, ordinal }
    counts[state.store.charging.addMeterValue(row)]++
  }
  const isRepeated = counts.new === 0 && counts.repeated + counts.conflict > 0
  if (counts.conflict > 0) mark(state, context, message, { isRepeated, isConflict: true })
  return isRepeated
}

/** As `keepSamples`, for a message that has nothing else to say: it is marked when repeated. */
export function recordSamples(
  state: CsmsState,
  context: Context,
  metering: Metering,
  samples: readonly Sample[],
): void {
  const isRepeated = keepSamples(state, context, metering, samples)
  if (isRepeated) mark(state, context, metering.message, { isRepeated, isConflict: false })
}
