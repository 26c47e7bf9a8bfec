import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeId } from '../../src/primitives/ids.ts'
import { type KeyRecord, keyRecordPayload } from '../../src/security/keys/key-record.ts'
import { createKeyFile } from '../../src/storage/private-keys.ts'
import { keyFrom } from '../../src/storage/secret-store.ts'
import { removeFolder, temporaryFolder } from './processes.ts'

const DAY_S = 86_400

/** Keys of processes that know each other. */
export interface SharedKeys {
  /** What all of them have in their folders. */
  readonly files: Record<string, string>
  /** `security` in the configuration of one of them. */
  settingsOf(id: string): object
}

/** @param owners Ids and the user roles of their keys. */
export function shareKeys(owners: Readonly<Record<string, readonly string[]>>): SharedKeys {
  const folder = temporaryFolder({ passphrase: 'bench-passphrase-0123' })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const files: Record<string, string> = { passphrase: read('passphrase') }
  const nowS = Math.floor(Date.now() / 1_000)
  for (const [id, roles] of Object.entries(owners)) {
    const key = createKeyFile(join(folder, `${id}.pem`), 'ES256', keyFrom(join(folder, 'passphrase'))) // biome-ignore format: one line
    const record: KeyRecord = { key, owner: id as NodeId, usages: ['sign-message'], roles, notBefore: nowS - DAY_S, notAfter: nowS + DAY_S } // biome-ignore format: one line
    files[`${id}.pem`] = read(`${id}.pem`)
    files[`${id}.json`] = JSON.stringify(keyRecordPayload(record))
  }
  removeFolder(folder)
  const trust = Object.keys(owners).map((id) => `${id}.json`)
  return {
    files,
    settingsOf: (id) => ({ keyFile: `${id}.pem`, passphraseFile: 'passphrase', trust }),
  }
}
