import { type KeyObject, sign, verify } from 'node:crypto'
import { derOf, joseValueOf } from './ecdsa-value.ts'

/** Signature algorithms by their JOSE names, as we write them. */
export type AlgorithmName = 'ES256' | 'ES384' | 'ES512' | 'Ed25519' | 'ML-DSA-65'

/**
 * Algorithms that others sign with, and we only verify. They stand apart, so that no signer and no
 * statement of ours can name one.
 */
export type VerifyOnlyName = 'RS256' | 'RS384'

export interface Algorithm {
  readonly name: AlgorithmName
  /** `kty` and `crv` of its keys; `AKP` keys name the algorithm itself. */
  readonly kty: 'EC' | 'OKP' | 'AKP'
  readonly crv?: string
  /** Length of one coordinate, or of the whole public key, in bytes. */
  readonly keyBytes: number
  /** Length of a signature in bytes. */
  readonly valueBytes: number
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null
  /** In an entry's `algorithm`: the first is written, the others are read, in any case. */
  readonly entryNames: readonly [string, ...string[]]
}

// biome-ignore format: a table
const ALGORITHMS: readonly Algorithm[] = [
  { name: 'ES256', kty: 'EC', crv: 'P-256', keyBytes: 32, valueBytes: 64, hash: 'sha256', entryNames: ['secp256r1', 'prime256v1', 'p256', 'p-256'] },
  { name: 'ES384', kty: 'EC', crv: 'P-384', keyBytes: 48, valueBytes: 96, hash: 'sha384', entryNames: ['secp384r1', 'p384', 'p-384'] },
  { name: 'ES512', kty: 'EC', crv: 'P-521', keyBytes: 66, valueBytes: 132, hash: 'sha512', entryNames: ['secp521r1', 'p521', 'p-521'] },
  { name: 'Ed25519', kty: 'OKP', crv: 'Ed25519', keyBytes: 32, valueBytes: 64, hash: null, entryNames: ['ed25519'] },
  { name: 'ML-DSA-65', kty: 'AKP', keyBytes: 1952, valueBytes: 3309, hash: null, entryNames: ['ml-dsa-65'] },
]

const BY_NAME = new Map<string, Algorithm>(ALGORITHMS.map((row) => [row.name, row]))
const BY_ENTRY_NAME = new Map<string, Algorithm>(
  ALGORITHMS.flatMap((row) => row.entryNames.map((name) => [name, row])),
)

/** The row of an algorithm of ours. */
export function algorithm(name: AlgorithmName): Algorithm {
  const row = BY_NAME.get(name)
  if (!row) throw new TypeError(`no algorithm is called ${name}`)
  return row
}

/** Reads `alg` of a protected header; `EdDSA` is the older name of `Ed25519` (RFC 9864). */
export function algorithmOfHeader(alg: string): Algorithm | undefined {
  return BY_NAME.get(alg === 'EdDSA' ? 'Ed25519' : alg)
}

/** Reads `algorithm` of an entry. */
export function algorithmOfEntry(name: string): Algorithm | undefined {
  return BY_ENTRY_NAME.get(name.toLowerCase())
}

/** The algorithm of keys of this kind: each kind of key has exactly one. */
export function algorithmOfKey(kty: unknown, crv: unknown, alg: unknown): Algorithm | undefined {
  return ALGORITHMS.find(
    (row) => row.kty === kty && (kty === 'AKP' ? row.name === alg : row.crv === crv),
  )
}

/** Signs; the value of the elliptic curves is r then s, big-endian. */
export function signBytes(name: AlgorithmName, key: KeyObject, bytes: Uint8Array): Uint8Array {
  const { hash, valueBytes } = algorithm(name)
  const value = sign(hash, bytes, key)
  return hash === null ? value : joseValueOf(value, valueBytes)
}

/** Whether `value` is a signature of `bytes` by `key`; never throws for what a peer sent. */
export function isSignatureOf(
  { alg, key }: { readonly alg: AlgorithmName; readonly key: KeyObject },
  bytes: Uint8Array,
  value: Uint8Array,
): boolean {
  const { hash, valueBytes } = algorithm(alg)
  if (value.length !== valueBytes) return false
  return verify(hash, bytes, key, hash === null ? value : derOf(value))
}
