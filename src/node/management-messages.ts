/**
 * The payloads of the management messages; their schemas are in `schemas/`. Documents and signed
 * statements are judged by their own rules, so here they are any object.
 */
import type { ChangedDocument } from '../security/policies/activation.ts'
import type { PolicyDecision, PolicyFacts } from '../security/policies/facts.ts'
import type { JsonObject } from '../wire/payload.ts'

/** What every change of rules may say. */
export interface ChangeOptions {
  /** Only tells what would change. */
  readonly dryRun?: boolean
  /** How long an owner has to sign something that the new rules accept; default 60. */
  readonly confirmWithinS?: number
}

interface Replacing extends ChangeOptions {
  readonly expectedVersion: number
}
interface Adding extends ChangeOptions {
  readonly expectedVersion?: number
}
type Policy<O> = O & { readonly signaturePolicy: JsonObject }
type Role<O> = O & { readonly userRole: JsonObject }
type Deletion = Replacing & { readonly name: string }

/** Why something was not done. */
export interface Refusal {
  readonly status: 'Rejected'
  /** Stable: branch on it. */
  readonly problem: string
  /** For people. */
  readonly sentence: string
}

/** Messages of lately that would be decided differently. */
export interface ToldDifference {
  readonly kind: PolicyFacts['kind']
  readonly action: string
  readonly from: string
  readonly to: string
  readonly count: number
  readonly before: ToldDecision
  readonly after: ToldDecision
}
export interface ToldDecision {
  readonly outcome: PolicyDecision['outcome']
  readonly reason?: string
}

/** A changed document; without version and digest it was deleted. */
export type ToldDocument = Pick<ChangedDocument, 'kind' | 'name'> & {
  readonly version?: number
  readonly digest?: string
}

export type ChangeAnswer =
  | {
      readonly status: 'Accepted'
      readonly documents: readonly ToldDocument[]
      /** RFC 3339; absent of a dry run. */
      readonly trialEndsAt?: string
      readonly dryRun?: true
      readonly differences?: readonly ToldDifference[]
    }
  | (Refusal & { readonly dryRun?: true; readonly actualVersion?: number })

/** A document that holds. */
export interface KnownDocument {
  readonly name: string
  readonly version: number
  readonly digest: string
  readonly onTrial?: true
  /** Absent where all together are too large for one message: ask for it by name. */
  readonly document?: JsonObject
}
export interface ToldTrial {
  readonly since: string
  readonly endsAt: string
  readonly documents: readonly ToldDocument[]
}
interface Named {
  readonly name?: string
}

export interface KnownKey {
  readonly kid: string
  readonly status: 'usable' | 'not-valid-yet' | 'no-longer-valid' | 'revoked'
  /** It is believed as it stands, and nobody has signed it. */
  readonly isAnchor?: true
  readonly keyRecord: JsonObject
}

export interface KnownEntitlement {
  readonly node: string
  readonly status: 'current' | 'not-valid-yet' | 'no-longer-valid'
  readonly entitlement: JsonObject
}

/** Request and response of each management message, the same beside every version of OCPP. */
export interface ManagementMessages {
  AddSignaturePolicy: { request: Policy<Adding>; response: ChangeAnswer }
  UpdateSignaturePolicy: { request: Policy<Replacing>; response: ChangeAnswer }
  DeleteSignaturePolicy: { request: Deletion; response: ChangeAnswer }
  GetSignaturePolicies: {
    request: Named
    response: { readonly signaturePolicies: readonly KnownDocument[]; readonly trial?: ToldTrial }
  }
  AddUserRole: { request: Role<Adding>; response: ChangeAnswer }
  UpdateUserRole: { request: Role<Replacing>; response: ChangeAnswer }
  DeleteUserRole: { request: Deletion; response: ChangeAnswer }
  GetUserRoles: {
    request: Named
    response: { readonly userRoles: readonly KnownDocument[]; readonly trial?: ToldTrial }
  }
  AddKeyRecord: {
    request: { readonly keyRecord: JsonObject }
    response: { readonly status: 'Accepted'; readonly kid: string } | Refusal
  }
  GetKeyRecords: {
    request: { readonly kid?: string; readonly owner?: string; readonly after?: string }
    response: { readonly keyRecords: readonly KnownKey[]; readonly next?: string }
  }
  UpdateRevocationList: {
    request: { readonly revocationList: JsonObject }
    response: { readonly status: 'Accepted'; readonly version: number } | Refusal
  }
  GetRevocationList: {
    request: Record<string, never>
    response: {
      readonly revocationList?: JsonObject
      readonly state: 'none' | 'current' | 'stale' | 'overdue'
    }
  }
  AddEntitlement: {
    request: { readonly entitlement: JsonObject }
    response: { readonly status: 'Accepted'; readonly node: string } | Refusal
  }
  GetEntitlements: {
    request: { readonly node?: string; readonly after?: string }
    response: { readonly entitlements: readonly KnownEntitlement[]; readonly next?: string }
  }
}

/** Who a node is, in its own signed words; where it knows who may do what. */
export interface RecordMessages {
  GetNodeRecord: {
    request: Record<string, never>
    response: { readonly nodeRecord: JsonObject }
  }
}

/** The message that objects to a command which takes two people; where there are such commands. */
export interface VetoMessages {
  VetoCommand: {
    request: { readonly action: string; readonly digest: string }
    response: { readonly status: 'Accepted' }
  }
}

export type ManagementAction = keyof ManagementMessages

export type ManagementResponse = ManagementMessages[ManagementAction]['response']
