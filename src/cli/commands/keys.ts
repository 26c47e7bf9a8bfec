import { EDGE } from '../../node/signer-facts.ts'
import { systemClock } from '../../primitives/clock.ts'
import { isNodeId, isReservedId, type NodeId } from '../../primitives/ids.ts'
import { systemRandomness } from '../../primitives/randomness.ts'
import { newCommissioningCode } from '../../security/keys/commissioning.ts'
import { keyRecordPayload, readKeyRecord } from '../../security/keys/key-record.ts'
import { InvitationFiles, type KeptInvitation } from '../../storage/invitations.ts'
import { keepAnchor } from '../../storage/trust-store.ts'
import { type Config, loadConfig } from '../config.ts'
import { readText } from '../config-files.ts'
import { createOwnKey, mayEndorse, openSecurity, ROLES_OF } from '../config-security.ts'
import { keepCode } from '../joining-code.ts'
import { readTrust } from '../known-keys.ts'

/**
 * `wattweave keys new FILE`: makes the key that a node signs with, and prints its record for all who
 * are to believe it.
 */
export function newKey(file: string, options: { role?: readonly string[] }): void {
  const config = loadConfig(file, { isBeforeKeys: true })
  const record = createOwnKey(config, options.role)
  process.stdout.write(`${JSON.stringify(keyRecordPayload(record), undefined, 2)}\n`)
  process.stderr.write(`${config.ownKey.keyFile} is made; who is to believe it takes this record: wattweave keys trust FILE RECORD\n`) // biome-ignore format: one line
}

interface InviteOptions {
  readonly as?: string
  readonly role?: readonly string[]
  readonly delegable?: readonly string[]
  readonly ids?: readonly string[]
  readonly organisation?: string
  readonly days?: string
}

/**
 * `wattweave keys invite FILE ID`: prints a code with which a new node proves itself to this one, and
 * this one to it.
 */
export function inviteNode(
  file: string,
  id: string,
  { as = 'networking-node', role, delegable, ids, organisation, days }: InviteOptions,
): void {
  if (!isNodeId(id) || isReservedId(id)) throw new Error(`"${id}" is not the id of a node`)
  if (!Object.hasOwn(ROLES_OF, as)) throw new Error(`--as must be one of ${Object.keys(ROLES_OF).join(', ')}, not "${as}"`) // biome-ignore format: one line
  const config = loadConfig(file)
  const roles = role ?? ROLES_OF[as as Config['role']]
  const foreign = delegable?.find((one) => !roles.includes(one) || one === 'owner')
  if (foreign !== undefined) throw new Error(`--delegable: ${foreign} is ${foreign === 'owner' ? 'never handed on' : `not among the user roles it gets (${roles.join(', ') || 'none'}); name those with --role`}`) // biome-ignore format: one line
  const unknown = roles.find((one) => !isRole(config, one))
  if (unknown !== undefined) process.stderr.write(`nobody has defined the user role ${unknown} here: as long as that is so it permits nothing\n`) // biome-ignore format: one line
  if (ids === undefined && roles.includes(EDGE)) process.stderr.write(`${id} may vouch for any station that no other node is entitled to; give --ids "PATTERN" to limit that\n`) // biome-ignore format: one line
  const notAfter = days === undefined ? undefined : untilOf(days)
  const text = invite(config, { owner: id as NodeId, roles, ...(delegable && { delegable }), ...(ids && { ids }), ...(organisation !== undefined && { organisation }), ...(notAfter !== undefined && { notAfter }) }) // biome-ignore format: one line
  process.stdout.write(`${text}\n`)
  process.stderr.write(`Give it to ${id} within a day, it is good once: wattweave keys join FILE-OF-${id} ${text}\n`) // biome-ignore format: one line
}

/** Invites a node; also for the demo. */
export function invite(config: Config, invited: Omit<KeptInvitation, 'secret'>): string {
  const { record } = opened(config)
  if (!mayEndorse(record)) throw new Error(`the key of ${config.nodeId} may let nobody in: invite at a node whose key has the user role owner or admin, usually the CSMS`) // biome-ignore format: one line
  const { text, code } = newCommissioningCode(record.key.kid, systemRandomness)
  new InvitationFiles(config.ownKey.folder, systemClock).add({ ...invited, secret: code.secret })
  return text
}

function isRole(config: Config, name: string): boolean {
  const { trust } = opened(config).security
  return (
    name === EDGE || Object.values(ROLES_OF).flat().includes(name) || trust.book.roles.has(name)
  )
}

function untilOf(days: string): number {
  const number = Number(days)
  if (!(number > 0 && number <= MAX_DAYS)) throw new Error(`--days must be a number up to ${MAX_DAYS}, not "${days}"`) // biome-ignore format: one line
  return Math.floor(Date.now() / 1_000 + number * DAY_S)
}

const DAY_S = 86_400
const MAX_DAYS = 3_650

/** `wattweave keys join FILE CODE`: keeps the code until the node runs and has reached its operator. */
export function joinNode(file: string, code: string, { at = 'CSMS' }: { at?: string }): void {
  const config = loadConfig(file)
  opened(config)
  keepCode(config, { code, at })
  process.stdout.write(
    `${config.nodeId} shows the code as soon as it runs and reaches ${at}, at once if it does already\n`,
  )
}

/** `wattweave keys trust FILE RECORD`: believes a key as its record stands. */
export function trustKey(file: string, recordFile: string): void {
  const config = loadConfig(file)
  const record = readKeyRecord(JSON.parse(readText(recordFile)))
  if (typeof record === 'string') throw new Error(`${recordFile} is no key record: ${record}`)
  // What cannot stand beside what is known would keep the node from starting.
  if (config.security) readTrust(config).directory.addAnchor(record)
  keepAnchor(config.ownKey.folder, record)
  process.stdout.write(`${config.nodeId} believes the key ${record.key.kid} of ${record.owner} when it starts again\n`) // biome-ignore format: one line
}

/** `wattweave keys list FILE`: whose keys a node knows, and what for. */
export function listKeys(file: string, { json }: { json?: boolean }): void {
  const config = loadConfig(file)
  const { security, record: own } = opened(config)
  const nowS = Math.floor(Date.now() / 1_000)
  const all = security.trust.directory.records().map(({ key, owner, roles, usages, notAfter }) => {
    const found = usages.map((usage) => security.trust.directory.find(key.kid, usage, nowS))
    const problem = found.flatMap((one) => (one.status === 'unusable' ? [one.problem] : []))[0]
    return { kid: key.kid, algorithm: key.alg, owner, roles, usages, notAfter: new Date(notAfter * 1_000).toISOString(), state: problem ?? 'usable', isOwn: key.kid === own.key.kid } // biome-ignore format: one line
  })
  if (json) return void process.stdout.write(`${JSON.stringify(all, undefined, 2)}\n`)
  for (const { kid, owner, roles, notAfter, state, isOwn } of all) {
    const what = roles.length > 0 ? roles.join(', ') : 'no user role'
    process.stdout.write(`${kid}  ${owner}${isOwn ? ' (own)' : ''}  ${what}  ${state}, until ${notAfter}\n`) // biome-ignore format: one line
  }
}

function opened(config: Config) {
  const all = openSecurity(config)
  if (!all) throw new Error(`${config.nodeId} is insecure by its configuration: remove \`insecure\` under \`security\``) // biome-ignore format: one line
  return all
}
