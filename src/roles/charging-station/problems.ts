import type { ComponentEvent } from './dialect.ts'
import type { Site } from './site.ts'

type Problem = Pick<ComponentEvent, 'severity' | 'techCode' | 'techInfo'> & {
  readonly component: string
  /** It belongs to the connector, and not to the EVSE as a whole. */
  readonly isOfConnector?: true
}

// biome-ignore format: a table
/** What can be wrong, of which component; severities as in 2.0.1, SetVariableMonitoring. */
export const PROBLEMS = {
  'ground-fault':     { component: 'Connector',                  isOfConnector: true, severity: 0, techCode: 'GroundFailure',        techInfo: 'current to earth' },
  'over-temperature': { component: 'EVSE',                                            severity: 1, techCode: 'HighTemperature',      techInfo: 'too hot inside' },
  'connector-lock':   { component: 'ConnectorPlugRetentionLock', isOfConnector: true, severity: 1, techCode: 'ConnectorLockFailure', techInfo: 'the lock does not move' },
  'meter-stuck':      { component: 'FiscalMetering',                                  severity: 1, techCode: 'PowerMeterFailure',    techInfo: 'the register stands still' },
} as const satisfies Record<string, Problem>
export type ProblemKind = keyof typeof PROBLEMS

export interface OpenProblem {
  readonly kind: ProblemKind
  readonly evseId: number
}

const KEPT = ['problem', 'open'] as const

/**
 * What is wrong with components, as the CSMS was told: by notifications that the station sends of
 * itself, since nobody has set a monitor.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2, G05.FR.02 and N07; OCPP 2.1 Part 2, N07.FR.21
 */
export class Problems {
  readonly #site: Site

  constructor(site: Site) {
    this.#site = site
  }

  /** @param transactionId Of the transaction that ran when it began. */
  begin(problem: OpenProblem, transactionId: string | undefined): void {
    if (this.#isOpen(problem)) return
    this.#keep([...this.#open(), problem])
    this.#tell(problem, { isOver: false, transactionId })
  }

  end(problem: OpenProblem): void {
    if (!this.#isOpen(problem)) return
    this.#keep(this.#open().filter((one) => !isSame(one, problem)))
    this.#tell(problem, { isOver: true, transactionId: undefined })
  }

  /** Whoever starts anew has none of them; the CSMS may still know of some (N07.FR.14). */
  endAll(): void {
    for (const problem of this.#open()) this.end(problem)
  }

  /** The components of an EVSE that can have problems, and whether they have. */
  ofEvse(evseId: number) {
    return (Object.keys(PROBLEMS) as ProblemKind[]).map((kind) => ({
      component: componentOf({ kind, evseId }),
      isOpen: this.#isOpen({ kind, evseId }),
    }))
  }

  #tell(problem: OpenProblem, how: { isOver: boolean; transactionId: string | undefined }): void {
    const { severity, techCode, techInfo } = PROBLEMS[problem.kind]
    const { isOver, transactionId } = how
    this.#site.notices.event({
      component: componentOf(problem),
      variable: 'Problem',
      value: `${!isOver}`,
      isOver,
      severity,
      techCode,
      techInfo,
      ...(transactionId !== undefined && { transactionId }),
    })
  }

  #isOpen(problem: OpenProblem): boolean {
    return this.#open().some((one) => isSame(one, problem))
  }

  #open(): readonly OpenProblem[] {
    return this.#site.state.get<OpenProblem[]>(...KEPT) ?? []
  }

  #keep(problems: readonly OpenProblem[]): void {
    this.#site.state.set(...KEPT, problems)
  }
}

function isSame(a: OpenProblem, b: OpenProblem): boolean {
  return a.kind === b.kind && a.evseId === b.evseId
}

function componentOf({ kind, evseId: id }: OpenProblem) {
  const { component: name, ...more } = PROBLEMS[kind]
  return { name, evse: 'isOfConnector' in more ? { id, connectorId: 1 } : { id } }
}
