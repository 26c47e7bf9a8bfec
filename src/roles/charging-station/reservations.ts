import { parseMoment } from '../../messages/date-time.ts'
import type { Timer } from '../../primitives/clock.ts'
import { isFor } from './authorization.ts'
import type { IdToken } from './dialect.ts'
import type { Site } from './site.ts'

export interface Reservation {
  readonly id: number
  /** 0: any of them. */
  readonly evseId: number
  readonly token: IdToken
  readonly groupId?: string
  /** RFC 3339. */
  readonly expiresAt: string
}

export type ReserveStatus = 'Accepted' | 'Faulted' | 'Occupied' | 'Rejected' | 'Unavailable'

/**
 * Who has reserved what.
 *
 * @spec OCPP 1.6 edition 2 section 5.13; OCPP 2.0.1 edition 3 Part 2, H01–H04
 */
export class Reservations {
  readonly #site: Site
  readonly #timers = new Map<number, Timer>()

  constructor(site: Site) {
    this.#site = site
  }

  /** Waits again for the end of what was reserved before the last boot. */
  resume(): void {
    for (const reservation of this.all()) this.#await(reservation)
  }

  all(): Reservation[] {
    return [...this.#site.state.all<Reservation>('reservation').values()]
  }

  reserve(reservation: Reservation): ReserveStatus {
    const { id, evseId, expiresAt } = reservation
    const { variables, evses, state } = this.#site
    if (!variables.is('ReservationCtrlr.Enabled')) return 'Rejected'
    if (evseId > evses.length || evseId < 0) return 'Rejected'
    if (!(parseMoment(expiresAt) > this.#site.now())) return 'Rejected'
    const status = this.#statusFor(reservation)
    if (status !== 'Accepted') return status
    state.set('reservation', id, reservation)
    this.#await(reservation)
    this.#refresh()
    return 'Accepted'
  }

  /** @returns Whether there was one. */
  cancel(id: number): boolean {
    if (!this.#has(id)) return false
    this.#remove(id)
    return true
  }

  /** Whether an EVSE is kept free for somebody. */
  isReserved(evseId: number): boolean {
    return this.#own(evseId) !== undefined || this.#isKeptForAny(evseId)
  }

  /**
   * Whether a token may charge at an EVSE.
   *
   * @returns The reservation it is entitled by; undefined when there is none to respect; false when
   *   somebody else has reserved.
   */
  claim(evseId: number, token: IdToken, groupId?: string): Reservation | undefined | false {
    const own = this.#own(evseId)
    // Whoever may have any of them may have any that is left (H03.FR.01, F01.FR.21).
    if (own) return isFor(own, token, groupId) && own
    const match = this.#forAny().find((one) => isFor(one, token, groupId))
    if (match) return match
    return this.#isKeptForAny(evseId) ? false : undefined
  }

  /** A transaction has started for it. */
  use(id: number): void {
    if (this.#has(id)) this.#remove(id)
  }

  /** What was reserved cannot be kept (H01.FR.16, H01.FR.17). */
  withdraw(evseId: number): void {
    const own = this.#own(evseId)
    if (own) this.#end(own, 'Removed')
  }

  #has(id: number): boolean {
    return this.#site.state.get('reservation', id) !== undefined
  }

  #own(evseId: number): Reservation | undefined {
    return this.all().find((one) => one.evseId === evseId)
  }

  /** Those that nobody has come for yet: who has shown up keeps no second EVSE from others. */
  #forAny(): Reservation[] {
    const claimed = new Set(this.#site.evses.map(({ grant }) => grant?.reservationId))
    return this.all().filter((one) => one.evseId === 0 && !claimed.has(one.id))
  }

  // As many EVSEs as are reserved without a name must stay free (H01.FR.07, H01.FR.20).
  #isKeptForAny(evseId: number): boolean {
    const count = this.#forAny().length
    if (count === 0) return false
    const free = this.#site.evses.filter((evse) => evse.isFree && !this.#own(evse.id))
    return free.length <= count && free.some(({ id }) => id === evseId)
  }

  #statusFor({ id, evseId }: Reservation): ReserveStatus {
    const others = this.all().filter((one) => one.id !== id)
    const free = this.#site.evses.filter(
      (evse) => evse.isFree && !others.some((one) => one.evseId === evse.id),
    )
    const targets = this.#site.evses.filter((evse) => evseId === 0 || evse.id === evseId)
    const anyCount = this.#forAny().filter((one) => one.id !== id).length
    // With this one as many stay free as are reserved without a name (H01.FR.07).
    const isRoom = free.length > anyCount
    if (isRoom && targets.some((evse) => free.includes(evse))) return 'Accepted'
    if (targets.every((evse) => evse.isFaulted)) return 'Faulted'
    if (targets.every((evse) => !evse.isOperative)) return 'Unavailable'
    return 'Occupied'
  }

  #await(reservation: Reservation): void {
    this.#timers.get(reservation.id)?.cancel()
    const inMs = parseMoment(reservation.expiresAt) - this.#site.now()
    const timer = this.#site.after(Math.max(0, inMs), () => this.#end(reservation, 'Expired'))
    this.#timers.set(reservation.id, timer)
  }

  #end({ id }: Reservation, why: 'Expired' | 'Removed'): void {
    this.#remove(id)
    this.#site.notices.reservationEnded(id, why)
  }

  #remove(id: number): void {
    this.#timers.get(id)?.cancel()
    this.#timers.delete(id)
    this.#site.state.delete('reservation', id)
    for (const evse of this.#site.evses) evse.forgetReservation(id)
    this.#refresh()
  }

  #refresh(): void {
    for (const evse of this.#site.evses) evse.refresh()
  }
}
