/**
 * Private keys in files: PKCS #8 in PEM, encrypted by AES-256 under a passphrase (RFC 5958, RFC 8018),
 * so that `openssl` reads them as well. Nothing here gives a key away: what opens is a signer.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { OverlayError } from '../errors.ts'
import type { AlgorithmName } from '../security/algorithms.ts'
import { type PublicKey, publicKeyOf } from '../security/jwk.ts'
import { createMemorySigner, type Signer } from '../security/signer.ts'
import { writeWhole } from './whole-file.ts'

const CIPHER = 'aes-256-cbc'

// biome-ignore format: a table
const GENERATORS: Readonly<Record<AlgorithmName, () => KeyObject>> = {
  'ES256':     () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'ES384':     () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  'ES512':     () => generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  'Ed25519':   () => generateKeyPairSync('ed25519').privateKey,
  'ML-DSA-65': () => generateKeyPairSync('ml-dsa-65').privateKey,
}

/**
 * Makes a key and its file, for the owner alone to read.
 *
 * @returns The public half.
 *
 * @throws {OverlayError} ERR_SIGNATURE_KEY when there is a file already: a key is never overwritten.
 */
export function createKeyFile(file: string, alg: AlgorithmName, passphrase: string): PublicKey {
  if (existsSync(file)) throw unusable(file, 'it is there already')
  const key = GENERATORS[alg]()
  const pem = key.export({ type: 'pkcs8', format: 'pem', cipher: CIPHER, passphrase })
  writeWhole(file, pem.toString())
  return publicKeyOf(key)
}

/**
 * Opens the key in a file.
 *
 * @throws {OverlayError} ERR_SIGNATURE_KEY when there is none, it is not encrypted, the passphrase
 *   is another, or it is of a kind that signs nothing here.
 */
export function openKeyFile(file: string, passphrase: string): Signer {
  if (!existsSync(file)) throw unusable(file, 'there is no such file')
  const pem = readFileSync(file, 'utf8')
  if (isReadable(pem)) throw unusable(file, 'it is not encrypted')
  return createMemorySigner(keyIn(file, pem, passphrase))
}

function keyIn(file: string, pem: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase })
  } catch {
    // Without the cause: what the library says of a broken key may hold parts of it.
    throw unusable(
      file,
      'it cannot be read, or its passphrase is another; put both back as they were, or make another key with: wattweave keys new FILE',
    )
  }
}

/** Whether whoever has the file has the key. */
function isReadable(pem: string): boolean {
  try {
    createPrivateKey({ key: pem })
    return true
  } catch {
    return false
  }
}

function unusable(file: string, problem: string): OverlayError {
  return new OverlayError('ERR_SIGNATURE_KEY', { problem: `${file}: ${problem}` })
}
