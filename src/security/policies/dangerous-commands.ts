import type { TwoRolesDocument } from './two-roles.ts'

const TWO_ROLES = {
  roles: ['owner', 'admin', 'operations'],
  vetoDelayS: 300,
  expiresAfterS: 86_400,
}
const REQUESTS = ['CALL', 'SEND'] as const
/** Less than one watt or ampere charges nothing, however it is written. */
const NOTHING = { lessThan: 1 }

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
  { name: 'limit 0 (2.x)', match: { kinds: REQUESTS, actions: 'SetChargingProfile', payload: [{ pointer: '/chargingProfile/chargingSchedule/*/chargingSchedulePeriod/*/limit', ...NOTHING }] }, ...TWO_ROLES },
  { name: 'limit 0 (1.6)', match: { kinds: REQUESTS, actions: 'SetChargingProfile', payload: [{ pointer: '/csChargingProfiles/chargingSchedule/chargingSchedulePeriod/*/limit', ...NOTHING }] }, ...TWO_ROLES },
]
