import { OverlayError } from '../../errors.ts'
import {
  assertMembers,
  type Complain,
  isOneOf,
  listOf,
  recordOf,
  within,
} from '../../wire/document-checks.ts'
import type { Kind } from '../../wire/frame.ts'
import { type Condition, compileMatch } from './conditions.ts'
import { type Change, compileReplacements } from './replacement.ts'
import { EFFECTS, type FilterEffect, type FilterMatch, type FilterRule } from './rule.ts'

/** A rule that was checked, ready to be asked. */
export interface CompiledRule {
  readonly name: string
  readonly effect: FilterEffect
  /** Undefined: of every kind, of every action. */
  readonly kinds: readonly Kind[] | undefined
  readonly actions: readonly string[] | undefined
  readonly conditions: readonly Condition[]
  /** For the sender of a rejected frame. */
  readonly reason: string
  readonly changes: readonly Change[]
  readonly counts: { matched: number; rejected: number; dropped: number; replaced: number }
}

const MEMBERS = ['name', 'effect', 'match', 'reason', 'replace']
/** Printable, because names stand in answers, logs and metrics. */
const NAME = /^[\x21-\x7e](?:[\x20-\x7e]{0,48}[\x21-\x7e])?$/
const MAX_REASON = 255

/**
 * Checks the rules, each by itself and their names among each other.
 *
 * @throws {OverlayError} ERR_FILTER_RULE; its details name the rule, the member, the path to it
 *   (index of the rule first) and what to do.
 */
export function compileRules(rules: readonly FilterRule[]): CompiledRule[] {
  const names = new Set<string>()
  return rules.map((rule, i) => {
    const complain: Complain = (path, problem) => {
      const name = typeof rule?.name === 'string' && rule.name !== '' ? rule.name : `#${i + 1}`
      const member = path.length === 0 ? 'the rule' : path.join('.')
      const details = { rule: name, member, path: [`${i}`, ...path], problem }
      throw new OverlayError('ERR_FILTER_RULE', details)
    }
    assertMembers(recordOf(rule, [], complain), MEMBERS, [], complain)
    if (names.has(rule.name)) complain(['name'], 'is the name of another rule too')
    names.add(rule.name)
    return compileRule(rule, complain)
  })
}

function compileRule(rule: FilterRule, complain: Complain): CompiledRule {
  const { name, effect, match = {}, reason, replace } = rule
  if (typeof name !== 'string' || !NAME.test(name)) {
    complain(['name'], 'must be 1 to 50 printable ASCII characters without spaces around them')
  }
  if (!isOneOf(EFFECTS, effect)) complain(['effect'], `must be one of ${EFFECTS.join(', ')}`)
  checkReason(effect, reason, complain)
  checkReplace(effect, replace, complain)
  recordOf(match, ['match'], complain)
  const conditions = compileMatch(match, within(complain, 'match'))
  const isDeny = effect === 'reject' || effect === 'drop'
  if (isDeny && conditions.every(({ isVoid }) => isVoid)) {
    complain(['match'], `is met by every frame, so ${effect} would cut off everything: say which`)
  }
  return {
    name,
    effect,
    kinds: match.kind === undefined ? undefined : listOf<Kind>(match.kind),
    actions: actionsOf(match),
    conditions,
    reason: reason ?? `not allowed by the rule "${name}"`,
    changes: compileReplacements(replace ?? [], complain),
    counts: { matched: 0, rejected: 0, dropped: 0, replaced: 0 },
  }
}

function checkReason(effect: FilterEffect, reason: unknown, complain: Complain): void {
  if (reason === undefined) return
  if (effect !== 'reject') complain(['reason'], 'is told only by the effect reject')
  if (typeof reason !== 'string' || reason === '' || reason.length > MAX_REASON) {
    complain(['reason'], `must be a text of 1 to ${MAX_REASON} characters`)
  }
}

function checkReplace(effect: FilterEffect, replace: unknown, complain: Complain): void {
  if (effect !== 'replace') {
    if (replace !== undefined) complain(['replace'], 'counts only with the effect replace')
  } else if (!Array.isArray(replace) || replace.length === 0) {
    complain(['replace'], 'must be a list that says what to change')
  }
}

function actionsOf({ action }: FilterMatch): readonly string[] | undefined {
  return action === undefined ? undefined : listOf<string>(action)
}
