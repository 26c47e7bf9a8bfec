/** What somebody changes who sets it. */
export type ConnectionChange =
  /** How the station proves itself. */
  | 'password'
  /** Where it connects, as whom, or how. */
  | 'network'
  /** Whom it believes, or whether it can be locked out; its connection stays what it is. */
  | 'trust'

export interface ConnectionVariable {
  readonly component: string
  /** `*`: every one of the component that has no row of its own. */
  readonly variable: string
  readonly changes: ConnectionChange
}

/** What the configuration keys of OCPP 1.6, which has no components, are under. */
export const CONFIGURATION = 'Configuration'
/** OCPP 2.1: an instance for each network profile. */
export const NETWORK_CONFIGURATION = 'NetworkConfiguration'

// biome-ignore format: a table
/**
 * Variables, and keys of OCPP 1.6, that decide where a station connects, how it proves itself and
 * whom it obeys. Who may not decide that may set none of them; who stands between looks for them.
 *
 * @spec OCPP 2.0.1 Part 2 A01, A05, B09; OCPP 2.1 Part 2 (NetworkConfiguration); OCPP 1.6 security
 *   whitepaper A01, A05
 */
export const CONNECTION_VARIABLES: readonly ConnectionVariable[] = [
  { component: CONFIGURATION,         variable: 'AuthorizationKey',                 changes: 'password' },
  { component: CONFIGURATION,         variable: 'SecurityProfile',                  changes: 'network' },
  { component: CONFIGURATION,         variable: 'CentralSystemURL',                 changes: 'network' },
  { component: CONFIGURATION,         variable: 'CpoName',                          changes: 'trust' },
  { component: CONFIGURATION,         variable: 'AdditionalRootCertificateCheck',   changes: 'trust' },
  { component: 'SecurityCtrlr',       variable: 'BasicAuthPassword',                changes: 'password' },
  { component: 'SecurityCtrlr',       variable: 'SecurityProfile',                  changes: 'network' },
  { component: 'SecurityCtrlr',       variable: 'Identity',                         changes: 'network' },
  { component: 'SecurityCtrlr',       variable: '*',                                changes: 'trust' },
  { component: 'OCPPCommCtrlr',       variable: 'ActiveNetworkProfile',             changes: 'network' },
  { component: 'OCPPCommCtrlr',       variable: 'NetworkConfigurationPriority',     changes: 'network' },
  { component: 'OCPPCommCtrlr',       variable: 'NetworkProfileConnectionAttempts', changes: 'trust' },
  { component: NETWORK_CONFIGURATION, variable: 'BasicAuthPassword',                changes: 'password' },
  { component: NETWORK_CONFIGURATION, variable: '*',                                changes: 'network' },
]
