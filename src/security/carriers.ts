import { VENDOR_ID } from '../primitives/vendor.ts'
import type { JsonObject } from '../wire/payload.ts'
import { canonicalize } from './canonical.ts'
import type { SignatureEntry } from './entry.ts'
import { isObject } from './header.ts'
import { type Expected, type KeyLookup, verifyStatement } from './statement.ts'
import { refuse, type Unverified, type Verdict } from './verdict.ts'

/** Where the entries stand: beside the payload's members, or in its `customData`. */
export type Carrier = 'top' | 'customData'

/** A payload without its own signatures, and these, unjudged. */
export interface Taken {
  readonly payload: JsonObject
  readonly entries: readonly unknown[]
  /** undefined when there are none. */
  readonly carrier: Carrier | undefined
}

/**
 * The payload that is signed: without top-level `signatures`, without the `signatures` of our own
 * top-level `customData`, and without that `customData` when only `vendorId` is left of it. Signer
 * and verifier strip alike; whatever is nested deeper stays and is covered.
 */
export function stripSignatures(payload: JsonObject): JsonObject {
  const { signatures: _, customData, ...rest } = payload
  if (!isOwn(customData)) return customData === undefined ? rest : { ...rest, customData }
  const { signatures: __, ...own } = customData
  return Object.keys(own).length === 1 ? rest : { ...rest, customData: own }
}

/** The bytes that are signed for a JSON payload; throws what `canonicalize` throws. */
export function signedBytes(payload: JsonObject): Uint8Array {
  return canonicalize(stripSignatures(payload))
}

/** Whether a key is said to have signed a payload; nothing is verified here. */
export function signedBy(payload: JsonObject, kid: string): boolean {
  const taken = takeSignatures(payload)
  return !('status' in taken) && taken.entries.some((one) => (one as { keyId?: unknown } | null)?.keyId === kid) // biome-ignore format: one line
}

/** Takes the signatures out of a payload. Both carriers at once are refused. */
export function takeSignatures(payload: JsonObject): Taken | Unverified {
  const inCustomData = isOwn(payload.customData) && Object.hasOwn(payload.customData, 'signatures')
  const atTop = Object.hasOwn(payload, 'signatures')
  if (atTop && inCustomData) {
    return refuse('two-carriers', { problem: 'beside the members and in customData' })
  }
  const carrier = atTop ? 'top' : inCustomData ? 'customData' : undefined
  const holder = inCustomData ? (payload.customData as JsonObject) : payload
  const entries = carrier ? holder.signatures : []
  if (!Array.isArray(entries)) return refuse('entries-malformed', { problem: 'it is no array' })
  return { payload: stripSignatures(payload), entries, carrier }
}

/**
 * Puts signatures into a payload, in place of those it has.
 *
 * @returns undefined when its `customData` is another vendor's and must hold them: then only a
 *   signed message (`-Signed`) can carry them.
 */
export function putSignatures(
  payload: JsonObject,
  entries: readonly SignatureEntry[],
  carrier: Carrier,
): JsonObject | undefined {
  const stripped = stripSignatures(payload)
  if (entries.length === 0) return stripped
  if (carrier === 'top') return { ...stripped, signatures: entries }
  const { customData } = stripped
  if (customData === undefined) {
    return { ...stripped, customData: { vendorId: VENDOR_ID, signatures: entries } }
  }
  if (!isOwn(customData)) return undefined
  return { ...stripped, customData: { ...customData, signatures: entries } }
}

/**
 * Verifies a parsed payload that carries its signatures itself.
 *
 * @param payload What `parseStrict` returned.
 * @returns The verdict, with the payload as it was signed; without it when it was refused.
 * @throws what `canonicalize` throws.
 */
export function verifyPayload(
  payload: JsonObject,
  options: { readonly expected: Expected; readonly keyOf: KeyLookup },
): Verdict & { readonly payload?: JsonObject } {
  const taken = takeSignatures(payload)
  if ('status' in taken) return taken
  const verdict = verifyStatement(canonicalize(taken.payload), taken.entries, options)
  return verdict.status === 'refused' ? verdict : { ...verdict, payload: taken.payload }
}

function isOwn(customData: unknown): customData is JsonObject {
  return isObject(customData) && customData.vendorId === VENDOR_ID
}
