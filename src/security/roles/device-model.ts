import { CONFIGURATION } from '../../messages/connection-variables.ts'
import type { JsonObject } from '../../wire/payload.ts'
import type { Access, VariableRule } from './user-role.ts'

/** A variable that a request wants to read, set or watch. */
export interface VariableItem {
  readonly access: Access
  readonly component: string
  /** undefined: all of the component, or of the station. */
  readonly variable: string | undefined
  readonly evse: number | undefined
  readonly attribute: string | undefined
}

interface Listing {
  /** The array with an item for each variable. */
  readonly member: string
  readonly access: Access
  /** Whether an empty or missing list means all variables. */
  readonly isAll?: true
}

// biome-ignore format: a table
/**
 * Requests with a list of variables, each of which is answered by itself or can be left out.
 *
 * @spec OCPP 2.0.1 Part 2, B05 to B08, N02 to N06; OCPP 1.6 edition 2, 5.3 and 5.8
 */
const LISTINGS: ReadonlyMap<string, Listing> = new Map<string, Listing>([
  ['GetVariables',           { member: 'getVariableData',   access: 'read' }],
  ['SetVariables',           { member: 'setVariableData',   access: 'write' }],
  ['SetVariableMonitoring',  { member: 'setMonitoringData', access: 'monitor' }],
  ['GetMonitoringReport',    { member: 'componentVariable', access: 'monitor', isAll: true }],
  ['GetReport',              { member: 'componentVariable', access: 'read', isAll: true }],
  ['GetConfiguration',       { member: 'key',               access: 'read', isAll: true }],
])

/** The variables a request is about; undefined when it is not about variables. */
export function variablesIn(
  action: string,
  payload: JsonObject,
): readonly VariableItem[] | undefined {
  if (action === 'ChangeConfiguration') return [keyItem(payload.key, 'write')]
  if (action === 'GetBaseReport') return [EVERYTHING]
  const listing = LISTINGS.get(action)
  if (!listing) return undefined
  const { member, access, isAll } = listing
  const list = payload[member]
  if (!Array.isArray(list) || list.length === 0) return isAll ? [{ ...EVERYTHING, access }] : []
  return list.map((item) => (typeof item === 'object' ? itemOf(item as JsonObject, access) : keyItem(item, access))) // biome-ignore format: one line
}

const EVERYTHING: VariableItem = { access: 'read', component: '', variable: undefined, evse: undefined, attribute: undefined } // biome-ignore format: one line

function itemOf(item: JsonObject | null, access: Access): VariableItem {
  const { component, variable, attributeType } = item ?? {}
  const { name = '', evse } = objectOf(component)
  const evseId = objectOf(evse).id
  const { name: variableName } = objectOf(variable)
  return {
    access,
    component: String(name),
    variable: typeof variableName === 'string' ? variableName : undefined,
    evse: typeof evseId === 'number' ? evseId : undefined,
    attribute: access === 'monitor' ? undefined : String(attributeType ?? 'Actual'),
  }
}

function keyItem(key: unknown, access: Access): VariableItem {
  return { access, component: CONFIGURATION, variable: String(key), evse: undefined, attribute: 'Actual' } // biome-ignore format: one line
}

/** Whether a rule is about this variable. One that names EVSEs is not about what names none. */
export function isAbout(rule: VariableRule, item: VariableItem): boolean {
  const { component, variable, evse, attribute, access } = item
  if (!rule.accesses.includes(access)) return false
  if (rule.evses && (evse === undefined || !rule.evses.includes(evse))) return false
  if (rule.attributes && attribute !== undefined && !rule.attributes.includes(attribute)) return false // biome-ignore format: one line
  if (!rule.hasComponent(component)) return false
  return variable === undefined ? rule.hasAll : rule.hasVariable(variable)
}

function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {} // biome-ignore format: one line
}
