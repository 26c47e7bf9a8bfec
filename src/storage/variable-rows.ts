import { csmsQueries as queries } from './csms-tables.ts'
import type { Database } from './database.ts'

/** One variable as a station reports it (ReportDataType of OCPP 2.x). */
export interface VariableReport {
  readonly component: {
    readonly name: string
    readonly instance?: string
    readonly evse?: { readonly id: number; readonly connectorId?: number }
  }
  readonly variable: { readonly name: string; readonly instance?: string }
  readonly variableAttribute: readonly {
    readonly type?: string
    readonly value?: string
    readonly mutability?: string
  }[]
  readonly variableCharacteristics?: object
}

export interface VariableRow {
  /** `EVSE/1`, `Connector/1.2` or `SampledDataCtrlr`, with an instance behind `#`. */
  readonly component: string
  readonly variable: string
  /** Actual, Target, MinSet or MaxSet. */
  readonly attribute: string
  /** Undefined where it cannot be read. */
  readonly value: string | undefined
  readonly mutability: string | undefined
  readonly characteristics: unknown
  /** RFC 3339. */
  readonly reportedAt: string
}

/** The device model of each station, as last reported. */
export class VariableRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  put(station: string, report: VariableReport, reportedAt: string): void {
    const { component, variable, variableAttribute, variableCharacteristics } = report
    const key = { station, component: componentName(component), variable: named(variable) }
    const characteristics = variableCharacteristics ? JSON.stringify(variableCharacteristics) : null
    for (const { type = 'Actual', value = null, mutability = null } of variableAttribute) {
      const said = { value, mutability, characteristics, reported_at: reportedAt }
      this.#db.change(
        queries
          .insertInto('variables')
          .values({ ...key, attribute: type, ...said })
          .onConflict((conflict) =>
            conflict.columns(['station', 'component', 'variable', 'attribute']).doUpdateSet(said),
          ),
      )
    }
  }

  /** What an attribute reads now; what else is known of it stays. */
  setValue(
    station: string,
    { component, variable }: Pick<VariableReport, 'component' | 'variable'>,
    attribute: string,
    value: string | null,
    reportedAt: string,
  ): void {
    const key = { station, component: componentName(component), variable: named(variable), attribute } // biome-ignore format: one line
    const said = { value, reported_at: reportedAt }
    this.#db.change(
      queries
        .insertInto('variables')
        .values({ ...key, ...said, mutability: null, characteristics: null })
        .onConflict((conflict) =>
          conflict.columns(['station', 'component', 'variable', 'attribute']).doUpdateSet(said),
        ),
    )
  }

  of(station: string): VariableRow[] {
    const query = queries
      .selectFrom('variables')
      .selectAll()
      .where('station', '=', station)
      .orderBy('component')
      .orderBy('variable')
      .orderBy('attribute')
    return this.#db.rows(query).map((row) => ({
      component: row.component,
      variable: row.variable,
      attribute: row.attribute,
      value: row.value ?? undefined,
      mutability: row.mutability ?? undefined,
      characteristics: row.characteristics === null ? undefined : JSON.parse(row.characteristics),
      reportedAt: row.reported_at,
    }))
  }
}

function componentName({ evse, ...component }: VariableReport['component']): string {
  const place = evse && [evse.id, evse.connectorId].filter((id) => id !== undefined).join('.')
  return place === undefined ? named(component) : `${component.name}/${place}`
}

function named({ name, instance }: { readonly name: string; readonly instance?: string }): string {
  return instance === undefined ? name : `${name}#${instance}`
}
