import type { Trouble } from './dialect.ts'
import type { Site } from './site.ts'

interface Report {
  readonly evseId: number
  readonly status: string
  readonly at: string
  readonly trouble: Trouble | undefined
}

/**
 * Tells the status of connectors: each change in its order while there is a way to tell it; of what
 * changed while there was none, only what it has come to.
 *
 * @spec OCPP 1.6 edition 2 section 4.9; OCPP 2.0.1 edition 3 Part 2, B04.FR.01 and B04.FR.02
 */
export class StatusReports {
  readonly #site: Site
  /** The newest of each connector; 0 is the station itself, which only OCPP 1.6 speaks of. */
  readonly #current = new Map<number, Report>()
  readonly #untold = new Set<number>()
  #queue: Promise<void> = Promise.resolve()
  #lostAt: number | undefined

  constructor(site: Site) {
    this.#site = site
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
    this.tellUntold(isLong ? [...this.#current.keys()] : [])
  }

  /** @param more Connectors to be told of anyway. */
  tellUntold(more: readonly number[] = []): void {
    const evseIds = new Set([...this.#untold, ...more])
    this.#untold.clear()
    this.tellAll([...evseIds].sort((a, b) => a - b))
  }

  #tell(report: Report, isAsked = false): void {
    const { evseId, status, at, trouble } = report
    if (!this.#site.isLinked() || !(isAsked || this.#site.isAccepted())) {
      this.#untold.add(evseId)
      return
    }
    this.#queue = this.#queue.then(async () => {
      const { dialect } = this.#site
      const told = await this.#site.say('status', async () => {
        await dialect.status(evseId, status, at, trouble)
        return true
      })
      if (!told) this.#untold.add(evseId)
    })
  }
}
