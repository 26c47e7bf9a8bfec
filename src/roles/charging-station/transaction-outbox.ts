import type { Clock } from '../../primitives/clock.ts'
import type { JournalMessage } from '../../storage/station-journal.ts'
import type { Acknowledgement } from './dialect.ts'
import { Outbox } from './outbox.ts'
import type { Site } from './site.ts'

/** Delivers what the journal has about transactions, and heeds what is answered. */
export function transactionOutbox(
  site: Site,
  clock: Clock,
  stopping: AbortSignal,
): Outbox<JournalMessage, Acknowledgement> {
  const { journal, dialect, log, variables } = site
  return new Outbox({
    queue: journal,
    deliver: (message) => dialect.deliver(message),
    impossible: ({ kind, transactionId }) => {
      const isNameless = dialect.isNumberedByCsms && kind !== 'start' && transactionId === undefined
      return isNameless ? 'the start of its transaction was refused' : undefined
    },
    clock,
    log,
    stopping,
    attempts: () => variables.number('OCPPCommCtrlr.MessageAttempts[TransactionEvent]'),
    retryIntervalMs: () =>
      variables.number('OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]') * 1000,
    answered: ({ id, startId }, { transactionId, token }) => {
      journal.delivered(id, transactionId)
      const evse = site.evses.find(({ transaction }) => transaction?.startId === startId)
      if (transactionId !== undefined) evse?.transaction?.named(transactionId)
      if (!token) return
      site.authorization.remember(token.token, token.info)
      // Whoever stopped it, or was there before, is not who charges.
      if (evse?.isGrantedTo(token.token)) evse.judged(token.info)
    },
  })
}
