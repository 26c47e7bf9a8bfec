import { OverlayError } from '../../errors.ts'
import { isNodeId, type NodeId } from '../../primitives/ids.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { isBase64urlOf } from '../base64url.ts'
import { importPublicKey } from '../jwk.ts'
import { importRsaKey, isRsaKey, type KnownKey } from '../rsa-key.ts'
import { isListOf, isRecord, isSeconds, isText, spanProblem, unknownMember } from './record-checks.ts' // biome-ignore format: one line

/** What a key may be used for, whatever its owner may do. */
export const KEY_USAGES = ['sign-message', 'sign-data', 'sign-policy', 'log'] as const
export type KeyUsage = (typeof KEY_USAGES)[number]

/** The structure that is signed, and the list of keys that count no more. */
export const KEY_RECORD = 'urn:wattweave:key-record:1'
export const REVOCATION_LIST = 'urn:wattweave:revocation-list:1'

/** Whose a public key is, and what for. */
export interface KeyRecord {
  readonly key: KnownKey
  /** The id of a node, station or driver. */
  readonly owner: NodeId
  readonly organisation?: string
  readonly usages: readonly KeyUsage[]
  /** User roles that its messages may claim. */
  readonly roles: readonly string[]
  /** Those of its roles that its holder may hand on to others. */
  readonly delegable?: readonly string[]
  /** kid of the key whose holder has handed these roles on. */
  readonly delegatedBy?: string
  /** Seconds since 1970, both included. */
  readonly notBefore: number
  readonly notAfter: number
  /** kid of the key of the same owner whose place it takes. */
  readonly replaces?: string
  /** base64url of SHA-256 of the DER of the certificate of this key. */
  readonly 'x5t#S256'?: string
  /**
   * Name of the root that stands behind its certificate. Of no signed record: whoever reads the
   * certificate has verified that himself.
   */
  readonly chain?: string
}

/** A key that counts no more for what was signed from `since` on. */
export interface Revocation {
  readonly kid: string
  /** Seconds since 1970; before the list was made where the key was lost earlier. */
  readonly since: number
  readonly reason: string
}

export interface RevocationList {
  readonly version: number
  readonly revoked: readonly Revocation[]
  /** Seconds since 1970: until then there is a newer one. */
  readonly nextUpdate: number
}

const MAX_ROLES = 32
const MAX_REVOKED = 100_000

/**
 * Reads the payload of a key record without its signatures. Unknown members are refused: what they
 * restrict would not be obeyed.
 *
 * @returns What is wrong with it, for people, where it is none.
 */
export function readKeyRecord(payload: JsonObject): KeyRecord | string {
  const { kid, jwk, owner, organisation, usages, roles = [], delegable, delegatedBy, notBefore, notAfter, replaces, 'x5t#S256': certificate, ...others } = payload // biome-ignore format: one line
  const unknown = unknownMember(others, 'a key record')
  if (unknown) return unknown
  if (!isRecord(jwk)) return 'jwk is missing'
  let key: KnownKey
  try {
    key = jwk.kty === 'RSA' ? importRsaKey(jwk) : importPublicKey(jwk)
  } catch (error) {
    if (error instanceof OverlayError) return `jwk: ${error.details.problem}`
    throw error
  }
  if (kid !== key.kid) return 'kid is not the thumbprint of jwk'
  if (typeof owner !== 'string' || !isNodeId(owner)) return 'owner is no id'
  if (organisation !== undefined && !isText(organisation)) return 'organisation is no text'
  if (!isListOf(usages, isUsage, KEY_USAGES.length) || usages.length === 0) return `usages is no list of ${KEY_USAGES.join(', ')}` // biome-ignore format: one line
  if (!isListOf(roles, isText, MAX_ROLES)) return 'roles is no list of names'
  if (delegable !== undefined && !(isListOf(delegable, isText, MAX_ROLES) && delegable.every((one) => roles.includes(one)))) return 'delegable is no list of its own roles' // biome-ignore format: one line
  // Whoever decides who decides is named by those who do, one by one.
  if (delegable?.includes('owner')) return 'the role owner cannot be handed on'
  if (delegatedBy !== undefined && !isText(delegatedBy)) return 'delegatedBy is no kid'
  if (delegatedBy !== undefined && (delegable !== undefined || replaces !== undefined)) return 'what was handed on is neither handed on again nor replaced' // biome-ignore format: one line
  if (isRsaKey(key) && !isForForeignMessages(usages, roles)) return 'a key of RSA verifies messages of other makes only: usages is ["sign-message"], and it is no owner' // biome-ignore format: one line
  if (certificate !== undefined && !(typeof certificate === 'string' && isBase64urlOf(certificate, 32))) return 'x5t#S256 is no base64url of SHA-256' // biome-ignore format: one line
  const wrongSpan = spanProblem(notBefore, notAfter)
  if (wrongSpan) return wrongSpan
  if (replaces !== undefined && !isText(replaces)) return 'replaces is no kid'
  return {
    key,
    owner,
    usages,
    roles,
    notBefore: notBefore as number,
    notAfter: notAfter as number,
    ...(organisation !== undefined && { organisation }),
    ...(delegable !== undefined && { delegable }),
    ...(delegatedBy !== undefined && { delegatedBy }),
    ...(replaces !== undefined && { replaces }),
    ...(certificate !== undefined && { 'x5t#S256': certificate }),
  }
}

/** The payload of a key record, to be signed. */
export function keyRecordPayload({ key, chain: _, ...record }: KeyRecord): JsonObject {
  return { kid: key.kid, jwk: key.jwk, ...record } as unknown as JsonObject
}

/** Reads the payload of a revocation list without its signatures, as `readKeyRecord`. */
export function readRevocationList(payload: JsonObject): RevocationList | string {
  const { version, revoked, nextUpdate, ...others } = payload
  const unknown = unknownMember(others, 'a revocation list')
  if (unknown) return unknown
  if (!isSeconds(version)) return 'version is no number'
  if (!isSeconds(nextUpdate)) return 'nextUpdate is no time'
  if (!isListOf(revoked, isRevocation, MAX_REVOKED)) return 'revoked is no list of {kid, since, reason}' // biome-ignore format: one line
  return { version, revoked, nextUpdate }
}

function isRevocation(value: unknown): value is Revocation {
  if (!isRecord(value)) return false
  const { kid, since, reason, ...others } = value
  return isText(kid) && isSeconds(since) && isText(reason) && Object.keys(others).length === 0
}

/** What cannot sign anew as we do could change no rules, and would count as an owner who can. */
function isForForeignMessages(usages: readonly KeyUsage[], roles: readonly string[]): boolean {
  return usages.every((usage) => usage === 'sign-message') && !roles.includes('owner')
}

function isUsage(value: unknown): value is KeyUsage {
  return KEY_USAGES.some((usage) => usage === value)
}
