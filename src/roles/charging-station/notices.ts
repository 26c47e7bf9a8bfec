import type { Clock } from '../../primitives/clock.ts'
import type { StationState } from '../../storage/station-state.ts'
import type { ComponentEvent, NoticeMessage, SecurityEventType } from './dialect.ts'
import { Outbox } from './outbox.ts'
import type { Site } from './site.ts'

interface Notice extends NoticeMessage {
  readonly id: number
  readonly failures: number
}

/** More are not kept while nobody is there; the oldest go, those of components first, of security last. */
const MAX_NOTICES = 500
/** The CSMS answers that it cannot process one: it is told again, for ever, but not more often. */
const RETRY_MS = 10_000
const MAX_FAILURES = 30
/** Where they are kept: they have no kind of fact of their own. */
const KEPT = ['notice', 'waiting'] as const

/**
 * What a station has to say that must not be lost, apart from transactions: security events, events
 * of its components, and what ended or limits something without being asked to. On disk before it
 * is sent, in order, until it is delivered.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, A04 and N07.FR.04; OCPP 1.6 security whitepaper edition 3, A04
 */
export class Notices {
  readonly #site: Site
  readonly #kept: NoticeQueue
  readonly #outbox: Outbox<Notice, void>

  constructor(site: Site, clock: Clock, stopping: AbortSignal) {
    this.#site = site
    this.#kept = new NoticeQueue(site.state)
    this.#outbox = new Outbox({
      queue: this.#kept,
      deliver: (notice) => site.dialect.notify(notice),
      clock,
      log: site.log,
      stopping,
      // A04.FR.02: delivery is guaranteed.
      attempts: () => Number.POSITIVE_INFINITY,
      retryIntervalMs: () => RETRY_MS,
      answered: ({ id }) => this.#kept.remove(id),
    })
  }

  /** Something happened that concerns security, and is critical (A04.FR.01). */
  security(type: SecurityEventType, techInfo: string): void {
    this.#add(this.#site.dialect.securityEvent(type, this.#site.stamp(), techInfo))
  }

  /** Something is so with a component. */
  event(event: Omit<ComponentEvent, 'eventId' | 'at'>): void {
    const { dialect, state } = this.#site
    // Only 2.x has words for it.
    if (dialect.is16) return
    const told = { ...event, eventId: state.count('event'), at: this.#site.stamp() }
    this.#add(dialect.componentEvent(told))
  }

  /** A reservation ended by itself. */
  reservationEnded(id: number, why: 'Expired' | 'Removed'): void {
    this.#add(this.#site.dialect.reservationEnded(id, why))
  }

  /** The grid limits the station, or does not any more. */
  externalLimit(isLimited: boolean): void {
    this.#add(this.#site.dialect.externalLimit(isLimited))
  }

  /** A transaction charges with priority, or does not any more. */
  priorityCharging(transactionId: string, isOn: boolean): void {
    this.#add(this.#site.dialect.priorityCharging(transactionId, isOn))
  }

  isWaiting(): boolean {
    return this.#kept.next() !== undefined
  }

  /** The CSMS has answered something else: it is worth a try. */
  reachable(): void {
    this.#outbox.reachable()
  }

  /** Delivers until the station stops; rejects then. */
  run(): Promise<never> {
    return this.#outbox.run()
  }

  /** @param message Undefined where the version has no words for it. */
  #add(message: NoticeMessage | undefined): void {
    if (!message) return
    const forgotten = this.#kept.add(message)
    if (forgotten) this.#site.log.warn('station.forgotten', { action: forgotten.action })
    this.#outbox.added()
  }
}

class NoticeQueue {
  readonly #state: StationState

  constructor(state: StationState) {
    this.#state = state
  }

  next(): Notice | undefined {
    return this.#all()[0]
  }

  /** @returns What had to go for it. */
  add(message: NoticeMessage): Notice | undefined {
    const kept = this.#all()
    // A component that comes and goes must not push out what is critical (A04.FR.02).
    const [forgotten] = kept.length >= MAX_NOTICES ? kept.splice(leastOf(kept), 1) : []
    this.#keep([...kept, { ...message, id: this.#state.count('notice'), failures: 0 }])
    return forgotten
  }

  failed(id: number): void {
    const again = (one: Notice) => ({ ...one, failures: Math.min(one.failures + 1, MAX_FAILURES) })
    this.#keep(this.#all().map((one) => (one.id === id ? again(one) : one)))
  }

  refused(id: number): void {
    this.remove(id)
  }

  remove(id: number): void {
    this.#keep(this.#all().filter((one) => one.id !== id))
  }

  #all(): Notice[] {
    return this.#state.get<Notice[]>(...KEPT) ?? []
  }

  #keep(notices: readonly Notice[]): void {
    this.#state.set(...KEPT, notices)
  }
}

/** Where the one is that matters least. */
function leastOf(kept: readonly Notice[]): number {
  const component = kept.findIndex(({ action }) => action === 'NotifyEvent')
  if (component >= 0) return component
  return Math.max(
    0,
    kept.findIndex(({ action }) => action !== 'SecurityEventNotification'),
  )
}
