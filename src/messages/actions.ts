/**
 * What the schemas cannot say about an action: who sends it, how urgent it is, what may happen to
 * it while it waits. One row per action and version, written by hand.
 */
import { EXTENSION_ACTIONS } from './extensions.ts'
import type { Protocol } from './protocols.ts'

/** The functional blocks of OCPP 2.x, the feature profiles of 1.6, and our own. */
export type FunctionalBlock =
  | 'Core'
  | 'LocalAuthListManagement'
  | 'RemoteTrigger'
  | 'Security'
  | 'Provisioning'
  | 'Authorization'
  | 'LocalAuthorizationListManagement'
  | 'Transactions'
  | 'RemoteControl'
  | 'Availability'
  | 'Reservation'
  | 'TariffAndCost'
  | 'MeterValues'
  | 'SmartCharging'
  | 'FirmwareManagement'
  | 'CertificateManagement'
  | 'Diagnostics'
  | 'PeriodicEventStreams'
  | 'DisplayMessage'
  | 'DataTransfer'
  | 'BidirectionalPowerTransfer'
  | 'DERControl'
  | 'BatterySwap'
  | 'OverlayNetworking'

/** How urgent a frame is; the order is that of the send scheduler. */
export type PriorityClass = 'control' | 'command' | 'transaction' | 'telemetry' | 'bulk'

/** Whether store-and-forward may hold a message (`queued`). */
export type ReplayClass = 'live' | 'queued'

/** What is known about an action beside its schemas. */
export interface ActionRow {
  readonly block: FunctionalBlock
  /** Who may originate the request. */
  readonly from: 'station' | 'csms' | 'both'
  readonly priority: PriorityClass
  readonly replay: ReplayClass
  /** How long the asker waits for an answer; DEFAULT_TIMEOUT_MS where absent. */
  readonly timeoutMs?: number
  /** Travels as SEND and is never answered. */
  readonly send?: true
  /** A SEND that may be lost on a link that is behind: a newer one says it again. */
  readonly droppable?: true
}

/** How long the asker waits for an answer to an action whose row says nothing else. */
export const DEFAULT_TIMEOUT_MS = 30_000

/**
 * The row of an action: of the version, or of our own, which stand beside every version.
 *
 * @param action As the peer wrote it; nothing is folded.
 * @returns undefined when the version has no such action and it is none of ours.
 */
export function actionRow(protocol: Protocol, action: string): ActionRow | undefined {
  return TABLES.get(protocol)?.get(action) ?? EXTENSION_ACTIONS.get(action)
}

/** The standard actions of a version with their rows, ours not among them. */
export function actionsOf(protocol: Protocol): ReadonlyMap<string, ActionRow> {
  return TABLES.get(protocol) ?? new Map()
}

/**
 * The class of an action on links that are behind; unknown actions are telemetry.
 *
 * @param protocol undefined where the version is not known: then the most urgent of all.
 */
export function priorityOf(protocol: Protocol | undefined, action: string): PriorityClass {
  if (protocol) return actionRow(protocol, action)?.priority ?? 'telemetry'
  const rows = [...TABLES.keys()].flatMap((version) => actionRow(version, action) ?? [])
  const all = rows.map(({ priority }) => priority)
  return URGENCY.find((one) => all.includes(one)) ?? 'telemetry'
}

/** Whether a SEND of this action may be dropped where there is no room. */
export function isDroppable(action: string): boolean {
  return DROPPABLE.has(action)
}

const URGENCY = ['control', 'command', 'transaction', 'telemetry', 'bulk'] as const

// biome-ignore format: a table
const OCPP_1_6: readonly (readonly [string, ActionRow])[] = [
  ['Authorize',                          { block: 'Core',                              from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['BootNotification',                   { block: 'Core',                              from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['ChangeAvailability',                 { block: 'Core',                              from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ChangeConfiguration',                { block: 'Core',                              from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ClearCache',                         { block: 'Core',                              from: 'csms',     priority: 'command',      replay: 'live' }],
  ['DataTransfer',                       { block: 'Core',                              from: 'both',     priority: 'telemetry',    replay: 'live' }],
  ['GetConfiguration',                   { block: 'Core',                              from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['Heartbeat',                          { block: 'Core',                              from: 'station',  priority: 'telemetry',    replay: 'live' }],
  // Nearly always of a transaction, and a hop does not look into payloads.
  ['MeterValues',                        { block: 'Core',                              from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['RemoteStartTransaction',             { block: 'Core',                              from: 'csms',     priority: 'command',      replay: 'live' }],
  ['RemoteStopTransaction',              { block: 'Core',                              from: 'csms',     priority: 'command',      replay: 'live' }],
  ['Reset',                              { block: 'Core',                              from: 'csms',     priority: 'command',      replay: 'live' }],
  ['StartTransaction',                   { block: 'Core',                              from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['StatusNotification',                 { block: 'Core',                              from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['StopTransaction',                    { block: 'Core',                              from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['UnlockConnector',                    { block: 'Core',                              from: 'csms',     priority: 'command',      replay: 'live' }],
  ['DiagnosticsStatusNotification',      { block: 'FirmwareManagement',                from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['FirmwareStatusNotification',         { block: 'FirmwareManagement',                from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['GetDiagnostics',                     { block: 'FirmwareManagement',                from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['UpdateFirmware',                     { block: 'FirmwareManagement',                from: 'csms',     priority: 'command',      replay: 'live' }],
  ['GetLocalListVersion',                { block: 'LocalAuthListManagement',           from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['SendLocalList',                      { block: 'LocalAuthListManagement',           from: 'csms',     priority: 'bulk',         replay: 'live', timeoutMs: 60_000 }],
  ['CancelReservation',                  { block: 'Reservation',                       from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ReserveNow',                         { block: 'Reservation',                       from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ClearChargingProfile',               { block: 'SmartCharging',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['GetCompositeSchedule',               { block: 'SmartCharging',                     from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['SetChargingProfile',                 { block: 'SmartCharging',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['TriggerMessage',                     { block: 'RemoteTrigger',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['CertificateSigned',                  { block: 'Security',                          from: 'csms',     priority: 'command',      replay: 'live' }],
  ['DeleteCertificate',                  { block: 'Security',                          from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ExtendedTriggerMessage',             { block: 'Security',                          from: 'csms',     priority: 'command',      replay: 'live' }],
  ['GetInstalledCertificateIds',         { block: 'Security',                          from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['GetLog',                             { block: 'Security',                          from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['InstallCertificate',                 { block: 'Security',                          from: 'csms',     priority: 'command',      replay: 'live' }],
  ['LogStatusNotification',              { block: 'Security',                          from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['SecurityEventNotification',          { block: 'Security',                          from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['SignCertificate',                    { block: 'Security',                          from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['SignedFirmwareStatusNotification',   { block: 'Security',                          from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['SignedUpdateFirmware',               { block: 'Security',                          from: 'csms',     priority: 'command',      replay: 'live' }],
]

// biome-ignore format: a table
const OCPP_2: readonly (readonly [string, ActionRow])[] = [
  ['CertificateSigned',                  { block: 'Security',                          from: 'csms',     priority: 'command',      replay: 'live' }],
  ['SecurityEventNotification',          { block: 'Security',                          from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['SignCertificate',                    { block: 'Security',                          from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['BootNotification',                   { block: 'Provisioning',                      from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['GetBaseReport',                      { block: 'Provisioning',                      from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['GetReport',                          { block: 'Provisioning',                      from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['GetVariables',                       { block: 'Provisioning',                      from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['NotifyReport',                       { block: 'Provisioning',                      from: 'station',  priority: 'bulk',         replay: 'live' }],
  ['Reset',                              { block: 'Provisioning',                      from: 'csms',     priority: 'command',      replay: 'live' }],
  ['SetNetworkProfile',                  { block: 'Provisioning',                      from: 'csms',     priority: 'command',      replay: 'live' }],
  ['SetVariables',                       { block: 'Provisioning',                      from: 'csms',     priority: 'command',      replay: 'live' }],
  ['Authorize',                          { block: 'Authorization',                     from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['ClearCache',                         { block: 'Authorization',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['GetLocalListVersion',                { block: 'LocalAuthorizationListManagement',  from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['SendLocalList',                      { block: 'LocalAuthorizationListManagement',  from: 'csms',     priority: 'bulk',         replay: 'live', timeoutMs: 60_000 }],
  ['GetTransactionStatus',               { block: 'Transactions',                      from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['TransactionEvent',                   { block: 'Transactions',                      from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['RequestStartTransaction',            { block: 'RemoteControl',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['RequestStopTransaction',             { block: 'RemoteControl',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['TriggerMessage',                     { block: 'RemoteControl',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['UnlockConnector',                    { block: 'RemoteControl',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ChangeAvailability',                 { block: 'Availability',                      from: 'csms',     priority: 'command',      replay: 'live' }],
  ['Heartbeat',                          { block: 'Availability',                      from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['StatusNotification',                 { block: 'Availability',                      from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['CancelReservation',                  { block: 'Reservation',                       from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ReservationStatusUpdate',            { block: 'Reservation',                       from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['ReserveNow',                         { block: 'Reservation',                       from: 'csms',     priority: 'command',      replay: 'live' }],
  ['CostUpdated',                        { block: 'TariffAndCost',                     from: 'csms',     priority: 'transaction',  replay: 'live' }],
  // Never of a transaction: those are in TransactionEvent.
  ['MeterValues',                        { block: 'MeterValues',                       from: 'station',  priority: 'telemetry',    replay: 'queued' }],
  ['ClearChargingProfile',               { block: 'SmartCharging',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ClearedChargingLimit',               { block: 'SmartCharging',                     from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['GetChargingProfiles',                { block: 'SmartCharging',                     from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['GetCompositeSchedule',               { block: 'SmartCharging',                     from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['NotifyChargingLimit',                { block: 'SmartCharging',                     from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['NotifyEVChargingNeeds',              { block: 'SmartCharging',                     from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['NotifyEVChargingSchedule',           { block: 'SmartCharging',                     from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['ReportChargingProfiles',             { block: 'SmartCharging',                     from: 'station',  priority: 'bulk',         replay: 'live' }],
  ['SetChargingProfile',                 { block: 'SmartCharging',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['FirmwareStatusNotification',         { block: 'FirmwareManagement',                from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['PublishFirmware',                    { block: 'FirmwareManagement',                from: 'csms',     priority: 'command',      replay: 'live' }],
  ['PublishFirmwareStatusNotification',  { block: 'FirmwareManagement',                from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['UnpublishFirmware',                  { block: 'FirmwareManagement',                from: 'csms',     priority: 'command',      replay: 'live' }],
  ['UpdateFirmware',                     { block: 'FirmwareManagement',                from: 'csms',     priority: 'command',      replay: 'live' }],
  ['DeleteCertificate',                  { block: 'CertificateManagement',             from: 'csms',     priority: 'command',      replay: 'live' }],
  ['Get15118EVCertificate',              { block: 'CertificateManagement',             from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['GetCertificateStatus',               { block: 'CertificateManagement',             from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['GetInstalledCertificateIds',         { block: 'CertificateManagement',             from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['InstallCertificate',                 { block: 'CertificateManagement',             from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ClearVariableMonitoring',            { block: 'Diagnostics',                       from: 'csms',     priority: 'command',      replay: 'live' }],
  ['CustomerInformation',                { block: 'Diagnostics',                       from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['GetLog',                             { block: 'Diagnostics',                       from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['GetMonitoringReport',                { block: 'Diagnostics',                       from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['LogStatusNotification',              { block: 'Diagnostics',                       from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['NotifyCustomerInformation',          { block: 'Diagnostics',                       from: 'station',  priority: 'bulk',         replay: 'live' }],
  ['NotifyEvent',                        { block: 'Diagnostics',                       from: 'station',  priority: 'telemetry',    replay: 'queued' }],
  ['NotifyMonitoringReport',             { block: 'Diagnostics',                       from: 'station',  priority: 'bulk',         replay: 'live' }],
  ['SetMonitoringBase',                  { block: 'Diagnostics',                       from: 'csms',     priority: 'command',      replay: 'live' }],
  ['SetMonitoringLevel',                 { block: 'Diagnostics',                       from: 'csms',     priority: 'command',      replay: 'live' }],
  ['SetVariableMonitoring',              { block: 'Diagnostics',                       from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ClearDisplayMessage',                { block: 'DisplayMessage',                    from: 'csms',     priority: 'command',      replay: 'live' }],
  ['GetDisplayMessages',                 { block: 'DisplayMessage',                    from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['NotifyDisplayMessages',              { block: 'DisplayMessage',                    from: 'station',  priority: 'bulk',         replay: 'live' }],
  ['SetDisplayMessage',                  { block: 'DisplayMessage',                    from: 'csms',     priority: 'command',      replay: 'live' }],
  ['DataTransfer',                       { block: 'DataTransfer',                      from: 'both',     priority: 'telemetry',    replay: 'live' }],
]

// biome-ignore format: a table
const OCPP_2_1_ONLY: readonly (readonly [string, ActionRow])[] = [
  ['NotifySettlement',                   { block: 'Authorization',                     from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['NotifyWebPaymentStarted',            { block: 'Authorization',                     from: 'csms',     priority: 'transaction',  replay: 'live' }],
  ['VatNumberValidation',                { block: 'Authorization',                     from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['ChangeTransactionTariff',            { block: 'TariffAndCost',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ClearTariffs',                       { block: 'TariffAndCost',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['GetTariffs',                         { block: 'TariffAndCost',                     from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['SetDefaultTariff',                   { block: 'TariffAndCost',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['NotifyPriorityCharging',             { block: 'SmartCharging',                     from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['PullDynamicScheduleUpdate',          { block: 'SmartCharging',                     from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['UpdateDynamicSchedule',              { block: 'SmartCharging',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['UsePriorityCharging',                { block: 'SmartCharging',                     from: 'csms',     priority: 'command',      replay: 'live' }],
  ['GetCertificateChainStatus',          { block: 'CertificateManagement',             from: 'station',  priority: 'transaction',  replay: 'live' }],
  ['AdjustPeriodicEventStream',          { block: 'PeriodicEventStreams',              from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ClosePeriodicEventStream',           { block: 'PeriodicEventStreams',              from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['GetPeriodicEventStream',             { block: 'PeriodicEventStreams',              from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['NotifyPeriodicEventStream',          { block: 'PeriodicEventStreams',              from: 'station',  priority: 'telemetry',    replay: 'live', send: true, droppable: true }],
  ['OpenPeriodicEventStream',            { block: 'PeriodicEventStreams',              from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['AFRRSignal',                         { block: 'BidirectionalPowerTransfer',        from: 'csms',     priority: 'command',      replay: 'live' }],
  ['NotifyAllowedEnergyTransfer',        { block: 'BidirectionalPowerTransfer',        from: 'csms',     priority: 'command',      replay: 'live' }],
  ['ClearDERControl',                    { block: 'DERControl',                        from: 'csms',     priority: 'command',      replay: 'live' }],
  ['GetDERControl',                      { block: 'DERControl',                        from: 'csms',     priority: 'telemetry',    replay: 'live' }],
  ['NotifyDERAlarm',                     { block: 'DERControl',                        from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['NotifyDERStartStop',                 { block: 'DERControl',                        from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['ReportDERControl',                   { block: 'DERControl',                        from: 'station',  priority: 'telemetry',    replay: 'live' }],
  ['SetDERControl',                      { block: 'DERControl',                        from: 'csms',     priority: 'command',      replay: 'live' }],
  ['BatterySwap',                        { block: 'BatterySwap',                       from: 'station',  priority: 'transaction',  replay: 'queued' }],
  ['RequestBatterySwap',                 { block: 'BatterySwap',                       from: 'csms',     priority: 'command',      replay: 'live' }],
]

const TABLES = new Map<Protocol, ReadonlyMap<string, ActionRow>>([
  ['ocpp1.6', new Map(OCPP_1_6)],
  ['ocpp2.0.1', new Map(OCPP_2)],
  ['ocpp2.1', new Map([...OCPP_2, ...OCPP_2_1_ONLY])],
])

const DROPPABLE: ReadonlySet<string> = new Set(
  [...TABLES.values(), EXTENSION_ACTIONS].flatMap((table) =>
    [...table].flatMap(([action, row]) => (row.droppable ? [action] : [])),
  ),
)
