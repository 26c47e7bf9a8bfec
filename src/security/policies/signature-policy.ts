import { OverlayError } from '../../errors.ts'
import { isDateTime, parseMoment } from '../../messages/date-time.ts'
import {
  assertMembers,
  type Complain,
  isOneOf,
  recordOf,
  within,
} from '../../wire/document-checks.ts'
import { QUEUED_S } from '../freshness/freshness.ts'
import { KEY_USAGES } from '../keys/key-record.ts'
import { type ContextRule, compileContext } from './context-rule.ts'
import type { RuleReference } from './facts.ts'
import { compileMatch, type Match } from './match.ts'
import {
  CARRIERS,
  type FailureDocument,
  type ForwardRuleDocument,
  type InRuleDocument,
  type OutCarrier,
  type OutRuleDocument,
  REPRESENTATIONS,
  type SignaturePolicyDocument,
  type SignDocument,
  TREATMENTS,
  type Treatment,
} from './policy-document.ts'
import { compileRequirement, type Requirement } from './requirement.ts'
import { RuleIndex } from './rule-index.ts'

/** A policy ready to be asked. */
export interface SignaturePolicy {
  readonly name: string
  readonly version: number
  /** Whether a rule asks how often something comes. */
  readonly countsMessages: boolean
  /** Whether its forward rules have to be asked about what passes between nodes. */
  readonly judgesForwarded: boolean
  readonly in: RuleList<InRule>
  readonly out: RuleList<OutRule>
  readonly forward: RuleList<ForwardRule>
}

export interface RuleList<R extends Rule> {
  readonly rules: readonly R[]
  readonly index: RuleIndex<R>
  /** What is said where none of them matches. */
  readonly none: RuleReference
}

export interface Rule {
  readonly reference: RuleReference
  /** For people. */
  readonly name: string | undefined
  readonly match: Match
  readonly failure: Failure
}

interface Failure {
  readonly outcome: 'reject' | 'drop' | 'quarantine' | 'allow-and-alert'
  /** Of `allow-and-alert`: seconds since 1970. */
  readonly untilS: number
}

export interface InRule extends Rule {
  /** undefined: it refuses whatever it matches. */
  readonly requirement: Requirement | undefined
}

export interface OutRule extends Rule {
  /** undefined: nothing is sent. */
  readonly carrier: OutCarrier | undefined
  readonly sign: (Required<Omit<SignDocument, 'claim'>> & { readonly claim?: string }) | undefined
}

export interface ForwardRule extends Rule {
  readonly treat: Treatment
  readonly context: ContextRule | undefined
}

const MAX_RULES = 2_000
const MAX_NAME = 50
const REJECT: Failure = { outcome: 'reject', untilS: 0 }
const FAILURES = ['reject', 'drop', 'quarantine', 'allow-and-alert'] as const

/**
 * Reads a policy. What is not known in it is refused, and the whole policy with it: it may be what
 * makes a rule strict.
 *
 * @throws {OverlayError} ERR_POLICY_DOCUMENT with the pointer to the place and what is wrong there.
 * @spec docs/security.md, "Signature policies"
 */
export function compileSignaturePolicy(document: unknown): SignaturePolicy {
  const complain: Complain = (path, problem) => {
    const place = path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    throw new OverlayError('ERR_POLICY_DOCUMENT', {
      place: place.join('') || 'the policy',
      problem,
    })
  }
  const policy = recordOf(document, [], complain) as SignaturePolicyDocument
  assertMembers(policy, ['name', 'version', 'description', 'out', 'in', 'forward'], [], complain)
  const { name, version, description } = policy
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME) complain(['name'], `must be a text of 1 to ${MAX_NAME} characters`) // biome-ignore format: one line
  if (!Number.isSafeInteger(version) || version < 1) complain(['version'], 'must be a whole number from 1') // biome-ignore format: one line
  if (description !== undefined && typeof description !== 'string') complain(['description'], 'must be a text') // biome-ignore format: one line
  const rulesOf = <R extends Rule>(list: 'in' | 'out' | 'forward', compile: RuleReader<R>) =>
    compileList(policy[list], { policy: name, version, list, index: undefined }, compile, within(complain, list)) // biome-ignore format: one line
  const incoming = rulesOf('in', inRuleOf)
  const forward = rulesOf('forward', forwardRuleOf)
  return {
    name,
    version,
    countsMessages: [...incoming.rules.map(({ requirement }) => requirement?.context), ...forward.rules.map(({ context }) => context)].some((context) => context?.rate !== undefined), // biome-ignore format: one line
    judgesForwarded: doesMoreThanPass(policy.forward),
    in: incoming,
    out: rulesOf('out', outRuleOf),
    forward,
  }
}

/**
 * Whether a list does anything to messages between nodes. What comes from standard peers is attested
 * at the edge in any case; where no rule takes the rest, the rest is rejected.
 */
function doesMoreThanPass(rules: readonly ForwardRuleDocument[]): boolean {
  const isOfEdge = ({ treat, match, context }: ForwardRuleDocument) =>
    treat === 'attest' && context === undefined && [match.neighbour?.kinds ?? 'node'].flat().every((kind) => kind === 'station' || kind === 'csms') // biome-ignore format: one line
  const isBarePass = ({ treat, context }: ForwardRuleDocument) => treat === 'pass' && context === undefined // biome-ignore format: one line
  const passesAll = rules.some((rule) => isBarePass(rule) && Object.keys(rule.match).length === 0) // biome-ignore format: one line
  return !passesAll || rules.some((rule) => !isBarePass(rule) && !isOfEdge(rule))
}

type RuleReader<R> = (value: unknown, reference: RuleReference, complain: Complain) => R

function compileList<R extends Rule>(
  value: unknown,
  none: RuleReference,
  compile: RuleReader<R>,
  complain: Complain,
): RuleList<R> {
  if (!Array.isArray(value) || value.length > MAX_RULES) {
    return complain([], `must be a list of at most ${MAX_RULES} rules; an empty one rejects everything`) // biome-ignore format: one line
  }
  const rules = value.map((one, index) => compile(one, { ...none, index }, within(complain, `${index}`))) // biome-ignore format: one line
  return { rules, index: new RuleIndex(rules), none }
}

function inRuleOf(value: unknown, reference: RuleReference, complain: Complain): InRule {
  const document = recordOf(value, [], complain) as InRuleDocument
  assertMembers(document, ['name', 'match', 'require', 'refuse', 'onFailure', 'until'], [], complain) // biome-ignore format: one line
  const { require: required, refuse } = document
  checkRefuse(refuse, complain)
  if ((required === undefined) === (refuse === undefined)) complain([], 'needs one of require and refuse') // biome-ignore format: one line
  return {
    ...commonOf(document, reference, complain),
    failure: failureOf(document, complain),
    requirement: refuse ? undefined : compileRequirement(required, within(complain, 'require')),
  }
}

function forwardRuleOf(value: unknown, reference: RuleReference, complain: Complain): ForwardRule {
  const document = recordOf(value, [], complain) as ForwardRuleDocument
  assertMembers(document, ['name', 'match', 'treat', 'context', 'onFailure', 'until'], [], complain) // biome-ignore format: one line
  const { treat: treatment, context } = document
  if (!isOneOf(TREATMENTS, treatment))
    complain(['treat'], `must be one of ${TREATMENTS.join(', ')}`)
  if (context !== undefined && (treatment === 'refuse' || treatment === 'quarantine')) complain(['context'], `has no meaning where the rule says ${treatment}`) // biome-ignore format: one line
  const isFixed = (treatment === 'pass' && context === undefined) || treatment === 'quarantine'
  if (isFixed && document.onFailure !== undefined) complain(['onFailure'], `has no meaning where the rule says ${treatment}`) // biome-ignore format: one line
  const failure = failureOf(document, complain)
  return {
    ...commonOf(document, reference, complain),
    failure: treatment === 'quarantine' ? { ...failure, outcome: 'quarantine' } : failure,
    treat: treatment,
    context: context === undefined ? undefined : compileContext(context, within(complain, 'context')), // biome-ignore format: one line
  }
}

function outRuleOf(value: unknown, reference: RuleReference, complain: Complain): OutRule {
  const document = recordOf(value, [], complain) as OutRuleDocument
  if (Object.hasOwn(document, 'seal')) complain(['seal'], 'is not built: nothing can be encrypted yet') // biome-ignore format: one line
  assertMembers(document, ['name', 'match', 'sign', 'carrier', 'refuse'], [], complain)
  const { sign, carrier, refuse } = document
  checkRefuse(refuse, complain)
  if (refuse && (sign !== undefined || carrier !== undefined)) complain([], 'refuses, so it needs neither sign nor carrier') // biome-ignore format: one line
  if (!refuse && !isOneOf(CARRIERS, carrier)) complain(['carrier'], `must be one of ${CARRIERS.join(', ')}`) // biome-ignore format: one line
  const made = sign === undefined ? undefined : signOf(sign, within(complain, 'sign'))
  if (!refuse && !made && carrier !== 'strip') complain([], 'carries signatures, so it needs sign')
  if (made && made.representation !== 'json' && carrier !== 'signed') complain(['carrier'], `must be signed: ${made.representation} has no members`) // biome-ignore format: one line
  return { ...commonOf(document, reference, complain), failure: REJECT, carrier, sign: made }
}

function signOf(value: unknown, complain: Complain): OutRule['sign'] {
  const document = recordOf(value, [], complain) as SignDocument
  assertMembers(document, ['key', 'representation', 'lifetimeS', 'claim'], [], complain)
  const { representation = 'json', lifetimeS, claim } = document
  const key = recordOf(document.key, ['key'], complain) as SignDocument['key']
  assertMembers(key, ['usage', 'role'], ['key'], complain)
  if (!isOneOf(KEY_USAGES, key.usage)) complain(['key', 'usage'], `must be one of ${KEY_USAGES.join(', ')}`) // biome-ignore format: one line
  for (const [role, path] of [[key.role, ['key', 'role']], [claim, ['claim']]] as const) {
    if (role !== undefined && (typeof role !== 'string' || role === '')) complain(path, 'must be the name of a user role') // biome-ignore format: one line
  } // biome-ignore format: the head is one line
  if (!isOneOf(REPRESENTATIONS, representation)) complain(['representation'], `must be one of ${REPRESENTATIONS.join(', ')}`) // biome-ignore format: one line
  const isSpan = Number.isSafeInteger(lifetimeS) && lifetimeS >= 1 && lifetimeS <= QUEUED_S
  if (!isSpan) complain(['lifetimeS'], `must be a whole number of seconds, 1 to ${QUEUED_S}`)
  return { key, representation, lifetimeS, ...(claim !== undefined && { claim }) }
}

function commonOf(
  { name, match }: { readonly name?: unknown; readonly match: unknown },
  reference: RuleReference,
  complain: Complain,
) {
  if (name !== undefined && (typeof name !== 'string' || name === '')) complain(['name'], 'must be a text') // biome-ignore format: one line
  return {
    reference,
    name: name as string | undefined,
    match: compileMatch(match, reference.list, within(complain, 'match')),
  }
}

function failureOf({ onFailure, until }: FailureDocument, complain: Complain): Failure {
  const outcome = onFailure ?? 'reject'
  if (!isOneOf(FAILURES, outcome)) return complain(['onFailure'], `must be one of ${FAILURES.join(', ')}`) // biome-ignore format: one line
  if (outcome !== 'allow-and-alert') {
    if (until !== undefined) complain(['until'], 'is the end of allow-and-alert only')
    return { outcome, untilS: 0 }
  }
  // A hole that nobody has to close stays open.
  if (typeof until !== 'string' || !isDateTime(until)) complain(['until'], 'must be the date and time when allow-and-alert ends') // biome-ignore format: one line
  return { outcome, untilS: parseMoment(until) / 1_000 }
}

function checkRefuse(refuse: unknown, complain: Complain): void {
  if (refuse !== undefined && refuse !== true) complain(['refuse'], 'must be true, or left out')
}
