import type { ReplayClass } from '../../messages/actions.ts'
import type { Kind } from '../../wire/frame.ts'
import type { JsonObject } from '../../wire/payload.ts'
import type { AlgorithmName, VerifyOnlyName } from '../algorithms.ts'
import { CONTEXT_FINDINGS, type ContextFacts } from '../context/context-facts.ts'
import type { StaleReason } from '../freshness/freshness.ts'
import type { Attestation } from '../header.ts'
import type { EarlierRequest } from '../roles/obeyed-requests.ts'
import type { Reason } from '../verdict.ts'

/** How much is known about where a message comes from, least first. */
export const ASSURANCES = ['none', 'legacy', 'attested', 'oca', 'e2e'] as const
export type Assurance = (typeof ASSURANCES)[number]

export const PEER_KINDS = ['node', 'station', 'csms', 'local'] as const
/** `node` signs for itself; `station` and `csms` are standard peers; `local` is this very node. */
export type PeerKind = (typeof PEER_KINDS)[number]

/** Who is at the other end of a link, as the link has proved it. */
export interface Peer {
  readonly id: string
  readonly kind: PeerKind
  readonly proof: Attestation['link']
}

/** One key that verifiably signed, and what the key directory says of it. */
export interface SignerFacts {
  readonly kid: string
  readonly owner: string
  readonly organisation?: string
  /** User roles that count here: the one that the header claims, else all of the key. */
  readonly roles: readonly string[]
  readonly algorithm: AlgorithmName | VerifyOnlyName
  /** Name of the root that stands behind its certificate. */
  readonly chain?: string
  /** Of a hop: what it saw. Such a signer vouches, it does not order. */
  readonly att?: Attestation
  /** A signed entitlement lets it speak for `from`, which is not its owner. */
  readonly isEntitled?: boolean
  /** What was obeyed of its owner before; undefined where no role asks. */
  readonly earlier?: readonly EarlierRequest[]
  /** Its roles permit what is asked for, see `withRights`. */
  readonly isPermitted?: boolean
}

/** A verified data statement inside a payload. */
export interface DataFacts {
  /** JSON pointer to the one place where it stands. */
  readonly pointer: string
  readonly ctx: string
  readonly signers: readonly SignerFacts[]
}

interface Facts {
  readonly kind: Kind
  /** Plain name, without `-Signed`; of an answer that of its request, '' where nobody knows it. */
  readonly action: string
  readonly to: string
}

/**
 * All that is known about a message that came in. Signatures have been verified and freshness
 * judged: nothing here is taken from the message itself but kind, action, names and payload.
 */
export interface PolicyFacts extends Facts {
  /** The originator: `from` of the header, or the one the path begins with. */
  readonly from: string
  /** What `from` is by the records of this node, never by what the message says: a hop that strips
   * the signature of a node must not make it a station. `node` where it is not known. */
  readonly origin: PeerKind
  readonly neighbour: Peer
  /** The nodes passed, originator first, neighbour last. */
  readonly path: readonly string[]
  /** undefined where it cannot be read as JSON. */
  readonly payload: JsonObject | undefined
  /** What form the signatures have; `oca` are foreign `-Signed` messages. */
  readonly form: 'statement' | 'oca' | 'legacy' | 'none'
  readonly signers: readonly SignerFacts[]
  /** How many entries are by keys that are not known here. */
  readonly unknownKeys: number
  /** What verification or freshness found wrong; that nothing is proved is no such problem. */
  readonly problem: Exclude<Reason, 'unsigned' | 'unknown-keys'> | StaleReason | undefined
  /** By which rules a CALL or SEND was found fresh; undefined where nobody has judged that. */
  readonly replay: ReplayClass | undefined
  /** Of an answer: it belongs to a request that is open. */
  readonly isReplyBound: boolean
  /** The originator is the primary upstream of the station in `to`, or may ask it for this. */
  readonly isPrimaryUpstream: boolean
  /** When it was signed, in seconds since 1970; undefined where no header says that. */
  readonly iat: number | undefined
  /** Seconds since 1970; undefined without a clock that can be trusted. */
  readonly nowS: number | undefined
  readonly data: readonly DataFacts[]
  /** Of CALL and SEND; undefined where nothing is known. */
  readonly context?: ContextFacts | undefined
}

/** A message on its way through this node. */
export interface ForwardFacts extends PolicyFacts {
  /** The link it leaves by. */
  readonly link: Peer
}

/** A message that this node is about to send in its own name. */
export interface OutFacts extends Facts {
  readonly link: Peer
}

// biome-ignore format: a table
/** Why a policy does not accept a message. The sentences are for people. */
export const POLICY_REASONS = {
  'no-rule':              'no rule is for it, and what no rule is for is rejected',
  'refused-by-rule':      'the rule refuses whatever it matches',
  'payload-unreadable':   'the rule asks for a value of the payload, which cannot be read',
  'unsigned':             'nobody has signed it',
  'unknown-keys':         'no key that signed it is known here',
  'algorithm':            'the algorithms of its signatures do not count here',
  'not-by-originator':    'no signature is by its originator, or by somebody entitled to speak for it',
  'not-attested':         'no node that is entitled to has seen it come from its originator',
  'assurance':            'what is known about its origin is not enough',
  'signers':              'signatures of those who have to sign are missing',
  'role':                 'no user role of its originator permits it',
  'not-primary-upstream': 'it is not from the primary upstream of the station',
  'not-recent':           'it was not signed recently, or nobody can tell when',
  'not-fresh':            'its freshness was not judged as strictly as the rule asks for',
  'not-bound':            'it is not tied to a request that is open',
  'path':                 'the way it took is not the one the rule asks for',
  'data-unsigned':        'data inside it is not signed by those who have to sign that',
  ...CONTEXT_FINDINGS,
  'above-rating':         'it tells more power than there can be',
  'limit-too-low':        'it limits a station more than the rule lets anybody do',
  'limit-too-steep':      'it changes a limit by more than the rule lets anybody do at once',
  'clock-off':            'the clock of whoever signed it is further off than the rule lets it be',
  'too-often':            'its originator says this too often',
  'not-of-two-roles':     'it takes two people of different roles, and its originator has none of these roles',
  'awaits-second':        'it takes two people of different roles, and the second has not asked for the very same yet',
  'awaits-veto':          'others may still object to it',
  'vetoed':               'somebody who may has objected to it',
  'not-proposed':         'nobody has proposed it, or there is no room for another proposal',
  'too-many-wrong':       'too many of its messages did not verify, and for now no more are looked at',
  'policies-disagree':    'two policies want it to travel in different forms',
} as const satisfies Record<string, string>

/** Stable: branch on it. */
export type PolicyReason = keyof typeof POLICY_REASONS | Reason | StaleReason

/** What becomes of a message, mildest first: of several outcomes the last in this order counts. */
export const OUTCOMES = ['accept', 'allow-and-alert', 'quarantine', 'drop', 'reject'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** The rule that decided. */
export interface RuleReference {
  readonly policy: string
  readonly version: number
  readonly list: 'in' | 'out' | 'forward'
  /** undefined where no rule of this policy matched. */
  readonly index: number | undefined
}

export interface PolicyDecision {
  readonly outcome: Outcome
  /** undefined exactly where the outcome is `accept`. */
  readonly reason: PolicyReason | undefined
  /** undefined where there is no policy. */
  readonly rule: RuleReference | undefined
}

export interface ForwardDecision extends PolicyDecision {
  /** Whether this node is to add what it saw. */
  readonly attest: boolean
}
