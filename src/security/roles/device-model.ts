import { CONFIGURATION } from '../../messages/connection-variables.ts'
import { type JsonObject, jsonText } from '../../wire/payload.ts'
import type { Access, VariableRule } from './user-role.ts'

/** A variable that a request wants to read, set or watch. */
export interface VariableItem {
  readonly access: Access
  readonly component: string
  /** undefined: all of the component, or of the station. */
  readonly variable: string | undefined
  readonly evse: number | undefined
  /** Of the component, and of the variable. */
  readonly instance: string | undefined
  readonly variableInstance: string | undefined
  readonly attribute: string | undefined
  /** What it does not name is not left out: it asks for each EVSE and each instance. */
  readonly isWide: boolean
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
  return list.map((item) => (typeof item === 'object' ? itemOf(item as JsonObject, access, isAll === true) : keyItem(item, access))) // biome-ignore format: one line
}

const UNNAMED = { evse: undefined, instance: undefined, variableInstance: undefined } as const
const EVERYTHING: VariableItem = { access: 'read', component: '', variable: undefined, ...UNNAMED, attribute: undefined, isWide: true } // biome-ignore format: one line

function itemOf(item: JsonObject | null, access: Access, isWide: boolean): VariableItem {
  const { component, variable, attributeType } = item ?? {}
  const { name = '', evse, instance } = objectOf(component)
  const evseId = objectOf(evse).id
  const { name: variableName, instance: variableInstance } = objectOf(variable)
  return {
    access,
    component: jsonText(name),
    variable: typeof variableName === 'string' ? variableName : undefined,
    evse: typeof evseId === 'number' ? evseId : undefined,
    instance: textOf(instance),
    variableInstance: textOf(variableInstance),
    attribute: access === 'monitor' ? undefined : jsonText(attributeType ?? 'Actual'),
    isWide,
  }
}

function keyItem(key: unknown, access: Access): VariableItem {
  return { access, component: CONFIGURATION, variable: jsonText(key), ...UNNAMED, attribute: 'Actual', isWide: false } // biome-ignore format: one line
}

/**
 * Whether a rule is about this variable. One that names EVSEs or instances is not about what names
 * none.
 */
export function isAbout(rule: VariableRule, item: VariableItem): boolean {
  const { component, variable, evse, instance, variableInstance, attribute, access } = item
  if (!rule.accesses.includes(access)) return false
  if (rule.evses && (evse === undefined || !rule.evses.includes(evse))) return false
  if (rule.hasInstance && (instance === undefined || !rule.hasInstance(instance))) return false
  if (rule.hasVariableInstance && (variableInstance === undefined || !rule.hasVariableInstance(variableInstance))) return false // biome-ignore format: one line
  if (rule.attributes && attribute !== undefined && !rule.attributes.includes(attribute)) return false // biome-ignore format: one line
  if (!rule.hasComponent(component)) return false
  return variable === undefined ? rule.hasAll : rule.hasVariable(variable)
}

/** Whether what is asked for may hold something that a rule is about. */
export function isAmong(rule: VariableRule, item: VariableItem): boolean {
  const { component, variable, evse, instance, variableInstance, access, isWide } = item
  if (!rule.accesses.includes(access)) return false
  if (component === '') return true
  if (!rule.hasComponent(component)) return false
  if (variable !== undefined && !rule.hasVariable(variable)) return false
  if (!isWide) return variable === undefined
  if (rule.evses && evse !== undefined && !rule.evses.includes(evse)) return false
  if (rule.hasInstance && instance !== undefined && !rule.hasInstance(instance)) return false
  return !(rule.hasVariableInstance && variableInstance !== undefined && !rule.hasVariableInstance(variableInstance)) // biome-ignore format: one line
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {} // biome-ignore format: one line
}
