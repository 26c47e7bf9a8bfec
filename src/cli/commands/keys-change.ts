import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemRandomness } from '../../primitives/randomness.ts'
import { takeSignatures } from '../../security/carriers.ts'
import { coSign, signData } from '../../security/data-statement.ts'
import {
  KEY_RECORD,
  type KeyRecord,
  keyRecordPayload,
  type Revocation,
  type RevocationList,
} from '../../security/keys/key-record.ts'
import {
  nextRevocationList,
  revocationsIn,
  signRevocationList,
} from '../../security/keys/revocation-lists.ts'
import { signSuccessor, successorOf } from '../../security/keys/rotation.ts'
import type { Signer } from '../../security/signer.ts'
import { createKeyFile, openKeyFile } from '../../storage/private-keys.ts'
import { keyFrom } from '../../storage/secret-store.ts'
import { keepAnchor } from '../../storage/trust-store.ts'
import { writeWhole } from '../../storage/whole-file.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { type Config, loadConfig } from '../config.ts'
import { LIFETIME_S, mayEndorse, openSecurity, writeOwnRecord } from '../config-security.ts'
import { readJsonFile, readRecordFile } from '../known-keys.ts'
import { assertNotRunning, type OverlayClient } from '../overlay-client.ts'
import { type AskOptions, asking } from './rules.ts'

interface RotateOptions {
  readonly switch?: boolean
}

/**
 * `wattweave keys rotate FILE`: makes the key that is to take the place of a node's own, and prints
 * its record, signed by both. With `--switch` the node signs with it from its next start on.
 */
export async function rotateKey(file: string, options: RotateOptions): Promise<void> {
  const config = loadConfig(file)
  const { ownKey, nodeId } = config
  const { keyFile, passphraseFile } = ownKey
  if (config.security?.program) throw new Error(`the key of ${nodeId} is held by a program; make another one there, name it under security.signer, and let the node in anew: wattweave keys invite`) // biome-ignore format: one line
  if (!existsSync(keyFile)) throw new Error(`${nodeId} has no key yet, so there is nothing to rotate; it makes one when it starts`) // biome-ignore format: one line
  if (options.switch) return switchKey(config)
  const next = successorFiles(config)
  if (existsSync(next.key)) throw new Error(`${next.key} is there already; once everybody knows ${next.record}, take it: wattweave keys rotate ${file} --switch`) // biome-ignore format: one line
  const opened = openSecurity(config)
  if (!opened) throw new Error(`${nodeId} is insecure by its configuration; remove \`insecure\` under \`security\``) // biome-ignore format: one line
  const passphrase = keyFrom(passphraseFile)
  const nowS = Math.floor(Date.now() / 1_000)
  const key = createKeyFile(next.key, 'ES256', passphrase)
  const record = successorOf(opened.record, key, { nowS, lifetimeS: LIFETIME_S })
  const signers = { fresh: openKeyFile(next.key, passphrase), old: opened.security.signer }
  const signed = await signSuccessor(record, signers, { nowS, random: systemRandomness })
  const text = JSON.stringify(signed, undefined, 2)
  writeWhole(next.record, text)
  process.stdout.write(`${text}\n`)
  process.stderr.write(
    [
      `${next.record} is the record of the new key, signed by it and by the one that it replaces. Now:`,
      `  1. tell it to each node that is to know it: wattweave keys add ${next.record} --endorse --config DESK --at NODE`,
      `  2. stop ${nodeId}, take the new key, and start it again: wattweave keys rotate ${file} --switch`,
      `  3. let the old one end; whoever revokes it takes the new one back as well where no administrator has endorsed that`,
      '',
    ].join('\n'),
  )
}

function switchKey(config: Config): void {
  const { ownKey, nodeId, security } = config
  const next = successorFiles(config)
  if (!existsSync(next.record)) throw new Error(`${nodeId} has no successor of its key; make one first, without --switch`) // biome-ignore format: one line
  if (security?.isKeyGiven) throw new Error(`the key of ${nodeId} is named in its configuration; put ${next.key} and ${next.record} in the places of keyFile and its record under security.trust by hand`) // biome-ignore format: one line
  assertNotRunning(config)
  const record = readRecordFile(next.record)
  const old = readRecordFile(ownKey.recordFile)
  // Each step may be done again: whoever is interrupted has one of both keys, and calls this anew.
  if (old.key.kid !== record.key.kid) {
    keepAnchor(ownKey.folder, old)
    copyFileSync(ownKey.keyFile, join(dirname(ownKey.keyFile), `${old.key.kid}.pem`))
  }
  writeOwnRecord(config, record)
  if (existsSync(next.key)) renameSync(next.key, ownKey.keyFile)
  rmSync(next.record)
  process.stdout.write(`${nodeId} signs with the key ${record.key.kid} when it starts again\n`)
}

function successorFiles({ ownKey }: Pick<Config, 'ownKey'>) {
  return { key: join(dirname(ownKey.keyFile), 'next.pem'), record: join(ownKey.folder, 'next.json') } // biome-ignore format: one line
}

/** Who needs it for longer asks the operator for roles of his own. */
const MAX_HOURS = 31 * 24

interface RequestOptions {
  readonly by: string
  readonly role: readonly string[]
  readonly hours: string
}

/**
 * `wattweave keys request FILE`: prints a record of the own key, signed by it, that has roles of
 * somebody else for a while, as soon as he has signed it as well.
 */
export async function requestRoles(file: string, options: RequestOptions): Promise<void> {
  const config = loadConfig(file)
  const opened = openSecurity(config)
  if (!opened) throw new Error(`${config.nodeId} is insecure by its configuration; remove \`insecure\` under \`security\``) // biome-ignore format: one line
  const hours = Number(options.hours)
  if (!(hours > 0 && hours <= MAX_HOURS)) throw new Error(`--hours must be a number up to ${MAX_HOURS}, not "${options.hours}"`) // biome-ignore format: one line
  const { key, owner } = opened.record
  const nowS = Math.floor(Date.now() / 1_000)
  const record: KeyRecord = { key, owner, usages: ['sign-message', 'sign-data'], roles: options.role, delegatedBy: options.by, notBefore: nowS, notAfter: nowS + Math.round(hours * 3_600) } // biome-ignore format: one line
  const signed = await signData(keyRecordPayload(record), KEY_RECORD, [opened.security.signer], { nowS, random: systemRandomness }) // biome-ignore format: one line
  process.stdout.write(`${JSON.stringify(signed, undefined, 2)}\n`)
  process.stderr.write(`It counts for nothing yet. Whoever has ${options.by} hands it on with: wattweave keys add RECORD --delegate --config HIS-FILE --at NODE\n`) // biome-ignore format: one line
}

interface AddOptions extends AskOptions {
  readonly endorse?: boolean
  readonly delegate?: boolean
}

/** `wattweave keys add RECORD`: makes a key known to a node over the overlay. */
export async function addKey(file: string, options: AddOptions): Promise<void> {
  const record = readJsonFile(file)
  const { at, json, endorse, delegate } = options
  const answer = await asking(options, async (node, timeoutMs, client) => {
    const signer = endorse ? administratorOf(client) : delegate ? delegatorOf(client, record) : undefined // biome-ignore format: one line
    const keyRecord = signer ? await endorsed(record, signer) : record
    return node.call(at, 'ocpp2.1', 'AddKeyRecord', { keyRecord }, { timeoutMs })
  })
  const isDone = answer.status === 'Accepted'
  const words = isDone ? `${at} knows the key ${answer.kid}` : `not done: ${answer.problem}: ${answer.sentence}` // biome-ignore format: one line
  process.stdout.write(`${json ? JSON.stringify(answer) : words}\n`)
  if (!isDone) process.exitCode = 1
}

/** The own key, which a record names as the one that it has its roles from. */
function delegatorOf({ signer, node }: OverlayClient, { delegatedBy }: JsonObject): Signer {
  if (signer && signer.kid === delegatedBy) return signer
  throw new Error(`this record asks ${delegatedBy === undefined ? 'nobody' : `the key ${delegatedBy}`} for its roles, and the key of ${node.id} is ${signer?.kid ?? 'none'}`) // biome-ignore format: one line
}

/** Also signed by an administrator, so that it counts whatever becomes of the key that it replaces. */
async function endorsed(record: JsonObject, administrator: Signer): Promise<JsonObject> {
  const taken = takeSignatures(record)
  const entries = ('status' in taken ? [] : taken.entries) as readonly { keyId?: unknown }[]
  if (entries.some(({ keyId }) => keyId === administrator.kid)) return record
  const signed = await coSign(record, administrator)
  if (!signed) throw new Error('nobody has signed this record yet; its owner has to, see wattweave keys rotate') // biome-ignore format: one line
  return signed
}

interface RevokeOptions extends AskOptions {
  readonly reason: string
  readonly since?: string
}

/**
 * `wattweave keys revoke [KID]`: takes a key back at a node, by a list that this node's own key has
 * signed; without a kid it only renews the list.
 */
export async function revokeKey(kid: string | undefined, options: RevokeOptions): Promise<void> {
  const { at, json, reason } = options
  const nowS = Math.floor(Date.now() / 1_000)
  const since = sinceOf(options.since, nowS)
  const answer = await asking(options, async (node, timeoutMs, client) => {
    const signer = administratorOf(client)
    const { revocationList } = await node.call(at, 'ocpp2.1', 'GetRevocationList', {}, { timeoutMs }) // biome-ignore format: one line
    const list = nextList(revocationList, kid === undefined ? undefined : { kid, since, reason }, nowS) // biome-ignore format: one line
    if (!json) process.stdout.write(`revocation list at ${at}: version ${list.version}, ${list.revoked.length} keys\n`) // biome-ignore format: one line
    const signed = await signRevocationList(list, signer, nowS)
    return node.call(at, 'ocpp2.1', 'UpdateRevocationList', { revocationList: signed }, { timeoutMs }) // biome-ignore format: one line
  })
  const isDone = answer.status === 'Accepted'
  const words = isDone ? `${at} obeys it: what was signed since then counts no more` : `not done: ${answer.problem}: ${answer.sentence}` // biome-ignore format: one line
  process.stdout.write(`${json ? JSON.stringify(answer) : words}\n`)
  if (!isDone) process.exitCode = 1
}

/** The own key, where it says which keys count. */
export function administratorOf({ node, signer, record }: OverlayClient): Signer {
  const own = record()
  if (signer && own && mayEndorse(own)) return signer
  throw new Error(`the key of ${node.id} says of no other whether it counts; ask as a node whose key has the user role owner or admin`) // biome-ignore format: one line
}

/** The list that comes after the one that was answered. */
export function nextList(
  known: JsonObject | undefined,
  revocation: Revocation | undefined,
  nowS: number,
): RevocationList {
  const list = known && revocationsIn(known)
  if (typeof list === 'string') throw new Error(`what was answered is no revocation list: ${list}`)
  return nextRevocationList(list, revocation, nowS)
}

function sinceOf(text: string | undefined, nowS: number): number {
  if (text === undefined) return nowS
  const seconds = Math.floor(Date.parse(text) / 1_000)
  if (seconds >= 0 && seconds <= nowS) return seconds
  throw new Error(`--since must be a time that has been, e.g. 2027-01-31T12:00:00Z, not "${text}"`)
}
