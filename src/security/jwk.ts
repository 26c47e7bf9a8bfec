import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { OverlayError } from '../errors.ts'
import type { JsonObject } from '../wire/payload.ts'
import {
  type Algorithm,
  type AlgorithmName,
  algorithmOfKey,
  type VerifyOnlyName,
} from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { canonicalize } from './canonical.ts'

/** RFC 7638 thumbprint of a public key: base64url of 32 bytes. It selects a key, never supplies one. */
export type KeyId = string & { readonly brand: 'KeyId' }

/** A public key that is ready to verify, and the one algorithm it is for. */
export interface PublicKey {
  readonly kid: KeyId
  readonly alg: AlgorithmName
  readonly key: KeyObject
  /** The members that the thumbprint covers, nothing else. */
  readonly jwk: JsonObject
}

const MAX_CACHED = 4096
const cached = new Map<KeyId, PublicKey>()

/**
 * Reads a public key of kind EC (P-256, P-384, P-521), OKP (Ed25519) or AKP (ML-DSA-65). The same
 * key is built once. Keys of RSA, which only verify, are read by `importRsaKey`.
 *
 * @throws {OverlayError} ERR_SIGNATURE_KEY for any other kind, a key that holds private parts, is
 *   meant for something else (`use`, `key_ops`, `alg`), or whose `kid` is not its thumbprint.
 * @spec RFC 7517, RFC 7638, RFC 8037, draft-ietf-cose-dilithium (AKP); docs/security.md
 */
export function importPublicKey(jwk: JsonObject): PublicKey {
  const row = algorithmOfKey(jwk.kty, jwk.crv, jwk.alg)
  if (!row)
    throw unusable('its kind is not one of EC, OKP and AKP with a curve or algorithm we know')
  assertPurpose(jwk, row.name)
  const required = requiredMembers(jwk, row)
  const kid = sha256(canonicalize(required)) as KeyId
  if (jwk.kid !== undefined && jwk.kid !== kid) throw unusable('its kid is not its thumbprint')
  const known = cached.get(kid)
  if (known) return known
  const made = { kid, alg: row.name, key: keyObjectOf(required), jwk: required }
  if (cached.size >= MAX_CACHED) cached.clear() // peers send keys, so it must be bounded
  cached.set(kid, made)
  return made
}

/** The public half of a key of this process. */
export function publicKeyOf(key: KeyObject): PublicKey {
  const half = key.type === 'private' ? createPublicKey(key) : key
  return importPublicKey(half.export({ format: 'jwk' }) as JsonObject)
}

/** SHA-256 as base64url: thumbprints, digests of requests, ids of data statements. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url')
}

const PRIVATE_PARTS = ['d', 'priv', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth']

/** @throws {OverlayError} ERR_SIGNATURE_KEY when a key is more than one for verifying by an algorithm. */
export function assertPurpose(jwk: JsonObject, name: AlgorithmName | VerifyOnlyName): void {
  for (const secret of PRIVATE_PARTS) {
    if (Object.hasOwn(jwk, secret)) throw unusable('it holds private parts')
  }
  const { use = 'sig', key_ops: operations = ['verify'], alg = name } = jwk
  const isForIt = alg === name || (alg === 'EdDSA' && name === 'Ed25519')
  if (!isForIt) throw unusable('it is meant for another algorithm')
  if (use !== 'sig') throw unusable('it is not for signatures')
  if (!Array.isArray(operations) || !operations.includes('verify')) {
    throw unusable('it is not for verifying')
  }
}

/** What RFC 7638 hashes, each number in its full length and only spelling. */
function requiredMembers(jwk: JsonObject, row: Algorithm): JsonObject {
  const part = (name: string) => {
    const text = jwk[name]
    const bytes = typeof text === 'string' ? decodeBase64url(text) : undefined
    if (bytes?.length !== row.keyBytes) throw unusable(`${name} is not ${row.keyBytes} bytes`)
    return text
  }
  if (row.kty === 'AKP') return { kty: row.kty, alg: row.name, pub: part('pub') }
  const { kty, crv } = row
  return kty === 'EC' ? { kty, crv, x: part('x'), y: part('y') } : { kty, crv, x: part('x') }
}

function keyObjectOf(jwk: JsonObject): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch (cause) {
    throw new OverlayError(
      'ERR_SIGNATURE_KEY',
      { problem: 'it is no point of its curve' },
      { cause },
    )
  }
}

/** What was wrong with a key, never its value. */
export function unusable(problem: string): OverlayError {
  return new OverlayError('ERR_SIGNATURE_KEY', { problem })
}
