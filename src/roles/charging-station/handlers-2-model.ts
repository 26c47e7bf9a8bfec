import type {
  ComponentType,
  GetReportRequest,
  GetVariableDataType,
  GetVariableResultType,
  ReportBaseEnumType,
  ReportDataType,
  SetVariableDataType,
  SetVariableResultType,
  StatusInfoType,
  VariableType,
} from '../../messages/ocpp2.1.ts'
import type { Handlers } from '../../node/handlers.ts'
import type { Commandable } from './charging-station.ts'
import { afterAnswer } from './commands.ts'
import { chunks } from './handlers-2-profiles.ts'
import { type Entry, inventory } from './inventory.ts'
import type { Life } from './life.ts'
import { unknownMembers } from './variables.ts'
import type { VariableRow } from './variables-table.ts'

const ENTRIES_PER_REPORT = 20
/** Of additionalInfo, in OCPP 2.0.1. */
const MAX_INFO = 512

/** @spec OCPP 2.0.1 edition 3 Part 2, B05–B08 */
export function deviceModel(station: () => Commandable): Handlers<'ocpp2.1'> {
  return {
    GetVariables({ getVariableData }) {
      const entries = entriesOf(station())
      return { getVariableResult: getVariableData.map((wanted) => getVariable(entries, wanted)) }
    },
    SetVariables({ setVariableData }) {
      const { life } = station()
      const entries = entriesOf(station())
      const set = (wanted: SetVariableDataType) => setVariable(life, entries, wanted)
      return { setVariableResult: setVariableData.map(set) }
    },
    GetBaseReport({ requestId, reportBase }) {
      const { life } = station()
      const isIncluded = INCLUDED[reportBase]
      const entries = entriesOf(station()).filter(isIncluded)
      void afterAnswer(life, () => report(life, requestId, entries))
      return { status: 'Accepted' }
    },
    GetReport(request) {
      const { life } = station()
      const all = entriesOf(station())
      const entries = all.filter((entry) => isWanted(entry, request, all))
      if (entries.length === 0) return { status: 'EmptyResultSet' }
      void afterAnswer(life, () => report(life, request.requestId, entries))
      return { status: 'Accepted' }
    },
  }
}

// B07: what can be set; all; what tells whether the station can be used.
const INCLUDED: Readonly<Record<ReportBaseEnumType, (entry: Entry) => boolean>> = {
  ConfigurationInventory: ({ row }) => row.access !== 'RO',
  FullInventory: () => true,
  SummaryInventory: ({ variable }) => ['AvailabilityState', 'Available'].includes(variable.name),
}

function entriesOf({ life, model }: Commandable): Entry[] {
  return inventory(life, model)
}

type Found = { readonly entry: Entry } | { readonly status: 'UnknownComponent' | 'UnknownVariable' }

function find(entries: readonly Entry[], component: ComponentType, variable: VariableType): Found {
  const ofComponent = entries.filter((entry) => isComponent(entry, component))
  if (ofComponent.length === 0) return { status: 'UnknownComponent' }
  const entry = ofComponent.find((one) => isVariable(one, variable))
  return entry ? { entry } : { status: 'UnknownVariable' }
}

function getVariable(
  entries: readonly Entry[],
  // B06.FR.11.
  { component, variable, attributeType = 'Actual' }: GetVariableDataType,
): GetVariableResultType {
  const found = find(entries, component, variable)
  const about = { component, variable, attributeType }
  if ('status' in found) return { ...about, attributeStatus: found.status }
  if (attributeType !== 'Actual') {
    return { ...about, attributeStatus: 'NotSupportedAttributeType' }
  }
  const { row, value } = found.entry
  // B06.FR.09.
  if (row.access === 'WO') {
    return {
      ...about,
      attributeStatus: 'Rejected',
      attributeStatusInfo: { reasonCode: 'WriteOnly' },
    }
  }
  return { ...about, attributeStatus: 'Accepted', attributeValue: value }
}

function setVariable(
  life: Life,
  entries: readonly Entry[],
  // B05.FR.12.
  { component, variable, attributeType = 'Actual', attributeValue }: SetVariableDataType,
): SetVariableResultType {
  const found = find(entries, component, variable)
  const about = { component, variable, attributeType }
  if ('status' in found) return { ...about, attributeStatus: found.status }
  if (attributeType !== 'Actual') {
    return { ...about, attributeStatus: 'NotSupportedAttributeType' }
  }
  const { row } = found.entry
  const attributeStatus = life.variables.set(row, attributeValue)
  if (attributeStatus === 'Accepted') return { ...about, attributeStatus }
  return { ...about, attributeStatus, attributeStatusInfo: refusalOf(row, attributeValue) }
}

function refusalOf(row: VariableRow, value: string): StatusInfoType {
  if (row.access !== 'RW') return { reasonCode: row.access === 'RO' ? 'ReadOnly' : 'NotEnabled' }
  const unknown = unknownMembers(row, value)
  const additionalInfo = `not possible here: ${unknown.join(',')}`.slice(0, MAX_INFO)
  return { reasonCode: 'InvalidValue', ...(unknown.length > 0 && { additionalInfo }) }
}

// A component that is named without a variable means all it has (B08.FR.11).
function isWanted(
  entry: Entry,
  { componentVariable, componentCriteria }: GetReportRequest,
  all: readonly Entry[],
): boolean {
  const isNamed =
    !componentVariable ||
    componentVariable.some(
      ({ component, variable }) =>
        isComponent(entry, component, false) && (!variable || isVariable(entry, variable, false)),
    )
  const criteria = componentCriteria ?? []
  return isNamed && (criteria.length === 0 || criteria.some((one) => isMet(entry, one, all)))
}

// B08.FR.07–10: what a component does not say of itself is as it should be.
function isMet({ component }: Entry, criterion: string, all: readonly Entry[]): boolean {
  const { evse, ...named } = component
  const found = find(all, { ...named, ...(evse && { evse: { ...evse } }) }, { name: criterion })
  return 'entry' in found ? found.entry.value === 'true' : criterion !== 'Problem'
}

/** @param isExact What is left out means none, and not any. */
function isComponent({ component }: Entry, wanted: ComponentType, isExact = true): boolean {
  const { name, instance, evse } = wanted
  if (!isSame(component.name, name)) return false
  if ((isExact || instance !== undefined) && !isSame(component.instance, instance)) return false
  if (!evse) return !isExact || component.evse === undefined
  const isConnector = evse.connectorId ?? (isExact ? undefined : component.evse?.connectorId)
  return component.evse?.id === evse.id && component.evse.connectorId === isConnector
}

function isVariable({ variable }: Entry, wanted: VariableType, isExact = true): boolean {
  if (!isSame(variable.name, wanted.name)) return false
  if (!isExact && wanted.instance === undefined) return true
  return isSame(variable.instance, wanted.instance)
}

/** Names are compared without regard to case (CiString). */
function isSame(a: string | undefined, b: string | undefined): boolean {
  return a?.toLowerCase() === b?.toLowerCase()
}

async function report(life: Life, requestId: number, entries: readonly Entry[]): Promise<void> {
  const generatedAt = life.stamp()
  const parts = chunks(entries, ENTRIES_PER_REPORT)
  for (const [seqNo, part] of parts.entries()) {
    const tbc = seqNo < parts.length - 1
    const request = { requestId, generatedAt, seqNo, tbc, reportData: part.map(reportOf) }
    await life.say('report', () => life.reach.call('CSMS', 'ocpp2.1', 'NotifyReport', request))
  }
}

const MUTABILITY = { RO: 'ReadOnly', RW: 'ReadWrite', WO: 'WriteOnly' } as const

function reportOf({ component, variable, row, value }: Entry): ReportDataType {
  const { access, type, unit, min, max, values } = row
  return {
    component: { ...component },
    variable,
    variableAttribute: [
      {
        type: 'Actual',
        ...(access !== 'WO' && { value }),
        mutability: MUTABILITY[access],
        persistent: access === 'RW',
      },
    ],
    variableCharacteristics: {
      dataType: type,
      supportsMonitoring: false,
      ...(unit && { unit }),
      ...(min !== undefined && { minLimit: min }),
      ...(max !== undefined && { maxLimit: max }),
      ...(values && { valuesList: values.join(',') }),
    },
  }
}
