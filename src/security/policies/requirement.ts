import type { ReplayClass } from '../../messages/actions.ts'
import { foldId } from '../../primitives/ids.ts'
import { oneOf } from '../../primitives/wildcard.ts'
import {
  assertMembers,
  type Complain,
  isOneOf,
  recordOf,
  within,
} from '../../wire/document-checks.ts'
import { parsePointer } from '../../wire/pointer.ts'
import type { AlgorithmName } from '../algorithms.ts'
import { type ContextRule, compileContext } from './context-rule.ts'
import { ASSURANCES, type SignerFacts } from './facts.ts'
import { idNames, names, valuesOf } from './match.ts'
import type {
  DataDocument,
  PathDocument,
  RequirementDocument,
  SignersDocument,
} from './policy-document.ts'

/** What a message has to show, ready to be asked. */
export interface Requirement {
  /** Index in ASSURANCES of the least that will do. */
  readonly assurance: number
  readonly groups: readonly SignerGroup[]
  readonly distinct: 'owners' | 'keys'
  /** undefined: all that can be verified. */
  readonly algorithms: readonly AlgorithmName[] | undefined
  readonly maxAgeS: number | undefined
  readonly replay: ReplayClass | undefined
  readonly replyBinding: boolean
  readonly permitted: boolean
  readonly primaryUpstream: boolean
  readonly path: PathRequirement | undefined
  readonly data: readonly DataRequirement[]
  readonly context: ContextRule | undefined
}

export interface SignerGroup {
  readonly atLeast: number
  readonly has: (signer: SignerFacts) => boolean
}

interface PathRequirement {
  readonly only: ((id: string) => boolean) | undefined
  readonly through: ((id: string) => boolean) | undefined
  readonly not: ((id: string) => boolean) | undefined
}

interface DataRequirement {
  readonly pointer: string
  readonly ctx: string
  readonly roles: readonly string[] | undefined
}

const ALGORITHMS: readonly AlgorithmName[] = ['ES256', 'ES384', 'ES512', 'Ed25519', 'ML-DSA-65']
const REPLAY_CLASSES: readonly ReplayClass[] = ['live', 'queued']
/** As many as there may be parallel signatures. */
const MAX_SIGNERS = 8
const MAX_AGE_S = 366 * 24 * 3_600

// biome-ignore format: a table
const MEMBERS: readonly (keyof RequirementDocument)[] = [
  'assurance', 'signers', 'distinct', 'algorithms', 'maxAgeS', 'replay', 'replyBinding',
  'permitted', 'primaryUpstream', 'path', 'data', 'context',
]

/** Reads a requirement; `complain` throws for whatever is not understood. */
export function compileRequirement(value: unknown, complain: Complain): Requirement {
  const document = recordOf(value, [], complain) as RequirementDocument
  assertMembers(document, MEMBERS, [], complain)
  const { assurance = 'e2e', distinct = 'owners', algorithms, maxAgeS, replay, path } = document
  const { replyBinding = true, permitted, primaryUpstream } = document
  if (!isOneOf(ASSURANCES, assurance)) complain(['assurance'], `must be one of ${ASSURANCES.join(', ')}`) // biome-ignore format: one line
  if (distinct !== 'owners' && distinct !== 'keys') complain(['distinct'], 'must be owners or keys')
  if (maxAgeS !== undefined && !isWithin(maxAgeS, MAX_AGE_S)) complain(['maxAgeS'], `must be a whole number of seconds, 1 to ${MAX_AGE_S}`) // biome-ignore format: one line
  if (replay !== undefined && !isOneOf(REPLAY_CLASSES, replay)) complain(['replay'], 'must be live or queued') // biome-ignore format: one line
  if (typeof replyBinding !== 'boolean') complain(['replyBinding'], 'must be true or false')
  for (const [member, flag] of Object.entries({ permitted, primaryUpstream })) {
    if (flag !== undefined && flag !== true) complain([member], 'must be true; left out it is not asked for') // biome-ignore format: one line
  }
  return {
    assurance: ASSURANCES.indexOf(assurance),
    groups: listed(document.signers, 'signers', groupOf, complain),
    distinct,
    algorithms: algorithms === undefined ? undefined : valuesOf(ALGORITHMS, algorithms, ['algorithms'], complain), // biome-ignore format: one line
    maxAgeS,
    replay,
    replyBinding,
    permitted: permitted === true,
    primaryUpstream: primaryUpstream === true,
    path: path === undefined ? undefined : pathOf(path, within(complain, 'path')),
    data: listed(document.data, 'data', dataOf, complain),
    context: document.context === undefined ? undefined : compileContext(document.context, within(complain, 'context')), // biome-ignore format: one line
  }
}

/** Whether a requirement looks at nothing that a signature proves. */
export function asksForNothing(requirement: Requirement): boolean {
  const { assurance, groups, data, permitted, replay, maxAgeS } = requirement
  const isTimeless = replay === undefined && maxAgeS === undefined
  return assurance === 0 && groups.length === 0 && data.length === 0 && !permitted && isTimeless
}

function groupOf(value: unknown, complain: Complain): SignerGroup {
  const document = recordOf(value, [], complain) as SignersDocument
  assertMembers(
    document,
    ['roles', 'kids', 'owners', 'organisations', 'chains', 'atLeast'],
    [],
    complain,
  )
  const { atLeast = 1, roles, kids, owners, organisations, chains } = document
  if (!isWithin(atLeast, MAX_SIGNERS)) complain(['atLeast'], `must be 1 to ${MAX_SIGNERS}`)
  const tests: SignerGroup['has'][] = []
  if (roles !== undefined) {
    const wanted = names(roles, ['roles'], complain)
    tests.push((signer) => signer.roles.some((role) => wanted.includes(role)))
  }
  if (kids !== undefined) {
    const wanted = names(kids, ['kids'], complain)
    tests.push(({ kid }) => wanted.includes(kid))
  }
  if (owners !== undefined) {
    const isOwner = oneOf(idNames(owners, ['owners'], complain), foldId)
    tests.push(({ owner }) => isOwner(owner))
  }
  if (organisations !== undefined) {
    const wanted = names(organisations, ['organisations'], complain)
    tests.push(({ organisation }) => organisation !== undefined && wanted.includes(organisation))
  }
  if (chains !== undefined) {
    const wanted = names(chains, ['chains'], complain)
    tests.push(({ chain }) => chain !== undefined && wanted.includes(chain))
  }
  // Any key at all would do: whoever wrote that meant somebody.
  if (tests.length === 0)
    complain([], 'names nobody; give roles, kids, owners, organisations or chains')
  return { atLeast, has: (signer) => tests.every((test) => test(signer)) }
}

function pathOf(value: unknown, complain: Complain): PathRequirement {
  const document = recordOf(value, [], complain) as PathDocument
  assertMembers(document, ['only', 'through', 'not'], [], complain)
  const { only, through, not } = document
  if (only === undefined && through === undefined && not === undefined) {
    complain([], 'says nothing; give only, through or not')
  }
  const test = (member: keyof PathDocument, list: unknown) =>
    list === undefined ? undefined : oneOf(idNames(list, [member], complain), foldId)
  return { only: test('only', only), through: test('through', through), not: test('not', not) }
}

function dataOf(value: unknown, complain: Complain): DataRequirement {
  const document = recordOf(value, [], complain) as DataDocument
  assertMembers(document, ['pointer', 'ctx', 'roles'], [], complain)
  const { pointer, ctx, roles } = document
  const parsed = parsePointer(typeof pointer === 'string' ? pointer : '')
  if (typeof parsed === 'string') return complain(['pointer'], parsed)
  if (parsed.includes('*')) complain(['pointer'], 'must lead to one place, without *')
  if (typeof ctx !== 'string' || ctx === '') complain(['ctx'], 'must be the name of a structure')
  const wanted = roles === undefined ? undefined : names(roles, ['roles'], complain)
  return { pointer, ctx, roles: wanted }
}

function listed<T>(
  value: unknown,
  member: string,
  compile: (item: unknown, complain: Complain) => T,
  complain: Complain,
): readonly T[] {
  if (value === undefined) return []
  // An empty list would ask for nothing where somebody wanted to ask for something.
  if (!Array.isArray(value) || value.length === 0) return complain([member], 'must be a list; left out it is not asked for') // biome-ignore format: one line
  return value.map((item, i) => compile(item, within(complain, member, `${i}`)))
}

function isWithin(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most
}
