import { Secret } from '../transport/credentials.ts'
import { parsePayload } from '../wire/payload.ts'

/**
 * Commands that change how a station proves itself or where it connects. A node between the two
 * has to follow the first and must not let the second pass unseen.
 *
 * @spec OCPP 2.0.1 Part 2 A01, A05, B09; OCPP 1.6 security whitepaper A01, A05
 */

/** The password a command sets, as the bytes a Basic header will carry; undefined: it sets none. */
export function passwordSetBy(action: string, payload: Uint8Array): Secret | undefined {
  if (action === 'ChangeConfiguration') {
    const { key, value } = read<{ key?: unknown; value?: unknown }>(payload)
    return key === 'AuthorizationKey' && typeof value === 'string' ? new Secret(value) : undefined
  }
  if (action !== 'SetVariables') return undefined
  const data = variablesOf(payload).find((one) => isVariable(one, 'SecurityCtrlr', 'BasicAuthPassword')) // biome-ignore format: one line
  return data?.attributeValue === undefined ? undefined : new Secret(data.attributeValue)
}

/** Whether the station's answer says that the password is now in force. */
export function isPasswordAccepted(action: string, payload: Uint8Array): boolean {
  if (action === 'ChangeConfiguration') return read<{ status?: unknown }>(payload).status === 'Accepted' // biome-ignore format: one line
  const { setVariableResult = [] } = read<{ setVariableResult?: VariableData[] }>(payload)
  return setVariableResult.some(
    (one) =>
      isVariable(one, 'SecurityCtrlr', 'BasicAuthPassword') && one.attributeStatus === 'Accepted',
  )
}

/** What a command would change of the station's connection; undefined: nothing. */
export function networkChangeIn(action: string, payload: Uint8Array): string | undefined {
  if (action === 'SetNetworkProfile') return 'its network profile'
  if (action === 'ChangeConfiguration') {
    const { key } = read<{ key?: unknown }>(payload)
    return typeof key === 'string' && NETWORK_KEYS.has(key) ? key : undefined
  }
  if (action !== 'SetVariables') return undefined
  const found = variablesOf(payload).find(({ component, variable }) =>
    NETWORK_VARIABLES.has(`${component?.name}.${variable?.name}`),
  )
  return found?.variable?.name
}

const NETWORK_KEYS: ReadonlySet<string> = new Set(['SecurityProfile', 'CentralSystemURL'])
const NETWORK_VARIABLES: ReadonlySet<string> = new Set([
  'SecurityCtrlr.SecurityProfile',
  'SecurityCtrlr.Identity',
  'OCPPCommCtrlr.ActiveNetworkProfile',
  'OCPPCommCtrlr.NetworkConfigurationPriority',
])

interface VariableData {
  readonly component?: { readonly name?: string }
  readonly variable?: { readonly name?: string }
  readonly attributeValue?: string
  readonly attributeStatus?: string
}

function variablesOf(payload: Uint8Array): VariableData[] {
  const { setVariableData } = read<{ setVariableData?: unknown }>(payload)
  return Array.isArray(setVariableData) ? (setVariableData as VariableData[]) : []
}

function isVariable(data: VariableData, component: string, variable: string): boolean {
  return data.component?.name === component && data.variable?.name === variable
}

/** @throws {OverlayError} ERR_SCHEMA_JSON: what cannot be read must not pass. */
function read<T>(payload: Uint8Array): T {
  return parsePayload(payload) as T
}
