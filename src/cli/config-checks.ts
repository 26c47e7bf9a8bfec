import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { OverlayError } from '../errors.ts'
import { foldId, isNodeId, isReservedId, isStationId } from '../primitives/ids.ts'
import { Secret } from '../transport/credentials.ts'
import { createPasswordCheck, isStoredForm } from '../transport/passwords.ts'
import type { Config, Fail, Warn } from './config.ts'
import { readDialTls, readListenTls, readSecret, readText, resolveAll } from './config-files.ts'

/** What the schema of a configuration cannot say: settings and files that contradict each other. */

type Checked = Pick<Config, 'peers' | 'listen' | 'downlinks' | 'organization'> & {
  readonly passwordKey: Secret | undefined
}
type Peer = Config['peers'][number]

const KEY_MIN_LENGTH = 16
const STATION_ID = 'A-Z a-z 0-9 *-_=+|@. and at most 48 of them'

/** Checks each peer, alone and beside the others and the listeners it may come to. */
export function checkPeers(config: Checked, { fail, warn }: { fail: Fail; warn: Warn }): void {
  const seen = new Set<string>()
  for (const [i, peer] of config.peers.entries()) {
    const failAt = (member: string, problem: string) => fail(['peers', `${i}`, member], problem)
    if (!isNodeId(peer.id) || isReservedId(peer.id)) failAt('id', 'is not a legal node id')
    if (seen.has(foldId(peer.id))) failAt('id', `names ${peer.id} again; case makes no difference`)
    seen.add(foldId(peer.id))
    if (!isStationId(peer.id)) {
      const problem = `(${peer.id}) can be the id of a node, but of no station: that has ${STATION_ID}`
      if (isSurelyStation(peer)) failAt('id', problem)
      warn(['peers', `${i}`, 'id'], problem)
    }
    if (peer.serialNumber !== undefined && config.organization === undefined) {
      failAt('serialNumber', 'counts only where `organization` is set')
    }
    checkStored(peer, config.passwordKey, failAt)
    checkProfile(peer, config, failAt)
  }
}

/** Has settings that nodes of the overlay do not need. */
function isSurelyStation({ serialNumber, validation, maxLengths, tolerantMessageIds }: Peer) {
  return serialNumber !== undefined || validation === 'tolerant' || maxLengths !== undefined || tolerantMessageIds // biome-ignore format: one line
}

type FailAt = (member: string, problem: string) => never

function checkStored({ id, password }: Peer, key: Secret | undefined, failAt: FailAt): void {
  if (!password) return
  try {
    createPasswordCheck(password, key)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    const problem = String(error.details.problem).replace(/^it is/, 'is')
    failAt('passwordFile', `(${id}) ${problem}`)
  }
}

/** A lowest profile that no listener can give would keep the peer out for ever. */
function checkProfile(peer: Peer, { listen, downlinks }: Checked, failAt: FailAt): void {
  const { id, securityProfile = 0 } = peer
  if (securityProfile < 2 || downlinks.some(({ peerId }) => foldId(peerId) === foldId(id))) return
  if (securityProfile === 3 && !listen.some(({ tls }) => tls?.clientCaFile !== undefined)) {
    failAt('securityProfile', '3 needs a listener with tls.clientCaFile: who issues the stations')
  }
  if (!listen.some(({ tls }) => tls)) {
    failAt('securityProfile', '2 needs a listener with tls; all of them are ws://')
  }
}

/** What is remembered of an uplink is remembered by its name. */
export function checkUplinkNames(uplinks: Config['uplinks'], fail: Fail): void {
  const seen = new Set<string>()
  for (const [i, { name }] of uplinks.entries()) {
    if (name === undefined) continue
    if (seen.has(name)) fail(['uplinks', `${i}`, 'name'], `names ${name} again; each needs its own`)
    seen.add(name)
  }
}

/** Exactly one uplink answers a station, so two primaries may have no station and action in common. */
export function checkPrimaries(uplinks: Config['uplinks'], fail: Fail): void {
  const primaries = [...uplinks.entries()].filter(([, uplink]) => isPrimary(uplink))
  for (const [n, [i, uplink]] of primaries.entries()) {
    const other = primaries.slice(0, n).find(([, before]) => isOverlap(before, uplink))
    if (!other) continue
    const [at, { name = `uplinks.${at}` }] = other
    const place = ['uplinks', `${i}`, ...(uplink.role === undefined ? [] : ['role'])]
    const problem = `is primary for stations that ${name} is primary for, too: make one a mirror, or name others in \`stations\``
    fail(place, problem)
  }
}

function isPrimary({ mode, role }: Config['uplinks'][number]): boolean {
  return role === undefined ? mode === 'per-station' : role === 'primary'
}

function isOverlap(a: Config['uplinks'][number], b: Config['uplinks'][number]): boolean {
  const { stations: ofA = ['*'], allow: allowA } = a
  const { stations: ofB = ['*'], allow: allowB } = b
  const isShared = (one: string, other: string) => one === '*' || other === '*' || one === other
  const { up: actionsOfA = ['*'] } = allowA ?? {}
  const { up: actionsOfB = ['*'] } = allowB ?? {}
  if (!actionsOfA.some((one) => actionsOfB.some((other) => isShared(one, other)))) return false
  return ofA.some((one) => ofB.some((other) => canBothMatch(foldId(one), foldId(other))))
}

/** Whether some text fits two patterns in which `*` stands for any characters. */
export function canBothMatch(a: string, b: string): boolean {
  const known = new Map<string, boolean>()
  const from = (i: number, j: number): boolean => {
    const place = `${i} ${j}`
    const before = known.get(place)
    if (before !== undefined) return before
    const found = step(i, j)
    known.set(place, found)
    return found
  }
  const step = (i: number, j: number): boolean => {
    if (i === a.length && j === b.length) return true
    if (a[i] === '*') return from(i + 1, j) || (j < b.length && from(i, j + 1))
    if (b[j] === '*') return from(i, j + 1) || (i < a.length && from(i + 1, j))
    return a[i] === b[j] && from(i + 1, j + 1)
  }
  return from(0, 0)
}

/** The key of stored passwords; a file that is surely something else is refused. */
export function readKeyFile(
  { passwordKeyFile, secretsKeyFile }: { passwordKeyFile?: string; secretsKeyFile?: string },
  base: string,
  fail: Fail,
): Secret | undefined {
  const read = (member: string, file: string) => {
    const key = readSecret(resolve(base, file), file)
    if (!isKey(key)) {
      fail([member], `(${file}) holds no key: that is one word of ${KEY_MIN_LENGTH} characters or more, as \`wattweave password new\` makes it`) // biome-ignore format: one line
    }
    return key
  }
  // Where the second is missing it is made as soon as it is needed.
  if (secretsKeyFile !== undefined && existsSync(resolve(base, secretsKeyFile))) {
    read('secretsKeyFile', secretsKeyFile)
  }
  return passwordKeyFile === undefined ? undefined : read('passwordKeyFile', passwordKeyFile)
}

function isKey(key: Secret): boolean {
  const text = key.reveal()
  return text.length >= KEY_MIN_LENGTH && /^[!-~]+$/.test(text) && !isStoredForm(key)
}

/** The password that this side shows somewhere: the stored form would be sent as it stands. */
export function readOwnPassword(
  passwordFile: string | undefined,
  base: string,
  fail: (problem: string) => never,
): { readonly password?: Secret } {
  if (passwordFile === undefined) return {}
  const password = readSecret(resolve(base, passwordFile), passwordFile)
  if (isStoredForm(password)) fail(`(${passwordFile}) ${STORED_IS_SENT}`)
  return { password }
}

/** The same for the folder of passwords that are shown in the names of stations. */
export function checkStationPasswords(
  { stationPasswords }: Config['uplinks'][number],
  base: string,
  fail: (problem: string) => never,
): void {
  const folder = stationPasswords && resolve(base, stationPasswords)
  if (!folder || !existsSync(folder)) return // stations may come later, and each that lacks one is logged
  if (!statSync(folder).isDirectory()) fail(`(${stationPasswords}) is a file: a folder is due`)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue
    const name = `${stationPasswords}/${entry.name}`
    const text = new Secret(readText(join(folder, entry.name), name))
    if (isStoredForm(text)) fail(`(${name}) ${STORED_IS_SENT}`)
  }
}

/** Why the stored form is of no use to whoever has to show a password. */
export const STORED_IS_SENT =
  'holds the stored form of a password, which only recognises it: the password itself is needed'

/** Reads all certificates and keys once, so that what cannot be used has a place in the file. */
export function readTls(
  config: Pick<Config, 'listen' | 'uplinks' | 'downlinks'>,
  base: string,
  fail: Fail,
): void {
  const { listen, uplinks, downlinks } = config
  const attempt = (list: string, i: number, read: () => unknown) => {
    try {
      read()
    } catch (error) {
      const isPlaced = error instanceof OverlayError && error.code === 'ERR_CREDENTIAL_TLS'
      if (!isPlaced) throw error
      fail([list, `${i}`, 'tls'], `cannot be used: ${error.details.problem}`)
    }
  }
  for (const [i, { tls }] of listen.entries()) {
    if (tls) attempt('listen', i, () => readListenTls(resolveAll(tls, base), tls))
  }
  for (const [list, links] of Object.entries({ uplinks, downlinks })) {
    for (const [i, { tls }] of links.entries()) {
      if (tls) attempt(list, i, () => readDialTls(resolveAll(tls, base), tls))
    }
  }
}
