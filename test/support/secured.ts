import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import type { SecurityOptions } from '../../src/node/security-gate.ts'
import type { NodeId } from '../../src/primitives/ids.ts'
import { publicKeyOf } from '../../src/security/jwk.ts'
import { KeyDirectory } from '../../src/security/keys/key-directory.ts'
import type { KeyRecord } from '../../src/security/keys/key-record.ts'
import { DEFAULT_POLICY } from '../../src/security/policies/default-policy.ts'
import type { SignaturePolicyDocument } from '../../src/security/policies/policy-document.ts'
import { compileRuleBook } from '../../src/security/policies/rule-book.ts'
import { PRESET_ROLES } from '../../src/security/roles/presets.ts'
import { createMemorySigner } from '../../src/security/signer.ts'
import type { MemoryOverlay } from './memory-overlay.ts'

/** Whose keys there are, and the user roles they hold. */
type Roles = Readonly<Record<string, readonly string[]>>

const ROLES: Roles = {
  CSMS01: ['operations'],
  NN01: ['edge'],
  LC01: [],
  GUEST: ['technician'],
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
  return { key: publicKeyOf(key), owner: id as NodeId, usages: ['sign-message'], roles, notBefore: 0, notAfter: 4e9 } // biome-ignore format: one line
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
    directory: new KeyDirectory([...KEYS.keys()].map((one) => recordOf(one, roles))),
    book: compileRuleBook({ policies: [policy], roles: PRESET_ROLES }),
  }
}

/** Why messages were not obeyed at a node, in their order. */
export function reasonsAt(net: MemoryOverlay, id: string): unknown[] {
  return (net.events.get(id) ?? []).flatMap(
    (event) =>
    event.name === 'frame.refused' && event.code.startsWith('ERR_POLICY') ? [event.details.reason ?? 'challenge'] : [], // biome-ignore format: one line
  )
}
