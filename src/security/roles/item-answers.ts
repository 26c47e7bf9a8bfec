import { type JsonObject, jsonText } from '../../wire/payload.ts'
import { isObject } from '../header.ts'

interface ItemLists {
  /** Lists of the request and of its response. */
  readonly asked: string
  readonly answered: string
  /** Members of an item of the response. */
  readonly status: string
  readonly info: string
  /** What an item of the response repeats of its request. */
  readonly echoed: readonly string[]
}

// biome-ignore format: a table
/**
 * Requests that are obeyed in part, because each item has an answer of its own.
 *
 * @spec OCPP 2.0.1 Part 2, B05, B06 and N04
 */
const LISTS: ReadonlyMap<string, ItemLists> = new Map<string, ItemLists>([
  ['SetVariables',          { asked: 'setVariableData',   answered: 'setVariableResult',   status: 'attributeStatus', info: 'attributeStatusInfo', echoed: ['component', 'variable', 'attributeType'] }],
  ['GetVariables',          { asked: 'getVariableData',   answered: 'getVariableResult',   status: 'attributeStatus', info: 'attributeStatusInfo', echoed: ['component', 'variable', 'attributeType'] }],
  ['SetVariableMonitoring', { asked: 'setMonitoringData', answered: 'setMonitoringResult', status: 'status',          info: 'statusInfo',          echoed: ['component', 'variable', 'type', 'severity'] }],
])

/** The request for each item alone; undefined where it has none that are answered by themselves. */
export function itemRequests(
  action: string,
  payload: JsonObject,
): readonly JsonObject[] | undefined {
  const asked = LISTS.get(action)?.asked
  const items = asked === undefined ? undefined : payload[asked]
  if (asked === undefined || !Array.isArray(items) || !items.every(isItem)) return undefined
  return items.map((item) => ({ ...payload, [asked]: [item] }))
}

// What names no variable could not be answered.
function isItem(item: unknown): item is JsonObject {
  return isObject(item) && isObject(item.component) && isObject(item.variable)
}

/** A request of which some items are obeyed. */
export interface PartlyPermitted {
  readonly action: string
  /** As it was asked. */
  readonly request: JsonObject
  /** For each item; not all are, and not none. */
  readonly isPermitted: readonly boolean[]
}

/** What is left to be obeyed. */
export function permittedPart({ action, request, isPermitted }: PartlyPermitted): JsonObject {
  const { asked, items } = listed({ action, request })
  return { ...request, [asked]: items.filter((_, at) => isPermitted[at]) }
}

/**
 * The response to what was left, with the items that were not: each in the place of its request, as
 * far as the others are answered in their order.
 *
 * @param by Who refused them.
 */
export function withRefusedItems(
  part: PartlyPermitted,
  response: JsonObject,
  by: string,
): JsonObject {
  const { items, lists } = listed(part)
  const { answered, status, info, echoed } = lists
  const rest = Array.isArray(response[answered]) ? [...(response[answered] as JsonObject[])] : []
  const results = items.flatMap((item, at): JsonObject[] => {
    if (part.isPermitted[at]) return rest.splice(0, 1)
    const known = Object.fromEntries(echoed.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]]))) // biome-ignore format: one line
    return [{ [status]: 'Rejected', [info]: { reasonCode: NOT_PERMITTED, additionalInfo: `refused by ${by}`.slice(0, MAX_INFO) }, ...known }] // biome-ignore format: one line
  })
  return { ...response, [answered]: [...results, ...rest] }
}

/** `component/variable` of the items that are refused, for logs. */
export function refusedItems(part: PartlyPermitted): readonly string[] {
  const { items } = listed(part)
  const refused = items.filter((_, at) => !part.isPermitted[at])
  return refused.slice(0, MAX_TOLD).map(({ component, variable }) => `${nameOf(component)}/${nameOf(variable)}`) // biome-ignore format: one line
}

const NOT_PERMITTED = 'NotPermitted'
/** As OCPP 2.0.1 has it; in 2.1 it may be longer. */
const MAX_INFO = 512
const MAX_TOLD = 20

function nameOf(named: unknown): string {
  return jsonText(isObject(named) ? named.name : named).slice(0, 50)
}

function listed({ action, request }: Pick<PartlyPermitted, 'action' | 'request'>) {
  const lists = LISTS.get(action) as ItemLists
  return { lists, asked: lists.asked, items: request[lists.asked] as readonly JsonObject[] }
}
