import { createHmac, timingSafeEqual } from 'node:crypto'
import type { NodeId } from '../../primitives/ids.ts'
import type { Randomness } from '../../primitives/randomness.ts'
import type { JsonObject } from '../../wire/payload.ts'
import { decodeBase64url } from '../base64url.ts'
import { canonicalize } from '../canonical.ts'
import { stripSignatures, takeSignatures } from '../carriers.ts'
import { sha256 } from '../jwk.ts'
import { KEY_USAGES, type KeyRecord, type KeyUsage, readKeyRecord } from './key-record.ts'

/**
 * How a new node and an operator come to know each other's keys through nodes that neither trusts:
 * a code that is used once and carried by hand proves to each side the key of the other.
 *
 * @spec docs/security.md, "Commissioning"
 */
export interface CommissioningCode {
  /** 80 bits that only the two sides know. */
  readonly secret: Uint8Array
  /** The first 40 bits of the thumbprint of the operator's key, in hex. */
  readonly operator: string
}

const SECRET_BYTES = 10
const OPERATOR_BYTES = 5
const CODE_BYTES = SECRET_BYTES + OPERATOR_BYTES
/** RFC 4648 section 6: no 0 and no 1, which people take for O and I. */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const GROUP = 4

/** A new code for whoever is to be commissioned by the holder of a key: six groups of four letters. */
export function newCommissioningCode(
  operatorKid: string,
  random: Randomness,
): { readonly text: string; readonly code: CommissioningCode } {
  const secret = random(SECRET_BYTES)
  const operator = operatorPart(operatorKid)
  const letters = toBase32(Buffer.concat([secret, Buffer.from(operator, 'hex')]))
  const text = letters.match(new RegExp(`.{${GROUP}}`, 'g'))?.join('-') ?? letters
  return { text, code: { secret, operator } }
}

/** @returns What is wrong with it, for people, where it is none. */
export function readCommissioningCode(text: string): CommissioningCode | string {
  const letters = text.toUpperCase().replace(/[\s-]/g, '')
  const bytes = fromBase32(letters)
  if (typeof bytes === 'string') return bytes
  if (bytes.length !== CODE_BYTES) return `a code has ${(CODE_BYTES * 8) / 5} letters and digits, and this has ${letters.length}` // biome-ignore format: one line
  return {
    secret: bytes.subarray(0, SECRET_BYTES),
    operator: bytes.subarray(SECRET_BYTES).toString('hex'),
  }
}

/** What of a key's thumbprint stands in a code. */
export function operatorPart(kid: string): string {
  return Buffer.from(decodeBase64url(kid) ?? [])
    .subarray(0, OPERATOR_BYTES)
    .toString('hex')
}

/** What one side says to the other, with all that both must agree about. */
export type Said =
  | {
      readonly by: 'node'
      readonly owner: NodeId
      readonly kid: string
      /** As in the code: the node does not know the whole key yet. */
      readonly operator: string
      readonly nonce: string
    }
  | {
      readonly by: 'operator'
      readonly owner: NodeId
      readonly kid: string
      readonly operatorKid: string
      readonly nonce: string
      /** base64url of SHA-256 of the canonical answer without its `mac`. */
      readonly digest: string
    }

/** base64url of HMAC-SHA256 over the canonical form of what is said. */
export function commissioningMac(secret: Uint8Array, said: Said): string {
  const bytes = canonicalize({ ...said, purpose: 'wattweave/commissioning/1' } as JsonObject)
  return createHmac('sha256', secret).update(bytes).digest('base64url')
}

/** In constant time: who guesses learns nothing. */
export function isMac(claimed: string, secret: Uint8Array, said: Said): boolean {
  const [a, b] = [claimed, commissioningMac(secret, said)].map((one) => Buffer.from(one))
  return a !== undefined && b !== undefined && a.length === b.length && timingSafeEqual(a, b)
}

/** What an answer is known by, for its MAC. */
export function answerDigest(answer: JsonObject): string {
  const { mac: _, ...rest } = answer
  return sha256(canonicalize(rest))
}

/** Whom an administrator lets in, and what for. */
export interface InvitedFor {
  readonly owner: NodeId
  readonly roles: readonly string[]
  /** Which of them its holder may hand on. */
  readonly delegable?: readonly string[]
  readonly organisation?: string
  /** Until when its key may count, in seconds since 1970. */
  readonly notAfter?: number
}

/**
 * Reads the record that a new node sends; that its key has signed it is not judged here.
 *
 * @param invited Whom, and what for: the record has to say the same.
 * @returns What is wrong with it, for people.
 */
export function readCandidate(payload: JsonObject, invited: InvitedFor): KeyRecord | string {
  const taken = takeSignatures(payload)
  if ('status' in taken) return taken.sentence
  const record = readKeyRecord(stripSignatures(payload))
  if (typeof record === 'string') return record
  const {
    owner,
    roles,
    usages,
    delegable = [],
    organisation,
    notAfter,
    'x5t#S256': certificate,
  } = record
  if (owner !== invited.owner) return `the key is one of ${owner}, and ${invited.owner} was invited`
  if (!isSameSet(roles, invited.roles)) return `it was invited with ${rolesText(invited.roles)} and says ${rolesText(roles)}` // biome-ignore format: one line
  if (!isSameSet(delegable, invited.delegable ?? [])) return `it was invited to hand on ${rolesText(invited.delegable ?? [])} and says ${rolesText(delegable)}` // biome-ignore format: one line
  if (certificate !== undefined) return 'it names a certificate, and nobody has shown one'
  if (organisation !== invited.organisation) return `it was invited for ${invited.organisation ?? 'no organisation'} and says ${organisation ?? 'none'}` // biome-ignore format: one line
  if (notAfter > (invited.notAfter ?? notAfter)) return 'it was invited for a shorter time'
  const allowed = usagesOf(invited.roles)
  const usage = usages.find((one) => !allowed.includes(one))
  return usage === undefined ? record : `it wants to ${usage}, which its user roles do not need`
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return new Set(some).size === new Set(others).size && some.every((one) => others.includes(one))
}

function rolesText(roles: readonly string[]): string {
  return roles.length === 0 ? 'no user role' : roles.join(', ')
}

/** Only who decides about others needs a key that signs what they obey. */
export function usagesOf(roles: readonly string[]): readonly KeyUsage[] {
  const decides = roles.some((role) => role === 'owner' || role === 'admin')
  return decides ? KEY_USAGES.filter((usage) => usage !== 'log') : ['sign-message', 'sign-data']
}

function toBase32(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32[Number.parseInt(five, 2)]).join('')
}

function fromBase32(letters: string): Buffer | string {
  let bits = ''
  for (const letter of letters) {
    const value = BASE32.indexOf(letter)
    if (value < 0) return `"${letter}" is in no code: there are the letters A to Z and the digits 2 to 7` // biome-ignore format: one line
    bits += value.toString(2).padStart(5, '0')
  }
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)))
}
