import type { Handlers } from '../../node/handlers.ts'
import type { Commandable } from './charging-station.ts'
import { afterAnswer } from './commands.ts'

/**
 * What only a station of OCPP 2.1 answers.
 *
 * @spec OCPP 2.1 Part 2, K21 and K28
 */
export function handlers21(station: () => Commandable): Handlers<'ocpp2.1'> {
  return {
    UpdateDynamicSchedule({ chargingProfileId, scheduleUpdate }) {
      const problem = station().life.dynamicProfiles.update(chargingProfileId, scheduleUpdate)
      if (!problem) return { status: 'Accepted' }
      const { reasonCode, text: additionalInfo } = problem
      return { status: 'Rejected', statusInfo: { reasonCode, additionalInfo } }
    },
    UsePriorityCharging({ transactionId, activate }) {
      const { life } = station()
      const evse = life.evses.find(
        ({ transaction }) => transaction?.transactionId === transactionId,
      )
      if (!evse) return { status: 'Rejected', statusInfo: { reasonCode: 'TxNotFound' } }
      const status = life.priority.statusOf(evse.id, activate)
      if (status === 'NoProfile') return { status, statusInfo: { reasonCode: 'NotFound' } }
      void afterAnswer(life, () => {
        // While it was answered another transaction may have begun.
        if (evse.transaction?.transactionId === transactionId) life.priority.use(evse.id, activate)
      })
      return { status }
    },
  }
}
