import { OverlayError } from '../../errors.ts'
import { isSameId } from '../../primitives/ids.ts'
import { assertMembers, type Complain, recordOf, within } from '../../wire/document-checks.ts'
import { isByOriginator } from './demands.ts'
import type { PolicyFacts, SignerFacts } from './facts.ts'
import { compileMatch, type Match, meets, names } from './match.ts'
import type { MatchDocument } from './policy-document.ts'

/** Which commands need two people of different roles, and time for others to object. */
export interface TwoRolesDocument {
  readonly name: string
  readonly match: MatchDocument
  /** At least two user roles: one proposes, another seconds, each of them may veto. */
  readonly roles: readonly string[]
  /** How long after it was seconded the command waits. */
  readonly vetoDelayS: number
  /** How long a proposal waits for a second, and a command that is due for being executed. */
  readonly expiresAfterS: number
}

export interface TwoRolesRule {
  readonly name: string
  readonly match: Match
  readonly roles: readonly string[]
  readonly vetoDelayS: number
  readonly expiresAfterS: number
}

/** A command on its way from a proposal to its execution; nothing leads back. */
export interface Proposal {
  readonly rule: TwoRolesRule
  /** base64url of SHA-256 of the payload as it was signed. */
  readonly digest: string
  readonly proposer: SignerFacts
  readonly state: 'proposed' | 'seconded' | 'vetoed' | 'executed'
  /** Seconds since 1970: not before then, once it is seconded. */
  readonly dueS: number
  /** From then on nothing comes of it. */
  readonly expiresS: number
}

/** Stable: branch on it. */
export type ProposalProblem =
  | 'other-command'
  | 'role'
  | 'same-owner'
  | 'same-role'
  | 'not-proposed'
  | 'not-seconded'
  | 'vetoed'
  | 'executed'
  | 'too-early'
  | 'expired'

export type Proposed =
  | { readonly status: 'ok'; readonly proposal: Proposal }
  | { readonly status: 'refused'; readonly problem: ProposalProblem }

const MAX_SPAN_S = 30 * 24 * 3_600
const MEMBERS = ['name', 'match', 'roles', 'vetoDelayS', 'expiresAfterS']

/**
 * Reads a rule about two roles.
 *
 * @throws {OverlayError} ERR_POLICY_DOCUMENT with the pointer to the place.
 * @spec docs/security.md, "Signature policies"
 */
export function compileTwoRolesRule(value: unknown): TwoRolesRule {
  const complain: Complain = (path, problem) => {
    const place = path.map((name) => `/${name}`).join('') || 'the rule about two roles'
    throw new OverlayError('ERR_POLICY_DOCUMENT', { place, problem })
  }
  const document = recordOf(value, [], complain) as TwoRolesDocument
  assertMembers(document, MEMBERS, [], complain)
  const { name, match, vetoDelayS, expiresAfterS } = document
  if (typeof name !== 'string' || name === '') complain(['name'], 'must be a text')
  const roles = names(document.roles, ['roles'], complain)
  if (new Set(roles).size < 2) complain(['roles'], 'must be at least two user roles')
  for (const [member, span] of Object.entries({ vetoDelayS, expiresAfterS })) {
    const isSpan = Number.isSafeInteger(span) && span >= 1 && span <= MAX_SPAN_S
    if (!isSpan) complain([member], `must be a whole number of seconds, 1 to ${MAX_SPAN_S}`)
  }
  const compiled = compileMatch(match, 'in', within(complain, 'match'))
  return { name, match: compiled, roles, vetoDelayS, expiresAfterS }
}

/** Whether a rule is for a command; one whose payload cannot be read may be meant. */
export function needsTwoRoles({ match }: TwoRolesRule, facts: PolicyFacts): boolean {
  const isOfKind = match.kinds === undefined || match.kinds.includes(facts.kind)
  return isOfKind && match.hasAction(facts.action) && meets(match, facts) !== 'no'
}

/** The one who signed a message as its originator and holds one of the roles; undefined if nobody. */
export function memberOf({ roles }: TwoRolesRule, facts: PolicyFacts): SignerFacts | undefined {
  return facts.signers.find((one) => isByOriginator(one, facts.from) && holds(one, roles))
}

/** Begins: one of the roles wants it. */
export function proposeCommand(
  rule: TwoRolesRule,
  by: SignerFacts,
  { digest, nowS }: { readonly digest: string; readonly nowS: number },
): Proposed {
  if (!holds(by, rule.roles)) return not('role')
  const expiresS = nowS + rule.expiresAfterS
  return ok({ rule, digest, proposer: by, state: 'proposed', dueS: expiresS, expiresS })
}

/** Somebody else, in another of the roles, wants the very same. Then the delay begins. */
export function secondCommand(
  proposal: Proposal,
  by: SignerFacts,
  { digest, nowS }: { readonly digest: string; readonly nowS: number },
): Proposed {
  const { rule, proposer, state } = proposal
  if (state !== 'proposed') return not(state === 'seconded' ? 'not-proposed' : state)
  if (nowS >= proposal.expiresS) return not('expired')
  if (digest !== proposal.digest) return not('other-command')
  if (!holds(by, rule.roles)) return not('role')
  if (isSameId(by.owner, proposer.owner)) return not('same-owner')
  if (!areOfTwoRoles(rule.roles, proposer, by)) return not('same-role')
  const dueS = nowS + rule.vetoDelayS
  return ok({ ...proposal, state: 'seconded', dueS, expiresS: dueS + rule.expiresAfterS })
}

/** Ends it: any of the roles objects, whoever has proposed or seconded. */
export function vetoCommand(proposal: Proposal, by: SignerFacts): Proposed {
  if (proposal.state === 'executed') return not('executed')
  if (!holds(by, proposal.rule.roles)) return not('role')
  return ok({ ...proposal, state: 'vetoed' })
}

/** Takes a command that is due; once, so whoever asks again is refused. */
export function executeCommand(proposal: Proposal, nowS: number): Proposed {
  const { state, dueS, expiresS } = proposal
  if (state !== 'seconded') return not(state === 'proposed' ? 'not-seconded' : state)
  if (nowS < dueS) return not('too-early')
  if (nowS >= expiresS) return not('expired')
  return ok({ ...proposal, state: 'executed' })
}

/** Whether two people can stand for two different roles of a list. */
function areOfTwoRoles(roles: readonly string[], one: SignerFacts, other: SignerFacts): boolean {
  const own = (signer: SignerFacts) => roles.filter((role) => signer.roles.includes(role))
  return own(one).some((role) => own(other).some((another) => another !== role))
}

function holds({ roles, att }: SignerFacts, wanted: readonly string[]): boolean {
  return att === undefined && roles.some((role) => wanted.includes(role))
}

function ok(proposal: Proposal): Proposed {
  return { status: 'ok', proposal }
}

function not(problem: ProposalProblem): Proposed {
  return { status: 'refused', problem }
}
