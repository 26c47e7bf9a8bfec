import { generateKeyPairSync } from 'node:crypto'
import { importRsaKey, type RsaKey } from '../../src/security/rsa-key.ts'
import type { JsonObject } from '../../src/wire/payload.ts'

/** One key of RSA for each run. */
export const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** Without the algorithm that it is for. */
export const RSA_JWK = RSA.publicKey.export({ format: 'jwk' }) as JsonObject

export function rsaKey(alg: 'RS256' | 'RS384', changed: JsonObject = {}): RsaKey {
  return importRsaKey({ ...RSA_JWK, alg, ...changed })
}
