import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import type { AlgorithmName } from '../../src/security/algorithms.ts'
import type { DataFields, MessageFields } from '../../src/security/header.ts'
import { importPublicKey, type PublicKey, publicKeyOf } from '../../src/security/jwk.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import type { KeyLookup } from '../../src/security/statement.ts'

/** The example keys of RFC 7515 A.3, RFC 8037 A.1: everybody knows their private parts. */
export const P256_JWK = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
export const ED25519_JWK = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
}

const P256_D = 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI'
const ED25519_D = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'

const jwk = (key: { readonly [member: string]: string }) => createPrivateKey({ key, format: 'jwk' })

/** One private key per algorithm; the first and the fourth are the same in every run. */
export const PRIVATE_KEYS = {
  ES256: jwk({ ...P256_JWK, d: P256_D }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  Ed25519: jwk({ ...ED25519_JWK, d: ED25519_D }),
  'ML-DSA-65': generateKeyPairSync('ml-dsa-65').privateKey,
} as const satisfies Record<AlgorithmName, unknown>

export const ALGORITHM_NAMES = Object.keys(PRIVATE_KEYS) as AlgorithmName[]

export const signerOf = (alg: AlgorithmName) => createMemorySigner(PRIVATE_KEYS[alg])
export const keyOf = (alg: AlgorithmName): PublicKey => publicKeyOf(PRIVATE_KEYS[alg])

/** A lookup that knows these keys only. */
export function knowing(...algs: AlgorithmName[]): KeyLookup {
  const keys = new Map<string, PublicKey>(algs.map((alg) => [keyOf(alg).kid, keyOf(alg)]))
  return (kid) => keys.get(kid)
}

export const knowingAll = knowing(...ALGORITHM_NAMES)

/** A second P-256 key. */
export const OTHER_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
export const otherPublicKey = () => importPublicKey(publicKeyOf(OTHER_KEY).jwk)

export const CALL: MessageFields = {
  ocpp: 'ocpp2.1',
  ctx: 'urn:wattweave:ocpp2.1:SetChargingProfile:request',
  OCPPAction: 'SetChargingProfile',
  OCPPMessageTypedId: 2,
  id: '0192f3a1-7c00-7abc-8def-0123456789ab',
  from: 'CSMS01',
  to: 'CS01',
  iat: 1_795_000_000,
  exp: 1_795_000_060,
  nonce: 'AAECAwQFBgcICQoLDA0ODw',
}

export const EXPECTED_CALL = {
  kind: 'message',
  action: 'SetChargingProfile',
  messageType: 2,
} as const

export const dataFields = (id: string): DataFields => ({
  ocpp: 'ocpp2.1',
  ctx: 'urn:wattweave:test',
  id,
  iat: 1_795_000_000,
  nonce: CALL.nonce,
})
