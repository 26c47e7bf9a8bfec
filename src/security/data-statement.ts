import type { Randomness } from '../primitives/randomness.ts'
import type { JsonObject } from '../wire/payload.ts'
import { encodeBase64url } from './base64url.ts'
import { putSignatures, signedBytes, takeSignatures } from './carriers.ts'
import type { SignatureEntry } from './entry.ts'
import { type DataFields, decodeHeader } from './header.ts'
import { sha256 } from './jwk.ts'
import type { Signer } from './signer.ts'
import { signStatement } from './statement.ts'

const NONCE_BYTES = 16

/**
 * Signs a structure that is no message: a key record, a revocation list, a policy. Several signers
 * sign the same bytes, in parallel.
 *
 * @param ctx Names the structure.
 * @param at.nowS Seconds since 1970.
 * @returns The payload with its signatures beside the members.
 * @throws {OverlayError} ERR_SIGNATURE_FAILED
 * @spec docs/security.md, "The protected header"
 */
export async function signData(
  payload: JsonObject,
  ctx: string,
  signers: readonly Signer[],
  at: { readonly nowS: number; readonly random: Randomness },
): Promise<JsonObject> {
  const bytes = signedBytes(payload)
  const nonce = encodeBase64url(at.random(NONCE_BYTES))
  const fields: DataFields = { ocpp: 'ocpp2.1', ctx, id: sha256(bytes), iat: at.nowS, nonce }
  const entries = await Promise.all(signers.map((signer) => signStatement(bytes, fields, signer)))
  return putSignatures(payload, entries, 'top') as JsonObject
}

/**
 * Signs what somebody else has signed, in parallel: the same bytes, and the same id, time and nonce.
 *
 * @returns undefined where there is no readable signature to join. Nothing is verified here.
 * @throws {OverlayError} ERR_SIGNATURE_FAILED
 */
export async function coSign(payload: JsonObject, signer: Signer): Promise<JsonObject | undefined> {
  const taken = takeSignatures(payload)
  if ('status' in taken) return undefined
  const [first] = taken.entries as readonly (Partial<SignatureEntry> | null)[]
  const header = typeof first?.protected === 'string' ? decodeHeader(first.protected) : undefined
  if (header === undefined || typeof header === 'string' || header.OCPPAction !== undefined) return undefined // biome-ignore format: one line
  const { ocpp, ctx, id, iat, nonce, exp } = header
  const fields: DataFields = { ocpp, ctx, id, iat, nonce, ...(exp !== undefined && { exp }) }
  const entry = await signStatement(signedBytes(payload), fields, signer)
  return putSignatures(payload, [...(taken.entries as SignatureEntry[]), entry], 'top')
}
