import { CONNECTION_VARIABLES } from '../../messages/connection-variables.ts'
import type { UserRoleDocument, VariableDocument } from './user-role.ts'

const SMART_CHARGING = ['SetChargingProfile', 'ClearChargingProfile', 'GetChargingProfiles', 'GetCompositeSchedule'] // biome-ignore format: one line
const READING = ['GetVariables', 'GetReport', 'GetBaseReport', 'GetConfiguration', 'GetMonitoringReport', 'GetTransactionStatus', 'GetLocalListVersion', 'GetInstalledCertificateIds', 'GetChargingProfiles', 'GetCompositeSchedule', 'TriggerMessage', 'ExtendedTriggerMessage'] // biome-ignore format: one line
/** Who can set these can become somebody else, send a station elsewhere, or lock everybody out. */
const SECURITY_VARIABLES = CONNECTION_VARIABLES.map(({ component, variable }): VariableDocument => {
  // Where all of a component is meant, watching it may tell secrets.
  return { component, variable, access: variable === '*' ? ['write', 'monitor'] : 'write' }
})
/** Reading variables, one by one or some of them. */
const VARIABLES = ['GetVariables', 'GetReport'] as const
/** What changes whom a station obeys. */
const TRUST = ['SetNetworkProfile', 'InstallCertificate', 'DeleteCertificate', 'CertificateSigned', '*SignaturePolic*', '*UserRole*', '*Entitlement*'] // biome-ignore format: one line

const absent = (pointer: string) => ({ pointer, equals: null, optional: true }) as const
/** Whoever starts charging does not say with how much power. */
const NO_PROFILE = absent('/chargingProfile')

// biome-ignore format: a table
/** Roles that every installation begins with; each may be replaced by one of the same name. */
export const PRESET_ROLES: readonly UserRoleDocument[] = [
  { name: 'owner', version: 1, description: 'everything', allow: [{ actions: '*' }] },
  { name: 'admin', version: 1, description: 'everything but the roles of others', allow: [{ actions: '*' }], deny: [{ actions: '*UserRole*' }] },
  {
    name: 'operations', version: 1, description: 'runs a depot: everything but whom stations obey',
    allow: [{ actions: '*' }],
    deny: [{ actions: TRUST }, { actions: ['SetVariables', 'SetVariableMonitoring', 'ChangeConfiguration'], variables: SECURITY_VARIABLES }],
  },
  {
    name: 'technician', version: 1, description: 'reads everything, resets, tests and unlocks',
    allow: [{ actions: [...READING, 'Reset', 'ChangeAvailability', 'UnlockConnector', 'ClearCache', 'GetLog', 'GetDiagnostics'] }],
  },
  { name: 'load-management', version: 1, description: 'charging profiles, nothing else', allow: [{ actions: [...SMART_CHARGING, 'UpdateDynamicSchedule'] }] },
  {
    name: 'grid-operator', version: 1, description: 'limits of the grid, nothing else',
    allow: [
      { actions: 'SetChargingProfile', parameters: [{ pointer: '/chargingProfile/chargingProfilePurpose', equals: 'ChargingStationExternalConstraints' }] },
      { actions: ['GetCompositeSchedule', 'GetChargingProfiles'] },
    ],
  },
  {
    name: 'mobility-provider', version: 1, description: 'starts charging and reserves for its own tokens: those that begin with its organisation, as DE-ABC',
    allow: [
      { actions: ['RequestStartTransaction', 'ReserveNow'], parameters: [{ pointer: '/idToken/idToken', own: 'organisation' }, { pointer: '/groupIdToken/idToken', own: 'organisation', optional: true }, NO_PROFILE] },
      { actions: ['RemoteStartTransaction', 'ReserveNow'], parameters: [{ pointer: '/idTag', own: 'organisation' }, { pointer: '/parentIdTag', own: 'organisation', optional: true }, NO_PROFILE] },
    ],
  },
  {
    name: 'driver-session', version: 1, description: 'starts charging with the token that has the name of its key, and sees whether the station is free',
    allow: [
      { actions: 'RequestStartTransaction', parameters: [{ pointer: '/idToken/idToken', own: 'owner' }, absent('/groupIdToken'), NO_PROFILE] },
      { actions: 'RemoteStartTransaction', parameters: [{ pointer: '/idTag', own: 'owner' }, NO_PROFILE] },
      { actions: 'GetVariables', variables: [{ component: ['ChargingStation', 'EVSE', 'Connector'], variable: ['AvailabilityState', 'Available'], access: 'read' }] },
    ],
  },
  { name: 'delegator', version: 1, description: 'hands user roles on, those that its key record names as delegable', allow: [{ actions: 'AddKeyRecord', parameters: [{ pointer: '/keyRecord/delegatedBy', own: 'kid' }] }] },
  { name: 'metrology', version: 1, description: 'reads meters and how they are sampled', allow: [{ actions: VARIABLES, variables: [{ component: ['FiscalMetering', 'SampledDataCtrlr', 'AlignedDataCtrlr'], variable: '*', access: 'read' }] }] },
  { name: 'transparency', version: 1, description: 'reads meters and their public keys', allow: [{ actions: VARIABLES, variables: [{ component: 'FiscalMetering', variable: '*', access: 'read' }] }] },
  { name: 'contact-point', version: 1, description: 'reads what there is and whether it is free', allow: [{ actions: VARIABLES, variables: [{ component: ['ChargingStation', 'EVSE', 'Connector'], variable: ['AvailabilityState', 'Available', 'ConnectorType', 'Power', 'SupplyPhases'], access: 'read' }] }] },
]
