import { foldId, isNodeId } from '../../primitives/ids.ts'
import { oneOf } from '../../primitives/wildcard.ts'
import { COMPARISONS } from '../../wire/comparisons.ts'
import {
  assertMembers,
  type Complain,
  isOneOf,
  listOf,
  recordOf,
  within,
} from '../../wire/document-checks.ts'
import { KINDS, type Kind } from '../../wire/frame.ts'
import { parsePointer, someAt } from '../../wire/pointer.ts'
import { type OutFacts, PEER_KINDS, type Peer, type PeerKind, type PolicyFacts } from './facts.ts'
import type { MatchDocument, PayloadDocument, PeerDocument } from './policy-document.ts'

/** What conditions look at; which of the optional ones are there depends on the list of rules. */
export type MatchFacts = OutFacts | (PolicyFacts & { readonly link?: Peer })

/** One thing that must be true of a message for a rule to match it. */
interface Condition {
  /** As it is read: `from is CSMS01 or CSMS02`. */
  readonly words: string
  readonly holds: (facts: MatchFacts) => boolean
}

/** Which messages a rule is for. */
export interface Match {
  /** undefined: of every kind. */
  readonly kinds: readonly Kind[] | undefined
  /** undefined: every action. */
  readonly actions: readonly string[] | undefined
  readonly hasAction: (action: string) => boolean
  /** What the originator has to be, and what the neighbour; undefined: anything. */
  readonly origins: readonly PeerKind[] | undefined
  readonly neighbourKinds: readonly PeerKind[] | undefined
  /** Besides kind and action, by which rules are found. */
  readonly conditions: readonly Condition[]
  /** Asked last, and only where there is a payload. */
  readonly payload: readonly Condition[]
}

/** All the commands of OCPP are not a hundred; the index grows with rules times names. */
const MAX_NAMES = 256
const ALL_KINDS = Object.values(KINDS)
type MatchMember = keyof MatchDocument & string

// biome-ignore format: a table
/** What a match may name, by the list its rule stands in: nothing else is known there. */
const MEMBERS: Readonly<Record<'in' | 'out' | 'forward', readonly MatchMember[]>> = {
  in:      ['kinds', 'actions', 'to', 'toGroup', 'from', 'origin', 'neighbour', 'payload'],
  out:     ['kinds', 'actions', 'to', 'toGroup', 'link'],
  forward: ['kinds', 'actions', 'to', 'toGroup', 'from', 'origin', 'neighbour', 'link', 'payload'],
}

/** Reads what a rule is for; `complain` throws for whatever is not understood. */
export function compileMatch(
  value: unknown,
  list: keyof typeof MEMBERS,
  complain: Complain,
): Match {
  const match = recordOf(value, [], complain) as MatchDocument
  assertMembers(match, MEMBERS[list], [], complain)
  const { kinds, actions, to, toGroup, from, origin, neighbour, link, payload } = match
  const conditions: Condition[] = []
  if (to !== undefined) conditions.push(named('to', idNames(to, ['to'], complain)))
  if (toGroup !== undefined) conditions.push(group(toGroup, complain))
  if (from !== undefined) conditions.push(named('from', idNames(from, ['from'], complain)))
  if (origin !== undefined) conditions.push(ofOrigin(listOf(origin), complain))
  for (const [member, peer] of [['neighbour', neighbour], ['link', link]] as const) {
    if (peer !== undefined) conditions.push(...ofPeer(member, peer, within(complain, member)))
  } // biome-ignore format: the head is one line
  return {
    kinds: kinds === undefined ? undefined : valuesOf(ALL_KINDS, kinds, ['kinds'], complain),
    actions: actions === undefined ? undefined : names(actions, ['actions'], complain),
    hasAction: actions === undefined ? () => true : oneOf(names(actions, ['actions'], complain), (action) => action), // biome-ignore format: one line
    // Their conditions have found them to be such.
    origins: origin === undefined ? undefined : listOf(origin),
    neighbourKinds: neighbour?.kinds === undefined ? undefined : listOf(neighbour.kinds),
    conditions,
    payload: payload === undefined ? [] : ofPayload(payload, within(complain, 'payload')),
  }
}

/**
 * Whether a match, found by kind and action, is for a message. `unreadable`: it is where the payload
 * says something that nobody here can read.
 */
export function meets(match: Match, facts: MatchFacts): 'yes' | 'no' | 'unreadable' {
  for (const condition of match.conditions) if (!condition.holds(facts)) return 'no'
  if (match.payload.length === 0) return 'yes'
  if (payloadOf(facts) === undefined) return 'unreadable'
  for (const condition of match.payload) if (!condition.holds(facts)) return 'no'
  return 'yes'
}

/** The first condition that a message does not meet, in words; for explanations only. */
export function missOf(match: Match, facts: MatchFacts): string | undefined {
  const { kinds, actions } = match
  if (kinds && !kinds.includes(facts.kind)) return `kind is ${kinds.join(' or ')}`
  if (!match.hasAction(facts.action)) return `action is ${actions?.join(' or ')}`
  return [...match.conditions, ...match.payload].find(({ holds }) => !holds(facts))?.words
}

/** One or more texts, none of them empty. */
export function names(
  value: unknown,
  path: readonly string[],
  complain: Complain,
): readonly string[] {
  const list = listOf(value) as readonly unknown[]
  const isGood = list.length > 0 && list.every((one) => typeof one === 'string' && one !== '')
  if (!isGood) return complain(path, 'must be a text or a list of texts')
  return list.length <= MAX_NAMES ? (list as string[]) : complain(path, `has more than ${MAX_NAMES} names`) // biome-ignore format: one line
}

/** As `names`, and each of them is one that somebody could have: with a typing error, no rule. */
export function idNames(
  value: unknown,
  path: readonly string[],
  complain: Complain,
): readonly string[] {
  const list = names(value, path, complain)
  const wrong = list.find((name) => !isNodeId(name.replaceAll('*', 'x')))
  return wrong === undefined ? list : complain(path, 'names an id that nobody can have')
}

/** One or more values of a table. */
export function valuesOf<T>(
  table: readonly T[],
  value: unknown,
  path: readonly string[],
  complain: Complain,
): readonly T[] {
  const list = listOf(value) as readonly unknown[]
  const isGood = list.length > 0 && list.every((one) => isOneOf(table, one))
  return isGood ? (list as T[]) : complain(path, `must be of ${table.join(', ')}`)
}

function named(member: 'to' | 'from', list: readonly string[]): Condition {
  const has = oneOf(list, foldId)
  return {
    words: `${member} is ${list.join(' or ')}`,
    holds: (facts) => {
      const id = member === 'to' ? facts.to : 'from' in facts ? facts.from : undefined
      return id !== undefined && has(id)
    },
  }
}

function group(wanted: unknown, complain: Complain): Condition {
  if (typeof wanted !== 'boolean') return complain(['toGroup'], 'must be true or false')
  return {
    words: wanted ? 'it is addressed to a group' : 'it is not addressed to a group',
    holds: ({ to }) => to.startsWith('*') === wanted,
  }
}

function ofOrigin(list: readonly unknown[], complain: Complain): Condition {
  const kinds = valuesOf(PEER_KINDS, list, ['origin'], complain)
  return {
    words: `its originator is a ${kinds.join(' or ')}`,
    holds: (facts) => 'origin' in facts && kinds.includes(facts.origin),
  }
}

function ofPeer(member: 'neighbour' | 'link', value: unknown, complain: Complain): Condition[] {
  const peer = recordOf(value, [], complain) as PeerDocument
  assertMembers(peer, ['kinds', 'ids'], [], complain)
  const of = (facts: MatchFacts) => (member === 'link' ? facts.link : 'neighbour' in facts ? facts.neighbour : undefined) // biome-ignore format: one line
  const conditions: Condition[] = []
  if (peer.kinds !== undefined) {
    const kinds = valuesOf(PEER_KINDS, peer.kinds, ['kinds'], complain)
    const holds = (facts: MatchFacts) => kinds.some((kind) => kind === of(facts)?.kind)
    conditions.push({ words: `the ${member} is a ${kinds.join(' or ')}`, holds })
  }
  if (peer.ids !== undefined) {
    const ids = idNames(peer.ids, ['ids'], complain)
    const has = oneOf(ids, foldId)
    conditions.push({
      words: `the ${member} is ${ids.join(' or ')}`,
      holds(facts) {
        const id = of(facts)?.id
        return id !== undefined && has(id)
      },
    })
  }
  if (conditions.length === 0) complain([], 'says nothing; give kinds or ids')
  return conditions
}

function ofPayload(value: unknown, complain: Complain): Condition[] {
  if (!Array.isArray(value) || value.length === 0) return complain([], 'must be a list of values')
  return value.map((one, i) => ofValue(one, within(complain, `${i}`)))
}

function ofValue(value: unknown, complain: Complain): Condition {
  const document = recordOf(value, [], complain) as PayloadDocument
  assertMembers(document, ['pointer', ...COMPARISONS.keys()], [], complain)
  const { pointer: text, ...rest } = document
  const pointer = parsePointer(typeof text === 'string' ? text : '')
  if (typeof pointer === 'string') return complain(['pointer'], pointer)
  const comparisons = Object.entries(rest).map(([name, operand]) => {
    const made = COMPARISONS.get(name)?.(operand)
    return typeof made === 'object' ? made : complain([name], made ?? 'is not known')
  })
  if (comparisons.length === 0) complain([], 'compares with nothing')
  const test = (found: unknown) => comparisons.every((one) => one.test(found))
  return {
    words: `${text} ${comparisons.map(({ words }) => words).join(' and ')}`,
    holds: (facts) => someAt(payloadOf(facts), pointer, test),
  }
}

function payloadOf(facts: MatchFacts) {
  return 'payload' in facts ? facts.payload : undefined
}
