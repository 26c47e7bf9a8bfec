import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { OverlayError } from '../errors.ts'
import { foldId, isNodeId, isReservedId, isSameId, isStationId } from '../primitives/ids.ts'
import { Secret } from '../transport/credentials.ts'
import { createPasswordCheck, isStoredForm } from '../transport/passwords.ts'
import type { Config, Fail, Warn } from './config.ts'
import { readDialTls, readListenTls, readSecret, readText, resolveAll } from './config-files.ts'
import { NO_STATION } from './config-links.ts'
import { NO_ID } from './config-names.ts'

/** What the schema of a configuration cannot say: settings and files that contradict each other. */

type Checked = Pick<Config, 'nodeId' | 'peers' | 'listen' | 'downlinks' | 'organization'> & {
  readonly passwordKey: Secret | undefined
}
type Peer = Config['peers'][number]

const KEY_MIN_LENGTH = 16

/** Checks each peer, alone and beside the others and the listeners it may come to. */
export function checkPeers(config: Checked, { fail, warn }: { fail: Fail; warn: Warn }): void {
  const seen = new Set<string>()
  const bySerial = new Map<string, string>()
  for (const [i, peer] of config.peers.entries()) {
    const failAt = (member: string, problem: string) => fail(['peers', `${i}`, member], problem)
    if (!isNodeId(peer.id) || isReservedId(peer.id)) failAt('id', NO_ID)
    if (isSameId(peer.id, config.nodeId)) failAt('id', `(${peer.id}) is the own id of this node`)
    if (seen.has(foldId(peer.id))) failAt('id', `names ${peer.id} again; case makes no difference`)
    seen.add(foldId(peer.id))
    checkKind(peer, failAt, (problem) => warn(['peers', `${i}`, 'id'], problem))
    const { serialNumber } = peer
    if (serialNumber !== undefined) {
      if (config.organization === undefined) failAt('serialNumber', 'counts only where `organization` is set') // biome-ignore format: one line
      const other = bySerial.get(serialNumber)
      if (other !== undefined) failAt('serialNumber', `(${serialNumber}) is that of ${other}, too: one certificate would let in both`) // biome-ignore format: one line
      bySerial.set(serialNumber, peer.id)
    }
    checkStored(peer, config.passwordKey, failAt)
    checkProof(peer, config, (problem) => warn(['peers', `${i}`, 'id'], problem))
    checkProfile(peer, config, failAt)
  }
}

type FailAt = (member: string, problem: string) => never

/** A node has no settings that tolerate stations, and a station has an id that OCPP allows. */
function checkKind(peer: Peer, failAt: FailAt, warnHere: (problem: string) => void): void {
  const { id, validation, maxLengths, tolerantMessageIds, serialNumber } = peer
  const tolerates = { validation: validation === 'tolerant', maxLengths, tolerantMessageIds }
  const [setting] = Object.entries(tolerates).find(([, value]) => value) ?? []
  if (peer.peer === 'node') {
    if (setting !== undefined) failAt(setting, `is for stations, and ${id} is entered with \`peer: node\`: leave it out, or enter the station behind it`) // biome-ignore format: one line
  } else if (!isStationId(id)) {
    const problem = `(${id}) ${NO_STATION}; a node needs \`peer: node\``
    if (setting !== undefined || serialNumber !== undefined) failAt('id', problem)
    warnHere(problem)
  }
}

/** An entry that nothing can prove keeps its peer out. */
function checkProof(
  { id, password, securityProfile, serialNumber }: Peer,
  { listen, downlinks }: Checked,
  warnHere: (problem: string) => void,
): void {
  const isDialled = downlinks.some(({ peerId }) => foldId(peerId) === foldId(id))
  const hasAuthority = listen.some(({ tls }) => tls?.clientCaFile !== undefined)
  const isProved = password !== undefined || hasAuthority || securityProfile === 3 || serialNumber !== undefined // biome-ignore format: one line
  if (isDialled || isProved || listen.length === 0 || listen.some(({ insecure }) => insecure))
    return
  warnHere(
    `(${id}) can never get in: it has no \`passwordFile\`, and no listener takes certificates`,
  )
}

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
  const { id, securityProfile = 0, serialNumber } = peer
  if (downlinks.some(({ peerId }) => foldId(peerId) === foldId(id))) return
  const hasAuthority = listen.some(({ tls }) => tls?.clientCaFile !== undefined)
  if (securityProfile === 3 && !hasAuthority) {
    failAt('securityProfile', '3 needs a listener with tls.clientCaFile: who issues the stations')
  }
  if (serialNumber !== undefined && !hasAuthority) {
    failAt('serialNumber', 'needs a listener with tls.clientCaFile: it is in the certificate')
  }
  if (securityProfile >= 2 && !listen.some(({ tls }) => tls)) {
    failAt('securityProfile', '2 needs a listener with tls; all of them are ws://')
  }
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

/**
 * A password that a file holds, with the place of the setting where it cannot be read. What may be
 * the password itself, written there by mistake, is not repeated.
 */
export function readPassword(
  passwordFile: string,
  base: string,
  fail: (problem: string) => never,
): Secret {
  try {
    return readSecret(resolve(base, passwordFile), passwordFile)
  } catch (error) {
    if (!(error instanceof OverlayError)) throw error
    const isPath = /[/.\\]/.test(passwordFile)
    const what = isPath ? `(${passwordFile})` : 'names a file that'
    const advice = isPath ? '' : '; if it is the password itself, put that into a file'
    return fail(`${what} cannot be used: ${error.details.problem}${advice}`)
  }
}

/** The password that this side shows somewhere: the stored form would be sent as it stands. */
export function readOwnPassword(
  passwordFile: string | undefined,
  base: string,
  fail: (problem: string) => never,
): { readonly password?: Secret } {
  if (passwordFile === undefined) return {}
  const password = readPassword(passwordFile, base, fail)
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
