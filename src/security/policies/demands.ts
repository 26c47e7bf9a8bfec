import { isSameId } from '../../primitives/ids.ts'
import { SKEW_S } from '../freshness/freshness.ts'
import { implausible } from './context-rule.ts'
import {
  ASSURANCES,
  type Assurance,
  type PolicyFacts,
  type PolicyReason,
  type SignerFacts,
} from './facts.ts'
import { asksForNothing, type Requirement } from './requirement.ts'

/**
 * What a message lacks of a requirement; undefined when it meets it. Every demand can only be met by
 * having more signers, never by having less: whoever strips a signature wins nothing.
 */
export function unmet(requirement: Requirement, facts: PolicyFacts): PolicyReason | undefined {
  // What was signed wrongly, or is not of now, is worse than unsigned; only who asks for nothing takes it.
  if (facts.problem !== undefined && !asksForNothing(requirement)) return facts.problem
  return (
    whyNotAssured(facts, requirement.assurance, requirement.algorithms) ??
    whyNotSigned(requirement, facts) ??
    whyNotFresh(requirement, facts) ??
    whyNotThisWay(requirement, facts) ??
    whyDataNotSigned(requirement, facts) ??
    (requirement.context && implausible(requirement.context, facts.context))
  )
}

/** How much is known of where a message comes from, by all its signatures. */
export function assuranceOf(facts: PolicyFacts): Assurance {
  return ASSURANCES[rankOf(facts, undefined)] ?? 'none'
}

/** Why nobody at all is known to have said it; undefined where somebody is. */
export function whyAnonymous(facts: PolicyFacts): PolicyReason | undefined {
  return facts.problem ?? whyNotAssured(facts, RANK.legacy, undefined)
}

type Algorithms = Requirement['algorithms']

function counts({ algorithm }: SignerFacts, algorithms: Algorithms): boolean {
  return algorithms === undefined || algorithms.some((one) => one === algorithm)
}

/** A signer that orders something in the name of the originator. */
export function isByOriginator(signer: SignerFacts, from: string): boolean {
  if (signer.att !== undefined) return false
  return isSameId(signer.owner, from) || signer.isEntitled === true
}

function rankOf(facts: PolicyFacts, algorithms: Algorithms): number {
  const { from, form, signers } = facts
  const isSigned = signers.some((one) => isByOriginator(one, from) && counts(one, algorithms))
  if (isSigned && form === 'statement') return RANK.e2e
  const isSeen = isAttested(facts, algorithms)
  // Of foreign signatures nobody knows when they were made: the edge has to say so.
  if (isSigned && form === 'oca' && isSeen) return RANK.oca
  if (isSeen) return RANK.attested
  return isSigned && form === 'legacy' ? RANK.legacy : RANK.none
}

const RANK = { none: 0, legacy: 1, attested: 2, oca: 3, e2e: 4 } as const satisfies Record<Assurance, number> // biome-ignore format: one line

/**
 * Whether a node saw it come from its originator: an entitled one that says so, or this very node,
 * where the originator is the standard peer at the other end of the link.
 */
function isAttested({ from, neighbour, signers }: PolicyFacts, algorithms: Algorithms): boolean {
  const isPeer = neighbour.kind === 'station' || neighbour.kind === 'csms'
  if (isPeer && neighbour.proof !== 'none' && isSameId(neighbour.id, from)) return true
  return signers.some((signer) => {
    const { att, owner, isEntitled } = signer
    // A hop further on saw another hop, not the originator.
    const isEdge = att !== undefined && isSameId(att.by, owner) && isSameId(att.prev, from)
    return isEdge && att.link !== 'none' && isEntitled === true && counts(signer, algorithms)
  })
}

/** Why less is known than an index of ASSURANCES; undefined where enough is. */
function whyNotAssured(
  facts: PolicyFacts,
  assurance: number,
  algorithms: Algorithms,
): PolicyReason | undefined {
  if (rankOf(facts, algorithms) >= assurance) return undefined
  const { signers, from } = facts
  if (signers.length === 0) return unsigned(facts)
  if (algorithms && rankOf(facts, undefined) >= assurance) return 'algorithm'
  if (assurance === RANK.attested) return 'not-attested'
  return signers.some((one) => isByOriginator(one, from)) ? 'assurance' : 'not-by-originator'
}

function whyNotSigned(requirement: Requirement, facts: PolicyFacts): PolicyReason | undefined {
  const { groups, algorithms, permitted, primaryUpstream } = requirement
  const { signers, from, isPrimaryUpstream } = facts
  if (groups.length > 0 && !isSignedByAll(requirement, signers)) {
    return signers.length === 0 ? unsigned(facts) : 'signers'
  }
  if (!isRequest(facts)) return undefined
  if (primaryUpstream && !isPrimaryUpstream) return 'not-primary-upstream'
  if (!permitted) return undefined
  const isGood = (one: SignerFacts) => one.isPermitted === true && isByOriginator(one, from) && counts(one, algorithms) // biome-ignore format: one line
  return signers.some(isGood) ? undefined : 'role'
}

/** Whether each place in each group can be given to a signer of its own. */
function isSignedByAll(requirement: Requirement, signers: readonly SignerFacts[]): boolean {
  const { groups, distinct, algorithms } = requirement
  const good = signers.filter((one) => one.att === undefined && counts(one, algorithms))
  const [first] = groups
  if (groups.length === 1 && first?.atLeast === 1) return good.some(first.has)
  const isOne = (a: SignerFacts, b: SignerFacts) =>
    distinct === 'owners' ? isSameId(a.owner, b.owner) : a.kid === b.kid
  // Each person, with all the keys that are hers.
  const people: SignerFacts[][] = []
  for (const signer of good) {
    const known = people.find(([other]) => other !== undefined && isOne(other, signer))
    if (known) known.push(signer)
    else people.push([signer])
  }
  const places = groups.flatMap(({ has, atLeast }) => Array.from({ length: atLeast }, () => has))
  return places.length <= people.length && canSeatAll(places, people)
}

/** Whether everybody who was seated can move so that each place is taken (Kuhn's algorithm). */
function canSeatAll(
  places: readonly ((signer: SignerFacts) => boolean)[],
  people: readonly (readonly SignerFacts[])[],
): boolean {
  const placeOf = new Map<number, number>()
  const seat = (place: number, asked: Set<number>): boolean =>
    people.some((keys, person) => {
      const has = places[place]
      if (asked.has(person) || !has || !keys.some(has)) return false
      asked.add(person)
      const other = placeOf.get(person)
      if (other !== undefined && !seat(other, asked)) return false
      placeOf.set(person, place)
      return true
    })
  return places.every((_, place) => seat(place, new Set()))
}

function whyNotFresh(
  { maxAgeS, replay, replyBinding }: Requirement,
  facts: PolicyFacts,
): PolicyReason | undefined {
  const { iat, nowS, isReplyBound } = facts
  if (maxAgeS !== undefined) {
    if (iat === undefined || nowS === undefined) return 'not-recent'
    if (!(iat >= nowS - maxAgeS && iat <= nowS + SKEW_S)) return 'not-recent'
  }
  if (!isRequest(facts)) return replyBinding && !isReplyBound ? 'not-bound' : undefined
  // What is fresh by the rules for live messages is fresh by those for stored ones, too.
  const isFresh = replay === undefined || facts.replay === 'live' || facts.replay === replay
  return isFresh ? undefined : 'not-fresh'
}

function whyNotThisWay({ path }: Requirement, facts: PolicyFacts): PolicyReason | undefined {
  if (!path) return undefined
  const { only, through, not } = path
  const passed = facts.path.filter((id) => !isSameId(id, facts.from))
  if (only && !passed.every(only)) return 'path'
  if (through && !passed.some(through)) return 'path'
  return not && facts.path.some(not) ? 'path' : undefined
}

function whyDataNotSigned({ data }: Requirement, facts: PolicyFacts): PolicyReason | undefined {
  for (const { pointer, ctx, roles } of data) {
    const isSigned = facts.data.some(
      (one) => one.pointer === pointer && one.ctx === ctx && one.signers.some(
        (signer) => signer.att === undefined && (!roles || signer.roles.some((role) => roles.includes(role))), // biome-ignore format: one line
      ),
    ) // biome-ignore format: one level less
    if (!isSigned) return 'data-unsigned'
  }
  return undefined
}

/** Why nobody at all has signed it. */
function unsigned({ unknownKeys }: PolicyFacts): PolicyReason {
  return unknownKeys > 0 ? 'unknown-keys' : 'unsigned'
}

function isRequest({ kind }: PolicyFacts): boolean {
  return kind === 'CALL' || kind === 'SEND'
}
