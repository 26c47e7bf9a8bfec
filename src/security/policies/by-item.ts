import { itemRequests, type PartlyPermitted, permittedPart } from '../roles/item-answers.ts'
import type { PolicyDecision, PolicyFacts } from './facts.ts'
import { type CompiledRuleBook, judgeBy } from './rule-book.ts'

/**
 * The same request without the items that the roles of its originator do not permit, where each is
 * answered by itself. Every item is judged as if it were asked for alone, and what is left as a whole.
 *
 * @param decision Of all of it.
 * @returns undefined where there is nothing to leave out, or nothing would be left.
 * @spec docs/security.md, "User roles"
 */
export function judgeByItem(
  book: CompiledRuleBook,
  facts: PolicyFacts,
  { reason }: PolicyDecision,
): { readonly decision: PolicyDecision; readonly part: PartlyPermitted } | undefined {
  const { kind, action, payload } = facts
  if (reason !== 'role' || kind !== 'CALL' || !payload) return undefined
  const alone = itemRequests(action, payload)
  if (!alone || alone.length < 2) return undefined
  const isPermitted = alone.map((one) => judgeBy(book, { ...facts, payload: one }).outcome === 'accept') // biome-ignore format: one line
  if (!isPermitted.includes(true)) return undefined
  const part = { action, request: payload, isPermitted }
  const decision = judgeBy(book, { ...facts, payload: permittedPart(part) })
  return decision.outcome === 'accept' ? { decision, part } : undefined
}
