import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { foldId } from '../primitives/ids.ts'
import { wildcard } from '../primitives/wildcard.ts'
import { listOf } from '../wire/document-checks.ts'
import type { Config, Warn } from './config.ts'
import type { Written } from './config-links.ts'

/** What a configuration says and nothing comes of: it is legal, and probably not what was meant. */

type Effective = Pick<Config, 'nodeId' | 'role' | 'listen' | 'routes' | 'filters' | 'peers' | 'uplinks' | 'downlinks'> // biome-ignore format: one line
type Role = Config['role']

// biome-ignore format: a table
/** Settings that do not count in every role. */
const COUNTING: ReadonlyMap<string, readonly Role[]> = new Map<string, readonly Role[]>([
  ['tokens',             ['csms', 'charging-station']],
  ['simulation',         ['charging-station']],
  ['heartbeatIntervalS', ['csms']],
  ['retention',          ['csms']],
  ['unknownStations',    ['csms']],
])

/** @param base Folder of the file. */
export function warnOfNoEffect(
  config: Effective,
  { written, base, warn }: { written: Written; base: string; warn: Warn },
): void {
  const { role, uplinks } = config
  const settings = Object.keys(written)
  for (const setting of settings) {
    const where = COUNTING.get(setting)
    // Stations that are tried out in the console have them, too.
    const isTriedOut = setting === 'tokens' && settings.includes('http')
    if (where && !where.includes(role) && !isTriedOut) warn([setting], `has no effect at a ${role}; it is for the role ${where.join(' or ')}, so leave it out`) // biome-ignore format: one line
  }
  warnOfRoutes(config, warn)
  warnOfFilters(config, warn)
  for (const [i, { stationPasswords, keyAsBytes, ...uplink }] of uplinks.entries()) {
    const path = ['uplinks', `${i}`]
    if (stationPasswords !== undefined && !existsSync(resolve(base, stationPasswords))) {
      warn([...path, 'stationPasswords'], `(${stationPasswords}) is not there, so stations are shown without a password; make the folder, or correct its name`) // biome-ignore format: one line
    }
    if (keyAsBytes && stationPasswords === undefined && !('passwordFile' in uplink)) {
      warn([...path, 'keyAsBytes'], 'has no effect without a password; name its file, or leave it out') // biome-ignore format: one line
    }
  }
  if (uplinks.length > 0 && uplinks.every(({ role: own = 'primary' }) => own !== 'primary')) {
    warn(['uplinks'], 'have no primary: nobody answers the stations, and copies are made of nothing; say `role: primary` at the one that is to answer') // biome-ignore format: one line
  }
}

/** Who comes by its own word is called as it says: at an uplink without `peerId`, or as `insecure` lets in. */
function warnOfRoutes(
  { routes = [], listen, peers, uplinks, downlinks }: Effective,
  warn: Warn,
): void {
  // biome-ignore format: one line
  const isOpen = listen.some(({ insecure }) => insecure) || uplinks.some(({ peerId }) => peerId === undefined) // biome-ignore format: one line
  if (isOpen) return
  const named = new Set([...peers.map(({ id }) => id), ...[...uplinks, ...downlinks].flatMap(({ peerId }) => peerId ?? [])].map(foldId)) // biome-ignore format: one line
  for (const [i, { via }] of routes.entries()) {
    if (!named.has(foldId(via))) warn(['routes', `${i}`, 'via'], `(${via}) is no peer here, nor the \`peerId\` of an uplink; name the neighbour that the way leads over`) // biome-ignore format: one line
  }
}

/** Connections in the names of stations are called `station@uplink`. */
function warnOfFilters({ filters = [], uplinks, peers }: Effective, warn: Warn): void {
  const known = new Set(peers.map(({ id }) => foldId(id)))
  const names = uplinks.flatMap(({ mode, name, url }) => (mode === 'per-station' ? [name ?? url] : [])) // biome-ignore format: one line
  for (const [i, { match = {} }] of filters.entries()) {
    for (const member of ['from', 'to'] as const) {
      for (const label of listOf<string>(match[member] ?? [])) {
        const at = label.lastIndexOf('@')
        if (at < 0 || known.has(foldId(label))) continue
        const uplink = label.slice(at + 1)
        const isMeant = wildcard(foldId(uplink), false)
        if (names.some((name) => isMeant(foldId(name)))) continue
        warn(['filters', `${i}`, 'match', member], `(${label}) is a connection of the uplink ${uplink}, and no per-station uplink is called so; correct the name`) // biome-ignore format: one line
      }
    }
  }
}
