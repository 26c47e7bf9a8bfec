import type { Vehicle } from '../../energy/vehicle.ts'
import type { Protocol } from '../../messages/protocols.ts'
import { createNode, type Node, type NodeOptions } from '../../node/node.ts'
import { type Clock, delay, fasterClock, systemClock } from '../../primitives/clock.ts'
import { StationJournal } from '../../storage/station-journal.ts'
import type { StationState } from '../../storage/station-state.ts'
import type { BackOff } from '../../transport/websocket-client.ts'
import { afterAnswer } from './commands.ts'
import type { BootReason, CauseName, Dialect, IdToken } from './dialect.ts'
import { dialect16 } from './dialect-1.6.ts'
import { dialect2 } from './dialect-2.ts'
import { Drivers } from './drivers.ts'
import { type Fault, type FaultKind, Faults } from './faults.ts'
import { handlersOf } from './handlers.ts'
import { Life } from './life.ts'
import { Outlet } from './outlet.ts'
import { type PresentResult, present } from './present.ts'
import { Reach } from './reach.ts'
import type { Hardware } from './site.ts'

export interface ChargingStationOptions extends Omit<NodeOptions, 'handlers' | 'services'> {
  readonly protocol: Protocol
  /** Default `Simulated AC 22`. */
  readonly model?: string
  /** Id tokens that drivers hold up, by turns. Default: there are no drivers. */
  readonly tokens?: readonly string[]
  /** Default 1. */
  readonly evses?: number
  /** Of an EVSE, over all its phases. Default 22 000 of three, a third of it of each. */
  readonly maxPowerW?: number
  /** Each EVSE has. Default 3. */
  readonly phases?: 1 | 2 | 3
  /** Between a phase and neutral. Default 230. */
  readonly voltageV?: number
  /** Pause before each session and length of it, in seconds. Default 20 and 60. */
  readonly pauseS?: number
  readonly sessionS?: number
  /** Seconds between meter values, until the CSMS sets another interval. Default 10. */
  readonly meterIntervalS?: number
  /** How many of its seconds pass in one of the network's, 1 to 1 000. Default 1. */
  readonly speed?: number
  /** Sessions of each EVSE, after which it stays free. Default: no end. */
  readonly sessions?: number
  /**
   * What it has to say about transactions, kept until it is delivered, after a restart too.
   * Default: in memory. The station does not close it.
   */
  readonly journal?: StationJournal
  /** Settings, lists, profiles and reservations. Default: in the file of the journal. */
  readonly state?: StationState
}

/** A vehicle, as far as it is another one than usual, and the cable it comes with. */
export interface VehicleOptions extends Partial<Vehicle> {
  /** What the cable carries per phase, which its plug tells the station (IEC 61851-1, annex B). Default: more than all others. */
  readonly cableA?: number
}

/** A simulated station: boots, says it is alive, and drivers come and go. */
export interface ChargingStation {
  readonly node: Node
  start(): Promise<void>
  stop(): Promise<void>
  /** Resolves when the CSMS has accepted its boot: before that nobody can charge. */
  readonly accepted: Promise<unknown>
  /** Plugs in a vehicle, by default half full. @throws {TypeError} when one is plugged in. */
  plugIn(evseId: number, vehicle?: VehicleOptions): void
  /** Unplugs the vehicle, at its own side if the connector holds the plug. */
  unplug(evseId: number): void
  /** Pulls the plug at the station. @throws {TypeError} when the connector holds it. */
  pull(evseId: number): void
  /** Holds up a card: lets charge, or ends that. */
  present(evseId: number, idToken: string | IdToken): Promise<PresentResult>
  /** Makes something go wrong until it is cleared. */
  inject(fault: Fault): void
  clear(kind: FaultKind): void
  /** The grid limits the station, in W; undefined: not any more. */
  limitExternally(powerW: number | undefined): void
  /**
   * Somebody at the station wants to charge with priority, or not any more.
   *
   * @returns False where nothing runs, or nobody has said what priority is (K22.FR.01).
   */
  prioritize(evseId: number, isOn: boolean): boolean
  /** How long it waits before it dials again, by the variables that its CSMS has set; undefined: none is. */
  readonly backOff: BackOff | undefined
  /** What is at an EVSE, for whoever looks at the station from outside. */
  evse(evseId: number): EvseView
}

export interface EvseView {
  /** In the words of the version. */
  readonly status: string | undefined
  readonly transactionId: string | undefined
  readonly registerWh: number
  readonly powerW: number
  readonly vehicle: Vehicle | undefined
  /** Whether the connector holds the plug. */
  readonly isLocked: boolean
}

const PHASES = 3
const PHASE_POWER_W = 22_000 / PHASES
/** How long a station that is to boot again waits for what it has said to be answered (B12.FR.05). */
const RESET_WAIT_MS = 5_000
const FIRST_REGISTER_WH = 1_000
/** So much of what has flown is lost at most when the power fails. */
const REGISTER_EVERY_MS = 5_000

export function createChargingStation(options: ChargingStationOptions): ChargingStation {
  const { protocol, model = 'Simulated AC 22', journal: _, state: __, ...rest } = options
  // Handlers ask the station of the moment: a reboot makes another one.
  const handlers = handlersOf(protocol, () => station.commandable)
  const node = createNode({ ...rest, handlers })
  const identity = { model, serialNumber: options.nodeId.slice(0, 25) }
  const reach = new Reach(node)
  const dialect =
    protocol === 'ocpp1.6' ? dialect16(reach, identity) : dialect2(reach, protocol, identity)
  const station = new SimulatedStation({ node, reach, dialect }, options)
  return station
}

/** What handlers may do to a station. */
export interface Commandable {
  readonly life: Life
  readonly model: string
  /** Ends what runs, and boots again. */
  reboot(reason: BootReason, cause: CauseName): void
  /** Does something as soon as no transaction runs, at an EVSE or anywhere. */
  whenIdle(evseId: number | undefined, act: () => void): void
}

/** What a station speaks with, whichever life it lives. */
interface Wiring {
  readonly node: Node
  readonly reach: Reach
  readonly dialect: Dialect
}

class SimulatedStation implements ChargingStation {
  readonly node: Node
  readonly #reach: Reach
  readonly #dialect: Dialect
  readonly #options: ChargingStationOptions
  readonly #clock: Clock
  readonly #journal: StationJournal
  readonly #outlets: readonly Outlet[]
  readonly #faults: Faults
  readonly #drivers: Drivers
  /** Registers as they were kept last, by EVSE. */
  readonly #kept = new Map<number, number>()
  #life: Life
  #isStopped = false
  #isRebooting = false
  /** What waits for transactions to end. */
  #whenIdle: { readonly evseId: number | undefined; readonly act: () => void }[] = []
  #run: Promise<unknown> = Promise.resolve()
  #resolveLinked: (() => void) | undefined

  constructor({ node, reach, dialect }: Wiring, options: ChargingStationOptions) {
    this.node = node
    this.#reach = reach
    this.#dialect = dialect
    this.#options = options
    // Links and answers take their own time, however fast the station lives.
    this.#clock = fasterClock(options.clock ?? systemClock, options.speed ?? 1)
    this.#journal = options.journal ?? new StationJournal(':memory:')
    this.#outlets = Array.from({ length: options.evses ?? 1 }, (_, at) => this.#outlet(at + 1))
    this.#faults = new Faults(node, () => this.#life)
    this.#drivers = new Drivers(this, options)
    this.#life = this.#newLife()
  }

  get commandable(): Commandable {
    const { model = 'Simulated AC 22' } = this.#options
    return {
      life: this.#life,
      model,
      reboot: (reason, cause) => void this.#reboot(reason, cause),
      whenIdle: (evseId, act) => void this.#whenIdle.push({ evseId, act }),
    }
  }

  async start(): Promise<void> {
    this.node.onEvent(({ name }) => {
      if (name === 'link.up') this.#linked()
      if (name === 'link.down') this.#life.unlinked()
    })
    this.#endInterrupted()
    this.#life.problems.endAll()
    await this.node.start()
    this.#begin('PowerUp')
  }

  get backOff(): BackOff | undefined {
    const { variables } = this.#life
    const waitMinimumS = variables.number('OCPPCommCtrlr.RetryBackOffWaitMinimum')
    const randomRangeS = variables.number('OCPPCommCtrlr.RetryBackOffRandomRange')
    const repeatTimes = variables.number('OCPPCommCtrlr.RetryBackOffRepeatTimes')
    const isSet = waitMinimumS + randomRangeS + repeatTimes > 0
    return isSet ? { waitMinimumS, randomRangeS, repeatTimes } : undefined
  }

  get accepted(): Promise<unknown> {
    return this.#life.accepted
  }

  async stop(): Promise<void> {
    if (!this.#isStopped) this.#keepRegisters()
    this.#isStopped = true
    this.#life.end()
    await this.node.stop()
    await this.#run
    if (!this.#options.journal) this.#journal.close()
  }

  plugIn(evseId: number, vehicle: VehicleOptions = {}): void {
    const { cableA = Number.POSITIVE_INFINITY, ...own } = vehicle
    const evse = this.#evse(evseId)
    evse.plugIn({ ...this.#defaultVehicle(), ...own }, cableA)
  }

  unplug(evseId: number): void {
    this.#evse(evseId).unplug()
  }

  pull(evseId: number): void {
    const evse = this.#evse(evseId)
    if (evse.isLocked) throw new TypeError(`the connector of EVSE ${evseId} holds the plug`)
    evse.unplug()
  }

  present(evseId: number, idToken: string | IdToken): Promise<PresentResult> {
    const token = typeof idToken === 'string' ? { idToken, type: 'ISO14443' } : idToken
    return present(this.#life, this.#evse(evseId), token)
  }

  inject(fault: Fault): void {
    this.#faults.inject(fault)
  }

  clear(kind: FaultKind): void {
    this.#faults.clear(kind)
  }

  limitExternally(powerW: number | undefined): void {
    const life = this.#life
    life.profiles.limitExternally(powerW)
    life.balance()
    life.notices.externalLimit(powerW !== undefined)
  }

  prioritize(evseId: number, isOn: boolean): boolean {
    const { transaction } = this.#evse(evseId)
    return transaction !== undefined && this.#life.priority.use(evseId, isOn) === 'Accepted'
  }

  evse(evseId: number): EvseView {
    const evse = this.#evse(evseId)
    evse.samples([])
    const { registerWh, powerW } = evse.power.meter
    return {
      status: this.#life.statuses.of(evseId),
      transactionId: evse.transaction?.transactionId,
      registerWh,
      powerW,
      vehicle: this.#outlets[evseId - 1]?.vehicle,
      isLocked: evse.isLocked,
    }
  }

  #evse(evseId: number) {
    const evse = this.#life.evses[evseId - 1]
    if (!evse) throw new TypeError(`there is no EVSE ${evseId}`)
    return evse
  }

  #linked(): void {
    // Who cut the line keeps it cut.
    if (this.#faults.cut()) return
    this.#life.linked()
    this.#resolveLinked?.()
  }

  /** Boots, and lives until it is stopped or boots again. */
  #begin(reason: BootReason): void {
    const life = this.#life
    life.notices.security('StartupOfTheDevice', reason)
    // A station that boots before it is connected would only be told that nobody is there.
    const linked = new Promise<void>((resolve, reject) => {
      this.#resolveLinked = resolve
      life.signal.addEventListener('abort', () => reject(life.signal.reason), { once: true })
      if (life.reach.isLinked) resolve()
    })
    const live = async () => {
      await linked
      await Promise.all([life.run(reason), this.#drivers.run(life), this.#readRegisters(life)])
    }
    this.#run = live().catch((error) => {
      if (!life.signal.aborted) throw error
    })
  }

  /** By the clock of the network: a disk is no faster where a station is. */
  async #readRegisters({ signal }: Life): Promise<void> {
    for (;;) {
      await delay(this.#options.clock ?? systemClock, REGISTER_EVERY_MS, signal)
      this.#keepRegisters()
    }
  }

  #keepRegisters(): void {
    for (const evse of this.#life.evses) {
      evse.power.settle()
      const { registerWh } = evse.power.meter
      // Where nothing flows, nothing is written.
      if (registerWh === this.#kept.get(evse.id)) continue
      this.#journal.keepRegister(evse.id, registerWh)
      this.#kept.set(evse.id, registerWh)
    }
  }

  async #reboot(reason: BootReason, cause: CauseName): Promise<void> {
    if (this.#isRebooting) return
    this.#isRebooting = true
    const life = this.#life
    const stopAll = () => {
      for (const evse of life.evses) evse.stop(cause)
    }
    stopAll()
    life.notices.security('ResetOrReboot', reason)
    const until = this.#clock.now() + RESET_WAIT_MS
    const isWaiting = () => this.#journal.isWaiting() || life.notices.isWaiting()
    while (life.reach.isLinked && isWaiting() && this.#clock.now() < until) {
      await delay(this.#clock, 100, life.signal).catch(() => {})
      if (this.#isStopped) return
    }
    // Somebody may have come meanwhile: that is told after the reboot (B12.FR.05).
    stopAll()
    life.end()
    await this.#run
    if (this.#isStopped) return
    this.#life = this.#newLife()
    this.#faults.resume()
    for (const { link } of [...this.node.neighbours]) link.close(1001, 'rebooting')
    this.#isRebooting = false
    this.#begin(reason)
  }

  #endInterrupted(): void {
    this.#life.endInterrupted()
  }

  #newLife(): Life {
    const { log, state = this.#journal.state } = this.#options
    return new Life({
      node: this.node,
      reach: this.#reach,
      dialect: this.#dialect,
      clock: this.#clock,
      networkClock: this.#options.clock ?? systemClock,
      ...(log && { log }),
      journal: this.#journal,
      state,
      hardware: this.#hardware,
      outlets: this.#outlets,
      initial: { 'SampledDataCtrlr.TxUpdatedInterval': `${this.#options.meterIntervalS ?? 10}` },
      skewMs: () => this.#faults.skewMs,
      transactionsChanged: () => this.#transactionsChanged(),
    })
  }

  #transactionsChanged(): void {
    this.#drivers.changed()
    const runs = ({ evseId }: { readonly evseId: number | undefined }) =>
      this.#life.evses.some(({ id, transaction }) => transaction && (!evseId || id === evseId))
    const due = this.#whenIdle.filter((one) => !runs(one))
    this.#whenIdle = this.#whenIdle.filter(runs)
    for (const { act } of due) void afterAnswer(this.#life, act)
  }

  get #hardware(): Hardware {
    const { voltageV = 230, phases = PHASES } = this.#options
    const { maxPowerW = PHASE_POWER_W * phases } = this.#options
    return { maxCurrentA: maxPowerW / voltageV / phases, phases, voltageV }
  }

  #outlet(evseId: number): Outlet {
    const registerWh = this.#journal.registerWh(evseId) ?? FIRST_REGISTER_WH * evseId
    return new Outlet(evseId, registerWh, this.#clock.now())
  }

  #defaultVehicle(): Vehicle {
    const { maxCurrentA } = this.#hardware
    // biome-ignore format: one vehicle
    return { capacityWh: 60_000, stateOfCharge: 0.5, phases: PHASES, maxCurrentA, minCurrentA: Math.min(6, maxCurrentA), efficiency: 0.92 }
  }
}
