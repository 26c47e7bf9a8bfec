import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { keyFrom } from '../../storage/secret-store.ts'
import { Secret } from '../../transport/credentials.ts'
import { newSecret, storePassword, storeSecret } from '../../transport/passwords.ts'

/** @spec OCPP 2.0.1 Part 2 A00.FR.205 (passwordString of 16 to 40 characters) */
const MIN_LENGTH = 16
const MAX_LENGTH = 40

/**
 * `wattweave password new FILE --key KEYFILE`: makes a secret nobody can guess, prints it once for
 * the station, and stores what is needed to recognise it. The key is made where it is missing.
 */
export function newPassword(file: string, { key }: { key: string }): void {
  process.stdout.write(`${makePassword(file, key).reveal()}\n`)
}

/** Stores how a new secret is recognised, and returns the secret, which is kept nowhere. */
export function makePassword(file: string, keyFile: string): Secret {
  // Before a key is made that nothing was stored under.
  assertNew(file)
  const isNewKey = !existsSync(keyFile)
  const secret = newSecret()
  try {
    if (isNewKey) makeFolderOf(keyFile)
    writeOnce(file, storeSecret(secret, new Secret(keyFrom(keyFile))))
  } catch (error) {
    if (isNewKey) rmSync(keyFile, { force: true })
    throw error
  }
  return secret
}

/** `wattweave password hash FILE`: reads a password from standard input and stores its argon2id hash. */
export async function hashPassword(file: string): Promise<void> {
  assertNew(file)
  if (process.stdin.isTTY) process.stderr.write('Type the password, then Enter and Ctrl-D.\n')
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (password === '') throw new Error('no password on standard input')
  const { length } = [...password]
  if (length < MIN_LENGTH || length > MAX_LENGTH) {
    throw new Error(
      `this password has ${length} characters; OCPP allows ${MIN_LENGTH} to ${MAX_LENGTH}, and stations refuse others`,
    )
  }
  writeOnce(file, await storePassword(new Secret(password)))
}

function writeOnce(file: string, stored: string): void {
  makeFolderOf(file)
  try {
    writeFileSync(file, `${stored}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') assertNew(file)
    throw error
  }
}

function assertNew(file: string): void {
  if (!existsSync(file)) return
  throw new Error(`${file} exists; remove it first if its password is to be replaced`)
}

/** A folder that is made for secrets is for its owner only. */
function makeFolderOf(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
}
