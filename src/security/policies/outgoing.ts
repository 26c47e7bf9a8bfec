import { type Explained, firstMatch, placeOf } from './evaluate.ts'
import { type OutFacts, POLICY_REASONS, type PolicyReason, type RuleReference } from './facts.ts'
import type { OutCarrier, Representation, SignDocument } from './policy-document.ts'
import type { OutRule, SignaturePolicy } from './signature-policy.ts'

/** A signature that a message needs before it may leave. */
export interface SignaturePlan {
  readonly key: SignDocument['key']
  /** The role that its header claims. */
  readonly claim: string | undefined
}

/** How a message of this node leaves; where one of the signatures cannot be made, it does not. */
export type OutDecision =
  | {
      readonly outcome: 'send'
      /** None only where a rule says that it leaves without. */
      readonly signatures: readonly SignaturePlan[]
      readonly representation: Representation
      readonly carrier: OutCarrier
      /** undefined where nothing is signed. */
      readonly lifetimeS: number | undefined
      readonly rules: readonly RuleReference[]
    }
  | {
      readonly outcome: 'reject'
      readonly reason: PolicyReason
      readonly rule: RuleReference | undefined
    }

type Send = Extract<OutDecision, { readonly outcome: 'send' }>

/**
 * What has to be done with a message before it leaves in this node's own name. Every policy has to
 * let it leave; then it bears the signatures that any of them asks for, for the shortest lifetime.
 *
 * @spec docs/security.md, "Signature policies"
 */
export function planOutgoing(policies: readonly SignaturePolicy[], facts: OutFacts): OutDecision {
  return plan(policies, facts, undefined)
}

/** As `planOutgoing`, in words. */
export function explainOutgoing(
  policies: readonly SignaturePolicy[],
  facts: OutFacts,
): Explained<OutDecision> {
  const steps = [`${facts.kind} ${facts.action} to ${facts.to}, by ${facts.link.id}`]
  return { decision: plan(policies, facts, steps), steps }
}

function plan(
  policies: readonly SignaturePolicy[],
  facts: OutFacts,
  steps: string[] | undefined,
): OutDecision {
  let all: OutDecision | undefined
  for (const policy of policies) {
    const one = planBy(policy, facts, steps)
    if (one.outcome === 'reject') return one
    all = all?.outcome === 'send' ? merged(all, one) : one
    if (all.outcome === 'reject') {
      steps?.push(POLICY_REASONS['policies-disagree'])
      return all
    }
  }
  return all ?? { outcome: 'reject', reason: 'no-rule', rule: undefined }
}

function planBy(
  { out }: SignaturePolicy,
  facts: OutFacts,
  steps: string[] | undefined,
): OutDecision {
  const rule = firstMatch(out, facts, steps)?.rule
  if (!rule) return { outcome: 'reject', reason: 'no-rule', rule: out.none }
  const { carrier, sign, reference } = rule
  steps?.push(`${placeOf(rule)} is for it: ${sentence(rule)}`)
  if (!carrier) return { outcome: 'reject', reason: 'refused-by-rule', rule: reference }
  return {
    outcome: 'send',
    signatures: sign ? [{ key: sign.key, claim: sign.claim }] : [],
    representation: sign?.representation ?? 'json',
    carrier,
    lifetimeS: sign?.lifetimeS,
    rules: [reference],
  }
}

/** Parallel entries share bytes, carrier and times, so only the keys may differ. */
function merged(one: Send, other: Send): OutDecision {
  if (one.carrier !== other.carrier || one.representation !== other.representation) {
    return { outcome: 'reject', reason: 'policies-disagree', rule: other.rules[0] }
  }
  const lifetimes = [one, other].flatMap(({ lifetimeS }) => lifetimeS ?? [])
  const isNew = (plan: SignaturePlan) => !one.signatures.some((known) => isSame(known, plan))
  return {
    ...one,
    signatures: [...one.signatures, ...other.signatures.filter(isNew)],
    lifetimeS: lifetimes.length > 0 ? Math.min(...lifetimes) : undefined,
    rules: [...one.rules, ...other.rules],
  }
}

function isSame(a: SignaturePlan, b: SignaturePlan): boolean {
  return a.key.usage === b.key.usage && a.key.role === b.key.role && a.claim === b.claim
}

function sentence({ carrier, sign }: OutRule): string {
  if (!carrier) return 'it is not sent'
  if (!sign) return 'it leaves without a signature'
  const { key, representation, lifetimeS } = sign
  const role = key.role === undefined ? '' : ` of the role ${key.role}`
  return `signed by a key for ${key.usage}${role}, as ${representation}, for ${lifetimeS} s, carrier ${carrier}`
}
