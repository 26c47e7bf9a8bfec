import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AttackBox } from '../http/attacks.ts'
import { setFingerprintKey } from '../http/fingerprints.ts'
import { Observations } from '../http/observations.ts'
import type { ConsoleServer } from '../http/server.ts'
import type { SimulatedStations } from '../http/simulated-stations.ts'
import type { TrustSources } from '../http/trust.ts'
import type { Logger } from '../node/core.ts'
import type { Node } from '../node/node.ts'
import { systemClock } from '../primitives/clock.ts'
import { foldId, type NodeId } from '../primitives/ids.ts'
import { createNetworkingNode } from '../roles/networking-node/networking-node.ts'
import { SecurityEventReports } from '../roles/networking-node/security-events.ts'
import { compileFilters } from '../routing/filters/filters.ts'
import type { AccountStore } from '../storage/account-store.ts'
import { InvitationFiles } from '../storage/invitations.ts'
import { keyFrom } from '../storage/secret-store.ts'
import type { BackOff } from '../transport/websocket-client.ts'
import { firstLogin, openAccounts } from './accounts.ts'
import { openAuditTrail } from './audit-trail.ts'
import type { Config } from './config.ts'
import { type OpenedSecurity, openSecurity, ROLES_OF } from './config-security.ts'
import { logEvents, logRefusedConnections } from './event-log.ts'
import { planFaults } from './fault-plan.ts'
import { joinByCode, joinByLaterCodes } from './joining.ts'
import { createLinkSources } from './link-sources.ts'
import { renewRevocations } from './revocation-renewal.ts'
import { VERSION } from './version.ts'

/** How long a node that is asked to stop waits for answers that are under way. */
const DRAIN_MS = 5_000
const PAGE = fileURLToPath(new URL('../../dist/console/', import.meta.url))

/** A running role, and where it can be reached. */
export interface Running {
  readonly node: Node
  readonly stationUrls: readonly string[]
  readonly consoleUrl: string | undefined
  /** Lets the first admin in, once; undefined when there is one. */
  readonly loginUrl: string | undefined
  stop(): Promise<void>
}

/** What is not for configuration files. */
export interface StartOptions {
  /** `move`: where the console's port is in use, take a free one. Default `fail`. */
  readonly consolePortInUse?: 'fail' | 'move'
  /** Of the demo. */
  readonly attacks?: AttackBox
}

/** Starts what a configuration describes. */
export async function startNode(
  config: Config,
  log: Logger,
  { consolePortInUse = 'fail', attacks }: StartOptions = {},
): Promise<Running> {
  for (const problem of config.warnings) log.warn('config.warning', { problem })
  const nodeId = config.nodeId as NodeId
  // A station is made with its links, and says later how they are to wait.
  let backOff: () => BackOff | undefined = () => undefined
  const ofStation = config.role === 'charging-station' ? () => backOff() : undefined
  const opened = openSecurity(config)
  const { acceptors, stop: stopWatching, ...sources } = createLinkSources(config, log, ofStation)
  const announce = (newcomer: NodeId) => node.pushTrust(newcomer)
  const common = {
    nodeId,
    log,
    ...sources,
    ...(config.filters && { filters: compileFilters(config.filters, nodeId) }),
    ...(opened && { security: opened.security }),
    ...(opened?.commissioner && { commissioner: { ...opened.commissioner, announce } }),
    ...(config.routes && { routes: config.routes }),
    ...(config.operator && { operator: config.operator }),
    peers: new Map(
      config.peers.map((p) => [
        foldId(p.id),
        {
          mode: p.validation,
          tolerantMessageIds: p.tolerantMessageIds,
          ...(p.maxLengths && { maxLengths: p.maxLengths }),
        },
      ]),
    ),
  }
  const { node, store, csms, station, start, stop } = await createRole(config, common)
  if (station) backOff = () => station.backOff
  // Before anything happens, so that nothing is missed.
  const observed = new Observations(node)
  const audit = opened && openAuditTrail(config, opened, log)
  await audit?.begin(node, { version: VERSION, role: config.role })
  // Who signs nothing would be taken for a station.
  const isReporting = audit && config.role === 'networking-node'
  const reports = isReporting ? new SecurityEventReports(node, { log, auditHead: audit.head }) : undefined // biome-ignore format: one line
  if (config.log === 'debug') {
    const { frameLine } = await import('../http/frame-lines.ts')
    node.frameLog.listener = (sequence) => log.debug('frame', frameLine(node, sequence))
  }
  logEvents(node, log)
  await start()
  const stopping = new AbortController()
  const { signal } = stopping
  // Whoever lets others in tells those who are there already.
  if (opened?.commissioner) void node.pushTrust()
  const stopRenewing = opened && renewRevocations(node, opened, { config, log })
  if (opened) {
    const around = { config, log, signal }
    joinByCode(node, opened, around)
      .then(() => {
        reports?.begin()
        return joinByLaterCodes(node, opened, around)
      })
      .catch((error: unknown) => log.error('keys.join-failed', { problem: String(error) }))
  }
  let isListening = true
  const stationUrls = acceptors.map((acceptor) => acceptor.url)
  const insecure = !opened || [...acceptors, ...config.uplinks, ...config.downlinks].some((one) => one.insecure) // biome-ignore format: one line
  let server: ConsoleServer | undefined
  let accounts: AccountStore | undefined
  let loginUrl: string | undefined
  let simulations: SimulatedStations | undefined
  if (config.http) {
    // Loaded only where it is wanted: most processes of a site serve no pages.
    const { startConsole } = await import('../http/server.ts')
    const { createSimulatedStations } = await import('../http/simulated-stations.ts')
    const reserved = new Set(config.peers.map((peer) => foldId(peer.id)))
    const isTaken = (id: NodeId) => reserved.has(foldId(id)) || node.table.get(id) !== undefined
    const { role, tokens, http } = config
    accounts = http.login ? await openAccounts(config) : undefined
    const around = { consoleHost: http.host, listeners: acceptors, isTaken }
    simulations = createSimulatedStations({ ...around, tokens, log })
    const uplinks = config.uplinks.filter(({ mode, role = 'primary' }) => mode !== 'per-station' && role === 'primary').length // biome-ignore format: one line
    const ready = { uplinks, isListening: () => isListening }
    const keys = opened && keysOf(config, opened)
    // biome-ignore format: one record
    const view = { node, role, version: VERSION, store, csms, accounts, stationUrls, insecure, simulations, observed, keys, audit, attacks, ...ready }
    const page = existsSync(PAGE) ? PAGE : undefined
    server = await startConsole({ ...config.http, portInUse: consolePortInUse, page, view, onRefused: logRefusedConnections(log) }) // biome-ignore format: one line
    loginUrl = accounts && firstLogin(accounts, server.url)
  }
  return {
    node,
    stationUrls,
    consoleUrl: server?.url,
    loginUrl,
    async stop() {
      isListening = false
      stopping.abort()
      stopRenewing?.()
      reports?.stop()
      await node.drain(DRAIN_MS)
      stopWatching()
      await server?.stop()
      accounts?.close()
      await simulations?.stop()
      await stop()
      await audit?.end({ version: VERSION })
    },
  }
}

/** What the console shows of keys and rules, and changes by them. */
function keysOf({ ownKey }: Config, { security, commissioner }: OpenedSecurity): TrustSources {
  const invitations = commissioner && new InvitationFiles(ownKey.folder, systemClock)
  return { ...security, invitations, rolesOf: ROLES_OF }
}

async function createRole(config: Config, common: Parameters<typeof createNetworkingNode>[0]) {
  if (config.role === 'csms') {
    const { createCsms } = await import('../roles/csms/csms.ts')
    const { CsmsStore } = await import('../storage/csms-store.ts')
    const { DataLock } = await import('../storage/data-lock.ts')
    setFingerprintKey(keyFrom(join(config.data, 'fingerprint.key')))
    const file = join(config.data, 'csms.sqlite')
    const lock = new DataLock(file)
    const store = new CsmsStore(file)
    const { tokens, heartbeatIntervalS, unknownStations, retention, peers } = config
    const knownStations = peers.map(({ id }) => id)
    const own = { store, tokens, heartbeatIntervalS, unknownStations, retention, knownStations }
    const csms = createCsms({ ...common, ...own })
    const { node, start, stop } = csms
    const stopped = async () => {
      await stop()
      store.close()
      // Last: whoever comes next must find a closed file.
      lock.release()
    }
    return { node, start, stop: stopped, csms, store, station: undefined }
  }
  if (config.role === 'charging-station') {
    const [first = config.listen[0]] = config.uplinks
    const protocol = first?.protocol ?? 'ocpp2.1'
    const { createChargingStation } = await import('../roles/charging-station/charging-station.ts')
    const { DataLock } = await import('../storage/data-lock.ts')
    const { StationJournal, journalName } = await import('../storage/station-journal.ts')
    const { tokens } = config
    const { fault, ...simulation } = config.simulation
    const file = join(config.data, journalName(config.nodeId))
    const lock = new DataLock(file)
    const journal = new StationJournal(file)
    const station = createChargingStation({ ...common, ...simulation, protocol, tokens, journal })
    let endFaults = () => {}
    return {
      node: station.node,
      store: undefined,
      csms: undefined,
      station,
      async start() {
        await station.start()
        if (fault) endFaults = planFaults(station, fault)
      },
      async stop() {
        endFaults()
        await station.stop()
        journal.close()
        lock.release()
      },
    }
  }
  const node = createNetworkingNode(common)
  const [start, stop] = [() => node.start(), () => node.stop()]
  return { node, store: undefined, csms: undefined, station: undefined, start, stop }
}
