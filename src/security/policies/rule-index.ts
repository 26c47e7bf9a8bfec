import { KINDS, type Kind } from '../../wire/frame.ts'
import type { Match } from './match.ts'

/** A rule that can be found by kind and action. */
export interface Findable {
  readonly match: Match
}

/**
 * Rules by kind and action, each list in the order in which they were written. Policies of a
 * thousand rules name an action in most of them; only those with wildcards are asked about all.
 */
export class RuleIndex<R extends Findable> {
  readonly #byKind: ReadonlyMap<Kind, ActionIndex<R>>

  constructor(rules: readonly R[]) {
    this.#byKind = new Map(Object.values(KINDS).map((kind) => [kind, indexOf(rules, kind)]))
  }

  /**
   * Rules that may be for a kind and an action, first ones first. Whether one with a wildcard is for
   * this action, and all conditions, are still to ask.
   */
  candidates(kind: Kind, action: string): readonly R[] {
    const index = this.#byKind.get(kind)
    return index ? (index.byAction.get(action) ?? index.open) : []
  }
}

interface ActionIndex<R> {
  /** For each action that a rule names, all rules that are for it. */
  readonly byAction: ReadonlyMap<string, readonly R[]>
  /** Rules with a wildcard, or for every action: what an action that no rule names may meet. */
  readonly open: readonly R[]
}

function indexOf<R extends Findable>(rules: readonly R[], kind: Kind): ActionIndex<R> {
  const ofKind = rules.filter(({ match }) => match.kinds === undefined || match.kinds.includes(kind)) // biome-ignore format: one line
  const isOpen = (action: string) => action.includes('*')
  const byAction = new Map<string, R[]>()
  for (const rule of ofKind) {
    for (const action of rule.match.actions ?? []) if (!isOpen(action)) byAction.set(action, [])
  }
  // One pass over the rules for each rule would be a million steps for a thousand of them.
  const open: R[] = []
  for (const rule of ofKind) {
    const { actions, hasAction } = rule.match
    if (actions === undefined || actions.some(isOpen)) {
      open.push(rule)
      for (const [action, list] of byAction) if (hasAction(action)) list.push(rule)
    } else for (const action of new Set(actions)) byAction.get(action)?.push(rule)
  }
  return { byAction, open }
}
