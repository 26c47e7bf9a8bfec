/**
 * The device model of a station: the settings of the table, and what there is of hardware.
 *
 * @spec OCPP 2.0.1 edition 3 Part 2 chapter 2; Part 1 chapter 4
 */
import { SIMULATED_VENDOR } from './dialect.ts'
import type { Evse } from './evse.ts'
import type { Life } from './life.ts'
import { VARIABLES, type VariableRow } from './variables-table.ts'

export const CONNECTOR_TYPE = 'sType2'

export interface Component {
  readonly name: string
  readonly instance?: string
  readonly evse?: { readonly id: number; readonly connectorId?: number }
}

export interface Entry {
  readonly component: Component
  readonly variable: { readonly name: string; readonly instance?: string }
  /** Of the setting, or made up for hardware. */
  readonly row: VariableRow
  readonly value: string
}

const BOOLEAN = { type: 'boolean', access: 'RO' } as const
const TEXT = { type: 'string', access: 'RO' } as const
const INTEGER = { type: 'integer', access: 'RO' } as const

/** Everything that can be reported, in a fixed order. */
export function inventory(life: Life, model: string): Entry[] {
  const settings = (VARIABLES as readonly VariableRow[])
    .filter(({ name, isOf21 }) => !name.startsWith('-') && (life.dialect.is21 || !isOf21))
    .map((row) => settingEntry(life, row))
  return [...settings, ...stationEntries(life, model), ...life.evses.flatMap((evse) => evseEntries(life, evse))] // biome-ignore format: one line
}

function settingEntry({ variables }: Life, row: VariableRow): Entry {
  const [, component = '', name = '', instance] =
    /^(\w+)\.(\w+)(?:\[(\w+)\])?$/.exec(row.name) ?? []
  return {
    component: { name: component },
    variable: { name, ...(instance && { instance }) },
    row,
    value: variables.told(row.name as never),
  }
}

function stationEntries(life: Life, model: string): Entry[] {
  const isUsed = life.state.get('availability', 0) !== 'Inoperative'
  const component = { name: 'ChargingStation' }
  const rows: [string, Omit<VariableRow, 'name' | 'value'>, string][] = [
    ['AvailabilityState', TEXT, isUsed ? 'Available' : 'Unavailable'],
    ['Available', BOOLEAN, 'true'],
    ['Model', TEXT, model],
    ['VendorName', TEXT, SIMULATED_VENDOR],
    ['SupplyPhases', INTEGER, `${life.hardware.phases}`],
  ]
  return rows.map((row) => entry(component, row))
}

function evseEntries(life: Life, evse: Evse): Entry[] {
  const { phases, maxCurrentA, voltageV } = life.hardware
  const state = life.statuses.of(evse.id) ?? 'Available'
  const own = { name: 'EVSE', evse: { id: evse.id } }
  const connector = { name: 'Connector', evse: { id: evse.id, connectorId: 1 } }
  const power = { type: 'decimal', access: 'RO', unit: 'W', max: phases * maxCurrentA * voltageV } as const // biome-ignore format: one line
  const lock = { name: 'ConnectorPlugRetentionLock', evse: connector.evse }
  evse.samples([])
  const problems = life.problems.ofEvse(evse.id)
  return [
    entry(own, ['AllowReset', BOOLEAN, 'true']),
    entry(own, ['AvailabilityState', TEXT, state]),
    entry(own, ['Available', BOOLEAN, 'true']),
    entry(own, ['Power', power, `${Math.round(evse.power.meter.powerW)}`]),
    entry(own, ['SupplyPhases', INTEGER, `${phases}`]),
    entry(connector, ['AvailabilityState', TEXT, state]),
    entry(connector, ['Available', BOOLEAN, 'true']),
    entry(connector, ['ConnectorType', TEXT, CONNECTOR_TYPE]),
    entry(connector, ['SupplyPhases', INTEGER, `${phases}`]),
    entry(lock, ['Active', BOOLEAN, `${evse.isLocked}`]),
    ...problems.map(({ component, isOpen }) => entry(component, ['Problem', BOOLEAN, `${isOpen}`])),
  ]
}

function entry(
  component: Component,
  [name, row, value]: [string, Omit<VariableRow, 'name' | 'value'>, string],
): Entry {
  return { component, variable: { name }, row: { ...row, name, value }, value }
}
