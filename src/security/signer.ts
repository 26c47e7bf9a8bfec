import type { KeyObject } from 'node:crypto'
import { OverlayError } from '../errors.ts'
import { type AlgorithmName, algorithm, signBytes } from './algorithms.ts'
import { type KeyId, publicKeyOf } from './jwk.ts'

/** The holder of a private key: it signs, and there is no way to ask it for the key. */
export interface Signer {
  readonly kid: KeyId
  readonly alg: AlgorithmName
  /** Signs; of the elliptic curves r then s, big-endian. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** The same at once, where the key is in this process: an edge signs each frame that passes. */
  signNow?(bytes: Uint8Array): Uint8Array
}

/**
 * A signer with its key in memory. The key stands in a closure: neither JSON nor `inspect` shows it.
 *
 * @throws {OverlayError} ERR_SIGNATURE_KEY for a key of another kind.
 */
export function createMemorySigner(key: KeyObject): Signer {
  if (key.type !== 'private') {
    throw new OverlayError('ERR_SIGNATURE_KEY', { problem: 'it is no private key' })
  }
  const { kid, alg } = publicKeyOf(key)
  const signNow = (bytes: Uint8Array) => signBytes(alg, key, bytes)
  return { kid, alg, signNow, sign: async (bytes) => signNow(bytes) }
}

/**
 * Asks a signer, and checks that it answered with something that can be a signature.
 *
 * @throws {OverlayError} ERR_SIGNATURE_FAILED
 */
export async function signWith(signer: Signer, bytes: Uint8Array): Promise<Uint8Array> {
  const { kid: keyId, alg } = signer
  let value: Uint8Array
  try {
    value = await signer.sign(bytes)
  } catch (cause) {
    const problem = 'its holder failed'
    throw new OverlayError('ERR_SIGNATURE_FAILED', { keyId, problem }, { cause })
  }
  if (value.length !== algorithm(alg).valueBytes) {
    const problem = 'its holder answered with a value of the wrong length'
    throw new OverlayError('ERR_SIGNATURE_FAILED', { keyId, problem })
  }
  return value
}
