import type { Protocol } from '../../messages/protocols.ts'
import type { Clock, Timer } from '../../primitives/clock.ts'
import type { CsmsStore } from '../../storage/csms-store.ts'
import type { OperationRow } from '../../storage/operation-rows.ts'
import { covers } from './availability-effects.ts'
import type { Effect, Members, Seen, Verdict } from './effect.ts'
import type { Heard } from './heard.ts'

/** After this time an effect that nothing has shown is said not to be there. */
const EFFECT_MS = 30_000
/** A station that resets has to boot, and waits for what runs on it. */
const SLOW_EFFECT_MS = 120_000
const SLOW: ReadonlySet<string> = new Set(['Reset', 'GetBaseReport', 'GetReport'])

/** An operation on its way, and what is to be kept once it is done. */
export interface Job {
  readonly operation: OperationRow
  readonly protocol: Protocol
  readonly request: Members
  readonly effect: Effect
  keep?: (() => void) | undefined
  /** Its answer, where it waits for something whose time nobody knows, and is then looked at. */
  restingFor?: Members
  /** What the station said that shows the effect. */
  shownBy?: Heard
}

export interface Waiting {
  readonly job: Job
  readonly seen: Seen
  answer: Members | undefined
  /** Whether the station has said that it will; the answer counts once it is on disk. */
  isTaken: boolean
  /** What was found out before the answer was kept. */
  early: Verdict
  timer: Timer | undefined
}

export interface WatchOptions {
  readonly store: CsmsStore
  readonly clock: Clock
  /** What is found out of a job, or that nothing was in time. */
  readonly onVerdict: (job: Job, verdict: Verdict) => void
}

/** Waits for what stations say by themselves that shows the effects of operations. */
export class Watch {
  readonly #store: CsmsStore
  readonly #clock: Clock
  readonly #onVerdict: WatchOptions['onVerdict']
  readonly #waiting = new Map<string, Waiting>()

  constructor({ store, clock, onVerdict }: WatchOptions) {
    this.#store = store
    this.#clock = clock
    this.#onVerdict = onVerdict
  }

  /** Nobody waits for anything any more. */
  stop(): void {
    for (const { timer } of this.#waiting.values()) timer?.cancel()
    this.#waiting.clear()
  }

  /** Nothing more is waited for, of one operation. */
  forget(id: string): void {
    this.#waiting.get(id)?.timer?.cancel()
    this.#waiting.delete(id)
  }

  /** Waits for what a station says, where that shows the effect of a job. */
  waitFor(job: Job): Waiting | undefined {
    const { effect } = job
    if (effect.by === 'message') return this.wait(job, effect.seen)
    return effect.by === 'nothing' ? this.wait(job, () => undefined) : undefined
  }

  /** Waits for what says something of a job, also before its answer. */
  wait(job: Job, seen: Waiting['seen']): Waiting {
    const waiting: Waiting = { job, seen, isTaken: false, answer: undefined, early: undefined, timer: undefined } // biome-ignore format: one line
    this.#waiting.set(job.operation.id, waiting)
    return waiting
  }

  /** The station takes it on: what it says from now on is rather of this job than of one before. */
  taken(waiting: Waiting): void {
    waiting.isTaken = true
    this.#endOlder(waiting.job)
  }

  /** That is kept: what was seen before counts now, and time runs. */
  answered(waiting: Waiting, answer: Members): void {
    const { job, early } = waiting
    const { operation, effect } = job
    // Another one may have ended it meanwhile.
    if (!this.#waiting.has(operation.id)) return
    waiting.answer = answer
    const shown = early ?? this.#already(job, answer)
    if (shown !== undefined) return this.#found(waiting, shown)
    // It waits for a transaction to end, and nobody knows how long that takes.
    if (effect.by === 'message' && answer.status === 'Scheduled') return
    const afterMs = SLOW.has(operation.action) ? SLOW_EFFECT_MS : EFFECT_MS
    const why = effect.by === 'nothing' ? 'seen: nothing that a station says shows it' : `after ${afterMs / 1000} s` // biome-ignore format: one line
    waiting.timer = this.#clock.setTimer(
      () => this.#found(waiting, { problem: `accepted, no effect ${why}` }),
      afterMs,
    )
  }

  /** That is kept too, and no time runs: what it waits for comes when somebody makes it come. */
  rest(waiting: Waiting, answer: Members): void {
    waiting.job.restingFor = answer
    waiting.isTaken = true
    waiting.answer = answer
  }

  /** What the station has said before, where it will not say it again. */
  #already({ operation, effect }: Job, { status }: Members): string | undefined {
    // A scheduled one waits for something, and is seen when that is over.
    if (effect.by !== 'message' || status !== 'Accepted') return undefined
    const { connectors = [] } = this.#store.stationRow(operation.station) ?? {}
    return effect.already?.(connectors)
  }

  /** What the station says from now on of a place is what it was asked for last. */
  #endOlder({ operation, effect }: Job): void {
    if (effect.by !== 'message' || !effect.place) return
    for (const waiting of [...this.#waiting.values()]) {
      const { operation: older, effect: other } = waiting.job
      // In the order they were asked for: those behind it are newer.
      if (older.id === operation.id) return
      if (
        older.station !== operation.station ||
        !waiting.isTaken ||
        other.by !== 'message' ||
        !other.place
      )
        continue
      if (covers(effect.place, other.place)) this.#found(waiting, { problem: 'accepted, no effect before another one was asked for' }) // biome-ignore format: one line
    }
  }

  /** What a station said, to whichever job that belongs. */
  hear(heard: Heard): void {
    let isSpent = false
    const connectors = () => this.#store.stationRow(heard.station)?.connectors ?? []
    for (const waiting of newestFirst(this.#waiting.values())) {
      const { job, seen, answer } = waiting
      if (job.operation.station !== heard.station) continue
      const isPlaced = job.effect.by === 'message' && job.effect.place !== undefined
      if (isPlaced && isSpent) continue
      const verdict = seen(heard, job.request, answer ?? {}, connectors)
      if (verdict === undefined) continue
      job.shownBy ??= heard
      isSpent ||= isPlaced
      if (answer) this.#found(waiting, verdict)
      else waiting.early ??= verdict
    }
  }

  #found({ job, timer }: Waiting, verdict: Verdict): void {
    timer?.cancel()
    this.#waiting.delete(job.operation.id)
    this.#onVerdict(job, verdict)
  }
}

/** Those that are taken on, then the others: a message rather belongs to the former. */
function newestFirst(waiting: Iterable<Waiting>): Waiting[] {
  return [...waiting].reverse().sort((a, b) => Number(b.isTaken) - Number(a.isTaken))
}
