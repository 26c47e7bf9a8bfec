import { writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { keyFrom } from '../../storage/secret-store.ts'
import { Secret } from '../../transport/credentials.ts'
import { newSecret, storePassword, storeSecret } from '../../transport/passwords.ts'

/**
 * `wattweave password new FILE --key KEYFILE`: makes a secret nobody can guess, prints it once for
 * the station, and stores what is needed to recognise it. The key is made where it is missing.
 */
export function newPassword(file: string, options: { key: string }): void {
  const secret = newSecret()
  writeOnce(file, storeSecret(secret, new Secret(keyFrom(options.key))))
  process.stdout.write(`${secret.reveal()}\n`)
}

/** `wattweave password hash FILE`: reads a password from standard input and stores its argon2id hash. */
export async function hashPassword(file: string): Promise<void> {
  if (process.stdin.isTTY) process.stderr.write('Type the password, then Enter and Ctrl-D.\n')
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (password === '') throw new Error('no password on standard input')
  writeOnce(file, await storePassword(new Secret(password)))
}

function writeOnce(file: string, stored: string): void {
  try {
    writeFileSync(file, `${stored}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(`${file} exists; remove it first if its password is to be replaced`)
  }
}
