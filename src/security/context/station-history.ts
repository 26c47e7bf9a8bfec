import { Bounded } from './bounded.ts'
import type { ContextFinding } from './context-facts.ts'
import type { MeterSample, Told } from './told.ts'

/** A transaction of which the beginning, or something later, was told. */
interface Running {
  readonly id: string | undefined
  place: string | undefined
  /** Of its beginning. */
  readonly stamp: string | undefined
  seqNo: number
}

interface Ended {
  readonly atMs: number
  readonly stamp: string
  readonly seqNo: number
}

interface Register {
  readonly energyWh: number
  readonly atMs: number
}

/** What a message comes to. */
interface LookedAt {
  readonly findings: readonly ContextFinding[]
  readonly powerW: number | undefined
  commit(): void
}

const MAX_RUNNING = 256
const MAX_ENDED = 64
const MAX_PLACES = 256
/** Registers are told in whole Wh, also where they are rounded. */
const ROUNDING_WH = 1
/** Over less time a register says little about power. */
const LEAST_SPAN_MS = 60_000
/** How far the clock of a station may be ahead of the one here. */
const MOST_AHEAD_MS = 5 * 60_000

/** What one station has told of its transactions and meters. */
export class StationHistory {
  #running: Running[] = []
  readonly #ended = new Bounded<Ended>(MAX_ENDED)
  /** Places of which it is known whether a transaction runs there. */
  readonly #known = new Bounded<true>(MAX_PLACES)
  readonly #registers = new Bounded<Register>(MAX_PLACES)

  /** @param nowMs By the clock here: milliseconds since 1970. */
  look(told: Told, nowMs: number): LookedAt {
    const running = this.#find(told)
    const place = told.place ?? running?.place
    const { finding, isRepeated } = this.#judge(told, running)
    const meter = this.#readMeter(told.samples, place ?? told.transaction ?? '', nowMs)
    const findings: ContextFinding[] = finding ? [finding] : []
    if (meter.goesBack) findings.push('counter-backwards')
    if ([told, ...told.samples].some(({ atMs }) => isAhead(atMs, nowMs)))
      findings.push('time-ahead')
    const commit = () => {
      if (meter.last) this.#registers.set(place ?? told.transaction ?? '', meter.last)
      // What cannot be so is found each time; but a new transaction takes the place of the old one.
      const isSound = finding === undefined || finding === 'double-start'
      if (isSound && !isRepeated) this.#note(told, running, place, nowMs)
    }
    return { findings, powerW: meter.powerW, commit }
  }

  /** What it is about; one of OCPP 1.6 gets its id after its beginning. */
  #find({ phase, transaction, place }: Told): Running | undefined {
    if (phase === undefined || phase === 'start') {
      return this.#running.find(({ id }) => transaction !== undefined && id === transaction)
    }
    const known = this.#running.find(({ id }) => id === transaction)
    if (known) return known
    const unnamed = this.#running.filter((one) => one.id === undefined && (place === undefined || one.place === place)) // biome-ignore format: one line
    return unnamed.length === 1 ? unnamed[0] : undefined
  }

  #judge(
    told: Told,
    running: Running | undefined,
  ): { finding?: ContextFinding; isRepeated: boolean } {
    // biome-ignore format: one line
    const { phase, transaction, place, stamp, seqNo = Number.POSITIVE_INFINITY, atMs } = told
    const ended = transaction === undefined ? undefined : this.#ended.get(transaction)
    if (ended) {
      if (ended.stamp === stamp || seqNo <= ended.seqNo) return { isRepeated: true }
      const isLater = told.seqNo !== undefined || phase === 'end' || atMs > ended.atMs
      return isLater ? { finding: 'after-its-end', isRepeated: false } : { isRepeated: true }
    }
    if (running && seqNo <= running.seqNo) return { isRepeated: true }
    const isKnown = place !== undefined && this.#known.get(place) === true
    const other = this.#running.find((one) => one !== running && one.place === place && place !== undefined) // biome-ignore format: one line
    if (phase === 'start') {
      if (other?.stamp === stamp && transaction === undefined) return { isRepeated: true }
      return other ? { finding: 'double-start', isRepeated: false } : { isRepeated: false }
    }
    if (phase === undefined) {
      const isNone = told.isOfTransaction && isKnown && !other
      return isNone ? { finding: 'no-transaction', isRepeated: false } : { isRepeated: false }
    }
    if (!running && isKnown) return { finding: 'no-transaction', isRepeated: false }
    return running && other ? { finding: 'double-start', isRepeated: false } : { isRepeated: false }
  }

  #readMeter(samples: readonly MeterSample[], key: string, nowMs: number) {
    let last = this.#registers.get(key)
    let goesBack = false
    let powerW: number | undefined
    const atLeast = (found: number | undefined) => {
      if (found !== undefined && !(powerW !== undefined && powerW >= found)) powerW = found
    }
    for (const { atMs, energyWh, powerW: told } of samples) {
      atLeast(told)
      if (energyWh === undefined || Number.isNaN(atMs)) continue
      if (last && atMs >= last.atMs && energyWh < last.energyWh - ROUNDING_WH) goesBack = true
      // Energy dated ahead has come until now, or it would be little for each hour.
      const spanMs = last ? (isAhead(atMs, nowMs) ? nowMs : atMs) - last.atMs : 0
      if (last && spanMs >= LEAST_SPAN_MS) atLeast(((energyWh - last.energyWh) * 3_600_000) / spanMs) // biome-ignore format: one line
      // What comes late is older than what is known; after what is dated ahead all else would be late.
      const isNext = (!last || atMs >= last.atMs) && !isAhead(atMs, nowMs)
      if (isNext) last = { energyWh, atMs }
    }
    return { last, goesBack, powerW }
  }

  #note(told: Told, running: Running | undefined, place: string | undefined, nowMs: number): void {
    const { phase, transaction, stamp, seqNo = -1 } = told
    const atMs = isAhead(told.atMs, nowMs) ? nowMs : told.atMs
    if (phase === undefined) return
    if (place !== undefined) this.#known.set(place, true)
    if (phase === 'end') {
      this.#running = this.#running.filter((one) => one !== running)
      if (transaction !== undefined) this.#ended.set(transaction, { atMs, stamp, seqNo })
      return
    }
    // What begins has the place to itself: of what never ended nothing more is expected.
    const isOver = (one: Running) => one === running || (phase === 'start' && one.place === place && place !== undefined) // biome-ignore format: one line
    const begun = phase === 'start' ? stamp : running?.stamp
    const now = { id: transaction, place, stamp: begun, seqNo }
    this.#running = [...this.#running.filter((one) => !isOver(one)), now].slice(-MAX_RUNNING)
  }
}

function isAhead(atMs: number, nowMs: number): boolean {
  return atMs > nowMs + MOST_AHEAD_MS
}
