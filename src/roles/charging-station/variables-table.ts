/**
 * What can be asked of a station and set: one row per meaning, under its name in the device model
 * of OCPP 2.x and its configuration key of OCPP 1.6.
 *
 * @spec OCPP 1.6 edition 2 section 9; OCPP 2.0.1 edition 3 Part 2 chapter 2 (referenced components
 *   and variables)
 */

export type DataType = 'string' | 'integer' | 'decimal' | 'boolean' | 'dateTime' | 'MemberList'

export interface VariableRow {
  /** `Component.Variable`, with `[instance]` where it has one; `-.Name` if only 1.6 knows it. */
  readonly name: string
  /** Configuration key of 1.6, where it has one. */
  readonly key?: string
  readonly type: DataType
  /** RO: read only; RW: the CSMS sets it; WO: never told. */
  readonly access: 'RO' | 'RW' | 'WO'
  readonly value: string
  /** Where 1.6 begins with another one. */
  readonly value16?: string
  readonly min?: number
  readonly max?: number
  /** What a list may have as members. */
  readonly values?: readonly string[]
  /** OCPP 2.0.1 does not know it. */
  readonly isOf21?: true
  /** A list needs at least one member. */
  readonly isFilled?: true
  readonly unit?: string
}

export const MEASURANDS = [
  'Energy.Active.Import.Register',
  'Power.Active.Import',
  'Power.Offered',
  'Current.Import',
  'Current.Offered',
  'Voltage',
  'SoC',
] as const

/**
 * Without DataSigned: this station's meter signs nothing, so that moment would never come. Without
 * ParkingBayOccupancy: no sensor looks at its bay, and a plug tells of EVConnected only.
 */
export const TX_POINTS = ['EVConnected', 'Authorized', 'PowerPathClosed', 'EnergyTransfer'] as const
export type TxPoint = (typeof TX_POINTS)[number]

/** What the meter shows of each phase; of what it shows in total only, no phase would ever come. */
const OF_PHASES: readonly (typeof MEASURANDS)[number][] = ['Current.Import', 'Voltage']

const values = [
  ...MEASURANDS,
  ...OF_PHASES.flatMap((name) => ['L1', 'L2', 'L3'].map((phase) => `${name}.${phase}`)),
]
/** No list has a member twice, so none that is accepted is longer. */
const MOST = { type: 'integer', access: 'RO', value: `${values.length}` } as const
const SAMPLED = 'Energy.Active.Import.Register,Power.Active.Import'
/** While it charges also what limits it: a course without its limit explains nothing. */
const CHARGING = `${SAMPLED},Power.Offered,Current.Import,Current.Offered,SoC`
const ENDED = 'Energy.Active.Import.Register,Power.Active.Import'
const LIST = { type: 'MemberList', access: 'RW', values } as const
const BOOLEAN = { type: 'boolean', access: 'RW' } as const
const SECONDS = { type: 'integer', access: 'RW', unit: 's', max: 86_400_000 } as const
const FIXED = { type: 'integer', access: 'RO' } as const
const POINTS = { type: 'MemberList', access: 'RW', values: TX_POINTS, isFilled: true } as const
const TEXT = { type: 'string', access: 'RO' } as const

// biome-ignore format: a table
export const VARIABLES = [
  { name: 'OCPPCommCtrlr.HeartbeatInterval',                    key: 'HeartbeatInterval',                 ...SECONDS, min: 1, value: '300' },
  { name: 'OCPPCommCtrlr.OfflineThreshold',                     ...SECONDS, min: 0, value: '60' },
  { name: 'OCPPCommCtrlr.MessageAttempts[TransactionEvent]',    key: 'TransactionMessageAttempts',        type: 'integer', access: 'RW', min: 1, max: 100, value: '3' },
  { name: 'OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]', key: 'TransactionMessageRetryInterval', ...SECONDS, min: 0, value: '10' },
  { name: 'OCPPCommCtrlr.MessageTimeout[Default]',              ...FIXED, unit: 's', value: '30' },
  { name: 'OCPPCommCtrlr.FileTransferProtocols',                type: 'MemberList', access: 'RO', value: '' },
  { name: 'OCPPCommCtrlr.NetworkConfigurationPriority',         ...TEXT, value: '' },
  { name: 'OCPPCommCtrlr.NetworkProfileConnectionAttempts',     ...FIXED, value: '0' },
  // All 0: not set, and waits are as docs/overlay.md 4.4 says.
  { name: 'OCPPCommCtrlr.RetryBackOffWaitMinimum',              ...SECONDS, min: 0, max: 3_600, value: '0' },
  { name: 'OCPPCommCtrlr.RetryBackOffRandomRange',              ...SECONDS, min: 0, max: 3_600, value: '0' },
  { name: 'OCPPCommCtrlr.RetryBackOffRepeatTimes',              type: 'integer', access: 'RW', min: 0, max: 20, value: '0' },
  { name: 'OCPPCommCtrlr.WebSocketPingInterval',                key: 'WebSocketPingInterval',             ...FIXED, unit: 's', value: '30' },
  // Kept and told; a simulated reset never fails, so there is none to try again.
  { name: 'OCPPCommCtrlr.ResetRetries',                         key: 'ResetRetries',                      type: 'integer', access: 'RW', min: 0, max: 100, value: '0' },
  { name: 'OCPPCommCtrlr.UnlockOnEVSideDisconnect',             key: 'UnlockConnectorOnEVSideDisconnect', ...BOOLEAN, value: 'true' },

  { name: 'TxCtrlr.EVConnectionTimeOut',                        key: 'ConnectionTimeOut',                 ...SECONDS, min: 1, value: '60' },
  { name: 'TxCtrlr.StopTxOnEVSideDisconnect',                   key: 'StopTransactionOnEVSideDisconnect', ...BOOLEAN, value: 'true' },
  { name: 'TxCtrlr.StopTxOnInvalidId',                          key: 'StopTransactionOnInvalidId',        ...BOOLEAN, value: 'true' },
  { name: 'TxCtrlr.MaxEnergyOnInvalidId',                       key: 'MaxEnergyOnInvalidId',              type: 'integer', access: 'RW', unit: 'Wh', min: 0, max: 1_000_000, value: '0' },
  { name: 'TxCtrlr.TxStartPoint',                               ...POINTS, value: 'PowerPathClosed' },
  { name: 'TxCtrlr.TxStopPoint',                                ...POINTS, value: 'Authorized,EVConnected' },
  { name: 'TxCtrlr.TxBeforeAcceptedEnabled',                    type: 'boolean', access: 'RO', value: 'false' },

  { name: 'SampledDataCtrlr.TxUpdatedInterval',                 key: 'MeterValueSampleInterval',          ...SECONDS, min: 0, value: '10' },
  { name: 'SampledDataCtrlr.TxUpdatedMeasurands',               key: 'MeterValuesSampledData',            ...LIST, value: CHARGING },
  { name: 'SampledDataCtrlr.TxStartedMeasurands',               ...LIST, value: SAMPLED },
  { name: 'SampledDataCtrlr.TxEndedMeasurands',                 key: 'StopTxnSampledData',                ...LIST, value: ENDED, value16: '' },
  { name: 'SampledDataCtrlr.TxEndedInterval',                   ...SECONDS, min: 0, value: '0' },
  { name: 'AlignedDataCtrlr.Interval',                          key: 'ClockAlignedDataInterval',          ...SECONDS, min: 0, max: 86_400, value: '0' },
  { name: 'AlignedDataCtrlr.Measurands',                        key: 'MeterValuesAlignedData',            ...LIST, value: SAMPLED },
  { name: 'AlignedDataCtrlr.TxEndedMeasurands',                 key: 'StopTxnAlignedData',                ...LIST, value: '' },
  { name: 'AlignedDataCtrlr.TxEndedInterval',                   ...SECONDS, min: 0, max: 86_400, value: '0' },
  { name: '-.MeterValuesSampledDataMaxLength',                  key: 'MeterValuesSampledDataMaxLength',   ...MOST },
  { name: '-.MeterValuesAlignedDataMaxLength',                  key: 'MeterValuesAlignedDataMaxLength',   ...MOST },
  { name: '-.StopTxnSampledDataMaxLength',                      key: 'StopTxnSampledDataMaxLength',       ...MOST },
  { name: '-.StopTxnAlignedDataMaxLength',                      key: 'StopTxnAlignedDataMaxLength',       ...MOST },

  { name: 'AuthCtrlr.Enabled',                                  type: 'boolean', access: 'RO', value: 'true' },
  { name: 'AuthCtrlr.AuthorizeRemoteStart',                     key: 'AuthorizeRemoteTxRequests',         ...BOOLEAN, value: 'true' },
  { name: 'AuthCtrlr.LocalAuthorizeOffline',                    key: 'LocalAuthorizeOffline',             ...BOOLEAN, value: 'true' },
  { name: 'AuthCtrlr.LocalPreAuthorize',                        key: 'LocalPreAuthorize',                 ...BOOLEAN, value: 'false' },
  { name: 'AuthCtrlr.OfflineTxForUnknownIdEnabled',             key: 'AllowOfflineTxForUnknownId',        ...BOOLEAN, value: 'false' },
  { name: 'AuthCacheCtrlr.Enabled',                             key: 'AuthorizationCacheEnabled',         ...BOOLEAN, value: 'true' },
  { name: 'AuthCacheCtrlr.LifeTime',                            ...SECONDS, min: 0, value: '0' },
  { name: 'LocalAuthListCtrlr.Enabled',                         key: 'LocalAuthListEnabled',              ...BOOLEAN, value: 'true' },
  { name: 'LocalAuthListCtrlr.Entries',                         ...FIXED, max: 1000, value: '0' },
  { name: 'LocalAuthListCtrlr.ItemsPerMessage',                 key: 'SendLocalListMaxLength',            ...FIXED, value: '100' },
  { name: 'LocalAuthListCtrlr.BytesPerMessage',                 ...FIXED, value: '1000000' },
  { name: '-.LocalAuthListMaxLength',                           key: 'LocalAuthListMaxLength',            ...FIXED, value: '1000' },

  { name: 'ReservationCtrlr.Enabled',                           ...BOOLEAN, value: 'true' },
  { name: 'ReservationCtrlr.NonEvseSpecific',                   key: 'ReserveConnectorZeroSupported',     type: 'boolean', access: 'RO', value: 'true' },

  { name: 'SmartChargingCtrlr.Enabled',                         type: 'boolean', access: 'RO', value: 'true' },
  { name: 'SmartChargingCtrlr.ProfileStackLevel',               key: 'ChargeProfileMaxStackLevel',        ...FIXED, value: '8' },
  { name: 'SmartChargingCtrlr.PeriodsPerSchedule',              key: 'ChargingScheduleMaxPeriods',        ...FIXED, value: '96' },
  { name: 'SmartChargingCtrlr.RateUnit',                        key: 'ChargingScheduleAllowedChargingRateUnit', type: 'MemberList', access: 'RO', values: ['A', 'W'], value: 'A,W', value16: 'Current,Power' },
  { name: 'SmartChargingCtrlr.Entries[ChargingProfiles]',       ...FIXED, max: 100, value: '0' },
  { name: 'SmartChargingCtrlr.LimitChangeSignificance',         type: 'decimal', access: 'RO', unit: 'Percent', value: '0' },
  { name: 'SmartChargingCtrlr.SupportsDynamicProfiles',         type: 'boolean', access: 'RO', isOf21: true, value: 'true' },
  { name: 'SmartChargingCtrlr.SupportedAdditionalPurposes',     type: 'MemberList', access: 'RO', isOf21: true, values: ['PriorityCharging'], value: 'PriorityCharging' },
  { name: '-.MaxChargingProfilesInstalled',                     key: 'MaxChargingProfilesInstalled',      ...FIXED, value: '100' },

  { name: 'DeviceDataCtrlr.ItemsPerMessage[GetReport]',         ...FIXED, value: '100' },
  { name: 'DeviceDataCtrlr.ItemsPerMessage[GetVariables]',      ...FIXED, value: '100' },
  { name: 'DeviceDataCtrlr.ItemsPerMessage[SetVariables]',      ...FIXED, value: '100' },
  { name: 'DeviceDataCtrlr.BytesPerMessage[GetReport]',         ...FIXED, value: '1000000' },
  { name: 'DeviceDataCtrlr.BytesPerMessage[GetVariables]',      ...FIXED, value: '1000000' },
  { name: 'DeviceDataCtrlr.BytesPerMessage[SetVariables]',      ...FIXED, value: '1000000' },
  { name: 'ClockCtrlr.DateTime',                                type: 'dateTime', access: 'RO', value: '' },
  { name: 'ClockCtrlr.TimeAdjustmentReportingThreshold',        ...SECONDS, min: 0, isOf21: true, value: '0' },
  { name: 'ClockCtrlr.TimeSource',                              ...TEXT, value: 'RealTimeClock' },
  { name: 'SecurityCtrlr.Identity',                             ...TEXT, value: '' },
  { name: 'SecurityCtrlr.OrganizationName',                     ...TEXT, value: '' },
  { name: 'SecurityCtrlr.CertificateEntries',                   ...FIXED, value: '0' },
  { name: 'SecurityCtrlr.SecurityProfile',                      ...FIXED, value: '0' },
  // Setting it would have no effect: the password belongs to whoever set up the connection.
  { name: 'SecurityCtrlr.BasicAuthPassword',                    key: 'AuthorizationKey',                  type: 'string', access: 'WO', value: '' },

  { name: '-.GetConfigurationMaxKeys',                          key: 'GetConfigurationMaxKeys',           ...FIXED, value: '100' },
  { name: '-.NumberOfConnectors',                               key: 'NumberOfConnectors',                ...FIXED, value: '1' },
  // How it is wired, which no message changes: only what says so is accepted.
  { name: '-.ConnectorPhaseRotation',                           key: 'ConnectorPhaseRotation',            type: 'MemberList', access: 'RW', isFilled: true, value: '0.RST' },
  { name: '-.SupportedFeatureProfiles',                         key: 'SupportedFeatureProfiles',          type: 'MemberList', access: 'RO', value: 'Core,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger' },
] as const satisfies readonly VariableRow[]

export type VariableName = (typeof VARIABLES)[number]['name']
