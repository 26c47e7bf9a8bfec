import type { PayloadDocument } from './policy-document.ts'
import type { TwoRolesDocument } from './two-roles.ts'

const TWO_ROLES = {
  roles: ['owner', 'admin', 'operations'],
  vetoDelayS: 300,
  expiresAfterS: 86_400,
}
const REQUESTS = ['CALL', 'SEND'] as const
/** Less than one watt or ampere charges nothing, however it is written. */
const NOTHING = { lessThan: 1 }
const WITH_PROFILE = ['SetChargingProfile', 'RequestStartTransaction']
const PERIOD = '/chargingSchedule/*/chargingSchedulePeriod/*'
const PER_PHASE = ['', '_L2', '_L3'] as const
/** Values of OCPP 2.1 that leave a phase, or all of them, without power; setpoints below 0 take some back. */
const LEVELS = ['limit', 'setpoint'].flatMap((name) => PER_PHASE.map((phase) => `${name}${phase}`))

// biome-ignore format: a table
/** Each place where a command may say that nothing is charged: of a match all values must be met, so each is one. */
const WITHOUT_POWER: readonly [name: string, actions: readonly string[], payload: PayloadDocument][] = [
  ...LEVELS.map((level): [string, readonly string[], PayloadDocument] => [`${level} 0 (2.x)`, WITH_PROFILE, { pointer: `/chargingProfile${PERIOD}/${level}`, ...NOTHING }]),
  ['Idle (2.1)',        WITH_PROFILE, { pointer: `/chargingProfile${PERIOD}/operationMode`, equals: 'Idle' }],
  ['sleep (2.1)',       WITH_PROFILE, { pointer: `/chargingProfile${PERIOD}/evseSleep`, equals: true }],
  ['limit 0 at a state of charge (2.1)', WITH_PROFILE, { pointer: '/chargingProfile/chargingSchedule/*/limitAtSoC/limit', ...NOTHING }],
  ...LEVELS.map((level): [string, readonly string[], PayloadDocument] => [`${level} 0, later (2.1)`, ['UpdateDynamicSchedule'], { pointer: `/scheduleUpdate/${level}`, ...NOTHING }]),
  ['limit 0 (1.6)',     ['SetChargingProfile'], { pointer: '/csChargingProfiles/chargingSchedule/chargingSchedulePeriod/*/limit', ...NOTHING }],
  ['start with limit 0 (1.6)', ['RemoteStartTransaction'], { pointer: '/chargingProfile/chargingSchedule/chargingSchedulePeriod/*/limit', ...NOTHING }],
]

// biome-ignore format: a table
/**
 * What one key, stolen or in a hurry, can break in a whole portfolio. Offered, not in force: an
 * operator alone would have nobody to second.
 *
 * @spec docs/security.md, "Signature policies"
 */
export const DANGEROUS_COMMANDS: readonly TwoRolesDocument[] = [
  { name: 'stop of many', match: { kinds: REQUESTS, toGroup: true, actions: ['RequestStopTransaction', 'RemoteStopTransaction', 'Reset', 'ChangeAvailability', 'UnlockConnector'] }, ...TWO_ROLES },
  { name: 'firmware', match: { kinds: REQUESTS, actions: ['UpdateFirmware', 'SignedUpdateFirmware', 'PublishFirmware'] }, ...TWO_ROLES },
  { name: 'keys, policies, roles', match: { kinds: REQUESTS, actions: ['*KeyRecord*', '*Revocation*', 'AddSignaturePolicy', 'UpdateSignaturePolicy', 'DeleteSignaturePolicy', 'AddUserRole', 'UpdateUserRole', 'DeleteUserRole'] }, ...TWO_ROLES, roles: ['owner', 'admin'] },
  ...WITHOUT_POWER.map(([name, actions, value]) => ({ name, match: { kinds: REQUESTS, actions, payload: [value] }, ...TWO_ROLES })),
]
