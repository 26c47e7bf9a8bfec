import { X509Certificate } from 'node:crypto'
import { unwatchFile, watchFile } from 'node:fs'
import { join } from 'node:path'
import { OverlayError } from '../errors.ts'
import type { LinkCarrier } from '../node/carrying.ts'
import type { Logger, PasswordListener } from '../node/core.ts'
import type { LinkCarriers } from '../node/node-options.ts'
import type { PerStationUplink, UplinkRule } from '../node/uplink-rules.ts'
import { foldId, isNodeId, isReservedId, type NodeId } from '../primitives/ids.ts'
import { systemRandomness } from '../primitives/randomness.ts'
import { wildcard } from '../primitives/wildcard.ts'
import { Admissions } from '../transport/admission.ts'
import { describeNames, isCertificateFor, namesOf, type StationName } from '../transport/certificates.ts' // biome-ignore format: one line
import type { Secret } from '../transport/credentials.ts'
import type { LinkSource } from '../transport/link.ts'
import { isStoredForm } from '../transport/passwords.ts'
import type { DialTls } from '../transport/tls.ts'
import {
  type BackOff,
  type DialOptions,
  dial,
  retryDelayMs,
} from '../transport/websocket-client.ts'
import { type Acceptor, accept } from '../transport/websocket-server.ts'
import type { Config } from './config.ts'
import { STORED_IS_SENT } from './config-checks.ts'
import { type DialTlsFiles, readDialTls, readListenTls, readSecret } from './config-files.ts' // biome-ignore format: one line
import { type FilePasswords, type Place, type ProfilePassword, type RememberedPasswords, rememberedPasswords } from './remembered-passwords.ts' // biome-ignore format: one line

/** How often certificate files are looked at. */
const WATCH_EVERY_MS = 2_000

/** Everything links come from, as a configuration says. */
export interface LinkSources {
  readonly acceptors: readonly Acceptor[]
  /** Uplinks first: a station that comes while there is no way up would be told so. */
  readonly links: readonly LinkSource[]
  readonly uplinkRules: ReadonlyMap<LinkSource, UplinkRule>
  readonly carriers: LinkCarriers
  readonly perStation: readonly PerStationUplink[]
  readonly ruleOrder: readonly UplinkRule[]
  readonly onPasswordChange: PasswordListener
  /** Whether a peer that says it is this one has to prove it. */
  readonly mustProve: (id: NodeId) => boolean
  /** Stops looking at certificate files. */
  stop(): void
}

/**
 * @param backOff What a charging station was told over OCPP of its waits; before its configuration.
 * @throws {OverlayError} ERR_CONFIG_FILE, ERR_CREDENTIAL_STORED, ERR_CREDENTIAL_TLS
 */
export function createLinkSources(
  config: Config,
  log: Logger,
  backOff?: () => BackOff | undefined,
): LinkSources {
  const nodeId = config.nodeId as NodeId
  const remembered = rememberedPasswords(config)
  const admissions = createAdmissions(config)
  applyRemembered(config, { remembered, admissions, log })
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
  const bySource = new Map<LinkSource, LinkCarrier>()
  const perStation: PerStationUplink[] = []
  const ruleOrder: UplinkRule[] = []
  for (const uplink of config.uplinks) {
    const rule = ruleOf(uplink)
    if (rule) ruleOrder.push(rule)
    if (uplink.mode === 'per-station') {
      if (rule) perStation.push(perStationUplink(uplink, rule, { nodeId, remembered, log }))
      continue
    }
    const options = { ...dialOptions(uplink, nodeId, log), mode: uplink.mode }
    const rules = backOff && { backOff: () => backOff() ?? uplink.backOff }
    const source = dial({ ...options, ...rules })
    uplinks.push(source)
    bySource.set(source, uplink.carrier)
    if (rule) uplinkRules.set(source, rule)
  }
  const downlinks = config.downlinks.map((downlink) => {
    const name = stationNameOf(config, downlink.peerId)
    const source = dial({ ...dialOptions(downlink, nodeId, log, name), mode: 'standard', peer: 'station' }) // biome-ignore format: one line
    bySource.set(source, downlink.carrier)
    return source
  })
  const stop = watchCertificates(config, acceptors, log)
  return {
    acceptors,
    links: [...uplinks, ...acceptors, ...downlinks],
    uplinkRules,
    carriers: { bySource, byPeer: new Map(config.peers.map(({ id, carrier }) => [foldId(id), carrier])) }, // biome-ignore format: one line
    perStation,
    ruleOrder,
    onPasswordChange: passwordFollower(config, { remembered, admissions, log }),
    mustProve: (id) => admissions.mustProve(id),
    stop,
  }
}

interface Passwords {
  readonly remembered: RememberedPasswords
  readonly admissions: Admissions
  readonly log: Logger
}

/** What follows from a password that a station has accepted: it counts at once, also where it cannot be kept. */
function passwordFollower(config: Config, passwords: Passwords): PasswordListener {
  const { remembered, admissions, log } = passwords
  return ({ station, password, by, isHere, slot, isTaken = true }) => {
    if (slot !== undefined) {
      // When a station behind another node changes to it only that node sees; and nobody sees when
      // a station would change to one that it was never told.
      if (!isHere || !isTaken) return
      const one = { station, slot, password, uplink: by?.name, isUsed: false }
      expectProfile(config, passwords, one)
      return keeping(log, station, () => remembered.rememberProfile(one, fileOf(config, station)))
    }
    // Of a station behind another node that one asks for its password.
    const isEntered = config.peers.some(({ id }) => foldId(id) === foldId(station))
    const isOurs = isTaken && (isHere || isEntered)
    if (isOurs) admissions.setPassword(station, password)
    const places = filePasswords(config, station, by?.name)
    const used = isOurs ? places : places.filter(([place]) => place !== 'peer')
    keeping(log, station, () => remembered.remember(station, password, used))
  }
}

/** Once the station has shown it, it is shown to the uplink that has set it, too. */
function expectProfile(
  config: Config,
  { remembered, admissions, log }: Passwords,
  one: ProfilePassword,
): void {
  // biome-ignore format: one line
  const { station, password, uplink } = one
  admissions.setProfilePassword(station, one, () =>
    keeping(log, station, () => {
      remembered.rememberProfile({ ...one, isUsed: true }, fileOf(config, station))
      const places = filePasswords(config, station, uplink).filter(([place]) => place !== 'peer')
      remembered.remember(station, password, places)
    }),
  )
}

/** What cannot be written must not keep a station out; after a restart the former one counts. */
function keeping(log: Logger, station: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    log.error('password.unsaved', { station, error: String(error) })
  }
}

function fileOf({ peers }: Config, station: string): Secret | undefined {
  return peers.find(({ id }) => foldId(id) === foldId(station))?.password
}

/** What was set over OCPP counts from the start on, unless its file was changed since. */
function applyRemembered(config: Config, passwords: Passwords): void {
  const { peers } = config
  const { remembered, admissions, log } = passwords
  for (const one of remembered.profiles((station) => fileOf(config, station))) expectProfile(config, passwords, one) // biome-ignore format: one line
  for (const station of remembered.stations()) {
    // Also one that nobody has entered, as under `insecure`: without it anybody could be that station.
    const { id = station, password: inFile } = peers.find((one) => foldId(one.id) === station) ?? {}
    const password = remembered.insteadOf('peer', id, inFile)
    if (password) admissions.setPassword(id as NodeId, password)
    log.info('password.remembered', { station: id, counts: password ? 'remembered' : 'file' })
  }
}

/**
 * What this node has read for a station when it started, and what there is to show to the upstream
 * that has set another password. No other upstream may learn it.
 */
function filePasswords(
  { peers, uplinks }: Config,
  station: NodeId,
  uplinkName: string | undefined,
): FilePasswords {
  const peer = peers.find(({ id }) => foldId(id) === foldId(station))
  const upstream = uplinks
    .filter(({ mode, url, name = url }) => mode === 'per-station' && name === uplinkName)
    .slice(0, 1)
    .map((uplink) => [placeOf(uplink), stationPassword(uplink, station, () => {})] as const)
  return [['peer', peer?.password], ...upstream]
}

function placeOf({ url, name = url }: Config['uplinks'][number]): Place {
  return { uplink: name }
}

function createAdmissions({ peers, passwordKey, organization }: Config): Admissions {
  const entries = peers.map(({ id, peer, password, securityProfile, serialNumber }) => ({
    id: id as NodeId,
    peer,
    ...(password && { password }),
    ...(securityProfile !== undefined && { securityProfile }),
    ...(serialNumber !== undefined && { serialNumber }),
  }))
  return new Admissions(entries, {
    ...(passwordKey && { passwordKey }),
    ...(organization !== undefined && { organization }),
  })
}

type Dialled = Config['uplinks'][number] | Config['downlinks'][number]

function dialOptions(
  config: Dialled,
  nodeId: NodeId,
  log: Logger,
  station?: StationName,
): Omit<DialOptions, 'mode'> {
  const kept = config.tls && keptTls(config.tls, (problem) => log.error('tls.kept', { upstream: config.url, problem })) // biome-ignore format: one line
  const tls = () => ({ ...kept?.(), ...(station && { station }) })
  return { ...plainOptions(config, nodeId), tls }
}

/** By which name of an OCPP station certificate a station is known here. */
function stationNameOf({ peers, organization }: Config, id: string): StationName | undefined {
  const { serialNumber } = peers.find((peer) => foldId(peer.id) === foldId(id)) ?? {}
  return serialNumber === undefined ? undefined : { serialNumber, organization }
}

/** All but what is in the files of its certificates. */
function plainOptions(config: Dialled, nodeId: NodeId): Omit<DialOptions, 'mode'> {
  const { url, password, peerId, protocol } = config
  const { dialect, backOff, keyAsBytes, compression } = config as Config['uplinks'][number]
  return {
    url,
    nodeId,
    ...(password && { password }),
    ...(peerId !== undefined && { peerId: peerId as NodeId }),
    ...(protocol && { protocols: [protocol] }),
    ...(dialect && { dialect }),
    ...(backOff && { backOff }),
    ...(keyAsBytes && { keyAsBytes }),
    ...(compression === false && { compression }),
  }
}

/** Undefined where uplinks are all alike and stand in for each other. */
function ruleOf(uplink: Config['uplinks'][number]): UplinkRule | undefined {
  const { mode, role, url, name = url, stations, allow, allowNetworkChanges, carrier } = uplink
  if (mode !== 'per-station' && role === undefined) return undefined
  return {
    name,
    role: role ?? 'primary',
    ...(stations && { includes: matcher(stations) }),
    ...(allow?.up && { up: new Set(allow.up) }),
    ...(allow?.down && { down: new Set(allow.down) }),
    allowsNetworkChanges: allowNetworkChanges,
    carrier,
  }
}

function matcher(patterns: readonly string[]): (station: NodeId) => boolean {
  const tests = patterns.map((pattern) => wildcard(foldId(pattern), false))
  return (station) => tests.some((isMatch) => isMatch(foldId(station)))
}

/** What it needs to open connections in the names of stations. */
interface Around {
  readonly nodeId: NodeId
  readonly remembered: RememberedPasswords
  readonly log: Logger
}

function perStationUplink(
  uplink: Config['uplinks'][number],
  rule: UplinkRule,
  { nodeId, remembered, log }: Around,
): PerStationUplink {
  const upstream = rule.name
  const tls = uplink.tls && keptTls(uplink.tls, (problem) => log.error('tls.kept', { upstream, problem })) // biome-ignore format: one line
  return {
    rule,
    waitMs: (failures) => retryDelayMs(failures, systemRandomness, uplink.backOff),
    open(station, protocol, failures = 0) {
      let told = ''
      const tell = (problem: string) => {
        if (problem !== told) log.warn('password.missing', { station, upstream, problem })
        told = problem
      }
      // Asked at each attempt: over this very connection it may have been changed.
      const password = () => {
        const inFile = stationPassword(uplink, station, tell)
        return remembered.insteadOf(placeOf(uplink), station, inFile) ?? inFile
      }
      const own = tls?.()
      const names = own?.identity && namesOf(new X509Certificate(own.identity.certificate))
      if (names && !isCertificateFor(names, station)) {
        log.warn('certificate.other', { station, upstream, names: describeNames(names) })
      }
      const { password: _, peerId, ...options } = plainOptions(uplink, station)
      return dial({
        ...options,
        failures,
        // Without it nothing would prove anything, which is only where the file says so.
        needsPassword: uplink.stationPasswords !== undefined && uplink.url.startsWith('ws:') && !uplink.insecure, // biome-ignore format: one line
        ...(own && { tls: own }),
        password,
        protocols: [protocol],
        mode: 'standard',
        // Nodes below would refuse whatever comes in the name of a service.
        ...(peerId && !isReservedId(peerId) && { peerId }),
        unnamed: upstreamId(uplink, nodeId),
      })
    },
  }
}

/**
 * In whose name its commands go to stations behind other nodes, where `peerId` does not say. Not by
 * its URL: what is behind this node is nobody else's business.
 */
function upstreamId({ name = 'upstream' }: Config['uplinks'][number], nodeId: NodeId): NodeId {
  const id = `${name}@${nodeId}`
  return isNodeId(id) && !isReservedId(id) ? id : nodeId
}

/** What the file of a station says, else the password that all share; a problem is only told. */
function stationPassword(
  { stationPasswords, password: common }: Config['uplinks'][number],
  station: string,
  tell: (problem: string) => void,
): Secret | undefined {
  if (stationPasswords === undefined) return common
  try {
    const own = readSecret(join(stationPasswords, encodeURIComponent(station)))
    if (!isStoredForm(own)) return own
    tell(STORED_IS_SENT)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    // Where all share one, a file is the exception.
    if (!common) tell(error.message)
  }
  return common
}

/**
 * What the files say whenever it is asked for. While they cannot be used, because their renewal is
 * half done, it is what they said before; that is told once for each problem.
 *
 * @throws {OverlayError} ERR_CONFIG_FILE, ERR_CREDENTIAL_TLS at the beginning, never later.
 */
function keptTls(files: DialTlsFiles, tell: (problem: string) => void): () => DialTls {
  let kept = readDialTls(files)
  let told = ''
  return () => {
    try {
      kept = readDialTls(files)
      told = ''
    } catch (error) {
      const problem = String(error)
      if (problem !== told) tell(problem)
      told = problem
    }
    return kept
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
