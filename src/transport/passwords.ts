import { argon2, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { OverlayError } from '../errors.ts'
import { isHexKey, Secret } from './credentials.ts'

/**
 * How the password of a peer is kept and compared.
 *
 * - `$hmac-sha256$<base64>`: HMAC-SHA256 under a key that is kept elsewhere; for secrets made by
 *   machines, of 128 random bits or more.
 * - `$argon2id$v=19$m=…,t=…,p=…$<salt>$<hash>`: for passwords that people choose.
 * - anything else is the password itself.
 *
 * @spec RFC 2104, RFC 9106 (strings in the PHC format)
 */

/** Compares a password; `isSlow` ones take tens of milliseconds of another thread. */
export type PasswordCheck =
  | FastCheck
  | { readonly isSlow: true; matches(password: Uint8Array): Promise<boolean> }

export interface FastCheck {
  readonly isSlow: false
  matches(password: Uint8Array): boolean
}

const HMAC_PREFIX = '$hmac-sha256$'
const ARGON_PREFIX = '$argon2id$'
const ARGON =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
/** What RFC 9106 recommends second, where memory is short. */
const MEMORY_KIB = 65_536
const PASSES = 3
const LANES = 4
const HASH_BYTES = 32
const SALT_BYTES = 16
/** A stored hash may not ask for more than this. */
const MAX_MEMORY_KIB = 1024 * 1024
const MAX_PASSES = 16

/**
 * @param key For the stored form `$hmac-sha256$`.
 * @throws {OverlayError} ERR_CREDENTIAL_STORED when the stored form cannot be used.
 */
export function createPasswordCheck(stored: Secret, key?: Secret): PasswordCheck {
  const text = stored.reveal()
  if (text.startsWith(ARGON_PREFIX)) return argonCheck(text)
  if (text.startsWith(HMAC_PREFIX)) {
    if (!key) throw broken('it is hashed under a key; set passwordKeyFile')
    const expected = Buffer.from(text.slice(HMAC_PREFIX.length), 'base64')
    if (expected.length !== HASH_BYTES) throw broken('its hash is not 32 bytes in base64')
    return hmacCheck(key.reveal(), expected)
  }
  return createPlainCheck(stored)
}

/**
 * Compares with a password itself, whatever it looks like: what comes over the network is never one
 * of the stored forms, which only an operator writes.
 */
export function createPlainCheck(password: Secret): FastCheck {
  const processKey = randomBytes(32)
  return hmacCheck(processKey, digest(processKey, canonical(Buffer.from(password.reveal()))))
}

/** Whether a text is (or was meant to be) a stored form, which only recognises a password. */
export function isStoredForm(text: Secret): boolean {
  return text.reveal().startsWith(HMAC_PREFIX) || text.reveal().startsWith(ARGON_PREFIX)
}

/** The stored form of a secret that a machine made. */
export function storeSecret(secret: Secret, key: Secret): string {
  return (
    HMAC_PREFIX + digest(key.reveal(), canonical(Buffer.from(secret.reveal()))).toString('base64')
  )
}

/** The stored form of a password that somebody chose. */
export async function storePassword(password: Secret): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await argonHash(canonical(Buffer.from(password.reveal())), salt, {
    memory: MEMORY_KIB,
    passes: PASSES,
    parallelism: LANES,
  })
  return `${ARGON_PREFIX}v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${unpadded(salt)}$${unpadded(hash)}`
}

/** Costs what the check of a password costs that is no slow one, and never matches. */
export function createDecoyCheck(): FastCheck {
  return hmacCheck(randomBytes(32), randomBytes(HASH_BYTES))
}

/** A password nobody can guess: 160 random bits in 40 hexadecimal digits, which OCPP 1.6 allows. */
export function newSecret(): Secret {
  return new Secret(randomBytes(20).toString('hex'))
}

function hmacCheck(key: string | Buffer, expected: Buffer): FastCheck {
  return {
    isSlow: false,
    matches: (password) => timingSafeEqual(digest(key, canonical(password)), expected),
  }
}

function argonCheck(text: string): PasswordCheck {
  const [, memory, passes, parallelism, salt = '', hash = ''] = ARGON.exec(text) ?? []
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const isUsable =
    cost.memory >= 8 * cost.parallelism &&
    cost.memory <= MAX_MEMORY_KIB &&
    cost.passes >= 1 &&
    cost.passes <= MAX_PASSES &&
    cost.parallelism >= 1
  const expected = Buffer.from(hash, 'base64')
  const saltBytes = Buffer.from(salt, 'base64')
  if (!isUsable || expected.length < 16 || saltBytes.length < 8) {
    throw broken('it is no argon2id string that can be used')
  }
  return {
    isSlow: true,
    async matches(password) {
      const actual = await argonHash(canonical(password), saltBytes, cost, expected.length)
      return timingSafeEqual(actual, expected)
    },
  }
}

interface ArgonCost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

function argonHash(
  message: Uint8Array,
  nonce: Buffer,
  cost: ArgonCost,
  tagLength = HASH_BYTES,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce, ...cost, tagLength }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    )
  })
}

/**
 * Stations of 1.6 send an AuthorizationKey as the bytes that its digits stand for, others send the
 * digits: both are the same key.
 */
function canonical(password: Uint8Array): Uint8Array {
  const text = Buffer.from(password).toString('latin1')
  return isHexKey(text) ? Buffer.from(text, 'hex') : password
}

function digest(key: string | Buffer, bytes: Uint8Array): Buffer {
  return createHmac('sha256', key).update(bytes).digest()
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function broken(problem: string): OverlayError {
  return new OverlayError('ERR_CREDENTIAL_STORED', { problem })
}
