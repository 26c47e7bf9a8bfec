import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { SecurityOptions } from '../../src/node/security-gate.ts'
import type { Clock } from '../../src/primitives/clock.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { systemRandomness } from '../../src/primitives/randomness.ts'
import { canonicalize } from '../../src/security/canonical.ts'
import { stripSignatures } from '../../src/security/carriers.ts'
import { signData } from '../../src/security/data-statement.ts'
import type { MessageFields } from '../../src/security/header.ts'
import { publicKeyOf, sha256 } from '../../src/security/jwk.ts'
import {
  ENTITLEMENT,
  type Entitlement,
  entitlementPayload,
} from '../../src/security/keys/entitlement.ts'
import { KeyDirectory } from '../../src/security/keys/key-directory.ts'
import { KEY_RECORD, type KeyRecord, keyRecordPayload, REVOCATION_LIST } from '../../src/security/keys/key-record.ts' // biome-ignore format: one line
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import { compileRuleBook } from '../../src/security/policies/rule-book.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { createMemorySigner, type Signer } from '../../src/security/signer.ts'
import { signStatementNow } from '../../src/security/statement.ts'
import { TrustStore } from '../../src/storage/trust-store.ts'
import type { JsonObject } from '../../src/wire/payload.ts'
import type { MemoryOverlay } from './memory-overlay.ts'

/** Whose keys there are, and the user roles they hold. */
type Roles = Readonly<Record<string, readonly string[]>>

const ROLES: Roles = {
  CSMS01: ['operations'],
  NN01: ['edge'],
  LC01: [],
  GUEST: ['technician'],
  OWNER01: ['owner'],
  CS01: [],
  CS02: [],
}
const KEYS = new Map(
  Object.keys(ROLES).map((id) => [
    id,
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  ]),
)

function recordOf(id: string, others: Roles): KeyRecord {
  const key = KEYS.get(id)
  assert.ok(key)
  const roles = others[id] ?? ROLES[id] ?? []
  const usages = roles.some((role) => role === 'owner' || role === 'admin') ? (['sign-message', 'sign-policy'] as const) : (['sign-message'] as const) // biome-ignore format: one line
  return { key: publicKeyOf(key), owner: id as NodeId, usages, roles, notBefore: 0, notAfter: 4e9 }
}

/**
 * What a node knows: its own key, and the public ones of all.
 *
 * @param roles Others than usual.
 */
export function securityOf(
  id: string,
  policy: SignaturePolicyDocument = DEFAULT_POLICY,
  roles: Roles = {},
): SecurityOptions {
  const key = KEYS.get(id)
  assert.ok(key)
  return {
    signer: createMemorySigner(key),
    trust: {
      directory: new KeyDirectory([...KEYS.keys()].map((one) => recordOf(one, roles))),
      book: compileRuleBook({ policies: [policy], roles: PRESET_ROLES }),
    },
  }
}

/** The holder of somebody's usual key. */
export function signerOf(id: string): Signer {
  const key = KEYS.get(id)
  assert.ok(key)
  return createMemorySigner(key)
}

/** What everybody knows of somebody's usual key. */
export function usualRecordOf(id: string): KeyRecord {
  return recordOf(id, {})
}

/** A new key record, signed by these; times are those of the clock. */
export function signedRecord(
  record: KeyRecord,
  signers: readonly Signer[],
  clock: Pick<Clock, 'now'>,
): Promise<JsonObject> {
  return signData(keyRecordPayload(record), KEY_RECORD, signers, { nowS: secondsOf(clock), random: systemRandomness }) // biome-ignore format: one line
}

/** A revocation list by the owner, or somebody else; keys count no more from now on. */
export function signedRevocations(
  version: number,
  kids: readonly string[],
  clock: Pick<Clock, 'now'>,
  by = signerOf('OWNER01'),
): Promise<JsonObject> {
  const nowS = secondsOf(clock)
  const revoked = kids.map((kid) => ({ kid, since: nowS, reason: 'lost' }))
  const list = { version, revoked, nextUpdate: nowS + 3_600 } as unknown as JsonObject
  return signData(list, REVOCATION_LIST, [by], { nowS, random: systemRandomness })
}

/** What OWNER01, or somebody else, lets a node do in the name of others. */
export function signedEntitlement(
  { node, ...more }: Partial<Omit<Entitlement, 'node'>> & { readonly node: string },
  clock: Pick<Clock, 'now'>,
  by = signerOf('OWNER01'),
): Promise<JsonObject> {
  const nowS = secondsOf(clock)
  const whole = { ids: [], services: [], groups: [], actions: [], notBefore: nowS, notAfter: nowS + 3_600, ...more } // biome-ignore format: one line
  const payload = entitlementPayload({ node: node as NodeId, ...whole })
  return signData(payload, ENTITLEMENT, [by], { nowS, random: systemRandomness })
}

function secondsOf(clock: Pick<Clock, 'now'>): number {
  return Math.floor(clock.now() / 1_000)
}

/** As `securityOf`, with what can be changed by messages; in memory only. */
export function managedSecurityOf(id: string, clock: Clock, roles: Roles = {}) {
  const anchors = [...KEYS.keys()].map((one) => recordOf(one, roles))
  const trust = new TrustStore({ anchors, clock, rules: { policies: [DEFAULT_POLICY], roles: PRESET_ROLES } }) // biome-ignore format: one line
  return { signer: signerOf(id), trust }
}

/** Why messages were not obeyed at a node, in their order. */
export function reasonsAt(net: MemoryOverlay, id: string): unknown[] {
  return (net.events.get(id) ?? []).flatMap(
    (event) =>
    event.name === 'frame.refused' && event.code.startsWith('ERR_POLICY') ? [event.details.reason ?? 'challenge'] : [], // biome-ignore format: one line
  )
}

/** An error as somebody answers a signed CALL of the overlay with it, with the path of who answers. */
export function signedErrorTo(call: readonly unknown[], by: string, details: object): unknown[] {
  const [, , path, id, action, payload] = call as [2, string, string[], string, string, JsonObject]
  const [{ protected: text = '' } = {}] = payload.signatures as { protected?: string }[]
  const asked = JSON.parse(Buffer.from(text, 'base64url').toString()) as MessageFields
  const digest = sha256(canonicalize(stripSignatures(payload)))
  const ctx = `urn:wattweave:${asked.ocpp}:${action}:error`
  const req = { id: asked.id, nonce: asked.nonce, digest }
  const { ocpp, OCPPAction, iat, exp, from } = asked
  const nonce = randomBytes(16).toString('base64url')
  const fields = { ocpp, ctx, OCPPAction, OCPPMessageTypedId: 4, id: `0192f3a1-7c00-7abc-8def-${randomBytes(6).toString('hex')}`, from: by, to: from, iat, exp, nonce, req } as const // biome-ignore format: one line
  const said = { code: 'SecurityError', description: '', details } as unknown as JsonObject
  const entry = signStatementNow(canonicalize(said), fields, signerOf(by))
  return [4, path[0], [by], id, 'SecurityError', '', { ...details, signatures: [entry] }]
}
