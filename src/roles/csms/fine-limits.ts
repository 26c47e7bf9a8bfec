import type { ChargingProfileType } from '../../messages/ocpp2.0.1.ts'
import type { Problem } from '../../messages/problems.ts'
import type { Protocol } from '../../messages/protocols.ts'

/** What is left of a number of tenths by binary fractions. */
const EPSILON = 1e-6

/**
 * Limits finer than tenths, which OCPP 2.0.1 forbids by its text only; the schema of 1.6 does, and 2.1
 * allows them.
 *
 * @param request One that keeps to its schema.
 * @returns The first of them.
 * @spec OCPP 2.0.1 edition 3 Part 2, ChargingSchedulePeriodType and ChargingScheduleType
 */
export function tooFine(
  protocol: Protocol,
  request: { readonly chargingProfile?: unknown },
): Pick<Problem, 'problem' | 'pointer'> | undefined {
  if (protocol !== 'ocpp2.0.1' || request.chargingProfile === undefined) return undefined
  // What GetChargingProfiles asks for bears the same name, and has no schedule.
  const { chargingSchedule = [] } = request.chargingProfile as Partial<ChargingProfileType>
  const limits = chargingSchedule.flatMap(({ minChargingRate, chargingSchedulePeriod }, at) => [
    [minChargingRate, `${at}/minChargingRate`] as const,
    ...chargingSchedulePeriod.map(({ limit }, i) => [limit, `${at}/chargingSchedulePeriod/${i}/limit`] as const), // biome-ignore format: one line
  ])
  const [found] = limits.filter(([limit = 0]) => Math.abs(limit * 10 - Math.round(limit * 10)) > EPSILON) // biome-ignore format: one line
  if (!found) return undefined
  const problem = `(${found[0]}) must have at most one digit behind the point for OCPP 2.0.1; round it down`
  return { problem, pointer: `/chargingProfile/chargingSchedule/${found[1]}` }
}
