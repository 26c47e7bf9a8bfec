import {
  CONFIGURATION,
  CONNECTION_VARIABLES,
  type ConnectionChange,
  NETWORK_CONFIGURATION,
} from '../messages/connection-variables.ts'
import { foldId } from '../primitives/ids.ts'
import { Secret } from '../transport/credentials.ts'
import { jsonText, parsePayload } from '../wire/payload.ts'

/**
 * Commands that change how a station proves itself or where it connects. A node between the two
 * has to follow the first and must not let the second pass unseen. OCPP knows no case in the names
 * of keys, components and variables, so none is known here.
 *
 * @spec OCPP 2.0.1 Part 2 A01, A05, B09; OCPP 2.1 Part 2 (NetworkConfiguration); OCPP 1.6 security
 *   whitepaper A01, A05
 */

/** A password that a station has accepted, as the bytes a Basic header will carry. */
export interface NewPassword {
  readonly password: Secret
  /** Of one of a network profile: its slot. Undefined: it is in force. */
  readonly slot: string | undefined
}

/**
 * The passwords a command sets.
 *
 * @returns What finds those in the station's answer that it accepted, the last one of each place.
 *   Undefined: the command sets no password.
 * @throws {OverlayError} ERR_SCHEMA_JSON
 */
export function passwordsSetBy(
  action: string,
  payload: Uint8Array,
): ((answer: Uint8Array) => NewPassword[]) | undefined {
  if (action === 'ChangeConfiguration') {
    const { key, value } = read<{ key?: unknown; value?: unknown }>(payload)
    if (changeOfKey(key) !== 'password' || typeof value !== 'string') return undefined
    return whenAccepted(value, undefined)
  }
  if (action === 'SetNetworkProfile') {
    const { configurationSlot, connectionData } = read<{ configurationSlot?: unknown; connectionData?: { basicAuthPassword?: unknown } | null }>(payload) // biome-ignore format: one line
    const value = connectionData?.basicAuthPassword
    return typeof value === 'string' ? whenAccepted(value, jsonText(configurationSlot)) : undefined
  }
  if (action !== 'SetVariables') return undefined
  const set = variablesOf(payload, 'setVariableData').filter(
    (data) =>
      changeOf(data) === 'password' &&
      typeof data.attributeValue === 'string' &&
      (data.attributeType ?? 'Actual') === 'Actual',
  )
  if (set.length === 0) return undefined
  return (answer) => {
    const results = variablesOf(answer, 'setVariableResult')
    const all = set.flatMap((data) => {
      const status = takeResult(results, data)?.attributeStatus
      return whenTaken(status, String(data.attributeValue), slotOf(data))
    })
    return [...new Map(all.map((one) => [one.slot, one])).values()]
  }
}

/** Where a variable is set twice its results stand in the order of the request; each is of one entry. */
function takeResult(results: VariableData[], data: VariableData): VariableData | undefined {
  const at = results.findIndex((one) => isSameVariable(one, data))
  return at < 0 ? undefined : results.splice(at, 1)[0]
}

/** The slot of a network profile, which is the instance of the component. */
function slotOf(data: VariableData): string | undefined {
  return placeOf(data) === PROFILE_PASSWORD ? nameOf(data.component?.instance) : undefined
}

function whenAccepted(value: string, slot: string | undefined) {
  return (answer: Uint8Array): NewPassword[] =>
    whenTaken(read<{ status?: unknown }>(answer).status, value, slot)
}

function whenTaken(status: unknown, value: string, slot: string | undefined): NewPassword[] {
  return status === 'Accepted' ? [newPassword(value, slot)] : []
}

function newPassword(value: string, slot: string | undefined): NewPassword {
  return { password: new Secret(value), slot }
}

export function isSamePassword(a: NewPassword, b: NewPassword): boolean {
  return a.slot === b.slot && a.password.reveal() === b.password.reveal()
}

/** What a command would change of the station's connection; undefined: nothing. */
export function networkChangeIn(action: string, payload: Uint8Array): string | undefined {
  if (action === 'SetNetworkProfile') return 'its network profile'
  if (CERTIFICATE_CHANGES.has(action)) return certificateChangeIn(action, payload)
  if (action === 'ChangeConfiguration') {
    const { key } = read<{ key?: unknown }>(payload)
    return changeOfKey(key) === 'network' ? String(key) : undefined
  }
  if (action !== 'SetVariables') return undefined
  const found = variablesOf(payload, 'setVariableData').find((data) => changeOf(data) === 'network')
  return found && String(found.variable?.name)
}

/** What a station shows, and whom it believes, when it connects; others are of no concern here. */
const CERTIFICATE_CHANGES: ReadonlySet<string> = new Set(['CertificateSigned', 'InstallCertificate', 'DeleteCertificate']) // biome-ignore format: one line
const OTHER_CERTIFICATES: ReadonlySet<unknown> = new Set(['V2GCertificate', 'V2G20Certificate', 'V2GRootCertificate', 'MORootCertificate', 'ManufacturerRootCertificate', 'OEMRootCertificate']) // biome-ignore format: one line

function certificateChangeIn(action: string, payload: Uint8Array): string | undefined {
  const { certificateType } = read<{ certificateType?: unknown }>(payload)
  if (OTHER_CERTIFICATES.has(certificateType)) return undefined
  // Which one a hash means only the station knows.
  return action === 'CertificateSigned' ? 'its certificate' : 'whose certificates it believes'
}

/** What setting each place changes; all names folded. */
const CHANGES: ReadonlyMap<string, ConnectionChange> = new Map(
  CONNECTION_VARIABLES.map((one) => [foldId(`${one.component}.${one.variable}`), one.changes]),
)
const OF_KEYS = foldId(CONFIGURATION)
const PROFILE_PASSWORD = foldId(`${NETWORK_CONFIGURATION}.BasicAuthPassword`)

function changeOfKey(key: unknown): ConnectionChange | undefined {
  return CHANGES.get(`${OF_KEYS}.${nameOf(key)}`)
}

/** Stations of 2.x have no component of that name: one that takes it has changed no password. */
function changeOf(data: VariableData): ConnectionChange | undefined {
  const component = nameOf(data.component?.name)
  if (component === OF_KEYS) return undefined
  return CHANGES.get(placeOf(data)) ?? CHANGES.get(`${component}.*`)
}

interface VariableData {
  readonly component?: { readonly name?: unknown; readonly instance?: unknown } | null
  readonly variable?: { readonly name?: unknown; readonly instance?: unknown } | null
  readonly attributeValue?: unknown
  readonly attributeType?: unknown
  readonly attributeStatus?: unknown
}

function variablesOf(payload: Uint8Array, member: string): VariableData[] {
  const { [member]: list } = read<Record<string, unknown>>(payload)
  if (!Array.isArray(list)) return []
  return list.filter((one): one is VariableData => typeof one === 'object' && one !== null)
}

function placeOf({ component, variable }: VariableData): string {
  return `${nameOf(component?.name)}.${nameOf(variable?.name)}`
}

function isSameVariable(a: VariableData, b: VariableData): boolean {
  return (
    placeOf(a) === placeOf(b) &&
    nameOf(a.component?.instance) === nameOf(b.component?.instance) &&
    nameOf(a.variable?.instance) === nameOf(b.variable?.instance) &&
    (a.attributeType ?? 'Actual') === (b.attributeType ?? 'Actual')
  )
}

/** Folded; what is no text names nothing. */
function nameOf(value: unknown): string {
  return typeof value === 'string' ? foldId(value) : ''
}

/** @throws {OverlayError} ERR_SCHEMA_JSON: what cannot be read must not pass. */
function read<T>(payload: Uint8Array): T {
  return parsePayload(payload) as T
}
