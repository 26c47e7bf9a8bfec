import { OverlayError } from '../../errors.ts'
import type { ArrivedMessage } from '../../node/arrived.ts'
import type { Logger } from '../../node/core.ts'
import type { AnyHandler, Context, HandlersByProtocol } from '../../node/handlers.ts'
import { copyOf } from '../../primitives/bytes.ts'
import type { Clock, Timer } from '../../primitives/clock.ts'
import { NOTIFY_NETWORK_TOPOLOGY } from '../../routing/topology.ts'
import type { CsmsStore, MessageRow } from '../../storage/csms-store.ts'

/** How long a message waits for others that are written with it. */
const FLUSH_MS = 1_000
/** More are not kept between two writes, nor more of one message: whoever floods loses his own words. */
const MAX_MESSAGES = 2_000
const MAX_OF_STATION = 200
const MAX_BYTES = 8 * 1024 * 1024
const MAX_MESSAGE_BYTES = 256 * 1024

/** As the wire has them by number. */
const KINDS = new Map<number, string>([
  [2, 'CALL'],
  [3, 'CALLRESULT'],
  [4, 'CALLERROR'],
  [5, 'CALLRESULTERROR'],
  [6, 'SEND'],
])

const NOTHING = new Uint8Array()

interface Waiting {
  row: MessageRow
  /** Any other source has to be known as a station. */
  readonly isStation: boolean
  readonly receivedAt: number
  readonly handling: Handling
}

/** What became of a message at its handler. */
interface Handling {
  /** The handler has not finished with it. */
  isBusy: boolean
  refused?: string
  waiting?: Waiting
}

/**
 * What stations said and no handler has kept: refused CALLs, answers, what could not be read. A
 * message that a handler takes is written by it, in the transaction of what follows from it; all
 * others wait here for a moment and are written together. They are kept to be looked at: nobody
 * was told that they are on disk, and a power cut may cost the last second of them.
 */
export class Arrivals {
  readonly #store: CsmsStore
  readonly #clock: Clock
  readonly #log: Logger
  readonly #waiting = new Set<Waiting>()
  /** By the payload, which a handler gets as the same object. */
  readonly #handling = new WeakMap<Uint8Array, Handling>()
  readonly #ofStation = new Map<string, number>()
  /** Since old ones were deleted, of each station and of all. */
  readonly #written = new Map<string, number>()
  #allWritten = 0
  #bytes = 0
  #lost = 0
  #timer: Timer | undefined

  constructor({ store, clock, log }: { store: CsmsStore; clock: Clock; log: Logger }) {
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  /** The same handlers; what they are busy with, or refuse, is known. */
  of(handlers: HandlersByProtocol): HandlersByProtocol {
    const watched = Object.entries(handlers).map(([protocol, byAction]) => {
      const entries = Object.entries(byAction) as [string, AnyHandler][]
      return [protocol, Object.fromEntries(entries.map(([action, run]) => [action, this.#watched(run)]))] // biome-ignore format: one line
    })
    return Object.fromEntries(watched) as HandlersByProtocol
  }

  /** A message came; it is told of before anything that its handler has to write is written. */
  add(message: ArrivedMessage): void {
    const { source, isStation, receivedAt, frame } = message
    // Nodes tell each other where stations are, all the time.
    if (frame?.action === NOTIFY_NETWORK_TOPOLOGY) return
    const isRequest = frame?.type === 2 || frame?.type === 6
    const key = isRequest ? frame.payload : message.bytes
    const handling = this.#handlingOf(key)
    const { isBusy } = handling
    if (!isBusy && this.#isFull(message)) {
      this.#lost++
      return
    }
    const bytes = isBusy ? message.bytes : message.bytes.subarray(0, MAX_MESSAGE_BYTES)
    const row = rowOf(message, bytes)
    const waiting = { row: isBusy ? row : inOwnMemory(row), isStation, receivedAt, handling }
    handling.waiting = waiting
    this.#waiting.add(waiting)
    this.#ofStation.set(source, (this.#ofStation.get(source) ?? 0) + 1)
    this.#bytes += bytes.length
    this.#timer ??= this.#clock.setTimer(() => this.#due(), FLUSH_MS)
  }

  /** What is to be written of a message that a handler takes, as far as it is whole. */
  rowOf({ source, protocol, action, payloadBytes, messageId, receivedAt }: Context): MessageRow {
    return {
      ...this.#handling.get(payloadBytes)?.waiting?.row,
      station: source,
      protocol,
      action,
      messageId,
      receivedAt: new Date(receivedAt).toISOString(),
      payload: payloadBytes,
      isTaken: true,
    }
  }

  /** That is on disk now. */
  kept({ payloadBytes }: Context): void {
    const waiting = this.#handling.get(payloadBytes)?.waiting
    if (waiting) this.#forget(waiting)
  }

  /** Writes what is left, when nothing more comes. */
  async end(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const { handling } of this.#waiting) handling.isBusy = false
    await this.#flush(Number.POSITIVE_INFINITY)
  }

  #handlingOf(payload: Uint8Array): Handling {
    const known = this.#handling.get(payload) ?? { isBusy: false }
    this.#handling.set(payload, known)
    return known
  }

  #isFull({ source, bytes }: ArrivedMessage): boolean {
    if (this.#waiting.size >= MAX_MESSAGES || this.#bytes + bytes.length > MAX_BYTES) return true
    return (this.#ofStation.get(source) ?? 0) >= MAX_OF_STATION
  }

  #watched(run: AnyHandler): AnyHandler {
    return async (request, context) => {
      const handling = this.#handlingOf(context.payloadBytes)
      handling.isBusy = true
      try {
        return await run(request, context)
      } catch (error) {
        handling.refused = error instanceof OverlayError ? error.code : 'ERR_HANDLER'
        const { waiting } = handling
        // It stays a while longer.
        if (waiting) waiting.row = inOwnMemory(waiting.row)
        throw error
      } finally {
        handling.isBusy = false
      }
    }
  }

  #due(): void {
    this.#timer = undefined
    this.#flush(this.#clock.now() - FLUSH_MS).catch((error) => {
      this.#log.error('messages.unkept', { error: String(error) })
    })
    if (this.#waiting.size > 0) this.#timer ??= this.#clock.setTimer(() => this.#due(), FLUSH_MS)
  }

  /** @param until Later ones wait for the next time. */
  async #flush(until: number): Promise<void> {
    const due = [...this.#waiting].filter(
      ({ receivedAt, handling }) => receivedAt <= until && !handling.isBusy,
    )
    for (const one of due) this.#forget(one)
    if (this.#lost > 0) this.#log.warn('messages.unkept', { messages: this.#lost })
    this.#lost = 0
    if (due.length === 0) return
    const store = this.#store
    await store.write(() => {
      for (const { row: came, isStation, handling } of due) {
        const row = { ...came, station: store.spokenAs(came.station) }
        // What nodes answer each other is nothing that a station said.
        if (!isStation && store.stationProtocol(row.station) === undefined) continue
        const refused = row.refused ?? handling.refused
        store.messages.add({ ...row, ...(refused !== undefined && { refused }) })
      }
      this.#forgetOld(due.map(({ row }) => store.spokenAs(row.station)))
    })
  }

  /** Looked for only now and then: there are as many stations as rows to be counted. */
  #forgetOld(stations: readonly string[]): void {
    for (const station of stations)
      this.#written.set(station, (this.#written.get(station) ?? 0) + 1)
    this.#allWritten += stations.length
    const full = [...this.#written].filter(([, count]) => count >= MAX_OF_STATION)
    for (const [station] of full) this.#written.delete(station)
    if (full.length === 0 && this.#allWritten < MAX_MESSAGES) return
    this.#allWritten = 0
    this.#store.messages.forgetUntaken(full.map(([station]) => station))
  }

  #forget(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return
    delete waiting.handling.waiting
    const { station, payload, head, tail } = waiting.row
    const count = (this.#ofStation.get(station) ?? 1) - 1
    if (count > 0) this.#ofStation.set(station, count)
    else this.#ofStation.delete(station)
    this.#bytes -= payload.length + (head?.length ?? 0) + (tail?.length ?? 0)
  }
}

/** A message as it is kept: the payload, and what stood before and behind it. */
function rowOf(message: ArrivedMessage, bytes: Uint8Array): MessageRow {
  const { source, protocol, action, frame, errorCode, receivedAt } = message
  return {
    station: source,
    protocol,
    action,
    receivedAt: new Date(receivedAt).toISOString(),
    kind: KINDS.get(frame?.type ?? 0) ?? 'unreadable',
    ...(frame && { messageId: frame.messageId }),
    ...partsOf(message, bytes),
    ...(errorCode !== undefined && { refused: errorCode }),
    isTaken: false,
  }
}

/** What is there for a while must not hold on to all that came with it. */
function inOwnMemory({ head, payload, tail, ...row }: MessageRow): MessageRow {
  return {
    ...row,
    ...(head && { head: copyOf(head) }),
    payload: copyOf(payload),
    ...(tail && { tail: copyOf(tail) }),
  }
}

function partsOf({ frame, bytes: came }: ArrivedMessage, bytes: Uint8Array) {
  // Of what is too long the beginning is all there is.
  if (bytes.length < came.length) return { payload: bytes }
  const { payload } = frame ?? {}
  const from = payload ? payload.byteOffset - came.byteOffset : -1
  const to = from + (payload?.length ?? 0)
  // A payload that is not part of the bytes was never sent: there was none.
  const isInside = payload?.buffer === came.buffer && from >= 0 && to <= came.length
  if (!isInside) return { head: NOTHING, payload: bytes, tail: NOTHING }
  return { head: bytes.subarray(0, from), payload: bytes.subarray(from, to), tail: bytes.subarray(to) } // biome-ignore format: one line
}
