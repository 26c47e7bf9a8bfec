import type { Handlers } from '../../node/handlers.ts'
import type { CsmsState } from './csms.ts'
import { updateOf } from './installed.ts'
import { record } from './record.ts'

/**
 * What only OCPP 2.1 has.
 *
 * @spec OCPP 2.1 Part 2, K21, K22 (priority charging), K28 (dynamic charging profiles)
 */
export function handlers21(state: CsmsState): Handlers<'ocpp2.1'> {
  return {
    // Kept as received: the transaction is the station's to hurry.
    NotifyPriorityCharging: (_, context) => record(state, context, () => ({})),

    PullDynamicScheduleUpdate: ({ chargingProfileId }, context) =>
      record(state, context, () => {
        const row = state.store.profiles.find(context.source, chargingProfileId)
        const scheduleUpdate = row && updateOf(row.profile as Record<string, unknown>)
        if (scheduleUpdate) {
          return { status: 'Accepted', scheduleUpdate }
        }
        const statusInfo = { reasonCode: 'InvalidProfileId', additionalInfo: 'no dynamic profile of this id was set by this CSMS' } // biome-ignore format: one line
        return { status: 'Rejected', statusInfo }
      }),
  }
}
