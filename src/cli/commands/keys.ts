import type { NodeId } from '../../primitives/ids.ts'
import { type KeyRecord, keyRecordPayload } from '../../security/keys/key-record.ts'
import { createKeyFile } from '../../storage/private-keys.ts'
import { keyFrom } from '../../storage/secret-store.ts'
import { loadConfig } from '../config.ts'

const YEAR_S = 366 * 24 * 3_600

/**
 * `wattweave keys new FILE`: makes the key that a node signs with, and prints its record for all who
 * are to believe it.
 */
export function newKey(file: string, options: { role?: readonly string[] }): void {
  const { nodeId, ownKey } = loadConfig(file, { isBeforeKeys: true })
  const { keyFile, passphraseFile } = ownKey
  const key = createKeyFile(keyFile, 'ES256', keyFrom(passphraseFile))
  const notBefore = Math.floor(Date.now() / 1_000)
  const record: KeyRecord = { key, owner: nodeId as NodeId, usages: ['sign-message'], roles: options.role ?? [], notBefore, notAfter: notBefore + YEAR_S } // biome-ignore format: one line
  process.stdout.write(`${JSON.stringify(keyRecordPayload(record), undefined, 2)}\n`)
  process.stderr.write(`${keyFile} is made; name the file with this record under security.trust of this node and of all that are to believe it\n`) // biome-ignore format: one line
}
