import { existsSync, unwatchFile, watchFile } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '../node/core.ts'
import type { PerStationUplink, UplinkRule } from '../node/uplink-rules.ts'
import { foldId, type NodeId } from '../primitives/ids.ts'
import { keyFrom, SecretStore } from '../storage/secret-store.ts'
import { Admissions } from '../transport/admission.ts'
import { Secret } from '../transport/credentials.ts'
import type { LinkSource } from '../transport/link.ts'
import { type DialOptions, dial } from '../transport/websocket-client.ts'
import { type Acceptor, accept } from '../transport/websocket-server.ts'
import type { Config } from './config.ts'
import { readDialTls, readListenTls, readSecret } from './config-files.ts'

/** How often certificate files are looked at. */
const WATCH_EVERY_MS = 2_000

/** Everything links come from, as a configuration says. */
export interface LinkSources {
  readonly acceptors: readonly Acceptor[]
  /** Uplinks first: a station that comes while there is no way up would be told so. */
  readonly links: readonly LinkSource[]
  readonly uplinkRules: ReadonlyMap<LinkSource, UplinkRule>
  readonly perStation: readonly PerStationUplink[]
  readonly ruleOrder: readonly UplinkRule[]
  readonly onPasswordChange: (station: NodeId, password: Secret) => void
  /** Stops looking at certificate files. */
  stop(): void
}

/** @throws {OverlayError} ERR_CONFIG_FILE, ERR_CREDENTIAL_STORED, ERR_CREDENTIAL_TLS */
export function createLinkSources(config: Config, log: Logger): LinkSources {
  const nodeId = config.nodeId as NodeId
  const secrets = lazySecrets(config)
  const admissions = createAdmissions(config)
  for (const name of secrets.known()) {
    const password = secrets.get(name as NodeId)
    if (password && config.peers.some((peer) => foldId(peer.id) === name)) {
      admissions.setPassword(name as NodeId, password)
    }
  }
  const acceptors = config.listen.map(({ tls, protocol, ...listen }) =>
    accept({
      ...listen,
      nodeId,
      peers: admissions,
      ...(protocol && { protocols: [protocol] }),
      ...(tls && { tls: readListenTls(tls) }),
    }),
  )
  const uplinks: LinkSource[] = []
  const uplinkRules = new Map<LinkSource, UplinkRule>()
  const perStation: PerStationUplink[] = []
  const ruleOrder: UplinkRule[] = []
  for (const uplink of config.uplinks) {
    const rule = ruleOf(uplink)
    if (rule) ruleOrder.push(rule)
    if (uplink.mode === 'per-station') {
      if (rule) perStation.push(perStationUplink(uplink, rule, secrets))
      continue
    }
    const source = dial({ ...dialOptions(uplink, nodeId), mode: uplink.mode })
    uplinks.push(source)
    if (rule) uplinkRules.set(source, rule)
  }
  const downlinks = config.downlinks.map((downlink) =>
    dial({ ...dialOptions(downlink, nodeId), mode: 'standard', peer: 'station' }),
  )
  const stop = watchCertificates(config, acceptors, log)
  return {
    acceptors,
    links: [...uplinks, ...acceptors, ...downlinks],
    uplinkRules,
    perStation,
    ruleOrder,
    onPasswordChange(station, password) {
      secrets.set(station, password)
      admissions.setPassword(station, password)
    },
    stop,
  }
}

function createAdmissions({ peers, passwordKeyFile, organization }: Config): Admissions {
  const entries = peers.map(({ id, password, securityProfile, serialNumber }) => ({
    id: id as NodeId,
    ...(password && { password }),
    ...(securityProfile !== undefined && { securityProfile }),
    ...(serialNumber !== undefined && { serialNumber }),
  }))
  return new Admissions(entries, {
    ...(passwordKeyFile !== undefined && { passwordKey: readSecret(passwordKeyFile) }),
    ...(organization !== undefined && { organization }),
  })
}

type Dialled = Config['uplinks'][number] | Config['downlinks'][number]

function dialOptions(config: Dialled, nodeId: NodeId): Omit<DialOptions, 'mode'> {
  const { url, password, peerId, protocol, tls } = config
  const { dialect, backOff, keyAsBytes, compression } = config as Config['uplinks'][number]
  return {
    url,
    nodeId,
    ...(password && { password }),
    ...(peerId !== undefined && { peerId: peerId as NodeId }),
    ...(protocol && { protocols: [protocol] }),
    ...(tls && { tls: readDialTls(tls) }),
    ...(dialect && { dialect }),
    ...(backOff && { backOff }),
    ...(keyAsBytes && { keyAsBytes }),
    ...(compression === false && { compression }),
  }
}

/** Undefined where uplinks are all alike and stand in for each other. */
function ruleOf(uplink: Config['uplinks'][number]): UplinkRule | undefined {
  const { mode, role, url, name = url, stations, allow, allowNetworkChanges } = uplink
  if (mode !== 'per-station' && role === undefined) return undefined
  return {
    name,
    role: role ?? 'primary',
    ...(stations && { includes: matcher(stations) }),
    ...(allow?.up && { up: new Set(allow.up) }),
    ...(allow?.down && { down: new Set(allow.down) }),
    allowsNetworkChanges: allowNetworkChanges,
  }
}

function matcher(patterns: readonly string[]): (station: NodeId) => boolean {
  const tests = patterns.map((pattern) => {
    const parts = foldId(pattern)
      .split('*')
      .map((part) => part.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
    return new RegExp(`^${parts.join('.*')}$`, 'u')
  })
  return (station) => tests.some((test) => test.test(foldId(station)))
}

function perStationUplink(
  uplink: Config['uplinks'][number],
  rule: UplinkRule,
  secrets: Secrets,
): PerStationUplink {
  const { stationPasswords, password: common } = uplink
  return {
    rule,
    open(station, protocol) {
      const file = stationPasswords && join(stationPasswords, encodeURIComponent(station))
      const own = file && existsSync(file) ? readSecret(file) : undefined
      const password = secrets.get(station) ?? own ?? common
      const { password: _, ...options } = dialOptions(uplink, station)
      return dial({
        ...options,
        ...(password && { password }),
        protocols: [protocol],
        mode: 'standard',
        peerId: (uplink.peerId ?? 'CSMS') as NodeId,
      })
    },
  }
}

interface Secrets {
  get(station: NodeId): Secret | undefined
  set(station: NodeId, password: Secret): void
  known(): readonly string[]
}

/** Passwords that stations were given while this node watched; most nodes never have one. */
function lazySecrets({ data, secretsKeyFile }: Config): Secrets {
  const file = join(data, 'station-secrets.json')
  const keyFile = secretsKeyFile ?? join(data, 'secrets.key')
  let store = existsSync(file) ? new SecretStore(file, keyFrom(keyFile)) : undefined
  return {
    known: () => store?.names() ?? [],
    get(station) {
      const text = store?.get(foldId(station))
      return text === undefined ? undefined : new Secret(text)
    },
    set(station, password) {
      store ??= new SecretStore(file, keyFrom(keyFile))
      store.set(foldId(station), password.reveal())
    },
  }
}

/** Takes up renewed certificates; what cannot be used is reported, and the former one stays. */
function watchCertificates(
  { listen }: Config,
  acceptors: readonly Acceptor[],
  log: Logger,
): () => void {
  const watched = listen.flatMap(({ tls }, i) => {
    if (!tls) return []
    const files: string[] = Object.values(tls)
    const reload = () => {
      try {
        acceptors[i]?.reloadTls(readListenTls(tls))
        log.info('tls.reloaded', { certificateFile: tls.certificateFile })
      } catch (error) {
        log.error('tls.kept', { problem: String(error) })
      }
    }
    // Polled: certificates are renewed by renaming, which events of one file do not survive.
    for (const file of files)
      watchFile(file, { interval: WATCH_EVERY_MS, persistent: false }, reload)
    return files.map((file) => [file, reload] as const)
  })
  return () => {
    for (const [file, reload] of watched) unwatchFile(file, reload)
  }
}
