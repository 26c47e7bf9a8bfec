/** Shapes of `/api/keys`, `/api/policies` and `/api/roles`; the console reads them by `live-api.ts`. */

/** What the newest revocation list is worth; `overdue`: it has been out of date for over a week. */
export type RevocationState = 'none' | 'current' | 'stale' | 'overdue'

/** Of the overview: whether keys and rules want somebody's attention. */
export interface TrustState {
  /** RFC 3339; until when the own key counts. */
  readonly ownKeyEndsAt: string
  readonly revocations: RevocationState
  /** It should have heard of a list by now. */
  readonly lacksRevocations?: true
  /** RFC 3339; where rules are on trial: when they undo themselves. */
  readonly trialEndsAt?: string
  /** Frames that policies keep back until somebody has looked at them. */
  readonly held: number
  /** Clocks of others as their signed messages show them, the furthest off first; at most 50. */
  readonly clocks: readonly ClockView[]
}

/** Of the overview: what rules have let through since the start though it fails them. */
export interface AlertsView {
  readonly count: number
  readonly byReason: Readonly<Record<string, number>>
  readonly newest: {
    /** RFC 3339. */
    readonly time: string
    readonly link: string
    readonly source: string
    readonly destination: string
    readonly action: string
    /** The rule that it fails: `site in/0`. */
    readonly rule: string
    /** A code that stays, and a sentence. */
    readonly reason: string
    readonly sentence: string
  }
}

/** Of the overview: a rule by which a message may be obeyed that the default policy refuses. */
export interface InsecureRule {
  readonly policy: string
  readonly version: number
  readonly list: 'in' | 'forward'
  /** Counts from 0. */
  readonly index: number
  readonly name?: string
  readonly why: 'takes-unsigned' | 'lets-through' | 'commands-not-e2e' | 'commands-of-everybody'
  readonly sentence: string
  /** Of commands: one that it takes. */
  readonly action?: string
  /** RFC 3339; of `lets-through`: when that ends. */
  readonly until?: string
}

/** How the clock of a node stands to that of the node that serves the console. */
export interface ClockView {
  readonly id: string
  /** Seconds that it is ahead; behind where negative. */
  readonly offsetS: number
  /** RFC 3339; when its last signed message came. */
  readonly at: string
}

/** A key that is known here; nothing in it is secret. */
export interface KeyView {
  /** RFC 7638 thumbprint. */
  readonly kid: string
  readonly owner: string
  readonly organisation?: string
  readonly algorithm: string
  readonly usages: readonly string[]
  /** User roles that its messages may claim. */
  readonly roles: readonly string[]
  /** RFC 3339. */
  readonly notBefore: string
  readonly notAfter: string
  /** kid of the key whose place it takes. */
  readonly replaces?: string
  readonly delegable?: readonly string[]
  readonly delegatedBy?: string
  readonly status: 'usable' | 'not-yet' | 'expired' | 'revoked'
  /** It is that of the node that answers. */
  readonly own: boolean
  /** It is believed as it stands, and nobody has signed its record. */
  readonly anchor: boolean
  /** Whose signatures its record has beside its own. */
  readonly endorsers: readonly Endorser[]
  /** What an administrator has entitled its owner to; absent: its user roles decide. */
  readonly entitlement?: EntitlementView
  readonly revocation?: {
    /** RFC 3339; what was signed before counts as of its time. */
    readonly since: string
    readonly reason: string
  }
}

/** What a node may do in the name of others. */
export interface EntitlementView {
  /** Whom it may vouch for: ids with `*`. */
  readonly ids: readonly string[]
  readonly services: readonly string[]
  readonly groups: readonly string[]
  /** Of its services only these; none: all. */
  readonly actions: readonly string[]
  /** RFC 3339. */
  readonly notBefore: string
  readonly notAfter: string
}

export interface Endorser {
  readonly kid: string
  readonly owner: string
}

/** `GET /api/keys`: the own key first, then by owner. */
export interface KeyPage {
  readonly own: KeyView
  readonly count: number
  readonly keys: readonly KeyView[]
  /** Where there are more: what to ask for as `after`. */
  readonly next?: string
  readonly revocations: RevocationsView
  /** Whether this node's key may let others in. */
  readonly mayInvite: boolean
  /** Whether this node's key may take others back. */
  readonly mayRevoke: boolean
  /** User roles that can be given to whoever is invited. */
  readonly grantable: readonly string[]
}

export interface RevocationsView {
  readonly state: RevocationState
  readonly version?: number
  /** RFC 3339; until then there is to be a newer one. */
  readonly nextUpdate?: string
  /** How many keys are on it. */
  readonly count: number
}

/** `POST /api/keys/invitations`. */
export interface NewInvitation extends InvitationView {
  /** It cannot be read again. */
  readonly code: string
}

/** An invitation that nobody has used yet, without its code. */
export interface InvitationView {
  readonly id: string
  readonly roles: readonly string[]
  /** RFC 3339. */
  readonly goodUntil: string
}

/** `GET /api/keys/invitations`: those made over this API since the node started. */
export interface InvitationList {
  readonly invitations: readonly InvitationView[]
}

/** `GET /api/policies`, `GET /api/roles`. */
export interface RulePage {
  readonly documents: readonly RuleView[]
  /** Whose messages can confirm a change: other nodes with a key that is an owner's. */
  readonly confirmers: readonly string[]
  readonly trial?: RuleTrial
}

/** A signature policy or user role that holds. */
export interface RuleView {
  readonly name: string
  readonly version: number
  /** base64url of SHA-256 of the canonical document. */
  readonly digest: string
  readonly onTrial: boolean
  readonly description?: string
}

/** `GET /api/policies/{name}`, `GET /api/roles/{name}`. */
export interface RuleDetail extends RuleView {
  /** As it was written. */
  readonly document: Readonly<Record<string, unknown>>
  /** The lowest version that its successor may have: none is used twice. */
  readonly nextVersion: number
  readonly trial?: RuleTrial
}

/** Rules that hold, and that nobody has confirmed yet. */
export interface RuleTrial {
  /** RFC 3339. */
  readonly since: string
  readonly endsAt: string
  readonly documents: readonly ChangedRule[]
}

/** A changed document; without version and digest it is deleted. */
export interface ChangedRule {
  readonly kind: 'policy' | 'role'
  readonly name: string
  readonly version?: number
  readonly digest?: string
}

/** `PUT` and `DELETE /api/policies/{name}`, `/api/roles/{name}`. */
export interface RuleChangeView {
  readonly documents: readonly ChangedRule[]
  /** RFC 3339; undefined of what was only tried. */
  readonly trialEndsAt?: string
  /** Of what was only tried: messages of lately that would be decided differently. */
  readonly differences?: readonly DifferenceView[]
}

export interface DifferenceView {
  readonly kind: string
  readonly action: string
  readonly from: string
  readonly to: string
  /** How many messages alike. */
  readonly count: number
  readonly before: DecisionView
  readonly after: DecisionView
}

export interface DecisionView {
  readonly outcome: 'accept' | 'allow-and-alert' | 'quarantine' | 'drop' | 'reject'
  /** Undefined where it is accepted. */
  readonly reason?: string
}

/** `GET /api/policies/{name}/history`, `GET /api/roles/{name}/history`, newest first. */
export interface RuleHistory {
  readonly entries: readonly RuleEvent[]
  /** Where there are older ones: what to ask for as `before`. */
  readonly older?: number
}

/** What happened to a document, by the audit log of the node. */
export interface RuleEvent {
  readonly seq: number
  /** RFC 3339. */
  readonly time: string
  readonly event: 'changed' | 'confirmed' | 'rolled-back'
  /** The node whose key has asked for it; of what nobody has asked for undefined. */
  readonly by?: string
  /** Who has asked for it over this API. */
  readonly user?: string
  /** Undefined: it was deleted. */
  readonly version?: number
  readonly digest?: string
  /** Of a change: as it was written. */
  readonly document?: Readonly<Record<string, unknown>>
}
