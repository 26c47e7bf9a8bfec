import { OverlayError } from '../../errors.ts'
import type { SignaturePolicy } from './signature-policy.ts'

/** How far ahead of the moment a policy is taken `allow-and-alert` may end. */
export const MAX_ALERT_DAYS = 90
const DAY_S = 24 * 3_600

/**
 * Asked where a policy is taken: what is let through for a while must not be so for years. Once
 * taken, its end only comes nearer.
 *
 * @param nowS Seconds since 1970.
 * @throws {OverlayError} ERR_POLICY_DOCUMENT with the pointer to the rule.
 */
export function assertAlertsEnd({ in: ofIn, forward }: SignaturePolicy, nowS: number): void {
  const lastS = nowS + MAX_ALERT_DAYS * DAY_S
  const late = [...ofIn.rules, ...forward.rules].find(({ failure }) => failure.untilS > lastS)
  if (!late) return
  const { list, index } = late.reference
  throw new OverlayError('ERR_POLICY_DOCUMENT', {
    place: `/${list}/${index}/until`,
    problem: `is more than ${MAX_ALERT_DAYS} days ahead; now it may be ${new Date(lastS * 1_000).toISOString()} at the latest`, // biome-ignore format: one line
  })
}
