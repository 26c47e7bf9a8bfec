import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { OverlayError } from '../errors.ts'
import type { SecurityOptions } from '../node/security-gate.ts'
import { isSameId, type NodeId } from '../primitives/ids.ts'
import { KeyDirectory } from '../security/keys/key-directory.ts'
import { type KeyRecord, readKeyRecord } from '../security/keys/key-record.ts'
import { DEFAULT_POLICY } from '../security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../security/policies/policy-document.ts'
import { type CompiledRuleBook, compileRuleBook } from '../security/policies/rule-book.ts'
import { PRESET_ROLES } from '../security/roles/presets.ts'
import { openKeyFile } from '../storage/private-keys.ts'
import { keyFrom } from '../storage/secret-store.ts'
import type { Config, Fail } from './config.ts'
import { readText } from './config-files.ts'

/** `security` as the file has it. */
export interface RawSecurity {
  readonly keyFile?: string
  readonly passphraseFile?: string
  readonly trust: readonly string[]
  readonly policyFile?: string
}

/** The same, read and checked; files are absolute. */
export interface SecuritySettings {
  readonly keyFile: string
  readonly passphraseFile: string
  readonly records: readonly KeyRecord[]
  readonly book: CompiledRuleBook
}

/** Where the own key of a node is, when nothing else is set. */
export function ownKeyFiles(data: string, base: string, raw: Partial<RawSecurity> = {}) {
  const { keyFile, passphraseFile } = raw
  return {
    keyFile: keyFile === undefined ? join(data, 'keys', 'message.pem') : resolve(base, keyFile),
    passphraseFile: passphraseFile === undefined ? join(data, 'keys', 'passphrase') : resolve(base, passphraseFile), // biome-ignore format: one line
  }
}

/** Reads what the files under `security` say. */
export function readSecurity(
  raw: RawSecurity,
  { data, base, fail }: { readonly data: string; readonly base: string; readonly fail: Fail },
): SecuritySettings {
  const records = raw.trust.map((name, i) => {
    const failHere: FailHere = (problem) => fail(['security', 'trust', `${i}`], `(${name}) ${problem}`) // biome-ignore format: one line
    const record = readKeyRecord(jsonIn(name, base, failHere) as Record<string, unknown>)
    return typeof record === 'string' ? failHere(`is no key record: ${record}`) : record
  })
  const { policyFile } = raw
  const failPolicy: FailHere = (problem) => fail(['security', 'policyFile'], `(${policyFile}) ${problem}`) // biome-ignore format: one line
  const policy = policyFile === undefined ? DEFAULT_POLICY : (jsonIn(policyFile, base, failPolicy) as SignaturePolicyDocument) // biome-ignore format: one line
  return { ...ownKeyFiles(data, base, raw), records, book: bookOf(policy, failPolicy) }
}

/**
 * Opens the own key of a node that signs.
 *
 * @throws {OverlayError} ERR_SIGNATURE_KEY also where nobody would believe its signatures.
 */
export function openSecurity(
  { keyFile, passphraseFile, records, book }: SecuritySettings,
  { nodeId }: Pick<Config, 'nodeId'>,
): SecurityOptions {
  if (!existsSync(keyFile)) {
    throw unusable(`${keyFile} is not there; make it with: wattweave keys new FILE`)
  }
  const signer = openKeyFile(keyFile, keyFrom(passphraseFile))
  const own = records.find(({ key }) => key.kid === signer.kid)
  if (!own) throw unusable(`${keyFile} is the key ${signer.kid}, which is not under security.trust; add its record`) // biome-ignore format: one line
  if (!isSameId(own.owner, nodeId as NodeId)) {
    throw unusable(`${keyFile} is a key of ${own.owner}, and this node is ${nodeId}; make one for it with: wattweave keys new FILE`) // biome-ignore format: one line
  }
  return { signer, directory: new KeyDirectory(records), book }
}

type FailHere = (problem: string) => never

function bookOf(policy: SignaturePolicyDocument, failHere: FailHere): CompiledRuleBook {
  try {
    return compileRuleBook({ policies: [policy], roles: PRESET_ROLES })
  } catch (error) {
    if (error instanceof OverlayError) return failHere(error.message)
    throw error
  }
}

function jsonIn(name: string, base: string, failHere: FailHere): object {
  let text: string
  try {
    text = readText(resolve(base, name), name)
  } catch (error) {
    if (error instanceof OverlayError) return failHere(error.message)
    throw error
  }
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
