import { createHash, createPublicKey } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { OverlayError } from '../errors.ts'
import type { Commissioner } from '../node/commissioning.ts'
import type { SecurityOptions } from '../node/security-gate.ts'
import { systemClock } from '../primitives/clock.ts'
import { foldId, isSameId, type NodeId } from '../primitives/ids.ts'
import { type PublicKey, publicKeyOf } from '../security/jwk.ts'
import { usagesOf } from '../security/keys/commissioning.ts'
import { type KeyRecord, keyRecordPayload, readKeyRecord } from '../security/keys/key-record.ts'
import { whyNotLegacy } from '../security/legacy-message.ts'
import { assertAlertsEnd } from '../security/policies/alert-bound.ts'
import { DEFAULT_POLICY, withUnprovedPeers } from '../security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../security/policies/policy-document.ts'
import { compileRuleBook } from '../security/policies/rule-book.ts'
import { compileTwoRolesRule, type TwoRolesDocument } from '../security/policies/two-roles.ts'
import { PRESET_ROLES } from '../security/roles/presets.ts'
import type { Signer } from '../security/signer.ts'
import { type CommandSignerOptions, createCommandSigner } from '../storage/command-signer.ts'
import { InvitationFiles } from '../storage/invitations.ts'
import { NewestSignedFile } from '../storage/newest-signed.ts'
import { createKeyFile, openKeyFile } from '../storage/private-keys.ts'
import { keyFrom } from '../storage/secret-store.ts'
import { TrustStore } from '../storage/trust-store.ts'
import { writeWhole } from '../storage/whole-file.ts'
import type { Config, Fail } from './config.ts'
import { type RawCertificate, type RawRoot, readCertificates } from './config-certificates.ts'
import { readText, textHere } from './config-files.ts'

/** `security` as the file has it. */
export interface RawSecurity {
  readonly insecure?: boolean
  readonly keyFile?: string
  readonly passphraseFile?: string
  readonly signer?: RawSigner
  readonly trust?: readonly string[]
  readonly roots?: readonly RawRoot[]
  readonly certificates?: readonly RawCertificate[]
  readonly policyFile?: string
  readonly twoRolesFile?: string
  readonly legacySignatures?: boolean
}

/** A program that holds the key. */
interface RawSigner {
  readonly command: readonly [string, ...string[]]
  readonly publicKeyFile: string
  readonly input?: 'message' | 'digest'
  readonly timeoutS?: number
}

/** Where a node keeps its own key, and what it believes of others. */
export interface KeyPlaces {
  readonly folder: string
  readonly keyFile: string
  readonly passphraseFile: string
  /** The record of the own key. */
  readonly recordFile: string
}

/** The same as `security`, read and checked. */
export interface SecuritySettings {
  /** That the file names the key, so that none is made in its place. */
  readonly isKeyGiven: boolean
  /** Who signs in place of a key file. */
  readonly program?: CommandSignerOptions
  readonly records: readonly KeyRecord[]
  readonly policy: SignaturePolicyDocument
  readonly twoRoles: readonly TwoRolesDocument[]
  readonly readsLegacy: boolean
}

const YEAR_S = 366 * 24 * 3_600
/** A key that nobody has to renew every year; rotation is for whoever wants it sooner. */
export const LIFETIME_S = 10 * YEAR_S
const MAX_NAME = 100

/** What a node of each role is there to do, and what its key may do for that. */
export const ROLES_OF: Readonly<Record<Config['role'], readonly string[]>> = {
  csms: ['owner'],
  'networking-node': ['edge'],
  'charging-station': [],
}

/** Nodes may share a data folder, and none may take the key of another for its own. */
export function keyPlaces(
  data: string,
  base: string,
  { nodeId, keyFile, passphraseFile }: Partial<RawSecurity> & Pick<Config, 'nodeId'>,
): KeyPlaces {
  const name = encodeURIComponent(foldId(nodeId as NodeId)).replaceAll(/[.*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`) // biome-ignore format: one line
  const short = name.length <= MAX_NAME ? name : createHash('sha256').update(name).digest('hex')
  const folder = join(data, 'keys', short)
  const key = keyFile === undefined ? join(folder, 'message.pem') : resolve(base, keyFile)
  return {
    folder,
    keyFile: key,
    passphraseFile: passphraseFile === undefined ? join(dirname(key), 'passphrase') : resolve(base, passphraseFile), // biome-ignore format: one line
    recordFile: join(folder, 'own.json'),
  }
}

interface Reading extends Pick<Config, 'role'> {
  readonly base: string
  readonly fail: Fail
  readonly takesUnproved: boolean
}

/**
 * Reads what the files under `security` say.
 *
 * @returns undefined where it says `insecure`: nothing is signed and everything obeyed.
 */
export function readSecurity(
  raw: RawSecurity,
  { base, fail, takesUnproved, role }: Reading,
): SecuritySettings | undefined {
  const {
    insecure,
    trust = [],
    policyFile,
    twoRolesFile,
    keyFile,
    signer,
    legacySignatures: readsLegacy = false,
  } = raw
  if (insecure) {
    const [other] = Object.keys(raw).filter((name) => name !== 'insecure')
    return other === undefined ? undefined : fail(['security', other], 'says how to sign, and `insecure` that nothing is: leave one of them out') // biome-ignore format: one line
  }
  const records = trust.map((name, i) => {
    const failHere: FailHere = (problem) => fail(['security', 'trust', `${i}`], `(${name}) ${problem}`) // biome-ignore format: one line
    const record = readKeyRecord(jsonIn(name, base, failHere) as Record<string, unknown>)
    return typeof record === 'string' ? failHere(`is no key record: ${record}`) : record
  })
  const all = [...records, ...readCertificates(raw, { base, fail })]
  const failPolicy: FailHere = (problem) => fail(['security', 'policyFile'], `(${policyFile}) ${problem}`) // biome-ignore format: one line
  const usual = takesUnproved ? withUnprovedPeers(DEFAULT_POLICY) : DEFAULT_POLICY
  const policy = policyFile === undefined ? usual : (jsonIn(policyFile, base, failPolicy) as SignaturePolicyDocument) // biome-ignore format: one line
  assertCompiles(policy, failPolicy)
  const failTwoRoles: FailHere = (problem) => fail(['security', 'twoRolesFile'], `(${twoRolesFile}) ${problem}`) // biome-ignore format: one line
  const twoRoles = twoRolesFile === undefined ? [] : readTwoRoles(jsonIn(twoRolesFile, base, failTwoRoles), failTwoRoles) // biome-ignore format: one line
  const program = signer && programOf(signer, raw, { base, fail, role })
  return { isKeyGiven: keyFile !== undefined, records: all, policy, twoRoles, readsLegacy, ...(program && { program }) } // biome-ignore format: one line
}

function programOf(
  { command, publicKeyFile, input = 'message', timeoutS = 10 }: RawSigner,
  { keyFile, passphraseFile }: RawSecurity,
  { base, fail, role }: Omit<Reading, 'takesUnproved'>,
): CommandSignerOptions {
  if (keyFile !== undefined || passphraseFile !== undefined) fail(['security', 'signer'], 'holds the key, and `keyFile` and `passphraseFile` are of another one: leave one of them out') // biome-ignore format: one line
  if (role === 'networking-node') fail(['security', 'signer'], 'is not for a networking node: it signs what standard peers say as it passes, which takes a key of its own') // biome-ignore format: one line
  const failKey: FailHere = (problem) => fail(['security', 'signer', 'publicKeyFile'], `(${publicKeyFile}) ${problem}`) // biome-ignore format: one line
  const options = { command, input, timeoutMs: timeoutS * 1_000 }
  try {
    const publicKey = createPublicKey(readText(resolve(base, publicKeyFile), publicKeyFile))
    createCommandSigner({ ...options, publicKey })
    return { ...options, publicKey }
  } catch (error) {
    return failKey(`cannot be used: ${(error as Error).message}`)
  }
}

/** All that a node needs to sign, verify and let others in. */
export interface OpenedSecurity {
  readonly security: SecurityOptions & { readonly trust: TrustStore }
  readonly record: KeyRecord
  /** Of a node whose key may endorse others. */
  readonly commissioner?: Commissioner
}

/**
 * Opens the own key of a node, and makes it where there is none yet.
 *
 * @returns undefined for a node that is to be insecure.
 * @throws {OverlayError} ERR_SIGNATURE_KEY, ERR_STORE_DAMAGED
 */
export function openSecurity(config: Config): OpenedSecurity | undefined {
  const { security, ownKey } = config
  if (!security) return undefined
  const { records, policy, twoRoles, isKeyGiven, program, readsLegacy } = security
  if (!program && !existsSync(ownKey.keyFile)) {
    if (isKeyGiven) throw unusable(`${ownKey.keyFile} is not there; make it with: wattweave keys new FILE`) // biome-ignore format: one line
    createOwnKey(config)
  }
  const signer = program ? createCommandSigner(program) : openKeyFile(ownKey.keyFile, keyFrom(ownKey.passphraseFile)) // biome-ignore format: one line
  if (program && !isRecorded(config, signer, records)) writeOwnRecord(config, firstRecord(config, publicKeyOf(program.publicKey))) // biome-ignore format: one line
  assertLegacyKey(config, signer)
  const record = ownRecord(config, signer, records)
  const anchors = [...records, record]
  const rules = { policies: [policy], roles: PRESET_ROLES }
  const trust = new TrustStore({ anchors, rules, clock: systemClock, folder: ownKey.folder })
  const invitations = new InvitationFiles(ownKey.folder, systemClock)
  const newestSigned = new NewestSignedFile(join(ownKey.folder, 'newest-signed.json'))
  return {
    security: {
      signer,
      trust,
      readsLegacy,
      newestSigned,
      ...(twoRoles.length > 0 && { twoRoles }),
    },
    record,
    ...(mayEndorse(record) && { commissioner: { signer, record, keys: trust, invitations } }),
  }
}

/** Over a link of the legacy form nothing leaves unsigned, and not every key can sign so. */
function assertLegacyKey(
  { peers, uplinks, downlinks, ownKey: { keyFile } }: Config,
  { alg }: Pick<Signer, 'alg'>,
): void {
  const isAsked = [...peers, ...uplinks, ...downlinks].some(({ carrier }) => carrier === 'wwcp')
  const problem = isAsked ? whyNotLegacy(alg) : undefined
  if (problem !== undefined) throw unusable(`a link has the carrier wwcp: ${problem}, and ${keyFile} is of ${alg}`) // biome-ignore format: one line
}

/**
 * Makes the key of a node, with the record that says what it may do.
 *
 * @throws {OverlayError} ERR_SIGNATURE_KEY when there is one.
 */
export function createOwnKey(
  { nodeId, role, ownKey }: Pick<Config, 'nodeId' | 'role' | 'ownKey'>,
  roles: readonly string[] = ROLES_OF[role],
): KeyRecord {
  const key = createKeyFile(ownKey.keyFile, 'ES256', keyFrom(ownKey.passphraseFile))
  const record = firstRecord({ nodeId, role }, key, roles)
  writeOwnRecord({ ownKey }, record)
  return record
}

/** What a key may do that nobody has said anything of. */
function firstRecord(
  { nodeId, role }: Pick<Config, 'nodeId' | 'role'>,
  key: PublicKey,
  roles: readonly string[] = ROLES_OF[role],
): KeyRecord {
  const notBefore = Math.floor(Date.now() / 1_000)
  const usages = usagesOf(roles)
  return { key, owner: nodeId as NodeId, usages, roles, notBefore, notAfter: notBefore + LIFETIME_S } // biome-ignore format: one line
}

/** Keeps what the own key may do: as it was made, later as whoever let the node in has said. */
export function writeOwnRecord({ ownKey }: Pick<Config, 'ownKey'>, record: KeyRecord): void {
  writeWhole(ownKey.recordFile, JSON.stringify(keyRecordPayload(record), undefined, 2))
}

/** Whether others can be let into the overlay by this key. */
export function mayEndorse({ usages, roles }: KeyRecord): boolean {
  return usages.includes('sign-policy') && roles.some((role) => role === 'owner' || role === 'admin') // biome-ignore format: one line
}

function knownRecords(recordFile: string, records: readonly KeyRecord[]): readonly KeyRecord[] {
  const kept = existsSync(recordFile) ? readKeyRecord(JSON.parse(readText(recordFile))) : undefined
  return typeof kept === 'object' ? [...records, kept] : records
}

function isRecorded(
  { ownKey }: Pick<Config, 'ownKey'>,
  { kid }: Pick<Signer, 'kid'>,
  records: readonly KeyRecord[],
): boolean {
  return knownRecords(ownKey.recordFile, records).some(({ key }) => key.kid === kid)
}

/** The record of the own key: what `trust` says of it, else what was written when it was made. */
export function ownRecord(
  { nodeId, ownKey: { keyFile, recordFile } }: Pick<Config, 'nodeId' | 'ownKey'>,
  { kid }: Pick<Signer, 'kid'>,
  records: readonly KeyRecord[],
): KeyRecord {
  const own = knownRecords(recordFile, records).find(({ key }) => key.kid === kid)
  if (!own) throw unusable(`${keyFile} is the key ${kid}, which is not under security.trust; add its record`) // biome-ignore format: one line
  if (!isSameId(own.owner, nodeId as NodeId)) {
    throw unusable(`${keyFile} is a key of ${own.owner}, and this node is ${nodeId}; make one for it with: wattweave keys new FILE`) // biome-ignore format: one line
  }
  return own
}

type FailHere = (problem: string) => never

function readTwoRoles(value: unknown, failHere: FailHere): readonly TwoRolesDocument[] {
  const { rules } = value as { rules?: unknown }
  if (!Array.isArray(rules)) return failHere('has no list `rules`')
  for (const [i, one] of rules.entries()) {
    try {
      compileTwoRolesRule(one)
    } catch (error) {
      if (!(error instanceof OverlayError)) throw error
      failHere(`rules/${i}: ${error.message}`)
    }
  }
  return rules
}

function assertCompiles(policy: SignaturePolicyDocument, failHere: FailHere): void {
  try {
    const { policies } = compileRuleBook({ policies: [policy], roles: PRESET_ROLES })
    for (const one of policies) assertAlertsEnd(one, Date.now() / 1_000)
  } catch (error) {
    if (error instanceof OverlayError) failHere(error.message)
    throw error
  }
}

function jsonIn(name: string, base: string, failHere: FailHere): object {
  const text = textHere(name, base, failHere)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // told below: what the engine says of broken JSON repeats parts of the file
  }
  return failHere('holds no JSON object')
}

function unusable(problem: string): OverlayError {
  return new OverlayError('ERR_SIGNATURE_KEY', { problem })
}
