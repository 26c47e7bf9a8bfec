import type { Role } from '../storage/account-store.ts'

/** Who may let a station do what; technicians may everything that is not in here. */
const ROLES: Readonly<Record<string, Role>> = {
  // What drivers at the phone need.
  RemoteStartTransaction: 'operator',
  RemoteStopTransaction: 'operator',
  RequestStartTransaction: 'operator',
  RequestStopTransaction: 'operator',
  UnlockConnector: 'operator',
  ReserveNow: 'operator',
  CancelReservation: 'operator',
  ChangeAvailability: 'operator',
  TriggerMessage: 'operator',
  GetConfiguration: 'operator',
  GetVariables: 'operator',
  GetLocalListVersion: 'operator',
  GetCompositeSchedule: 'operator',
  GetTransactionStatus: 'operator',
  // What changes who may connect, and what is run there.
  CertificateSigned: 'admin',
  InstallCertificate: 'admin',
  DeleteCertificate: 'admin',
  SetNetworkProfile: 'admin',
  UpdateFirmware: 'admin',
  SignedUpdateFirmware: 'admin',
  CustomerInformation: 'admin',
  DataTransfer: 'admin',
}

/** The least role that may ask a station for an action. */
export function roleForOperation(action: string): Role {
  return Object.hasOwn(ROLES, action) ? (ROLES[action] as Role) : 'technician'
}

/** The same as a sentence. */
export const OPERATION_ROLES = `This needs the role of its action: ${(
  ['operator', 'admin'] as const
)
  .map((role) => `${role} for ${actionsOf(role).join(', ')}`)
  .join('; ')}; technician for every other.`

function actionsOf(role: Role): string[] {
  return Object.keys(ROLES).filter((action) => ROLES[action] === role)
}
