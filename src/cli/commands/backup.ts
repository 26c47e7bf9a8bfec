import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { closeFile } from '../../storage/closed-file.ts'
import { Database } from '../../storage/database.ts'
import { loadConfig } from '../config.ts'

/**
 * What else must be as it was after a restore: fingerprints of id tokens, and the passwords that
 * stations were given over OCPP, and the own key of a node that signs. A key that the operator keeps elsewhere is not here, and not copied.
 */
const SECRETS = [
  'fingerprint.key',
  'station-secrets.json',
  'secrets.key',
  'keys/message.pem',
  'keys/passphrase',
]

/**
 * `wattweave backup FILE FOLDER`: copies every database of the node, also while it runs, and its
 * secrets.
 */
export function backup(file: string, folder: string): void {
  const { data } = loadConfig(file)
  const names = databasesIn(data)
  if (names.length === 0) throw new Error(`${data} holds no database yet; there is nothing to copy`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const taken = [...names, ...SECRETS].find((name) => existsSync(join(folder, name)))
  if (taken) throw new Error(`${join(folder, taken)} is there already; choose an empty folder`)
  for (const name of names) {
    const database = new Database(join(data, name))
    try {
      // One moment of the file, whatever is written meanwhile.
      database.run('VACUUM INTO ?', join(folder, name))
    } finally {
      database.close()
    }
    process.stdout.write(`${join(data, name)} -> ${join(folder, name)}\n`)
  }
  for (const name of SECRETS) if (existsSync(join(data, name))) copySecret(name, data, folder)
}

/**
 * `wattweave restore FILE FOLDER`: puts a backup in the place of the databases and secrets; what was
 * there is kept beside it. What a backup of an earlier version does not have stays as it is.
 */
export function restore(file: string, folder: string): void {
  const { data } = loadConfig(file)
  const names = existsSync(folder) ? databasesIn(folder) : []
  if (names.length === 0)
    throw new Error(`${folder} holds no backup; make one with: wattweave backup`)
  for (const name of names) assertWhole(join(folder, name))
  mkdirSync(data, { recursive: true })
  // All before the first: a restore by halves would mix two moments.
  for (const name of names) closeFile(join(data, name))
  const stamp = new Date().toISOString().replace(/[:.]/g, '-')
  for (const name of names) {
    const place = join(data, name)
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(place + suffix))
        renameSync(place + suffix, `${place}.before-${stamp}${suffix}`)
    }
    copyFileSync(join(folder, name), place)
    process.stdout.write(`${join(folder, name)} -> ${place}\n`)
  }
  for (const name of SECRETS.filter((one) => existsSync(join(folder, one)))) {
    const place = join(data, name)
    if (existsSync(place)) renameSync(place, `${place}.before-${stamp}`)
    copySecret(name, folder, data)
  }
}

/** Nobody but its owner may read it, at no moment. */
function copySecret(name: string, from: string, to: string): void {
  mkdirSync(dirname(join(to, name)), { recursive: true, mode: 0o700 })
  writeFileSync(join(to, name), readFileSync(join(from, name)), { mode: 0o600, flag: 'wx' })
  process.stdout.write(`${join(from, name)} -> ${join(to, name)}\n`)
}

function databasesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => name.endsWith('.sqlite'))
}

/** @throws {Error} when a backup is damaged: it would take the place of something that may not be. */
function assertWhole(file: string): void {
  const database = new Database(file)
  try {
    const [row] = database.all('PRAGMA integrity_check')
    if (row?.integrity_check !== 'ok')
      throw new Error(`${file} is damaged: ${row?.integrity_check}`)
  } finally {
    database.close()
  }
}
