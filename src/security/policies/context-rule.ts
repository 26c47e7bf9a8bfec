import {
  assertMembers,
  type Complain,
  isOneOf,
  isWhole,
  listOf,
  type OneOrMore,
  recordOf,
  within,
} from '../../wire/document-checks.ts'
import {
  CONTEXT_FINDINGS,
  type ContextFacts,
  type ContextFinding,
} from '../context/context-facts.ts'
import { isTooOften, MAX_PER_S, type RateDocument, rateOf } from '../context/rate.ts'
import type { PolicyReason } from './facts.ts'

/** What must be plausible about a request besides its signatures; every member that is there. */
export interface ContextDocument {
  /** What must not be found; `*` is all of it. */
  readonly not?: OneOrMore<ContextFinding | '*'>
  /** In W: told as power, or what the energy since the reading before comes to. */
  readonly maxPowerW?: number
  /** How often the originator may say this action. */
  readonly rate?: RateDocument
  /** Of commands that set limits. */
  readonly limit?: LimitDocument
  /** In seconds: how far the clock of its signer may be off. */
  readonly maxClockOffS?: number
}

export interface LimitDocument {
  /** No limit is lower. */
  readonly leastW?: number
  /** Within `perS` seconds a limit differs no more from those before. */
  readonly step?: { readonly atMostW: number; readonly perS: number }
}

export interface ContextRule {
  readonly not: ReadonlySet<ContextFinding>
  readonly maxPowerW: number
  readonly rate: ContextDocument['rate']
  readonly leastW: number
  readonly step: LimitDocument['step']
  readonly maxClockOffS: number
}

const FINDINGS = Object.keys(CONTEXT_FINDINGS) as ContextFinding[]

/** Reads a demand on what is around a message; `complain` throws for whatever is not understood. */
export function compileContext(value: unknown, complain: Complain): ContextRule {
  const document = recordOf(value, [], complain) as ContextDocument
  assertMembers(document, ['not', 'maxPowerW', 'rate', 'limit', 'maxClockOffS'], [], complain)
  const { not, maxPowerW, rate, limit, maxClockOffS } = document
  // Whoever writes it means something.
  if (Object.keys(document).length === 0) complain([], 'says nothing; give not, maxPowerW, rate, limit or maxClockOffS') // biome-ignore format: one line
  if (maxPowerW !== undefined && !isPositive(maxPowerW)) complain(['maxPowerW'], 'must be a number of W above 0') // biome-ignore format: one line
  if (maxClockOffS !== undefined && !isPositive(maxClockOffS)) complain(['maxClockOffS'], 'must be a number of seconds above 0') // biome-ignore format: one line
  const { leastW, step } = limit === undefined ? {} : limitOf(limit, within(complain, 'limit'))
  return {
    not: new Set(not === undefined ? [] : findingsOf(not, complain)),
    maxPowerW: maxPowerW ?? Number.POSITIVE_INFINITY,
    rate: rate === undefined ? undefined : rateOf(rate, within(complain, 'rate')),
    leastW: leastW ?? Number.NEGATIVE_INFINITY,
    step,
    maxClockOffS: maxClockOffS ?? Number.POSITIVE_INFINITY,
  }
}

function findingsOf(value: OneOrMore<ContextFinding | '*'>, complain: Complain) {
  const list = listOf(value)
  if (list.length === 0 || !list.every((one) => one === '*' || isOneOf(FINDINGS, one))) {
    complain(['not'], `must be of ${FINDINGS.join(', ')}, or *`)
  }
  return list.includes('*') ? FINDINGS : (list as ContextFinding[])
}

function limitOf(value: unknown, complain: Complain): LimitDocument {
  const limit = recordOf(value, [], complain) as LimitDocument
  assertMembers(limit, ['leastW', 'step'], [], complain)
  const { leastW, step } = limit
  if (leastW === undefined && step === undefined) complain([], 'says nothing; give leastW or step')
  if (leastW !== undefined && !(isPositive(leastW) || leastW === 0)) complain(['leastW'], 'must be a number of W from 0') // biome-ignore format: one line
  if (step !== undefined) {
    const found = recordOf(step, ['step'], complain) as NonNullable<LimitDocument['step']>
    assertMembers(found, ['atMostW', 'perS'], ['step'], complain)
    if (!isPositive(found.atMostW)) complain(['step', 'atMostW'], 'must be a number of W above 0')
    if (!isWhole(found.perS, MAX_PER_S)) complain(['step', 'perS'], `must be a whole number of seconds, 1 to ${MAX_PER_S}`) // biome-ignore format: one line
  }
  return limit
}

/** What is not plausible; undefined where nothing speaks against it, or nothing is known. */
export function implausible(
  rule: ContextRule,
  context: ContextFacts | undefined,
): PolicyReason | undefined {
  // biome-ignore format: one line
  if (!context) return undefined
  const { findings, powerW = 0, limit, earlierS = [], clockOffS = 0 } = context
  const found = findings.find((one) => rule.not.has(one))
  if (found) return found
  if (powerW > rule.maxPowerW) return 'above-rating'
  if (limit && limit.leastW < rule.leastW) return 'limit-too-low'
  if (clockOffS > rule.maxClockOffS) return 'clock-off'
  const { step, rate } = rule
  const isSteep = step && limit?.steps.some((one) => one.stepW > step.atMostW && one.sinceS < step.perS) // biome-ignore format: one line
  if (isSteep) return 'limit-too-steep'
  const isFrequent = rate && isTooOften(rate, earlierS)
  return isFrequent ? 'too-often' : undefined
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
