/** What a rule lets through though it fails it: somebody has to hear of each such message. */
import type { PolicyDecision, RuleReference } from '../security/policies/facts.ts'
import type { NodeEvent } from './core.ts'

/** The message as observers know it. */
export interface Alerting {
  readonly link: string
  readonly source: string
  readonly destination: string
  /** Plain name; of an answer that of its request. */
  readonly action: string
}

/** @returns undefined where the message passed because it meets its rule, or did not pass. */
export function alertOf(
  { outcome, reason, rule }: PolicyDecision,
  { link, source, destination, action }: Alerting,
): NodeEvent | undefined {
  if (outcome !== 'allow-and-alert' || !reason || !rule) return undefined
  return {
    name: 'message.alerted',
    link,
    source,
    destination,
    action,
    rule: ruleText(rule),
    reason,
  }
}

/** `site in/0`, as explanations name it. */
function ruleText({ policy, list, index }: RuleReference): string {
  return `${policy} ${list}/${index}`
}
