import { foldId, isCsmsService, isNodeId, type NodeId } from '../../primitives/ids.ts'
import { oneOf } from '../../primitives/wildcard.ts'
import {
  assertMembers,
  type Complain,
  isOneOf,
  listOf,
  recordOf,
} from '../../wire/document-checks.ts'
import { KINDS } from '../../wire/frame.ts'
import type { Inspection } from './inspection.ts'
import { compilePayloadCondition } from './payload-conditions.ts'
import { RateLimit } from './rate-limit.ts'
import { type FilterMatch, type FilterSubject, RATE_KEYS, type Rate } from './rule.ts'

/** One thing that must be true of a frame for a rule to match it. */
export interface Condition {
  /** As it is read: `source is CS01 or CS02`. */
  readonly words: string
  /** True of every frame there can be. */
  readonly isVoid: boolean
  /** Of a rate: counts the frame, so it is asked once for each, and last. */
  holds(inspection: Inspection): boolean
  /** What the frame has there, for people. */
  actual(inspection: Inspection): string
}

const ALL_KINDS: readonly string[] = Object.values(KINDS)
const MEMBERS = ['kind', 'action', 'source', 'via', 'destination', 'from', 'to', 'payload', 'largerThan', 'rate'] // biome-ignore format: one line
const MAX_RATE = 1_000_000
const MAX_RATE_SECONDS = 86_400

/**
 * The conditions of a rule in the order in which they are looked at: the payload late, because
 * parsing costs; the rate last, because it counts only what all others let through.
 *
 * @throws {OverlayError} ERR_FILTER_RULE, by `complain`
 */
export function compileMatch(match: FilterMatch, complain: Complain): Condition[] {
  assertMembers(match, MEMBERS, [], complain)
  const conditions: Condition[] = []
  for (const member of ['kind', 'action', 'source', 'via', 'destination', 'from', 'to'] as const) {
    if (match[member] === undefined) continue
    const names = listOf<string>(match[member])
    checkNames(member, names, complain)
    conditions.push(member === 'via' ? via(names) : named(member, names))
  }
  if (match.largerThan !== undefined) conditions.push(larger(match.largerThan, complain))
  if (match.payload !== undefined) {
    const list = listOf(match.payload)
    if (list.length === 0) complain(['payload'], 'is an empty list; name a pointer or leave it out')
    for (const [i, one] of list.entries()) {
      conditions.push(compilePayloadCondition(one, ['payload', `${i}`], complain))
    }
  }
  if (match.rate !== undefined) conditions.push(beyondRate(match.rate, complain))
  return conditions
}

type NameMember = 'kind' | 'action' | 'source' | 'destination' | 'from' | 'to'

function checkNames(member: NameMember | 'via', names: readonly unknown[], complain: Complain) {
  if (names.length === 0) complain([member], 'is an empty list, which nothing matches')
  for (const name of names) {
    if (typeof name !== 'string' || name === '') {
      complain([member], 'must be a text or a list of texts')
    } else if (member === 'kind') {
      if (!ALL_KINDS.includes(name)) complain([member], `must be of ${ALL_KINDS.join(', ')}`)
    } else if (member !== 'action' && !isNodeId(name.replaceAll('*', 'x'))) {
      // Such a rule would never match, and nobody would notice.
      complain([member], `names "${name}", which cannot be an id (docs/overlay.md section 1)`)
    }
  }
}

function named(member: NameMember, names: readonly string[]): Condition {
  const isId = member !== 'kind' && member !== 'action'
  const matches = oneOf(names, isId ? foldId : exactly)
  // An answer whose action nobody knows may be the one that the rule is about.
  const holds =
    member === 'action'
      ? ({ subject }: Inspection) => subject.action === '' || matches(subject.action)
      : member === 'destination'
        ? ({ subject }: Inspection) => namesOf(subject.destination).some(matches)
        : ({ subject }: Inspection) => matches(subject[member])
  return {
    words: `${member} is ${names.join(' or ')}`,
    isVoid:
      names.some(isAnything) ||
      (member === 'kind' && ALL_KINDS.every((kind) => names.includes(kind))),
    holds,
    actual: ({ subject }) => subject[member] || 'not known',
  }
}

/**
 * Which version a station speaks decides by which name it asks its CSMS, and an operator may stand
 * before that: whoever writes `CSMS` means all of them.
 */
function namesOf(destination: string): readonly string[] {
  if (!isCsmsService(destination as NodeId)) return [destination]
  const operator = destination.slice(0, destination.lastIndexOf('/') + 1)
  return [...CSMS_SERVICES, ...CSMS_SERVICES.map((name) => operator + name)]
}

const CSMS_SERVICES = ['CSMS', 'CentralSystem']

function via(names: readonly string[]): Condition {
  const matches = oneOf(names, foldId)
  return {
    words: `the path names ${names.join(' or ')}`,
    isVoid: names.some(isAnything),
    holds({ subject }) {
      for (const id of subject.networkPath) if (matches(id)) return true
      return false
    },
    actual: ({ subject }) => subject.networkPath.join(', '),
  }
}

function isAnything(name: string): boolean {
  return /^\*+$/.test(name)
}

function exactly(text: string): string {
  return text
}

function larger(bytes: unknown, complain: Complain): Condition {
  if (typeof bytes !== 'number' || !Number.isInteger(bytes) || bytes < 1) {
    return complain(['largerThan'], 'must be a whole number of bytes, 1 or more')
  }
  return {
    words: `the frame is larger than ${bytes} bytes`,
    isVoid: false,
    holds: ({ subject }) => subject.bytes > bytes,
    actual: ({ subject }) => `${subject.bytes} bytes`,
  }
}

function beyondRate(rate: Rate, complain: Complain): Condition {
  assertMembers(recordOf(rate, ['rate'], complain), ['count', 'perSeconds', 'by'], ['rate'], complain) // biome-ignore format: one line
  const { count, perSeconds, by } = rate
  if (!Number.isInteger(count) || count < 1 || count > MAX_RATE) {
    const advice = 'to refuse every frame leave the rate out'
    complain(['rate', 'count'], `must be a whole number from 1 to ${MAX_RATE}; ${advice}`)
  }
  if (!(perSeconds >= 0.001 && perSeconds <= MAX_RATE_SECONDS)) {
    complain(['rate', 'perSeconds'], `must be a number from 0.001 to ${MAX_RATE_SECONDS}`)
  }
  if (!isOneOf(RATE_KEYS, by)) complain(['rate', 'by'], `must be one of ${RATE_KEYS.join(', ')}`)
  const limit = new RateLimit(rate)
  const keyOf = (subject: FilterSubject) => (by === 'rule' ? '' : foldId(subject[by]))
  // Copies of a frame are judged right after it.
  let counted: object | undefined
  let wasBeyond = false
  return {
    words: `there are more than ${count} in ${perSeconds} s${by === 'rule' ? '' : ` of one ${by}`}`,
    isVoid: false,
    holds({ subject, now }) {
      if (subject.arrival && subject.arrival === counted) return wasBeyond
      counted = subject.arrival
      wasBeyond = limit.exceeds(keyOf(subject), now)
      return wasBeyond
    },
    actual: ({ subject }) => (by === 'rule' ? 'all frames together' : `${by} ${subject[by]}`),
  }
}
