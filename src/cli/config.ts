import { dirname, resolve } from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import {
  type Document,
  isMap,
  isSeq,
  LineCounter,
  parseDocument,
  type Node as YamlNode,
} from 'yaml'
import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import type { LinkCarrier } from '../node/carrying.ts'
import type { Retention } from '../roles/csms/retention.ts'
import type { FilterRule } from '../routing/filters/rule.ts'
import type { Secret, SecurityProfile } from '../transport/credentials.ts'
import type { BackOff } from '../transport/websocket-client.ts'
import {
  checkPeers,
  checkStationPasswords,
  readKeyFile,
  readOwnPassword,
  readPassword,
  readTls,
} from './config-checks.ts'
import { warnOfNoEffect } from './config-effects.ts'
import { type DialTlsFiles, type ListenTlsFiles, readText, resolveAll } from './config-files.ts' // biome-ignore format: one line
import { checkFilters } from './config-filters.ts'
import {
  checkCarriers,
  checkDownlinkProfiles,
  checkLinks,
  checkPorts,
  checkProofs,
  type Written,
} from './config-links.ts'
import { checkActions, checkIds } from './config-names.ts'
import { CONFIG_SCHEMA } from './config-schema.ts'
import { type KeyPlaces, keyPlaces, type RawSecurity, readSecurity, type SecuritySettings } from './config-security.ts' // biome-ignore format: one line
import type { FaultPlan } from './fault-plan.ts'

export interface Config {
  readonly nodeId: string
  readonly role: 'csms' | 'networking-node' | 'charging-station'
  readonly operator?: string
  readonly organization?: string
  /** Read from `passwordKeyFile`. */
  readonly passwordKey?: Secret
  readonly secretsKeyFile?: string
  readonly listen: readonly {
    host: string
    port: number
    insecure: boolean
    conform404: boolean
    compression: boolean
    peer: 'station' | 'csms'
    protocol?: Protocol
    tls?: ListenTlsFiles
  }[]
  readonly peers: readonly {
    id: string
    peer: 'station' | 'node'
    password?: Secret
    securityProfile?: SecurityProfile
    serialNumber?: string
    validation: 'strict' | 'tolerant'
    tolerantMessageIds: boolean
    carrier: LinkCarrier
    maxLengths?: Record<string, number>
  }[]
  readonly uplinks: readonly {
    url: string
    mode: 'overlay' | 'standard' | 'per-station'
    name?: string
    role?: 'primary' | 'mirror' | 'restricted'
    stations?: readonly string[]
    allow?: { up?: readonly string[]; down?: readonly string[] }
    allowNetworkChanges: boolean
    onUpstreamLoss: 'close' | 'keep'
    stationPasswords?: string
    keyAsBytes: boolean
    carrier: LinkCarrier
    compression: boolean
    insecure: boolean
    tls?: DialTlsFiles
    backOff?: BackOff
    password?: Secret
    peerId?: string
    protocol?: Protocol
    dialect?: 'reference'
  }[]
  readonly downlinks: readonly {
    url: string
    peerId: string
    protocol?: Protocol
    carrier: LinkCarrier
    password?: Secret
    insecure: boolean
    tls?: DialTlsFiles
  }[]
  readonly routes?: readonly { destination: string; via: string }[]
  /** Checked: they compile. */
  readonly filters?: readonly FilterRule[]
  /** Undefined: `insecure`, nothing is signed. */
  readonly security?: SecuritySettings
  /** Where the key of this node is, or would be. */
  readonly ownKey: KeyPlaces
  readonly http?: { host: string; port: number; login: boolean }
  readonly retention: Retention
  readonly unknownStations: 'reject' | 'accept-and-flag'
  readonly data: string
  readonly tokens: readonly string[]
  readonly heartbeatIntervalS: number
  readonly simulation: {
    model: string
    evses: number
    maxPowerW?: number
    phases: 1 | 2 | 3
    pauseS: number
    sessionS: number
    meterIntervalS: number
    sessions?: number
    speed: number
    fault?: FaultPlan
  }
  readonly log: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** What can be used and is probably not meant, each with its place in the file. */
  readonly warnings: readonly string[]
}

const ajv = new Ajv({ useDefaults: true, allErrors: false, strict: false })
const validate = ajv.compile(CONFIG_SCHEMA)

let ownData: string | undefined

/** From now on this is the data folder, whatever files say: `--data`. */
export function setData(folder: string): void {
  ownData = resolve(folder)
}

/**
 * Reads and checks a configuration file; password files are read too.
 *
 * @param isBeforeKeys Do not read what `security` names: it is about to be made.
 * @param isBeforePasswords Nor the passwords of this node elsewhere: they are yet to be put there.
 * @throws {OverlayError} ERR_CONFIG_FILE, ERR_CONFIG_YAML, ERR_CONFIG_VALUE with line and column.
 */
export function loadConfig(
  file: string,
  { isBeforeKeys = false, isBeforePasswords = false } = {},
): Config {
  const text = readText(file)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [broken] = document.errors
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0])
    throw new OverlayError('ERR_CONFIG_YAML', { file, line, column: col, problem: broken.message })
  }
  const value = plainOf(document, file)
  const written = (plainOf(document, file) ?? {}) as Written
  const errorAt = (path: readonly string[], problem: string): OverlayError => {
    const { line, col } = lines.linePos(placeOf(document.contents, path))
    const pointer = path.length === 0 ? 'the file' : path.join('.')
    return new OverlayError('ERR_CONFIG_VALUE', { file, line, column: col, pointer, problem })
  }
  const fail: Fail = (path, problem) => {
    throw errorAt(path, problem)
  }
  const warnings: string[] = []
  const warn: Warn = (path, problem) => void warnings.push(errorAt(path, problem).message)
  if (!validate(value)) {
    const [error] = validate.errors ?? []
    if (error) fail(pathOf(error), problemOf(error))
  }
  const raw = value as RawConfig
  return {
    ...complete(raw, file, { written, fail, warn, isBeforeKeys, isBeforePasswords }),
    warnings,
  }
}

/** A few aliases can stand for more than fits into memory, and may name what is not there. */
function plainOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new OverlayError('ERR_CONFIG_YAML', { file, line: 1, column: 1, problem }, { cause })
  }
}

interface RawConfig
  extends Omit<
    Config,
    | 'peers'
    | 'uplinks'
    | 'downlinks'
    | 'listen'
    | 'tokens'
    | 'simulation'
    | 'warnings'
    | 'security'
    | 'ownKey'
  > {
  readonly passwordKeyFile?: string
  readonly peers?: (Config['peers'][number] & { passwordFile?: string })[]
  readonly uplinks?: (Config['uplinks'][number] & { passwordFile?: string })[]
  readonly downlinks?: (Config['downlinks'][number] & { passwordFile?: string })[]
  readonly listen?: Config['listen']
  readonly tokens?: string[]
  readonly simulation?: Config['simulation']
  readonly security?: RawSecurity
}

/** Reports a problem with its place in the file. */
export type Fail = (path: readonly string[], problem: string) => never

/** Notes what works and is probably not meant, with its place in the file. */
export type Warn = (path: readonly string[], problem: string) => void

/** What the schema cannot say, and the contents of files that are referred to. */
function complete(
  raw: RawConfig,
  file: string,
  {
    written,
    fail,
    warn,
    isBeforeKeys,
    isBeforePasswords,
  }: {
    written: Written
    fail: Fail
    warn: Warn
    isBeforeKeys: boolean
    isBeforePasswords: boolean
  },
): Omit<Config, 'warnings'> {
  const { listen = [], peers = [], uplinks = [], downlinks = [], tokens = [], simulation } = raw
  if (raw.role === 'charging-station' && listen.length === 0) {
    if (uplinks.length !== 1) fail(['uplinks'], 'must name the one CSMS of a charging station')
    if (!uplinks[0]?.protocol) fail(['uplinks'], 'must say which protocol the station speaks')
  } else if (listen.length === 0 && downlinks.length === 0) {
    fail(['listen'], 'is missing: nobody could connect')
  }
  if (raw.role === 'charging-station' && listen.length > 0 && !listen[0]?.protocol) {
    fail(['listen'], 'must say which protocol the station speaks')
  }
  if (raw.role === 'charging-station' && tokens.length === 0) {
    fail(['tokens'], 'must name at least one token for the drivers')
  }
  checkIds({ ...raw, uplinks, downlinks }, fail)
  checkLinks({ ...raw, listen, uplinks, downlinks }, written, fail)
  checkPorts({ ...raw, listen }, fail)
  checkCarriers({ peers, uplinks, downlinks }, fail)
  checkFilters(raw.filters ?? [], raw.nodeId, fail)
  if (raw.filters?.length && raw.role !== 'networking-node') warn(['filters'], `judge what a node passes on; a ${raw.role} passes on nothing but what is for others, and hears and says all else unfiltered`) // biome-ignore format: one line
  checkActions({ ...raw, uplinks }, { fail, warn })
  const base = dirname(file)
  warnOfNoEffect({ ...raw, listen, peers, uplinks, downlinks }, { written, base, warn })
  for (const [i, uplink] of uplinks.entries()) {
    checkStationPasswords(uplink, base, (problem) =>
      fail(['uplinks', `${i}`, 'stationPasswords'], problem),
    )
  }
  const secretOf = (passwordFile: string | undefined, i: number) => {
    if (passwordFile === undefined) return {}
    const failHere = (problem: string) => fail(['peers', `${i}`, 'passwordFile'], problem)
    return { password: readPassword(passwordFile, base, failHere) }
  }
  const absolute = <T extends { tls?: object }>(link: T) =>
    link.tls ? { ...link, tls: resolveAll(link.tls, base) } : link
  const passwordKey = readKeyFile(raw, base, fail)
  readTls({ listen, uplinks, downlinks }, base, fail)
  const secretsKeyFile = raw.secretsKeyFile && resolve(base, raw.secretsKeyFile)
  const entries = peers.map(({ passwordFile, ...peer }, i) => ({ ...peer, ...secretOf(passwordFile, i) })) // biome-ignore format: one line
  checkPeers({ ...raw, peers: entries, listen, downlinks, passwordKey }, { fail, warn })
  checkDownlinkProfiles(entries, downlinks, fail)
  checkProofs({ uplinks, downlinks }, written, fail)
  const { passwordKeyFile: _, security, ...rest } = raw
  const data = ownData ?? resolve(base, raw.data)
  const takesUnproved = listen.some(({ insecure }) => insecure)
  const ownPassword = (passwordFile: string | undefined, place: readonly string[]) =>
    isBeforePasswords
      ? {}
      : readOwnPassword(passwordFile, base, (problem) => fail([...place, 'passwordFile'], problem))
  const signing = isBeforeKeys
    ? undefined
    : readSecurity(security ?? {}, { base, fail, takesUnproved, role: raw.role })
  return {
    ...rest,
    ownKey: keyPlaces(data, base, { ...security, nodeId: raw.nodeId }),
    ...(signing && { security: signing }),
    ...(passwordKey && { passwordKey }),
    ...(secretsKeyFile !== undefined && { secretsKeyFile }),
    listen: listen.map(absolute),
    tokens,
    data,
    simulation: simulation ?? defaultsOf(CONFIG_SCHEMA.properties.simulation),
    peers: entries,
    uplinks: uplinks.map(({ passwordFile, stationPasswords, ...uplink }, i) => ({
      ...absolute(uplink),
      ...(stationPasswords !== undefined && { stationPasswords: resolve(base, stationPasswords) }),
      ...ownPassword(passwordFile, ['uplinks', `${i}`]),
    })),
    downlinks: downlinks.map(({ passwordFile, ...downlink }, i) => ({
      ...absolute(downlink),
      ...ownPassword(passwordFile, ['downlinks', `${i}`]),
    })),
  }
}

function defaultsOf(schema: object): Config['simulation'] {
  const value = {}
  ajv.compile(schema)(value)
  return value as Config['simulation']
}

function pathOf(error: ErrorObject): string[] {
  const path = error.instancePath.split('/').slice(1)
  const extra = (error.params as { additionalProperty?: string }).additionalProperty
  return extra === undefined ? path : [...path, extra]
}

function problemOf(error: ErrorObject): string {
  const params = error.params as { allowedValues?: string[]; missingProperty?: string }
  if (error.keyword === 'additionalProperties') return 'is not a setting'
  if (params.allowedValues) return `must be one of ${params.allowedValues.join(', ')}`
  if (error.keyword === 'pattern') return 'must begin with ws:// or wss://'
  if (params.missingProperty) return `lacks the setting "${params.missingProperty}"`
  return error.message ?? 'is not valid'
}

/** Offset of the value at a path, or of the nearest thing around it. */
function placeOf(node: unknown, path: readonly string[]): number {
  const start = (node as YamlNode | null)?.range?.[0] ?? 0
  const [head, ...rest] = path
  if (head === undefined) return start
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => String(key) === head)
    if (!pair) return start
    const keyStart = (pair.key as YamlNode | null)?.range?.[0] ?? start
    return rest.length === 0 ? keyStart : placeOf(pair.value, rest)
  }
  if (isSeq(node)) return placeOf(node.items[Number(head)], rest)
  return start
}
