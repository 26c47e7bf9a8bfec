import { OverlayError } from '../../errors.ts'
import { KINDS, type Kind } from '../../wire/frame.ts'
import { encodePayload } from '../../wire/payload.ts'
import { type CompiledRule, compileRules } from './compile.ts'
import { Inspection } from './inspection.ts'
import { markReplaced } from './replacement.ts'
import type { Drop, FilterEffect, FilterRule, FilterSubject, FilterVerdict, Reject, RuleStatistics } from './rule.ts' // biome-ignore format: one line

/** A condition as one frame met it or not. */
export interface Check {
  readonly words: string
  readonly holds: boolean
  /** What the frame has there. */
  readonly actual: string
}

/** A rule and the conditions that were looked at, up to the first that failed. */
export interface RuleTrace {
  readonly rule: string
  readonly effect: FilterEffect
  readonly matches: boolean
  readonly checks: readonly Check[]
}

/** A rule for people to read. */
export interface RuleInWords {
  readonly rule: string
  readonly effect: FilterEffect
  readonly conditions: readonly string[]
  /** Of reject: what the sender is told. */
  readonly reason: string | undefined
}

/**
 * Makes filters of rules; they keep the counts and rates of these rules as long as they live.
 *
 * @param nodeId Who is named in payloads that a rule replaced.
 * @throws {OverlayError} ERR_FILTER_RULE
 * @spec docs/filters.md
 */
export function compileFilters(rules: readonly FilterRule[], nodeId: string): Filters {
  return new Filters(compileRules(rules), nodeId)
}

/** Rules that decide what may pass a node. */
export class Filters {
  readonly #rules: readonly CompiledRule[]
  readonly #nodeId: string
  readonly #index: Readonly<Record<Kind, KindIndex>>
  readonly #inspection = new Inspection()

  constructor(rules: readonly CompiledRule[], nodeId: string) {
    this.#rules = rules
    this.#nodeId = nodeId
    const index = Object.values(KINDS).map((kind) => [kind, indexOf(rules, kind)])
    this.#index = Object.fromEntries(index)
  }

  /**
   * Decides about one frame. Every rule that may concern it is asked, so whether it is denied, the
   * counts of matches and the rates do not depend on the order of rules; conditions see what came
   * in, not what a replace rule makes of it.
   *
   * @param now Milliseconds, of one clock for all calls.
   * @returns undefined when the frame goes on as it is, which allocates nothing.
   */
  judge(subject: FilterSubject, now: number): FilterVerdict {
    const { byAction, others } = this.#index[subject.kind]
    const candidates = byAction.get(subject.action) ?? others
    return candidates.length === 0 ? undefined : this.#decide(candidates, subject, now)
  }

  /** As `judge`, counting as it does, and says how each rule came to its part of the verdict. */
  explain(
    subject: FilterSubject,
    now: number,
  ): { readonly verdict: FilterVerdict; readonly rules: readonly RuleTrace[] } {
    const rules: RuleTrace[] = []
    const ask = (rule: CompiledRule, inspection: Inspection) => {
      const trace = traceOf(rule, inspection)
      rules.push(trace)
      return trace.matches
    }
    return { verdict: this.#decide(this.#rules, subject, now, ask), rules }
  }

  statistics(): RuleStatistics[] {
    return this.#rules.map(({ name, effect, counts }) => ({ rule: name, effect, ...counts }))
  }

  describe(): RuleInWords[] {
    return this.#rules.map(({ name, effect, conditions, reason }) => ({
      rule: name,
      effect,
      conditions: conditions.map(({ words }) => words),
      reason: effect === 'reject' ? reason : undefined,
    }))
  }

  #decide(
    candidates: readonly CompiledRule[],
    subject: FilterSubject,
    now: number,
    ask = isMatch,
  ): FilterVerdict {
    const inspection = this.#inspection
    inspection.begin(subject, now)
    let denial: CompiledRule | undefined
    let replaces: CompiledRule[] | undefined
    for (const rule of candidates) {
      if (!ask(rule, inspection)) continue
      rule.counts.matched++
      if (rule.effect === 'reject' || rule.effect === 'drop') denial ??= rule
      else if (rule.effect === 'replace') {
        replaces ??= []
        replaces.push(rule)
      }
    }
    // Deny wins, wherever it stands in the list.
    const verdict = denial ? deny(denial) : replaces && this.#replace(replaces, inspection)
    inspection.end()
    return verdict
  }

  #replace(rules: readonly CompiledRule[], inspection: Inspection): FilterVerdict {
    const payload = inspection.payload()
    const [first] = rules
    // What a rule would have taken out must not pass because it could not be found.
    if (payload === undefined) return first && reject(first, 'its payload cannot be read')
    const effective = rules.filter(
      ({ changes }) => changes.filter((change) => change(payload)).length > 0,
    )
    if (effective.length === 0) return undefined
    for (const { counts } of effective) counts.replaced++
    const names = effective.map(({ name }) => name)
    const entries = names.map((rule) => ({ by: this.#nodeId, rule }))
    const marked = markReplaced(payload, inspection.subject.protocol, entries)
    return { effect: 'replace', payload: encodePayload(payload), rules: names, marked }
  }
}

/**
 * A denied frame as an error: what is thrown where the frame is refused, so that it is counted,
 * logged and answered like every other. Its text for the sender is in `details.problem`.
 *
 * @returns ERR_FILTERED, which is answered, or ERR_FILTER_DROPPED, which is not.
 */
export function denialError(verdict: Reject | Drop): OverlayError {
  const { rule } = verdict
  if (verdict.effect === 'drop') return new OverlayError('ERR_FILTER_DROPPED', { rule })
  return new OverlayError('ERR_FILTERED', { rule, problem: verdict.reason })
}

interface KindIndex {
  /** For each action that a rule names, the rules that may concern it; for '' (not known) all. */
  readonly byAction: ReadonlyMap<string, readonly CompiledRule[]>
  /** For actions that no rule names: rules with a wildcard, or for every action. */
  readonly others: readonly CompiledRule[]
}

function indexOf(rules: readonly CompiledRule[], kind: Kind): KindIndex {
  const ofKind = rules.filter(({ kinds }) => kinds === undefined || kinds.includes(kind))
  const isOpen = (action: string) => action.includes('*')
  const others = ofKind.filter(({ actions }) => actions === undefined || actions.some(isOpen))
  const named = new Set(ofKind.flatMap(({ actions = [] }) => actions.filter((one) => !isOpen(one))))
  const byAction = new Map([['', ofKind]])
  for (const action of named) {
    const concerns = (rule: CompiledRule) => others.includes(rule) || rule.actions?.includes(action)
    byAction.set(action, ofKind.filter(concerns))
  }
  return { byAction, others }
}

function isMatch(rule: CompiledRule, inspection: Inspection): boolean {
  for (const condition of rule.conditions) if (!condition.holds(inspection)) return false
  return true
}

function traceOf({ name, effect, conditions }: CompiledRule, inspection: Inspection): RuleTrace {
  const checks: Check[] = []
  for (const condition of conditions) {
    const holds = condition.holds(inspection)
    checks.push({ words: condition.words, holds, actual: condition.actual(inspection) })
    if (!holds) break
  }
  return { rule: name, effect, matches: checks.at(-1)?.holds ?? true, checks }
}

function deny(rule: CompiledRule): Reject | Drop {
  if (rule.effect === 'reject') return reject(rule, rule.reason)
  rule.counts.dropped++
  return { effect: 'drop', rule: rule.name }
}

function reject({ name, counts }: CompiledRule, reason: string): Reject {
  counts.rejected++
  return { effect: 'reject', rule: name, reason }
}
