/**
 * Public keys of RSA. They verify signed messages of other makes and nothing else: no statement of
 * ours counts that one of them has signed, and no signer is made of one.
 *
 * @spec RFC 7518 sections 3.3 and 6.3.1, RFC 7638, RFC 8017 section 8.2
 */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { JsonObject } from '../wire/payload.ts'
import type { VerifyOnlyName } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { canonicalize } from './canonical.ts'
import { assertPurpose, type KeyId, type PublicKey, sha256, unusable } from './jwk.ts'

/** A public key of RSA, and the one algorithm it is for. */
export interface RsaKey {
  readonly kid: KeyId
  readonly alg: VerifyOnlyName
  readonly key: KeyObject
  /** The members that the thumbprint covers, and `alg`: the kind of key does not say it. */
  readonly jwk: JsonObject
  /** Length of a signature in bytes. */
  readonly valueBytes: number
}

/** Any key whose signatures can be verified. */
export type KnownKey = PublicKey | RsaKey

const HASHES: ReadonlyMap<string, 'sha256' | 'sha384'> = new Map([
  ['RS256', 'sha256'],
  ['RS384', 'sha384'],
])
const MIN_BITS = 2048
/** Longer ones take long to verify, which somebody else would ask for. */
const MAX_BITS = 4096
const MIN_EXPONENT = 65_537n
/** A long exponent takes long, too; all keys that are in use have 3 bytes. */
const MAX_EXPONENT_BYTES = 8

export function isRsaKey(key: KnownKey): key is RsaKey {
  return HASHES.has(key.alg)
}

/**
 * Reads a public key of kind RSA. It has to state its algorithm: one key, one algorithm.
 *
 * @throws {OverlayError} ERR_SIGNATURE_KEY for another algorithm than RS256 and RS384, a modulus that
 *   is not 2048 to 4096 bits, and as `importPublicKey`.
 */
export function importRsaKey(jwk: JsonObject): RsaKey {
  const alg = jwk.alg
  if (jwk.kty !== 'RSA' || !isVerifyOnly(alg)) throw unusable('of RSA alg has to be RS256 or RS384')
  assertPurpose(jwk, alg)
  const modulus = numberIn(jwk, 'n')
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  if (bits < MIN_BITS || bits > MAX_BITS || !isOdd(modulus)) throw unusable(`n is not ${MIN_BITS} to ${MAX_BITS} bits of a modulus`) // biome-ignore format: one line
  const exponent = numberIn(jwk, 'e')
  if (exponent.length > MAX_EXPONENT_BYTES || !isOdd(exponent) || integerOf(exponent) < MIN_EXPONENT) throw unusable('e is no odd number from 65537 on') // biome-ignore format: one line
  const required = { e: jwk.e, kty: 'RSA', n: jwk.n } as JsonObject
  const kid = sha256(canonicalize(required)) as KeyId
  if (jwk.kid !== undefined && jwk.kid !== kid) throw unusable('its kid is not its thumbprint')
  const key = createPublicKey({ key: required, format: 'jwk' })
  return { kid, alg, key, jwk: { alg, ...required }, valueBytes: modulus.length }
}

/** Whether `value` is a signature of `bytes` by `key`, padded as PKCS #1 v1.5 says. */
export function isRsaSignatureOf(
  { alg, key }: Pick<RsaKey, 'alg' | 'key'>,
  bytes: Uint8Array,
  value: Uint8Array,
): boolean {
  return verify(HASHES.get(alg), bytes, { key, padding: constants.RSA_PKCS1_PADDING }, value)
}

function isVerifyOnly(alg: unknown): alg is VerifyOnlyName {
  return typeof alg === 'string' && HASHES.has(alg)
}

/** A number in its one spelling: otherwise the same key would have many thumbprints. */
function numberIn(jwk: JsonObject, name: 'n' | 'e'): Uint8Array {
  const text = jwk[name]
  const bytes = typeof text === 'string' ? decodeBase64url(text) : undefined
  if (!bytes?.[0]) throw unusable(`${name} is no number in its shortest spelling`)
  return bytes
}

function isOdd(number: Uint8Array): boolean {
  return ((number.at(-1) ?? 0) & 1) === 1
}

function integerOf(number: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(number).toString('hex')}`)
}
