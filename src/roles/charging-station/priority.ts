import type { Site } from './site.ts'

export type PriorityStatus = 'Accepted' | 'NoProfile'

/**
 * Whose transaction charges with priority: it obeys the PriorityCharging profile instead of its
 * TxProfile or TxDefaultProfile, and still everything that limits the station.
 *
 * @spec OCPP 2.1 Part 2, K21 and K22
 */
export class Priority {
  readonly #site: Site
  /** EVSEs. A transaction ends with its life, and so does this. */
  readonly #on = new Set<number>()

  constructor(site: Site) {
    this.#site = site
    // Without a profile there is no priority: that it is over must not go unsaid.
    site.profiles.onChange(() => {
      for (const evseId of [...this.#on]) if (!this.#hasProfile(evseId)) this.#set(evseId, false)
    })
  }

  isOn(evseId: number): boolean {
    return this.#on.has(evseId)
  }

  /** What will come of a wish (K21.FR.01, FR.03 and FR.06). */
  statusOf(evseId: number, isOn: boolean): PriorityStatus {
    return !isOn || this.#hasProfile(evseId) ? 'Accepted' : 'NoProfile'
  }

  /** Switches it for the transaction of an EVSE, and says so where that changed anything. */
  use(evseId: number, isOn: boolean): PriorityStatus {
    const status = this.statusOf(evseId, isOn)
    if (status === 'Accepted' && this.isOn(evseId) !== isOn) this.#set(evseId, isOn)
    return status
  }

  /** The transaction is over. */
  forget(evseId: number): void {
    this.#on.delete(evseId)
  }

  #set(evseId: number, isOn: boolean): void {
    const transactionId = this.#site.evses[evseId - 1]?.transaction?.transactionId
    if (transactionId === undefined) return
    if (isOn) this.#on.add(evseId)
    else this.#on.delete(evseId)
    this.#site.balance()
    this.#site.notices.priorityCharging(transactionId, isOn)
  }

  // One of EVSE 0 is for all of them.
  #hasProfile(evseId: number): boolean {
    const found = this.#site.profiles.all({ chargingProfilePurpose: 'PriorityCharging' })
    return found.some((profile) => profile.evseId === 0 || profile.evseId === evseId)
  }
}
