import { existsSync } from 'node:fs'
import { VirtualClock } from '../primitives/clock.ts'
import { stripSignatures } from '../security/carriers.ts'
import { KeyDirectory } from '../security/keys/key-directory.ts'
import { type KeyRecord, readKeyRecord } from '../security/keys/key-record.ts'
import { settle } from '../security/policies/activation.ts'
import type { RuleBook } from '../security/policies/rule-book.ts'
import { PRESET_ROLES } from '../security/roles/presets.ts'
import { TrustStore } from '../storage/trust-store.ts'
import type { JsonObject } from '../wire/payload.ts'
import { type Config, loadConfig } from './config.ts'
import { readText } from './config-files.ts'

/** Whose keys are believed: those that a node knows, or those of some records. */
export interface KeyOptions {
  readonly config?: string
  readonly key?: readonly string[]
}

/** Keys that are known, and what is believed of them. */
export function directoryOf({ config, key = [] }: KeyOptions): KeyDirectory {
  if (config === undefined && key.length === 0) {
    throw new Error('whose keys are believed is not said; name the configuration of a node with --config FILE, or key records with --key RECORD') // biome-ignore format: one line
  }
  const directory = config === undefined ? new KeyDirectory() : readTrust(loadConfig(config)).directory // biome-ignore format: one line
  for (const file of key) directory.addAnchor(readRecordFile(file))
  return directory
}

/** A key record that is believed because it was named, whoever has signed it. */
export function readRecordFile(file: string): KeyRecord {
  const record = readKeyRecord(stripSignatures(readJsonFile(file)))
  if (typeof record === 'string') throw new Error(`${file} is no key record: ${record}`)
  return record
}

/** A file with one JSON object. */
export function readJsonFile(file: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(readText(file))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject // biome-ignore format: one line
  throw new Error(`${file} holds no JSON object`)
}

/** What a node believes and obeys, as its files say it. */
export interface ReadTrust {
  readonly directory: KeyDirectory
  readonly rules: RuleBook
}

/**
 * Reads what a node believes; nothing is made or changed, and its key is not opened, so it may run
 * meanwhile.
 *
 * @throws {OverlayError} ERR_STORE_DAMAGED
 */
export function readTrust({ nodeId, security, ownKey }: Config): ReadTrust {
  if (!security) throw new Error(`${nodeId} is insecure by its configuration, and believes no keys; remove \`insecure\` under \`security\``) // biome-ignore format: one line
  const { records, policy } = security
  const own = existsSync(ownKey.recordFile) ? [readRecordFile(ownKey.recordFile)] : []
  const shipped = { policies: [policy], roles: PRESET_ROLES }
  // On a clock that stands at the beginning no trial is over, so nobody writes that one is.
  const store = new TrustStore({ anchors: [...records, ...own], rules: shipped, clock: new VirtualClock(0), folder: ownKey.folder }) // biome-ignore format: one line
  const rules = settle(store.rules, Math.floor(Date.now() / 1_000)).active
  return { directory: store.directory, rules }
}
