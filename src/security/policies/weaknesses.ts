/** Which rules obey what the default policy would not: whoever runs them has to see that. */
import { actionsOf } from '../../messages/actions.ts'
import { PROTOCOLS } from '../../messages/protocols.ts'
import { ASSURANCES, type RuleReference } from './facts.ts'
import { asksForNothing } from './requirement.ts'
import type { InRule, Rule, SignaturePolicy } from './signature-policy.ts'

// biome-ignore format: a table
/** What is wrong with a rule. The sentences are for people. */
export const WEAKNESSES = {
  'takes-unsigned':       'it takes what nobody has signed',
  'lets-through':         'it lets through what fails it, until its time is over',
  'commands-not-e2e':     'it takes commands of nodes that are not signed end to end',
  'commands-of-everybody': 'it takes commands of nodes without asking for a user role or for signers',
} as const satisfies Record<string, string>

/** Stable: branch on it. */
export type WeaknessKind = keyof typeof WEAKNESSES

export interface Weakness {
  readonly rule: RuleReference
  /** For people. */
  readonly name: string | undefined
  readonly why: WeaknessKind
  /** Of commands: one that it takes. */
  readonly action?: string
  /** Of `lets-through`: when that ends, in seconds since 1970. */
  readonly untilS?: number
}

/**
 * The rules by which messages may be obeyed that the default policy refuses, each with the first
 * reason; empty where there are none.
 *
 * Each policy has to accept a message, so one that has no such rule is enough. Where each has one,
 * all are told, also if what one of them takes another one refuses.
 *
 * @param nowS Seconds since 1970: what was let through for a while only may be over.
 * @spec docs/security.md, "Signature policies"
 */
export function weaknessesOf(
  policies: readonly SignaturePolicy[],
  nowS: number,
): readonly Weakness[] {
  const found = policies.map((policy) => weakRulesOf(policy, nowS))
  return found.every((one) => one.length > 0) ? found.flat() : []
}

/** Whether there are such rules. */
export function areInsecure(policies: readonly SignaturePolicy[], nowS: number): boolean {
  return weaknessesOf(policies, nowS).length > 0
}

function weakRulesOf(policy: SignaturePolicy, nowS: number): readonly Weakness[] {
  const commands = weakForCommands(policy)
  const ofIn = policy.in.rules.flatMap((rule) => {
    if (isOpen(rule)) return [weakness(rule, { why: 'takes-unsigned' })]
    return letsThrough(rule, nowS) ?? commands.get(rule) ?? []
  })
  // Between nodes the default refuses nothing: the end judges.
  const ofForward = policy.forward.rules.flatMap((rule) => (isForStandardPeers(rule) && letsThrough(rule, nowS)) || []) // biome-ignore format: one line
  return [...ofIn, ...ofForward]
}

function isOpen({ requirement }: InRule): boolean {
  return requirement !== undefined && asksForNothing(requirement)
}

/** Whatever it is that fails such a rule, somebody may send it unsigned. */
function letsThrough(rule: Rule, nowS: number): Weakness | undefined {
  const { outcome, untilS } = rule.failure
  if (outcome !== 'allow-and-alert' || nowS >= untilS) return undefined
  return weakness(rule, { why: 'lets-through', untilS })
}

function isForStandardPeers({ match: { neighbourKinds } }: Rule): boolean {
  return neighbourKinds?.every((kind) => kind !== 'station' && kind !== 'csms') !== true
}

// biome-ignore format: a table
/** What OCPP lets a CSMS ask a station for, in any version, and what changes keys and rules. */
const COMMANDS: readonly string[] = [
  'AddKeyRecord', 'UpdateRevocationList', 'AddEntitlement',
  'AddSignaturePolicy', 'UpdateSignaturePolicy', 'DeleteSignaturePolicy',
  'AddUserRole', 'UpdateUserRole', 'DeleteUserRole',
  ...new Set(
    PROTOCOLS.flatMap((protocol) =>
      [...actionsOf(protocol)].flatMap(([action, { from }]) => (from === 'csms' ? [action] : [])),
    ),
  ),
]

/** For each command the rules that may be for one of a node, up to the first that surely is. */
function weakForCommands({ in: list }: SignaturePolicy): ReadonlyMap<InRule, Weakness> {
  const found = new Map<InRule, Weakness>()
  for (const action of COMMANDS) {
    for (const rule of list.index.candidates('CALL', action)) {
      const { match } = rule
      if (!match.hasAction(action) || match.origins?.includes('node') === false) continue
      const why = whyWeak(rule)
      if (why && !found.has(rule)) found.set(rule, weakness(rule, { why, action }))
      if (isForAll(rule)) break
    }
  }
  return found
}

/** Whether a rule looks at nothing but kind, action and what the originator is. */
function isForAll({ match: { origins, conditions, payload } }: InRule): boolean {
  return payload.length === 0 && conditions.length === (origins ? 1 : 0)
}

function whyWeak({ requirement }: InRule): WeaknessKind | undefined {
  if (!requirement) return undefined
  const { assurance, permitted, groups } = requirement
  if (assurance < ASSURANCES.indexOf('e2e')) return 'commands-not-e2e'
  return permitted || groups.length > 0 ? undefined : 'commands-of-everybody'
}

function weakness(
  { reference: rule, name }: Rule,
  more: Omit<Weakness, 'rule' | 'name'>,
): Weakness {
  return { rule, name, ...more }
}
