import type { ContextFinding } from '../security/context/context-facts.ts'
import { assuranceOf, isByOriginator } from '../security/policies/demands.ts'
import type {
  Assurance,
  Outcome,
  PolicyDecision,
  PolicyFacts,
  PolicyReason,
  RuleReference,
} from '../security/policies/facts.ts'

/** A key that signed a message, as this node knows it. */
export interface VerdictSigner {
  readonly kid: string
  readonly owner: string
  readonly roles: readonly string[]
  /** `originator`: it says so itself. `edge`: it saw it come from its originator. `other`: neither. */
  readonly as: 'originator' | 'edge' | 'other'
}

/** What the gate of this node found of a received message, for people who look at its frame. */
export interface FrameVerdict {
  readonly outcome: Outcome
  /** It was obeyed before: it got the same answer, and nothing was done. */
  readonly repeated: boolean
  readonly reason: PolicyReason | undefined
  readonly assurance: Assurance
  readonly signers: readonly VerdictSigner[]
  /** Signatures by keys that are not known here. */
  readonly unknownKeys: number
  /** What cannot be so after what was said before, whether or not a rule asks. */
  readonly findings: readonly ContextFinding[]
  /** The rule that decided; undefined where there is none, or none was asked. */
  readonly rule: RuleReference | undefined
}

export function frameVerdict(
  facts: PolicyFacts,
  { outcome, reason, rule }: PolicyDecision,
  repeated: boolean,
): FrameVerdict {
  const { signers, unknownKeys, from } = facts
  return {
    outcome,
    repeated,
    reason,
    assurance: assuranceOf(facts),
    signers: signers.map((one) => ({ kid: one.kid, owner: one.owner, roles: one.roles, as: one.att ? 'edge' : isByOriginator(one, from) ? 'originator' : 'other' })), // biome-ignore format: one line
    unknownKeys,
    findings: facts.context?.findings ?? [],
    rule,
  }
}
