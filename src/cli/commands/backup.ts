import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { closeFile } from '../../storage/closed-file.ts'
import { CsmsStore } from '../../storage/csms-store.ts'
import { createPrivate, Database } from '../../storage/database.ts'
import { loadConfig } from '../config.ts'

/**
 * What else must be as it was after a restore: fingerprints of id tokens, and the passwords that
 * stations were given over OCPP. A key that the operator keeps elsewhere is not here, and not copied.
 */
const SECRETS = ['fingerprint.key', 'station-secrets.json', 'secrets.key']
/** The own key of each node, and whom it believes: without it nobody would know it again. */
const KEYS = 'keys'

/** All of them that are there. */
function secretsIn(folder: string): string[] {
  const keys = join(folder, KEYS)
  const files = existsSync(keys) ? readdirSync(keys, { recursive: true, withFileTypes: true }) : []
  const own = files.filter((file) => file.isFile() && !file.name.endsWith('.new'))
  return [
    ...SECRETS.filter((name) => existsSync(join(folder, name))),
    ...own.map(({ parentPath, name }) => relative(folder, join(parentPath, name))),
  ]
}

/**
 * `wattweave backup FILE FOLDER`: copies every database of the node, also while it runs, and its
 * secrets.
 */
export function backup(file: string, folder: string): void {
  const { data } = loadConfig(file)
  const names = databasesIn(data)
  const secrets = secretsIn(data)
  if (names.length + secrets.length === 0) throw new Error(`${data} holds nothing yet that could be copied`) // biome-ignore format: one line
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const taken = [...names, ...secrets].find((name) => existsSync(join(folder, name)))
  if (taken) throw new Error(`${join(folder, taken)} is there already; choose an empty folder`)
  for (const name of names) {
    copyDatabase(join(data, name), join(folder, name))
    process.stdout.write(`${join(data, name)} -> ${join(folder, name)}\n`)
  }
  for (const name of secrets) copySecret(name, data, folder)
}

/**
 * `wattweave restore FILE FOLDER`: puts a backup in the place of the databases and secrets; what was
 * there is kept beside it. What a backup of an earlier version does not have stays as it is.
 */
export async function restore(file: string, folder: string): Promise<void> {
  const { data, role } = loadConfig(file)
  const names = databasesIn(folder)
  const secrets = existsSync(folder) ? secretsIn(folder) : []
  if (names.length + secrets.length === 0)
    throw new Error(`${folder} holds no backup; make one with: wattweave backup`)
  if (role === 'csms' && !names.includes(CSMS)) throw new Error(`${folder} is no backup of a CSMS, for it holds no ${CSMS}; name the folder that wattweave backup has written`) // biome-ignore format: one line
  for (const name of names) assertWhole(folder, name)
  mkdirSync(data, { recursive: true })
  // All before the first: a restore by halves would mix two moments.
  for (const name of names) closeFile(join(data, name))
  try {
    for (const name of names) await makeNew(name, folder, data)
  } catch (error) {
    for (const name of names) rmSync(join(data, name + NEW), { force: true })
    throw error
  }
  const stamp = new Date().toISOString().replace(/[:.]/g, '-')
  for (const name of names) {
    const place = join(data, name)
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(place + suffix))
        renameSync(place + suffix, `${place}.before-${stamp}${suffix}`)
    }
    renameSync(place + NEW, place)
    process.stdout.write(`${join(folder, name)} -> ${place}\n`)
  }
  // Of keys the whole folder: what was believed later must not be mixed in.
  const replaced = [...SECRETS, KEYS].filter((name) => existsSync(join(folder, name)))
  for (const name of replaced) {
    const place = join(data, name)
    if (existsSync(place)) renameSync(place, `${place}.before-${stamp}`)
  }
  for (const name of secrets) copySecret(name, folder, data)
}

/** Nobody but its owner may read it, at no moment. */
function copySecret(name: string, from: string, to: string): void {
  mkdirSync(dirname(join(to, name)), { recursive: true, mode: 0o700 })
  writeFileSync(join(to, name), readFileSync(join(from, name)), { mode: 0o600, flag: 'wx' })
  process.stdout.write(`${join(from, name)} -> ${join(to, name)}\n`)
}

/** One moment of a database, whatever is written meanwhile; nobody but its owner may read it. */
function copyDatabase(from: string, to: string): void {
  const database = new Database(from)
  try {
    createPrivate(to)
    database.run('VACUUM INTO ?', to)
  } finally {
    database.close()
  }
}

const CSMS = 'csms.sqlite'
/** What a database is called until all of them are there. */
const NEW = '.new'

/** What is to take the place of a database. A CSMS gives no number again that it gave since then. */
async function makeNew(name: string, folder: string, data: string): Promise<void> {
  const place = join(data, name + NEW)
  rmSync(place, { force: true })
  copyDatabase(join(folder, name), place)
  if (name !== CSMS) return
  const store = new CsmsStore(place)
  try {
    await store.passOverForgotten(Date.now())
  } finally {
    store.close()
  }
  // Nothing may be left beside it, which its new name would not have.
  closeFile(place)
  rmSync(`${place}.lock`, { force: true })
}

function databasesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => name.endsWith('.sqlite'))
}

/** By which a database is known, whatever its file is called. */
const TABLE_OF: ReadonlyMap<string, string> = new Map([
  [CSMS, 'transactions'],
  ['accounts.sqlite', 'users'],
])

/** @throws {Error} when a backup is damaged: it would take the place of something that may not be. */
function assertWhole(folder: string, name: string): void {
  const file = join(folder, name)
  const database = new Database(file)
  try {
    const [row] = database.all('PRAGMA integrity_check')
    if (row?.integrity_check !== 'ok')
      throw new Error(`${file} is damaged: ${row?.integrity_check}; take another backup`)
    const table = TABLE_OF.get(name)
    if (table === undefined || database.all(`PRAGMA table_info(${table})`).length > 0) return
    throw new Error(`${file} is another database, without the table ${table}; put the one there that bears this name in the backup`) // biome-ignore format: one line
  } finally {
    database.close()
  }
}
