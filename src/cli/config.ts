import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { isMap, isSeq, LineCounter, parseDocument, type Node as YamlNode } from 'yaml'
import { OverlayError } from '../errors.ts'
import type { Protocol } from '../messages/protocols.ts'
import { isNodeId, isReservedId } from '../primitives/ids.ts'
import { Secret } from '../transport/credentials.ts'
import { CONFIG_SCHEMA } from './config-schema.ts'

export interface Config {
  readonly nodeId: string
  readonly role: 'csms' | 'networking-node' | 'charging-station'
  readonly operator?: string
  readonly listen: readonly { host: string; port: number; insecure: boolean }[]
  readonly peers: readonly {
    id: string
    password?: Secret
    validation: 'strict' | 'tolerant'
    tolerantMessageIds: boolean
    maxLengths?: Record<string, number>
  }[]
  readonly uplinks: readonly {
    url: string
    mode: 'overlay' | 'standard'
    password?: Secret
    peerId?: string
    protocol?: Protocol
    dialect?: 'reference'
  }[]
  readonly routes?: readonly { destination: string; via: string }[]
  readonly http?: { host: string; port: number }
  readonly data: string
  readonly tokens: readonly string[]
  readonly heartbeatIntervalS: number
  readonly simulation: {
    model: string
    evses: number
    maxPowerW: number
    pauseS: number
    sessionS: number
    meterIntervalS: number
  }
  readonly log: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

const ajv = new Ajv({ useDefaults: true, allErrors: false, strict: false })
const validate = ajv.compile(CONFIG_SCHEMA)

/**
 * Reads and checks a configuration file; password files are read too.
 *
 * @throws {OverlayError} ERR_CONFIG_FILE, ERR_CONFIG_YAML, ERR_CONFIG_VALUE with line and column.
 */
export function loadConfig(file: string): Config {
  const text = read(file, file)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [broken] = document.errors
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0])
    throw new OverlayError('ERR_CONFIG_YAML', { file, line, column: col, problem: broken.message })
  }
  const value: unknown = document.toJS()
  const fail = (path: readonly string[], problem: string): never => {
    const { line, col } = lines.linePos(placeOf(document.contents, path))
    const pointer = path.length === 0 ? 'the file' : path.join('.')
    throw new OverlayError('ERR_CONFIG_VALUE', { file, line, column: col, pointer, problem })
  }
  if (!validate(value)) {
    const [error] = validate.errors ?? []
    if (error) fail(pathOf(error), problemOf(error))
  }
  return complete(value as RawConfig, file, fail)
}

interface RawConfig extends Omit<Config, 'peers' | 'uplinks' | 'listen' | 'tokens' | 'simulation'> {
  readonly peers?: (Config['peers'][number] & { passwordFile?: string })[]
  readonly uplinks?: (Config['uplinks'][number] & { passwordFile?: string })[]
  readonly listen?: Config['listen']
  readonly tokens?: string[]
  readonly simulation?: Config['simulation']
}

type Fail = (path: readonly string[], problem: string) => never

/** What the schema cannot say, and the contents of files that are referred to. */
function complete(raw: RawConfig, file: string, fail: Fail): Config {
  if (!isNodeId(raw.nodeId) || isReservedId(raw.nodeId)) fail(['nodeId'], 'is not a legal node id')
  const { listen = [], peers = [], uplinks = [], tokens = [], simulation } = raw
  if (raw.role === 'charging-station') {
    if (uplinks.length !== 1) fail(['uplinks'], 'must name the one CSMS of a charging station')
    if (!uplinks[0]?.protocol) fail(['uplinks'], 'must say which protocol the station speaks')
    if (tokens.length === 0) fail(['tokens'], 'must name at least one token for the drivers')
  } else if (listen.length === 0) {
    fail(['listen'], 'is missing: nobody could connect')
  }
  const base = dirname(file)
  const secretOf = (path: string[], passwordFile: string | undefined) => {
    if (passwordFile === undefined) return {}
    const secret = read(resolve(base, passwordFile), passwordFile).trim()
    if (secret === '') fail(path, 'is an empty file')
    return { password: new Secret(secret) }
  }
  return {
    ...raw,
    listen,
    tokens,
    data: resolve(base, raw.data),
    simulation: simulation ?? defaultsOf(CONFIG_SCHEMA.properties.simulation),
    peers: peers.map(({ passwordFile, ...peer }, i) => ({
      ...peer,
      ...secretOf(['peers', `${i}`, 'passwordFile'], passwordFile),
    })),
    uplinks: uplinks.map(({ passwordFile, ...uplink }, i) => ({
      ...uplink,
      ...secretOf(['uplinks', `${i}`, 'passwordFile'], passwordFile),
    })),
  }
}

function defaultsOf(schema: object): Config['simulation'] {
  const value = {}
  ajv.compile(schema)(value)
  return value as Config['simulation']
}

function read(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const problem =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(cause)
    throw new OverlayError('ERR_CONFIG_FILE', { file: name, problem }, { cause })
  }
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
