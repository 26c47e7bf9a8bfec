import type { Node } from '../../node/node.ts'
import type { Trouble } from './dialect.ts'
import type { Life } from './life.ts'

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

/** Those that a connector reports, with the error code of OCPP 1.6. */
const TROUBLES: Partial<Record<FaultKind, Trouble>> = {
  'ground-fault': { errorCode: 'GroundFailure', info: 'current to earth' },
  'over-temperature': { errorCode: 'HighTemperature', info: 'too hot inside' },
  'connector-lock': { errorCode: 'ConnectorLockFailure', info: 'the lock does not move' },
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

  inject(fault: Fault): void {
    if ('evseId' in fault) this.#at(fault.evseId)
    if (fault.kind === 'plug-out') return this.#at(fault.evseId).evse.unplug()
    this.clear(fault.kind)
    this.#active.set(fault.kind, fault)
    this.#apply(fault, true)
  }

  clear(kind: FaultKind): void {
    const fault = this.#active.get(kind)
    if (!fault) return
    this.#active.delete(kind)
    this.#apply(fault, false)
  }

  /** @returns Whether links are to be cut, and have been. */
  cut(): boolean {
    if (!this.#active.has('link-cut')) return false
    for (const { link } of [...this.#node.neighbours]) link.close(1001, 'cut')
    return true
  }

  #apply(fault: Fault, isOn: boolean): void {
    if (fault.kind === 'link-cut') this.cut()
    if (!('evseId' in fault)) return
    const { evse, outlet } = this.#at(fault.evseId)
    const trouble = TROUBLES[fault.kind]
    if (trouble) return evse.fail(isOn ? trouble : undefined)
    evse.samples([])
    outlet.isStuck = isOn
  }

  #at(evseId: number) {
    const { evses, outlets } = this.#life()
    const evse = evses[evseId - 1]
    const outlet = outlets[evseId - 1]
    if (!evse || !outlet) throw new TypeError(`there is no EVSE ${evseId}`)
    return { evse, outlet }
  }
}
