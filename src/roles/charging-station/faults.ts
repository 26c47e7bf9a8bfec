import type { Node } from '../../node/node.ts'
import type { Trouble } from './dialect.ts'
import type { Life } from './life.ts'
import { PROBLEMS, type ProblemKind } from './problems.ts'

/** What can be made to go wrong. */
export type Fault =
  /** The connector is torn out; it is over at once, and clearing it does nothing. */
  | { readonly kind: 'plug-out'; readonly evseId: number }
  /** The register stands still, whatever flows. */
  | { readonly kind: 'meter-stuck'; readonly evseId: number }
  /** The station's clock is wrong by so much. */
  | { readonly kind: 'clock-jump'; readonly seconds: number }
  /** No link stays up. */
  | { readonly kind: 'link-cut' }
  | { readonly kind: 'ground-fault'; readonly evseId: number }
  | { readonly kind: 'over-temperature'; readonly evseId: number }
  | { readonly kind: 'connector-lock'; readonly evseId: number }
export type FaultKind = Fault['kind']

/** Those that keep a connector from charging, with the error code of OCPP 1.6. */
const TROUBLES: Partial<Record<FaultKind, Trouble>> = {
  'ground-fault': { ...wordsOf('ground-fault'), cause: 'groundFault' },
  'over-temperature': wordsOf('over-temperature'),
  'connector-lock': { ...wordsOf('connector-lock'), cause: 'defect' },
}

/** The faults of a station, which outlive its reboots. */
export class Faults {
  readonly #node: Node
  readonly #life: () => Life
  readonly #active = new Map<FaultKind, Fault>()

  constructor(node: Node, life: () => Life) {
    this.#node = node
    this.#life = life
  }

  get skewMs(): number {
    const jump = this.#active.get('clock-jump')
    return jump?.kind === 'clock-jump' ? jump.seconds * 1000 : 0
  }

  /** Tells a life that has just begun what is wrong already. */
  resume(): void {
    for (const fault of this.#active.values()) this.#apply(fault, true)
  }

  inject(fault: Fault): void {
    if ('evseId' in fault) this.#at(fault.evseId)
    if (fault.kind === 'plug-out') return this.#at(fault.evseId).evse.unplug()
    const { skewMs } = this
    this.#end(fault.kind)
    this.#active.set(fault.kind, fault)
    this.#apply(fault, true)
    this.#tellClock(skewMs)
  }

  clear(kind: FaultKind): void {
    const { skewMs } = this
    this.#end(kind)
    this.#tellClock(skewMs)
  }

  /** @returns Whether links are to be cut, and have been. */
  cut(): boolean {
    if (!this.#active.has('link-cut')) return false
    for (const { link } of [...this.#node.neighbours]) link.close(1001, 'cut')
    return true
  }

  #end(kind: FaultKind): void {
    const fault = this.#active.get(kind)
    if (!fault) return
    this.#active.delete(kind)
    this.#apply(fault, false)
  }

  #apply(fault: Fault, isOn: boolean): void {
    if (fault.kind === 'link-cut') this.cut()
    if (!('evseId' in fault) || fault.kind === 'plug-out') return
    const { kind, evseId } = fault
    const { evse, outlet } = this.#at(evseId)
    const { problems } = this.#life()
    const transactionId = evse.transaction?.transactionId
    // Others may be there too: that one is over does not mean that all is well.
    if (kind === 'connector-lock') outlet.isLockStuck = isOn
    if (TROUBLES[kind]) evse.suffer(this.#troublesOf(evseId))
    else {
      evse.samples([])
      outlet.isStuck = isOn
    }
    if (isOn) problems.begin({ kind, evseId }, transactionId)
    else problems.end({ kind, evseId })
  }

  /** Whoever sets the clock says so, unless it is by less than the CSMS cares about. */
  #tellClock(beforeMs: number): void {
    const seconds = (this.skewMs - beforeMs) / 1000
    const { variables, notices } = this.#life()
    const threshold = variables.number('ClockCtrlr.TimeAdjustmentReportingThreshold')
    if (Math.abs(seconds) > threshold) notices.security('SettingSystemTime', `by ${seconds} s`)
  }

  #troublesOf(evseId: number): Trouble[] {
    return [...this.#active.values()].flatMap((fault) => {
      const trouble = TROUBLES[fault.kind]
      return trouble && 'evseId' in fault && fault.evseId === evseId ? [trouble] : []
    })
  }

  #at(evseId: number) {
    const { evses, outlets } = this.#life()
    const evse = evses[evseId - 1]
    const outlet = outlets[evseId - 1]
    if (!evse || !outlet) throw new TypeError(`there is no EVSE ${evseId}`)
    return { evse, outlet }
  }
}

function wordsOf(kind: ProblemKind): Trouble {
  const { techCode: errorCode, techInfo: info } = PROBLEMS[kind]
  return { errorCode, info }
}
