import type { Offer, Vehicle } from '../../energy/vehicle.ts'
import type { Timer } from '../../primitives/clock.ts'
import { isSameToken } from './authorization.ts'
import type { Situation } from './connector-status.ts'
import type { CauseName, IdToken, TokenInfo, Trouble } from './dialect.ts'
import { type Sample, samplesOf } from './meter-values.ts'
import type { Outlet } from './outlet.ts'
import { PowerPath } from './power-path.ts'
import { Sampling } from './sampling.ts'
import type { Site } from './site.ts'
import { type Grant, Transaction } from './transaction.ts'
import { hasBegun, hasEnded, listedPoints, type Picture, pointsOf, stillHeld, worthTelling } from './tx-points.ts' // biome-ignore format: one line

interface How {
  /** The token that was held up. */
  readonly shown?: IdToken
  /** The transaction ends, whatever the settings. */
  readonly isForced?: boolean
}

/** Points that hold. */
const NONE: ReadonlySet<string> = new Set()

/**
 * One EVSE with its connector: who is plugged in, who may charge, and the transaction that comes of
 * it. Every change goes through `#change`, which finds out what begins or ends by it.
 *
 * @spec OCPP 1.6 edition 2 section 4.9; OCPP 2.0.1 edition 3 Part 2, E01–E07
 */
export class Evse {
  readonly id: number
  /** What its vehicle gets, and what the meter shows. */
  readonly power: PowerPath
  readonly #site: Site
  readonly #outlet: Outlet
  readonly #sampling: Sampling
  #grant: Grant | undefined
  #transaction: Transaction | undefined
  /** Whose cable is held, with or without their vehicle. */
  #cableOwner: Grant | undefined
  #troubles: readonly Trouble[] = []
  #isFinishing = false
  /** The vehicle gets nothing more for an invalid token. */
  #isBlocked = false
  #isChanging = false
  /** How it was when somebody looked last; a battery gets full by itself. */
  #seen: Picture
  /** Points that have held since the last transaction: they begin another one only by a new grant. */
  #spent = NONE
  /** Until who may charge has to have plugged in. */
  #connectTimer: Timer | undefined

  constructor(site: Site, outlet: Outlet) {
    this.id = outlet.evseId
    this.#site = site
    this.#outlet = outlet
    this.power = new PowerPath(site, this, outlet)
    this.#sampling = new Sampling(site, this)
    this.#seen = this.#picture()
  }

  get grant(): Grant | undefined {
    return this.#grant
  }

  get transaction(): Transaction | undefined {
    return this.#transaction
  }

  get isFaulted(): boolean {
    return this.#grave !== undefined
  }

  /** Whether the CSMS wants it to be used; one that charges is used to its end. */
  get isOperative(): boolean {
    const { state } = this.#site
    return ![0, this.id].some((id) => state.get('availability', id) === 'Inoperative')
  }

  /** Whether its connector holds the plug. */
  get isLocked(): boolean {
    return this.#outlet.isLocked
  }

  get isPlugged(): boolean {
    return this.#outlet.vehicle !== undefined
  }

  /** Who unplugged their vehicle and has to come back for the cable (E09.FR.03). */
  get cableOwner(): Grant | undefined {
    return this.#cableOwner
  }

  /** Nobody uses it or is about to, and somebody could. */
  get isFree(): boolean {
    const isTaken = this.isPlugged || this.#grant || this.#cableOwner
    return !isTaken && !this.isFaulted && this.isOperative
  }

  /** Somebody may charge what is plugged in. */
  get isClosed(): boolean {
    return this.isPlugged && this.#grant !== undefined && !this.isFaulted
  }

  /** Nothing may flow for now, whoever may charge. */
  get mustWait(): boolean {
    return this.#isBlocked || this.#troubles.length > 0
  }

  /** Energy that may still flow; infinite where no token is invalid. */
  get leftWh(): number {
    return this.#transaction?.leftWh ?? Number.POSITIVE_INFINITY
  }

  /** @param cableA What its cable carries per phase. */
  plugIn(vehicle: Vehicle, cableA: number): void {
    if (this.isPlugged) throw new TypeError(`something is plugged in at EVSE ${this.id} already`)
    this.#change('plugged', () => this.#outlet.plug(vehicle, cableA))
  }

  /** The vehicle goes; so does its cable, unless the connector holds it. */
  unplug(): void {
    const { variables } = this.#site
    this.#change('unplugged', () => {
      this.#outlet.plug(undefined)
      this.#isFinishing = false
      const isOver = variables.is('TxCtrlr.StopTxOnEVSideDisconnect')
      // A cable that may still be charged with is held in any case (E10.FR.01; 1.6, 4.10).
      const isReleased = isOver && variables.is('OCPPCommCtrlr.UnlockOnEVSideDisconnect')
      if (this.isLocked && !isReleased) this.#cableOwner ??= this.#grant
      if (isOver) this.#grant = undefined
    })
  }

  /** Whoever left a cable takes it away. */
  release(): void {
    this.#change('state', () => {
      this.#cableOwner = undefined
    })
  }

  /** Lets somebody charge, until told otherwise. */
  allow(grant: Grant): void {
    this.#change(grant.isRemote ? 'remoteStart' : 'authorized', () => {
      this.#grant = grant
      this.#cableOwner = undefined
      this.#isFinishing = false
      // A vehicle that stayed is connected for whoever comes, too (E01.FR.02).
      this.#spent = NONE
    })
    this.#attachProfile()
    this.#redeem()
    if (this.isPlugged) return
    const timeOutMs = this.#site.variables.number('TxCtrlr.EVConnectionTimeOut') * 1000
    this.#connectTimer = this.#site.after(timeOutMs, () => this.#giveUp())
  }

  /** A reservation is over: a transaction that starts later was not started for it. */
  forgetReservation(id: number): void {
    if (this.#grant?.reservationId !== id) return
    const { reservationId: _, ...grant } = this.#grant
    this.#grant = grant
  }

  /** Lets nobody charge any more; what that ends is up to the settings. */
  forbid(cause: CauseName, shown?: IdToken): void {
    this.#change(cause, () => this.#revoke(cause), { ...(shown && { shown }) })
  }

  /** Ends the transaction, whatever the settings. */
  stop(cause: CauseName): void {
    const letGo = () => {
      this.#revoke(cause)
      this.#cableOwner = undefined
    }
    this.#change(cause, letGo, { isForced: true })
  }

  /**
   * Opens the lock of the connector; who could charge cannot any more, since a plug that is not held
   * must not carry anything.
   *
   * @returns False when the lock does not move.
   */
  unlock(): boolean {
    if (this.#transaction && this.#site.dialect.is16) this.stop('unlocked')
    else if (this.#grant) this.forbid('unlocked')
    if (!this.#outlet.lock(false)) return false
    if (this.#cableOwner) this.release()
    return true
  }

  /** Whether a token is the one that may charge here. */
  isGrantedTo(token: IdToken): boolean {
    return this.#grant !== undefined && isSameToken(this.#grant.token, token)
  }

  /** The CSMS has said something about the token of the transaction. */
  judged(info: TokenInfo): void {
    const { variables, authorization } = this.#site
    if (!this.#transaction || !this.#grant) return
    if (authorization.isValid(info)) {
      if (info.groupId !== undefined) this.#grant = { ...this.#grant, groupId: info.groupId }
      return
    }
    if (variables.is('TxCtrlr.StopTxOnInvalidId')) return this.forbid('deauthorized')
    this.power.settle()
    this.#transaction.invalidFromWh ??= this.power.meter.registerWh
    this.look()
  }

  /** Takes note of all that is wrong now: what runs ends by it, or waits until it is over. */
  suffer(troubles: readonly Trouble[]): void {
    const cause = troubles.find((one) => one.cause)?.cause
    if (cause && !this.isFaulted) this.stop(cause)
    this.#change('state', () => {
      this.#troubles = troubles
    })
    if (cause) this.#site.reservations.withdraw(this.id)
  }

  /** Takes note of what the CSMS wants of it. */
  availabilityChanged(): void {
    if (!this.isOperative && !this.#transaction) {
      this.#site.reservations.withdraw(this.id)
      return this.forbid('timeout')
    }
    this.look()
  }

  /** Something around it has changed: a vehicle that is there may be what a transaction begins by. */
  look(): void {
    this.#change('state', () => {})
  }

  /** Begins anew after a reset, with whatever is plugged in. */
  restart(): void {
    this.#spent = NONE
    this.look()
  }

  /** Takes what it may offer from now on. */
  supply(offer: Offer): void {
    if (this.#isChanging) return this.power.supply(offer)
    this.power.settle()
    this.power.supply(offer)
    this.#follow('rate')
  }

  /** Tells the status, when it is another one than before. */
  refresh(): void {
    const { dialect, statuses } = this.#site
    // In 2.x a status has no error code: troubles are told by events.
    const trouble = dialect.is16 ? (this.#grave ?? this.#troubles[0]) : undefined
    statuses.note(this.id, dialect.statusOf(this.#situation()), trouble)
  }

  /** Says how the transaction is, because somebody wants to know. */
  tellTransaction(): void {
    this.power.settle()
    this.#transaction?.update('asked')
  }

  samples(names: readonly string[]): Sample[] {
    this.power.settle()
    return samplesOf(names, this.power.meter)
  }

  /** What forbids to go on. */
  get #grave(): Trouble | undefined {
    return this.#troubles.find(({ cause }) => cause)
  }

  /** What is faulted or out of operation is not available for charging (G03, F01.FR.23). */
  get #mayBegin(): boolean {
    // TxBeforeAcceptedEnabled is false, and cannot be set (B02.FR.03, B03.FR.01).
    return !this.isFaulted && this.isOperative && this.#site.isAccepted()
  }

  get #mustHold(): boolean {
    return this.#cableOwner !== undefined || (this.isPlugged && this.#grant !== undefined)
  }

  #change(cause: CauseName, mutate: () => void, how: How = {}): void {
    this.power.settle()
    // What is due now would otherwise be measured after the change.
    this.#sampling.flush()
    this.#isChanging = true
    const mustHold = this.#mustHold
    mutate()
    // It holds the plug of whoever may charge, and lets go when that is over.
    if (this.#mustHold !== mustHold) this.#outlet.lock(!mustHold)
    this.power.note()
    this.#isBlocked = this.leftWh <= 0
    this.#site.balance()
    this.#isChanging = false
    this.#follow(cause, how)
  }

  #follow(cause: CauseName, { shown, isForced }: How = {}): void {
    const before = this.#seen
    const after = this.#picture()
    this.#seen = after
    const { starts, stops } = listedPoints(this.#site)
    this.#spent = stillHeld(this.#spent, after.starts)
    if (!this.#transaction) {
      if (hasBegun(starts, this.#spent, after.starts)) this.#begin()
    } else if (isForced || hasEnded(stops, before.points, after.points)) {
      return this.#end(cause === 'rate' ? 'state' : cause, shown)
    } else {
      const told = worthTelling(cause, before, after)
      if (told) this.#transaction.update(told, shown)
    }
    this.refresh()
    // A battery gets full, a limit changes, an energy is used up.
    this.power.await(() => this.#change('rate', () => {}))
  }

  #begin(): void {
    // Who authorized it is what is told of first (E02.FR.01, F02.FR.21); without that it is the
    // cable, also where the vehicle had to wait for the EVSE.
    const { isRemote } = this.#grant ?? {}
    const told = isRemote === undefined ? 'plugged' : isRemote ? 'remoteStart' : 'authorized'
    this.#transaction = new Transaction(this.#site, this, told)
    this.#redeem()
    this.#sampling.start()
    this.#attachProfile()
    this.#site.transactionsChanged()
  }

  /** It is used up by a transaction, not by a card: who never plugs in still has it (1.6, 5.13). */
  #redeem(): void {
    const { reservationId } = this.#grant ?? {}
    if (this.#transaction && reservationId !== undefined) {
      this.#site.reservations.use(reservationId)
    }
  }

  /** What came with the remote start is for the transaction that came of it (F01.FR.10). */
  #attachProfile(): void {
    const { profile } = this.#grant ?? {}
    if (!profile || !this.#transaction || !this.#grant) return
    const { profile: _, ...grant } = this.#grant
    this.#grant = grant
    this.#site.profiles.attach(profile, this.id, this.#transaction.transactionId)
  }

  #end(cause: CauseName, shown?: IdToken): void {
    this.#sampling.stop()
    this.#transaction?.end(cause, shown)
    this.#transaction = undefined
    this.#spent = this.#seen.starts
    this.#isFinishing = this.isPlugged
    this.#site.profiles.forget(this.id)
    this.#site.priority.forget(this.id)
    this.forbid(cause)
    this.#site.transactionsChanged()
    if (!this.isOperative) this.availabilityChanged()
  }

  #revoke(cause: CauseName): void {
    this.#connectTimer?.cancel()
    // Nobody comes back for a cable that was there to charge with until now.
    if (this.#grant && cause !== 'unplugged') this.#cableOwner = undefined
    this.#grant = undefined
  }

  /** The driver did not plug in in time (F02.FR.07 and FR.08). */
  #giveUp(): void {
    if (this.isPlugged || !this.#grant) return
    if (this.#transaction) this.stop('timeout')
    else this.forbid('timeout')
  }

  #picture(): Picture {
    const points = pointsOf({
      isPlugged: this.isPlugged,
      isAuthorized: this.#grant !== undefined,
      isUsable: !this.isFaulted,
      powerW: this.#outlet.draw.powerW,
    })
    const starts = this.#mayBegin ? points : NONE
    const { currentA: offeredA } = this.#outlet.offer
    return { points, starts, state: this.power.chargingState, offeredA }
  }

  #situation(): Situation {
    return {
      isFaulted: this.isFaulted,
      isOperative: this.isOperative,
      isReserved: this.#site.reservations.isReserved(this.id),
      isPlugged: this.isPlugged || this.#cableOwner !== undefined,
      isAuthorized: this.#grant !== undefined,
      hasTransaction: this.#transaction !== undefined,
      isFinishing: this.isPlugged ? this.#isFinishing : this.#cableOwner !== undefined,
      chargingState: this.power.chargingState,
    }
  }
}
