import { implausible } from './context-rule.ts'
import { assuranceOf, unmet, whyAnonymous } from './demands.ts'
import {
  type ForwardDecision,
  type ForwardFacts,
  OUTCOMES,
  POLICY_REASONS,
  type PolicyDecision,
  type PolicyFacts,
  type PolicyReason,
} from './facts.ts'
import { type MatchFacts, meets, missOf } from './match.ts'
import type { Treatment } from './policy-document.ts'
import type { ForwardRule, InRule, Rule, RuleList, SignaturePolicy } from './signature-policy.ts'

/** A decision, and how it came about, line by line. */
export interface Explained<D> {
  readonly decision: D
  readonly steps: readonly string[]
}

/**
 * Whether this node, or the standard peer it represents, is to obey a message. The same facts come
 * to the same decision; of several policies the strictest outcome counts, of equal ones the first.
 * Without a policy everything is rejected.
 *
 * @spec docs/security.md, "Signature policies"
 */
export function judgeIncoming(
  policies: readonly SignaturePolicy[],
  facts: PolicyFacts,
): PolicyDecision {
  return decideIncoming(policies, facts, undefined)
}

/** As `judgeIncoming`, in words: for people, and slower. */
export function explainIncoming(
  policies: readonly SignaturePolicy[],
  facts: PolicyFacts,
): Explained<PolicyDecision> {
  const steps = [describe(facts)]
  return { decision: decideIncoming(policies, facts, steps), steps }
}

/** Whether a message may pass this node, and whether the node adds what it saw. */
export function judgeForwarded(
  policies: readonly SignaturePolicy[],
  facts: ForwardFacts,
): ForwardDecision {
  return decideForwarded(policies, facts, undefined)
}

/** As `judgeForwarded`, in words. */
export function explainForwarded(
  policies: readonly SignaturePolicy[],
  facts: ForwardFacts,
): Explained<ForwardDecision> {
  const steps = [describe(facts)]
  return { decision: decideForwarded(policies, facts, steps), steps }
}

/**
 * The first rule of a list that is for a message.
 *
 * @param steps Filled with a line for each rule that was looked at; undefined where nobody asks.
 * @returns `isReadable` is false where the rule looks into a payload that cannot be read: it may be
 *   meant, or the next one, so the message must be refused.
 */
export function firstMatch<R extends Rule>(
  list: RuleList<R>,
  facts: MatchFacts,
  steps: string[] | undefined,
): { readonly rule: R; readonly isReadable: boolean } | undefined {
  // Who asks for an explanation sees every rule, who only wants the decision those that may match.
  const rules = steps ? list.rules : list.index.candidates(facts.kind, facts.action)
  for (const rule of rules) {
    const { match } = rule
    const isOfKind = match.kinds === undefined || match.kinds.includes(facts.kind)
    const met = isOfKind && match.hasAction(facts.action) ? meets(match, facts) : 'no'
    if (met !== 'no') return { rule, isReadable: met === 'yes' }
    steps?.push(`${placeOf(rule)} is not for it: not so that ${missOf(match, facts)}`)
  }
  steps?.push(`${list.none.policy}: ${POLICY_REASONS['no-rule']}`)
  return undefined
}

/** Where a rule stands, for people: `default in/3 (commands)`. */
export function placeOf({ reference, name }: Rule): string {
  const { policy, list, index } = reference
  return `${policy} ${list}/${index}${name === undefined ? '' : ` (${name})`}`
}

const NO_POLICY: PolicyDecision = { outcome: 'reject', reason: 'no-rule', rule: undefined }

function decideIncoming(
  policies: readonly SignaturePolicy[],
  facts: PolicyFacts,
  steps: string[] | undefined,
): PolicyDecision {
  let strictest: PolicyDecision | undefined
  for (const policy of policies) {
    const decision = judge(policy.in, facts, incomingProblem, steps)
    if (!strictest || rankOf(decision) > rankOf(strictest)) strictest = decision
  }
  return strictest ?? NO_POLICY
}

function decideForwarded(
  policies: readonly SignaturePolicy[],
  facts: ForwardFacts,
  steps: string[] | undefined,
): ForwardDecision {
  let strictest: PolicyDecision | undefined
  let attest = false
  for (const policy of policies) {
    const decision = judge(policy.forward, facts, forwardProblem, steps)
    const rule = policy.forward.rules[decision.rule?.index ?? -1]
    if (rule?.treat === 'attest') attest = true
    if (!strictest || rankOf(decision) > rankOf(strictest)) strictest = decision
  }
  const decision = strictest ?? NO_POLICY
  return { ...decision, attest: attest && rankOf(decision) <= ALERT }
}

const ALERT = OUTCOMES.indexOf('allow-and-alert')

function rankOf({ outcome }: PolicyDecision): number {
  return OUTCOMES.indexOf(outcome)
}

function judge<R extends Rule, F extends PolicyFacts>(
  list: RuleList<R>,
  facts: F,
  problemOf: (rule: R, facts: F) => PolicyReason | undefined,
  steps: string[] | undefined,
): PolicyDecision {
  const found = firstMatch(list, facts, steps)
  if (!found) return { outcome: 'reject', reason: 'no-rule', rule: list.none }
  const { rule, isReadable } = found
  const reason = isReadable ? problemOf(rule, facts) : 'payload-unreadable'
  // Whether the rule is meant at all is not known, so what it does with failures does not count.
  const decision = isReadable
    ? decisionOf(rule, reason, facts)
    : { outcome: 'reject' as const, reason, rule: rule.reference }
  steps?.push(`${placeOf(rule)} is for it: ${verdictOf(decision)}`)
  return decision
}

function decisionOf(
  { reference, failure }: Rule,
  reason: PolicyReason | undefined,
  { nowS }: PolicyFacts,
): PolicyDecision {
  if (reason === undefined) return { outcome: 'accept', reason, rule: reference }
  const { outcome, untilS } = failure
  // Without a clock nobody knows that the end has not come yet.
  const isOver = outcome === 'allow-and-alert' && !(nowS !== undefined && nowS < untilS)
  return { outcome: isOver ? 'reject' : outcome, reason, rule: reference }
}

function incomingProblem({ requirement }: InRule, facts: PolicyFacts): PolicyReason | undefined {
  return requirement ? unmet(requirement, facts) : 'refused-by-rule'
}

function forwardProblem({ treat, context }: ForwardRule, facts: PolicyFacts) {
  return treatProblem(treat, facts) ?? (context && implausible(context, facts.context))
}

function treatProblem(treatment: Treatment, facts: PolicyFacts): PolicyReason | undefined {
  switch (treatment) {
    case 'pass':
      return undefined
    case 'verify':
    case 'attest':
      return facts.problem
    case 'block-unsigned':
      return whyAnonymous(facts)
    case 'quarantine':
    case 'refuse':
      return 'refused-by-rule'
  }
}

function verdictOf({ outcome, reason }: PolicyDecision): string {
  if (reason === undefined) return outcome
  const sentence = (POLICY_REASONS as Readonly<Record<string, string>>)[reason]
  return `${outcome}, ${reason}${sentence === undefined ? '' : `: ${sentence}`}`
}

function describe(facts: PolicyFacts): string {
  const { kind, action, from, to, origin, neighbour, signers } = facts
  const by = signers.map(({ owner, att, roles }) => `${owner}${att ? ', a hop' : ''} [${roles.join(', ')}]`) // biome-ignore format: one line
  return `${kind} ${action} from ${from} (${origin}) to ${to}, by ${neighbour.id} (${neighbour.proof}): assurance ${assuranceOf(facts)}, signed by ${by.join('; ') || 'nobody known'}` // biome-ignore format: one line
}
