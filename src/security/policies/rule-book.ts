import type { JsonObject } from '../../wire/payload.ts'
import { canonicalize } from '../canonical.ts'
import { sha256 } from '../jwk.ts'
import { judgeRights } from '../roles/rights.ts'
import { compileUserRole, type UserRole, type UserRoleDocument } from '../roles/user-role.ts'
import { judgeIncoming } from './evaluate.ts'
import type { PolicyDecision, PolicyFacts, SignerFacts } from './facts.ts'
import { planOutgoing } from './outgoing.ts'
import type { DataDocument, SignaturePolicyDocument } from './policy-document.ts'
import { compileSignaturePolicy, type SignaturePolicy } from './signature-policy.ts'

/** The policies and user roles that hold together. */
export interface RuleBook {
  readonly policies: readonly SignaturePolicyDocument[]
  readonly roles: readonly UserRoleDocument[]
}

export interface CompiledRuleBook {
  readonly policies: readonly SignaturePolicy[]
  /** Whether one of them has to be asked about what passes between nodes. */
  readonly judgesForwarded: boolean
  /** Whether one of them asks how often something comes. */
  readonly countsMessages: boolean
  /** Whether some user role permits something only so often. */
  readonly countsRequests: boolean
  /** Data inside payloads whose signatures one of them asks for. */
  readonly dataAsked: readonly DataAsked[]
  /** By name. */
  readonly roles: ReadonlyMap<string, UserRole>
}

/** Where it stands, and what it is signed as. */
export type DataAsked = Pick<DataDocument, 'pointer' | 'ctx'>

/**
 * Makes a rule book ready to be asked.
 *
 * @throws {OverlayError} ERR_POLICY_DOCUMENT, ERR_ROLE_DOCUMENT
 */
export function compileRuleBook({ policies, roles }: RuleBook): CompiledRuleBook {
  const compiled = policies.map(compileSignaturePolicy)
  const compiledRoles = roles.map(compileUserRole)
  return {
    policies: compiled,
    judgesForwarded: compiled.some((one) => one.judgesForwarded),
    countsMessages: compiled.some((one) => one.countsMessages),
    countsRequests: compiledRoles.some(({ allow }) => allow.some(({ rate }) => rate !== undefined)),
    dataAsked: dataAskedBy(policies),
    roles: new Map(compiledRoles.map((role) => [role.name, role])),
  }
}

function dataAskedBy(policies: RuleBook['policies']): readonly DataAsked[] {
  const all = policies.flatMap(({ in: rules = [] }) =>
    rules.flatMap((rule) => rule.require?.data ?? []),
  )
  return [...new Map(all.map(({ pointer, ctx }) => [`${pointer}\n${ctx}`, { pointer, ctx }])).values()] // biome-ignore format: one line
}

/** What a document is known by: base64url of SHA-256 of its canonical form (RFC 8785). */
export function documentDigest(document: SignaturePolicyDocument | UserRoleDocument): string {
  return sha256(canonicalize(document))
}

/** The same facts, each signer with whether its own user roles permit what is asked for. */
export function withRights(facts: PolicyFacts, roles: ReadonlyMap<string, UserRole>): PolicyFacts {
  const { action, to, payload } = facts
  const isPermitted = (signer: SignerFacts) =>
    payload !== undefined && mayAsk(signer, { action, to, payload }, roles)
  return {
    ...facts,
    signers: facts.signers.map((signer) => ({ ...signer, isPermitted: isPermitted(signer) })),
  }
}

function mayAsk(
  signer: SignerFacts,
  request: { readonly action: string; readonly to: string; readonly payload: JsonObject },
  roles: ReadonlyMap<string, UserRole>,
): boolean {
  const own = signer.roles.flatMap((name) => roles.get(name) ?? [])
  const rights = judgeRights(own, {
    ...request,
    holder: signer,
    ...(signer.earlier && { earlier: signer.earlier }),
  })
  return rights.status === 'permitted' && (rights.items?.every(Boolean) ?? true)
}

/** A message that two rule books decide differently. */
export interface Difference {
  /** Index of its facts. */
  readonly index: number
  readonly before: PolicyDecision
  readonly after: PolicyDecision
}

/** What would have been decided differently; rights are judged by the roles of each rule book. */
export function dryRun(
  before: CompiledRuleBook,
  after: CompiledRuleBook,
  messages: readonly PolicyFacts[],
): readonly Difference[] {
  return messages.flatMap((facts, index) => {
    const [old, now] = [before, after].map((book) => judgeBy(book, facts)) as [PolicyDecision, PolicyDecision] // biome-ignore format: one line
    return old.outcome === now.outcome && old.reason === now.reason ? [] : [{ index, before: old, after: now }] // biome-ignore format: one line
  })
}

/** The decision of a rule book, user roles included. */
export function judgeBy({ policies, roles }: CompiledRuleBook, facts: PolicyFacts): PolicyDecision {
  return judgeIncoming(policies, withRights(facts, roles))
}

/** The role without which nobody could change the rules any more. */
export const OWNER = 'owner'
const NEEDED = ['UpdateSignaturePolicy', 'UpdateUserRole'] as const

/**
 * Which of the actions that change rules no owner could ask for any more, if a rule book held; it
 * is tried with every owner as originator and all the others as further signers.
 *
 * A rule that looks into the payload counts as one that refuses: what will be in it is not known.
 *
 * @param owners The keys of owners that count now.
 * @param nodeId Whom they would ask.
 * @spec docs/security.md, "Signature policies"
 */
export function lockedOutOf(
  { policies, roles }: CompiledRuleBook,
  owners: readonly SignerFacts[],
  { nodeId, nowS }: { readonly nodeId: string; readonly nowS: number },
): (typeof NEEDED)[number] | undefined {
  const keys = owners.filter((one) => one.att === undefined && one.roles.includes(OWNER))
  return NEEDED.find((action) => {
    const request = { action, to: nodeId, payload: {} }
    const signers = keys.map((key) => ({ ...key, isEntitled: false, isPermitted: mayAsk(key, request, roles) })) // biome-ignore format: one line
    return !signers.some(({ owner }) => {
      const facts = managementCall(action, owner, nodeId, nowS, signers)
      // Who gets no answer cannot know what came of it.
      const answer = { kind: 'CALLRESULT', action, to: owner, link: facts.neighbour } as const
      return judgeIncoming(policies, facts).outcome === 'accept' && planOutgoing(policies, answer).outcome === 'send' // biome-ignore format: one line
    })
  })
}

function managementCall(
  action: string,
  from: string,
  to: string,
  nowS: number,
  signers: readonly SignerFacts[],
): PolicyFacts {
  return {
    kind: 'CALL',
    action,
    from,
    to,
    origin: 'node',
    neighbour: { id: from, kind: 'node', proof: 'mtls' },
    path: [from],
    payload: undefined,
    form: 'statement',
    signers,
    unknownKeys: 0,
    problem: undefined,
    replay: 'live',
    isReplyBound: false,
    isPrimaryUpstream: false,
    iat: nowS,
    nowS,
    data: [],
  }
}
