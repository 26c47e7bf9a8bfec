import type { ChargingProfile } from '../../energy/charging-profile.ts'
import type { CauseName, Happening, IdToken, StopReason } from './dialect.ts'
import { CAUSES, contextOf } from './dialect.ts'
import type { Evse } from './evse.ts'
import type { ValueRecord } from './meter-values.ts'
import { samplesOf } from './meter-values.ts'
import type { Site } from './site.ts'

/** Why somebody may charge. */
export interface Grant {
  readonly token: IdToken
  readonly groupId?: string
  readonly remoteStartId?: number
  readonly reservationId?: number
  readonly isRemote: boolean
  /** For the transaction that comes of it. */
  readonly profile?: ChargingProfile
}

/** Of what a value is told, `update` where nothing is said, and when it was due. */
interface Sampled {
  readonly kind?: Happening['kind']
  readonly at?: string | undefined
}

/** More values are thinned out: every second one goes (E06.FR.13). */
const MAX_KEPT = 200

/** What is said about one transaction, from its first message to its last. */
export class Transaction {
  readonly #site: Site
  readonly #evse: Evse
  readonly startId: number
  #transactionId: string | undefined
  #token: IdToken | undefined
  /** Kept for the last message. */
  #values: ValueRecord[] = []
  /** Register from which energy is counted that an invalid token may still have. */
  invalidFromWh: number | undefined
  /** Why it will end, once something has decided that; it may still take until the plug is out. */
  reason: StopReason | undefined

  constructor(site: Site, evse: Evse, cause: CauseName) {
    this.#site = site
    this.#evse = evse
    const { grant } = evse
    this.#token = grant?.token
    this.#transactionId = site.dialect.isNumberedByCsms ? undefined : this.#newId()
    const names = site.variables.list('SampledDataCtrlr.TxStartedMeasurands')
    const values = [this.#record(names, cause, { kind: 'start' })]
    const happening = this.#happening('start', cause, values)
    const named = { evseId: evse.id, idToken: this.idToken, transactionId: this.#transactionId }
    const message = site.dialect.message(named, { ...happening, ...told(grant) })
    if (!message) throw new TypeError('a version has no words for the start of a transaction')
    if (this.#isKeeping) this.keepSample(this.#endNames(), cause, { kind: 'start' })
    this.startId = site.journal.begin({ ...this.#entry(), ...message }, this.#transactionId)
    site.added()
  }

  /** Undefined where the CSMS gives it, and has not yet. */
  get transactionId(): string | undefined {
    return this.#transactionId
  }

  get idToken(): string {
    return this.#token?.idToken ?? ''
  }

  /** The CSMS has given it a number. */
  named(transactionId: string): void {
    this.#transactionId = transactionId
  }

  /** Energy that its token may still have; infinite for a valid one (MaxEnergyOnInvalidId). */
  get leftWh(): number {
    if (this.invalidFromWh === undefined) return Number.POSITIVE_INFINITY
    const maxWh = this.#site.variables.number('TxCtrlr.MaxEnergyOnInvalidId')
    return this.invalidFromWh + maxWh - this.#evse.power.meter.registerWh
  }

  /**
   * @param shown The token that was held up, where that is not what the transaction is for.
   * @param at When its values were due, where that was a moment before.
   */
  update(cause: CauseName, shown?: IdToken, at?: string): void {
    const values = [this.#record(this.#namesFor(cause), cause, { at })]
    const { grant: now } = this.#evse
    const grant = now?.token === this.#token ? undefined : now
    if (grant) this.#token = grant.token
    // Who stopped it first is why it ends, however long it goes on without a right to.
    const row = CAUSES[cause]
    if (this.#evse.grant) this.reason = undefined
    else if ('reason' in row) this.reason ??= row.reason
    this.#tell('meter', { ...this.#happening('update', cause, values), ...told(grant, shown) })
  }

  end(cause: CauseName, shown?: IdToken): void {
    this.keepSample(this.#endNames(), cause, { kind: 'end' })
    this.reason ??= reasonOf(cause, this.#evse)
    const happening = this.#happening('end', cause, this.#values)
    this.#tell('stop', { ...happening, reason: this.reason, ...told(undefined, shown) })
  }

  /** Keeps a value for the last message. */
  keepSample(names: readonly string[], cause: CauseName, of: Sampled = {}): void {
    if (names.length > 0) this.#keep(this.#record(names, cause, of))
  }

  #tell(kind: 'meter' | 'stop', happening: Happening): void {
    const { dialect, journal } = this.#site
    const { transactionId, idToken } = this
    const named = { evseId: this.#evse.id, idToken, transactionId }
    const message = dialect.message(named, happening)
    if (!message) return
    journal.add({ ...this.#entry(), ...message }, kind, this.startId)
    this.#site.added()
  }

  #happening(
    kind: Happening['kind'],
    cause: CauseName,
    values: readonly ValueRecord[],
  ): Omit<Happening, 'idToken'> {
    const { chargingState, meter } = this.#evse.power
    const isFlowing = chargingState === 'Charging'
    return {
      kind,
      trigger: CAUSES[cause].trigger,
      at: this.#site.stamp(),
      seqNo: kind === 'start' ? 0 : this.#site.journal.count(this.startId),
      isOffline: !this.#site.reach.isThere,
      chargingState,
      registerWh: meter.registerWh,
      values,
      ...(isFlowing && kind !== 'end' && { phases: meter.phases }),
    }
  }

  #entry() {
    return {
      evseId: this.#evse.id,
      idToken: this.idToken,
      registerWh: this.#evse.power.meter.registerWh,
    }
  }

  #record(
    names: readonly string[],
    cause: CauseName,
    { kind = 'update', at = this.#site.stamp() }: Sampled,
  ): ValueRecord {
    const samples = samplesOf(names, this.#evse.power.meter)
    return { at, context: contextOf(kind, cause), samples }
  }

  #namesFor(cause: CauseName): string[] {
    const { variables } = this.#site
    return variables.list(
      cause === 'clock' ? 'AlignedDataCtrlr.Measurands' : 'SampledDataCtrlr.TxUpdatedMeasurands',
    )
  }

  #endNames(): string[] {
    return this.#site.variables.list('SampledDataCtrlr.TxEndedMeasurands')
  }

  /** Whether the last message tells more than how it ended. */
  get #isKeeping(): boolean {
    const { dialect, variables } = this.#site
    return dialect.is16 || variables.number('SampledDataCtrlr.TxEndedInterval') > 0
  }

  #keep(value: ValueRecord): void {
    this.#values.push(value)
    if (this.#values.length > MAX_KEPT) {
      const last = this.#values.length - 1
      this.#values = this.#values.filter((_, at) => at % 2 === 0 || at === last)
    }
  }

  // The counter makes it unlike any other of this station, the time unlike any before its store.
  #newId(): string {
    const { nodeId, clock, state } = this.#site
    const count = state.count('transaction').toString(36)
    return `${nodeId}-${this.#evse.id}-${clock.now().toString(36)}-${count}`.slice(-36)
  }
}

function told(grant: Grant | undefined, shown?: IdToken) {
  const idToken = shown ?? grant?.token
  return {
    ...(idToken && { idToken }),
    ...(grant?.remoteStartId !== undefined && { remoteStartId: grant.remoteStartId }),
    ...(grant?.reservationId !== undefined && { reservationId: grant.reservationId }),
  }
}

function reasonOf(cause: CauseName, { power }: Evse): StopReason {
  const row = CAUSES[cause]
  if ('reason' in row) return row.reason
  return power.chargingState === 'SuspendedEV' ? 'StoppedByEV' : 'Other'
}
