import { systemRandomness } from '../../primitives/randomness.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { stripSignatures } from '../carriers.ts'
import { signData } from '../data-statement.ts'
import type { Signer } from '../signer.ts'
import {
  REVOCATION_LIST,
  type Revocation,
  type RevocationList,
  readRevocationList,
} from './key-record.ts'

/** How far ahead a list may name its successor. */
const LIFETIME_S = 24 * 3_600

/**
 * The list that comes after another one, with all that is on that. A key can have been lost earlier than
 * was thought, and never counts again.
 *
 * @param revocation What is added; undefined: the list is only renewed.
 * @param nowS Seconds since 1970.
 */
export function nextRevocationList(
  { version, revoked }: Pick<RevocationList, 'version' | 'revoked'> = { version: 0, revoked: [] },
  revocation: Revocation | undefined,
  nowS: number,
): RevocationList {
  const before = revocation && revoked.find(({ kid }) => kid === revocation.kid)
  const added = revocation && before && before.since <= revocation.since ? before : revocation
  const others = revoked.filter(({ kid }) => kid !== revocation?.kid)
  return { version: version + 1, revoked: added ? [...others, added] : others, nextUpdate: nowS + LIFETIME_S } // biome-ignore format: one line
}

/** @throws {OverlayError} ERR_SIGNATURE_FAILED */
export function signRevocationList(
  list: RevocationList,
  signer: Signer,
  nowS: number,
): Promise<JsonObject> {
  return signData(list as unknown as JsonObject, REVOCATION_LIST, [signer], { nowS, random: systemRandomness }) // biome-ignore format: one line
}

/** What a signed list says, signatures apart; for people why it is none. */
export function revocationsIn(payload: JsonObject): RevocationList | string {
  return readRevocationList(stripSignatures(payload))
}
