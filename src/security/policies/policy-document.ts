import type { ReplayClass } from '../../messages/actions.ts'
import type { Scalar } from '../../wire/comparisons.ts'
import type { OneOrMore } from '../../wire/document-checks.ts'
import type { Kind } from '../../wire/frame.ts'
import type { AlgorithmName } from '../algorithms.ts'
import type { KeyUsage } from '../keys/key-record.ts'
import type { ContextDocument } from './context-rule.ts'
import type { Assurance, PeerKind } from './facts.ts'

/**
 * What must be signed, verified and attested. Of each list the first rule that matches decides, and
 * what no rule matches is rejected. Of several policies the strictest decides.
 */
export interface SignaturePolicyDocument {
  readonly name: string
  /** Rises with each change. */
  readonly version: number
  readonly description?: string
  /** What leaves in this node's own name. */
  readonly out: readonly OutRuleDocument[]
  /** What this node, or a standard peer that it represents, is to obey. */
  readonly in: readonly InRuleDocument[]
  /** What passes through. */
  readonly forward: readonly ForwardRuleDocument[]
}

/** Every member that is there must be true of the message; `{}` is met by every one. */
export interface MatchDocument {
  readonly kinds?: OneOrMore<Kind>
  /** Plain names, with `*` for any run of characters; of answers the action of the request. */
  readonly actions?: OneOrMore<string>
  readonly to?: OneOrMore<string>
  /** Whether it is addressed to a group. */
  readonly toGroup?: boolean
  /** Of `in` and `forward`: the originator, with `*`. */
  readonly from?: OneOrMore<string>
  /** Of `in` and `forward`: what the originator is by the records of this node. */
  readonly origin?: OneOrMore<PeerKind>
  /** Of `in` and `forward`: who is at the other end of the link it came by. */
  readonly neighbour?: PeerDocument
  /** Of `out` and `forward`: who is at the other end of the link it leaves by. */
  readonly link?: PeerDocument
  /** Of `in` and `forward`. */
  readonly payload?: readonly PayloadDocument[]
}

export interface PeerDocument {
  readonly kinds?: OneOrMore<PeerKind>
  /** With `*`. */
  readonly ids?: OneOrMore<string>
}

/** One value that the pointer leads to is enough, so the stricter rule has to stand first. */
export interface PayloadDocument {
  /** JSON pointer into the payload, `*` for every item of an array. */
  readonly pointer: string
  readonly equals?: Scalar
  readonly in?: readonly Scalar[]
  /** A text with `*` and `?`. */
  readonly matches?: string
  readonly greaterThan?: number
  readonly lessThan?: number
}

/** What becomes of a message that fails a rule. Default `reject`. */
export interface FailureDocument {
  readonly onFailure?: 'reject' | 'drop' | 'quarantine' | 'allow-and-alert'
  /** Of `allow-and-alert`, and required there: RFC 3339; from then on such a message is rejected. */
  readonly until?: string
}

/** Has `require`, or `refuse`: whatever matches then fails. */
export interface InRuleDocument extends FailureDocument {
  readonly name?: string
  readonly match: MatchDocument
  readonly require?: RequirementDocument
  readonly refuse?: true
}

/** Every member that is there must hold. */
export interface RequirementDocument {
  /** The least that will do. Default `e2e`. */
  readonly assurance?: Assurance
  /** Each group must be met; who counts for one of them does not count for another. */
  readonly signers?: readonly SignersDocument[]
  /** What makes signers different: of one owner one counts, or each key. Default `owners`. */
  readonly distinct?: 'owners' | 'keys'
  /** Signatures of other algorithms do not count. */
  readonly algorithms?: OneOrMore<AlgorithmName>
  /** How long ago it may have been signed. */
  readonly maxAgeS?: number
  /** Of CALL and SEND: found fresh by these rules, or by stricter ones. */
  readonly replay?: ReplayClass
  /** Of answers: tied to their request. Default true. */
  readonly replyBinding?: boolean
  /** Of CALL and SEND: a user role of the originator permits it. */
  readonly permitted?: true
  /** It comes from the primary upstream of the station it is for. */
  readonly primaryUpstream?: true
  readonly path?: PathDocument
  /** What inside the payload must be signed by itself. */
  readonly data?: readonly DataDocument[]
  /** Of CALL and SEND: what must be plausible after what was said before. */
  readonly context?: ContextDocument
}

/**
 * What must be true of the nodes passed. A path is what others say, so it only ever restricts: it is
 * a demand, and no rule can be chosen by it.
 */
export interface PathDocument {
  /** Each node between originator and this one is one of these. */
  readonly only?: OneOrMore<string>
  /** One of these has been passed. */
  readonly through?: OneOrMore<string>
  /** None of these has been passed. */
  readonly not?: OneOrMore<string>
}

/** Signers that have all that is named here; at least one member besides `atLeast`. */
export interface SignersDocument {
  /** User roles, of which it holds one. */
  readonly roles?: OneOrMore<string>
  readonly kids?: OneOrMore<string>
  /** With `*`. */
  readonly owners?: OneOrMore<string>
  readonly organisations?: OneOrMore<string>
  /** Names of roots that stand behind the certificate of the key (`security.roots` of the node). */
  readonly chains?: OneOrMore<string>
  /** Default 1. */
  readonly atLeast?: number
}

export interface DataDocument {
  /** JSON pointer to one place, without `*`. */
  readonly pointer: string
  /** The structure that is signed there. */
  readonly ctx: string
  /** User roles, one of which its signer holds. Default: any key that is known. */
  readonly roles?: OneOrMore<string>
}

/** Has `sign`, or the carrier `strip`, or both, or `refuse`. */
export interface OutRuleDocument {
  readonly name?: string
  readonly match: MatchDocument
  readonly sign?: SignDocument
  readonly carrier?: OutCarrier
  readonly refuse?: true
}

export interface SignDocument {
  /** Which key of this node: one with this usage and, where named, this user role. */
  readonly key: { readonly usage: KeyUsage; readonly role?: string }
  /** Default `json`. */
  readonly representation?: Representation
  /** How long it holds, in seconds. */
  readonly lifetimeS: number
  /** The role that the header claims. */
  readonly claim?: string
}

export const REPRESENTATIONS = ['json', 'binary', 'opaque'] as const
export type Representation = (typeof REPRESENTATIONS)[number]

export const CARRIERS = ['members', 'signed', 'strip', 'wwcp'] as const
/** `members` stands beside the members of the payload, `signed` is `<Action>-Signed`, `wwcp` the legacy form. */
export type OutCarrier = (typeof CARRIERS)[number]

export const TREATMENTS = ['pass', 'verify', 'attest', 'block-unsigned', 'quarantine', 'refuse'] as const // biome-ignore format: one line
/**
 * `pass` looks at nothing; `verify` fails what is wrongly signed; `attest` too, and adds what this
 * node saw; `block-unsigned` also fails what nobody known has signed.
 */
export type Treatment = (typeof TREATMENTS)[number]

export interface ForwardRuleDocument extends FailureDocument {
  readonly name?: string
  readonly match: MatchDocument
  readonly treat: Treatment
  /** Of CALL and SEND that may pass so far. */
  readonly context?: ContextDocument
}
