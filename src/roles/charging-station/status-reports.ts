import type { Clock, Timer } from '../../primitives/clock.ts'
import type { Trouble } from './dialect.ts'
import { failureOf } from './outbox.ts'
import type { Site } from './site.ts'

interface Report {
  readonly evseId: number
  readonly status: string
  readonly at: string
  readonly trouble: Trouble | undefined
}

/** Somebody has to be the first to ask whether the CSMS is there again, where nothing else is said. */
const RETRY_MS = 10_000

/**
 * Tells the status of connectors: each change in its order while there is a way to tell it; of what
 * changed while there was none, only what it has come to. What was not taken is told again as soon
 * as anything else is answered, or by itself after some time.
 *
 * @spec OCPP 1.6 edition 2 section 4.9; OCPP 2.0.1 edition 3 Part 2, B04.FR.01 and B04.FR.02
 */
export class StatusReports {
  readonly #site: Site
  /** The newest of each connector; 0 is the station itself, which only OCPP 1.6 speaks of. */
  readonly #current = new Map<number, Report>()
  readonly #untold = new Set<number>()
  /** Those of which the CSMS wants to hear nothing: it may have changed when there is a new link. */
  readonly #refused = new Set<number>()
  readonly #clock: Clock
  readonly #stopping: AbortSignal
  #retry: Timer | undefined
  #queue: Promise<void> = Promise.resolve()
  #lostAt: number | undefined

  /** @param clock Of the network: a CSMS is not there sooner because a station lives faster. */
  constructor(site: Site, clock: Clock, stopping: AbortSignal) {
    this.#site = site
    this.#clock = clock
    this.#stopping = stopping
    stopping.addEventListener('abort', () => this.#retry?.cancel(), { once: true })
  }

  /** The status in the words of the version; undefined before the first. */
  of(evseId: number): string | undefined {
    return this.#current.get(evseId)?.status
  }

  /** Notes what a connector's status is; tells it when it is another one. */
  note(evseId: number, status: string, trouble?: Trouble): void {
    const before = this.#current.get(evseId)
    if (before?.status === status && before.trouble?.errorCode === trouble?.errorCode) return
    const report = { evseId, status, at: this.#site.stamp(), trouble }
    this.#current.set(evseId, report)
    this.#tell(report)
  }

  /**
   * Tells what is, whether or not it was told before.
   *
   * @param isAsked The CSMS wants to know, even if it has not accepted the station (B02.FR.02).
   */
  tellAll(evseIds: Iterable<number> = this.#current.keys(), isAsked = false): void {
    for (const evseId of [...evseIds]) {
      const report = this.#current.get(evseId)
      if (report) this.#tell({ ...report, at: this.#site.stamp() }, isAsked)
    }
  }

  /** The lock of a connector is open, which in 1.6 no status says; in 2.x an event does. */
  tellUnlocked(evseId: number): void {
    const report = this.#current.get(evseId)
    if (!report || !this.#site.dialect.is16) return
    const trouble = report.trouble ?? { errorCode: 'NoError', info: 'unlocked' }
    this.#tell({ ...report, at: this.#site.stamp(), trouble })
  }

  /** Whoever accepts the station is to hear of everything, told before or not (B01). */
  forget(): void {
    this.#current.clear()
    this.#untold.clear()
    this.#refused.clear()
  }

  lost(): void {
    this.#lostAt ??= this.#site.clock.now()
  }

  /** There is a link again: after a longer time all are told, else those that changed. */
  found(): void {
    const { clock, variables } = this.#site
    if (this.#lostAt === undefined) return
    const offlineS = (clock.now() - this.#lostAt) / 1000
    this.#lostAt = undefined
    const isLong = offlineS > variables.number('OCPPCommCtrlr.OfflineThreshold')
    this.tellUntold(isLong ? [...this.#current.keys()] : [...this.#refused])
  }

  /** The CSMS has answered something. */
  answered(): void {
    if (this.#untold.size > 0 && this.#site.isAccepted()) this.tellUntold()
  }

  /** @param more Connectors to be told of anyway. */
  tellUntold(more: readonly number[] = []): void {
    const evseIds = new Set([...this.#untold, ...more])
    this.#untold.clear()
    this.tellAll([...evseIds].sort((a, b) => a - b))
  }

  #tell(report: Report, isAsked = false): void {
    const { reach } = this.#site
    const isDue = isAsked || this.#site.isAccepted()
    if (!reach.isLinked || !isDue) return this.#keep(report.evseId)
    this.#queue = this.#queue.then(() => {
      // Where nobody has answered the one before, this one would wait in vain as long.
      if (isAsked || reach.isThere) return this.#send(report)
      this.#keep(report.evseId)
    })
  }

  async #send({ evseId, status, at, trouble }: Report): Promise<void> {
    let isRefused = false
    const isTold = await this.#site.say('status', async () => {
      try {
        await this.#site.dialect.status(evseId, status, at, trouble)
        return true
      } catch (error) {
        isRefused = failureOf(error).kind === 'refused'
        throw error
      }
    })
    if (isRefused) this.#refused.add(evseId)
    else if (!isTold) this.#keep(evseId)
    else if (this.#current.get(evseId)?.status === status) this.#forgetOne(evseId)
  }

  /** It has been told what it has come to. */
  #forgetOne(evseId: number): void {
    this.#untold.delete(evseId)
    this.#refused.delete(evseId)
  }

  /** To be told later, with what it has come to by then. */
  #keep(evseId: number): void {
    this.#untold.add(evseId)
    if (this.#stopping.aborted) return
    this.#retry ??= this.#clock.setTimer(() => {
      this.#retry = undefined
      this.#tryOne()
    }, RETRY_MS)
  }

  /** Where it is answered, the others follow. */
  #tryOne(): void {
    const [evseId] = this.#untold
    if (evseId === undefined || !this.#site.reach.isLinked || !this.#site.isAccepted()) return
    this.#untold.delete(evseId)
    this.tellAll([evseId], true)
  }
}
