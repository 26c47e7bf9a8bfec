import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { OverlayError } from '../errors.ts'
import { writeWhole } from './whole-file.ts'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Secrets by name in one file, each encrypted under a key that is kept in another. A file that was
 * tampered with is refused as a whole: who moves a secret from one name to another gains nothing.
 */
export class SecretStore {
  readonly #file: string
  readonly #key: Buffer
  readonly #sealed: Map<string, string>

  /** @throws {OverlayError} ERR_CREDENTIAL_STORED when the file is broken or the key is another. */
  constructor(file: string, key: string) {
    this.#file = file
    this.#key = Buffer.from(hkdfSync('sha256', key, '', 'wattweave secret store', KEY_BYTES))
    this.#sealed = existsSync(file) ? read(file) : new Map()
    for (const name of this.#sealed.keys()) this.get(name)
  }

  get(name: string): string | undefined {
    const sealed = this.#sealed.get(name)
    return sealed === undefined ? undefined : this.#unseal(name, sealed)
  }

  /** On disk when it returns. */
  set(name: string, secret: string): void {
    this.#sealed.set(name, this.#seal(name, secret))
    writeWhole(this.#file, JSON.stringify(Object.fromEntries(this.#sealed), undefined, 2))
  }

  names(): string[] {
    return [...this.#sealed.keys()]
  }

  #seal(name: string, secret: string): string {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv(CIPHER, this.#key, iv).setAAD(Buffer.from(name))
    const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64')
  }

  #unseal(name: string, sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64')
    const iv = bytes.subarray(0, IV_BYTES)
    const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES)
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, iv, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(name)).setAuthTag(tag)
      const body = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES))
      return Buffer.concat([body, decipher.final()]).toString('utf8')
    } catch (cause) {
      const problem = `${this.#file} was changed or is under another key`
      throw new OverlayError('ERR_CREDENTIAL_STORED', { problem }, { cause })
    }
  }
}

/** The text of a key file; where there is none, one is made that only its owner can read. */
export function keyFrom(file: string): string {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeWhole(file, `${randomBytes(KEY_BYTES).toString('base64')}\n`)
  }
  const key = readFileSync(file, 'utf8').trim()
  if (key.length < 16) {
    throw new OverlayError('ERR_CREDENTIAL_STORED', { problem: `${file} holds no key` })
  }
  return key
}

function read(file: string): Map<string, string> {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
    return new Map(Object.entries(value))
  } catch (cause) {
    throw new OverlayError('ERR_CREDENTIAL_STORED', { problem: `${file} is no JSON` }, { cause })
  }
}
