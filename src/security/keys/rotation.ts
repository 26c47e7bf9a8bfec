import type { Randomness } from '../../primitives/randomness.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { signData } from '../data-statement.ts'
import type { PublicKey } from '../jwk.ts'
import type { Signer } from '../signer.ts'
import { KEY_RECORD, type KeyRecord, keyRecordPayload } from './key-record.ts'

/**
 * The record of the key that takes the place of another one: the same owner and the same rights, and
 * from now on, so that for a while both count and no message is lost between them.
 *
 * @param validity.nowS Seconds since 1970.
 * @param validity.lifetimeS For how long the new key counts.
 * @throws {TypeError} when the old key does not count now: it has nothing to hand on.
 * @spec docs/security.md, "Keys"
 */
export function successorOf(
  old: KeyRecord,
  key: PublicKey,
  validity: { readonly nowS: number; readonly lifetimeS: number },
): KeyRecord {
  const { nowS, lifetimeS } = validity
  if (nowS < old.notBefore || nowS > old.notAfter) throw new TypeError('the key that is replaced does not count now') // biome-ignore format: one line
  if (!(lifetimeS > 0)) throw new TypeError('lifetimeS must be more than 0')
  if (key.kid === old.key.kid) throw new TypeError('a key cannot replace itself')
  // The certificate is one of the old key.
  const { 'x5t#S256': _, chain: __, ...rights } = old
  return { ...rights, key, notBefore: nowS, notAfter: nowS + lifetimeS, replaces: old.key.kid }
}

/**
 * Signs the record of a successor with both keys: the new one proves that its owner has it, the old
 * one hands on what it may do. Such a record counts as long as the old key is not revoked; an
 * administrator who signs it as well makes it stand on its own.
 *
 * @param signers.fresh Of the key in the record.
 * @param signers.old Of the key that it replaces.
 * @param signers.administrator Of a key that may endorse others.
 * @throws {TypeError} for other signers. @throws {OverlayError} ERR_SIGNATURE_FAILED
 */
export function signSuccessor(
  record: KeyRecord,
  signers: { readonly fresh: Signer; readonly old: Signer; readonly administrator?: Signer },
  at: { readonly nowS: number; readonly random: Randomness },
): Promise<JsonObject> {
  const { fresh, old, administrator } = signers
  if (fresh.kid !== record.key.kid || old.kid !== record.replaces) {
    throw new TypeError('a successor is signed by its own key and by the one that it replaces')
  }
  const all = [fresh, old, ...(administrator ? [administrator] : [])]
  return signData(keyRecordPayload(record), KEY_RECORD, all, at)
}
