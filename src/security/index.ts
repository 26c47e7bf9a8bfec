/**
 * Signed statements as pure logic: canonical JSON, public keys, protected headers, entries, and the
 * forms in which they travel. docs/security.md says what uses them today.
 *
 * @module
 */
export type { AlgorithmName, VerifyOnlyName } from './algorithms.ts'
export { decodeBase64url, type Encoding, encodeBase64url } from './base64url.ts'
export * from './binary-payload.ts'
export * from './canonical.ts'
export * from './carriers.ts'
export {
  MAX_ENTRIES,
  MAX_VALUE_CHARACTERS,
  type SignatureEntry,
  type SigningMethod,
} from './entry.ts'
export * from './error-payload.ts'
export { Challenges } from './freshness/challenges.ts'
export * from './freshness/freshness.ts'
export { type MessageIdentity, type SeenMessage, SeenMessages } from './freshness/seen-messages.ts'
export { SequenceWindow } from './freshness/sequence-window.ts'
export {
  type Attestation,
  type DataFields,
  MAX_HEADER_CHARACTERS,
  type MessageFields,
  type RequestReference,
  type StatementHeader,
} from './header.ts'
export { importPublicKey, type KeyId, type PublicKey, publicKeyOf, sha256 } from './jwk.ts'
export {
  ENTITLEMENT,
  type Entitlement,
  entitlementPayload,
  readEntitlement,
} from './keys/entitlement.ts'
export * from './keys/key-directory.ts'
export * from './keys/key-record.ts'
export * from './keys/node-record.ts'
export * from './policies/activation.ts'
export { DANGEROUS_COMMANDS } from './policies/dangerous-commands.ts'
export { DEFAULT_POLICY, INSECURE_POLICY } from './policies/default-policy.ts'
export {
  type Explained,
  explainForwarded,
  explainIncoming,
  judgeForwarded,
  judgeIncoming,
} from './policies/evaluate.ts'
export * from './policies/facts.ts'
export * from './policies/outgoing.ts'
export * from './policies/policy-document.ts'
export * from './policies/rule-book.ts'
export { compileSignaturePolicy, type SignaturePolicy } from './policies/signature-policy.ts'
export * from './policies/two-roles.ts'
export * from './policies/weaknesses.ts'
export { PRESET_ROLES } from './roles/presets.ts'
export * from './roles/rights.ts'
export { compileUserRole, type UserRole, type UserRoleDocument } from './roles/user-role.ts'
export { importRsaKey, isRsaKey, type KnownKey, type RsaKey } from './rsa-key.ts'
export * from './signed-message.ts'
export { createMemorySigner, type Signer } from './signer.ts'
export * from './statement.ts'
export type { Reason, Unverified, Verdict, Verified, VerifiedSigner } from './verdict.ts'
