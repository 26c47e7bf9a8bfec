import { isDeepStrictEqual } from 'node:util'
import { availability } from './availability-effects.ts'
import { ANSWER, type Effect, type Known, type Members, NOTHING, type Verdict } from './effect.ts'
import { cleared, limited, updated } from './profile-effects.ts'
import { configured, nameOf, variablesSet } from './variable-effects.ts'

/** Status words of answers by which a station takes something on. */
const TAKEN: ReadonlySet<unknown> = new Set([
  'Accepted',
  'Scheduled',
  'Unlocked',
  'RebootRequired',
  'AcceptedCanceled',
])

/** What is wrong with an answer; undefined when the station takes the operation on. */
export function refusalOf(answer: Members): string | undefined {
  const { status, statusInfo } = answer
  const parts = [answer.setVariableResult, answer.getVariableResult].flat().filter(Boolean)
  const refused = (parts as Members[])
    .map((part) => [part, part.attributeStatus] as const)
    .filter(([, word]) => !TAKEN.has(word))
    .map(([part, word]) => `${nameOf(part)}: ${word}`)
  if (refused.length > 0) return refused.join(', ')
  if (status === undefined || TAKEN.has(status)) return undefined
  const { reasonCode, additionalInfo } = (statusInfo ?? {}) as Members
  return [status, reasonCode, additionalInfo].filter((word) => word !== undefined).join(', ')
}

/** How the effect of an action is seen; a version that has the action means the same by it. */
export function effectOf(
  action: string,
  request: Members,
  known: Known = { now: Date.now() },
): Effect {
  if (ANSWERED.has(action)) return ANSWER
  if (action === 'SetChargingProfile') return limited(request, known)
  if (action === 'ClearChargingProfile') return cleared(request, known)
  if (action === 'UpdateDynamicSchedule') return updated(request, known)
  if (action === 'ReserveNow') return reserved(request, known)
  if (action === 'CancelReservation') return freed(known)
  if (action === 'ChangeAvailability') return availability(request)
  if (action === 'ChangeConfiguration') return configured(request)
  if (action === 'SetVariables') return variablesSet(request)
  if (action === 'TriggerMessage' || action === 'ExtendedTriggerMessage') return triggered(request)
  return EFFECTS[action] ?? NOTHING
}

/** How a station of OCPP 1.6 can say it, whose status has no word for a lock. */
const UNLOCKED_INFO = 'unlocked'

/** Of these the answer is all that can be known. */
const ANSWERED: ReadonlySet<string> = new Set([
  'GetConfiguration',
  'GetVariables',
  'GetLocalListVersion',
  'GetCompositeSchedule',
  'GetTransactionStatus',
  'DataTransfer',
  // Accepted says that it has been done (ClearCacheStatus; 2.x, ClearCacheStatusEnumType).
  'ClearCache',
])

const EFFECTS: Readonly<Record<string, Effect>> = {
  RemoteStartTransaction: heard('StartTransaction', (said, asked, answer) => {
    const isIt = isSameToken(said.idTag, asked.idTag) && agrees(said, asked, 'connectorId')
    return isIt ? `transaction ${answer.transactionId} has started` : undefined
  }),
  RemoteStopTransaction: heard('StopTransaction', (said, asked) =>
    said.transactionId === asked.transactionId
      ? `transaction ${said.transactionId} has ended`
      : undefined,
  ),
  RequestStartTransaction: heard('TransactionEvent', (said, asked) => {
    const { remoteStartId, transactionId } = said.transactionInfo as Members
    return remoteStartId === asked.remoteStartId
      ? `transaction ${transactionId} has started`
      : undefined
  }),
  RequestStopTransaction: heard('TransactionEvent', (said, asked) => {
    const { transactionId } = said.transactionInfo as Members
    if (transactionId !== asked.transactionId) return undefined
    if (said.eventType === 'Ended') return `transaction ${transactionId} has ended`
    // F03.FR.02: it goes on until the cable is pulled, but no energy flows any more.
    const isStopped = said.eventType === 'Updated' && said.triggerReason === 'RemoteStop'
    return isStopped ? `transaction ${transactionId} gets no energy any more` : undefined
  }),
  Reset: {
    by: 'message',
    seen: ({ action, request: said }, asked) => {
      if (asked.evseId === undefined) return action === 'BootNotification' ? 'it has booted' : undefined // biome-ignore format: one line
      const isIt = action === 'StatusNotification' && said.evseId === asked.evseId
      return isIt ? `EVSE ${said.evseId} is ${said.connectorStatus}` : undefined
    },
  },
  UnlockConnector: {
    by: 'message',
    seen: (said, asked) => unlocked(said.action, said.request, asked),
  },
  UsePriorityCharging: heard('NotifyPriorityCharging', (said, asked) => {
    const isIt = said.transactionId === asked.transactionId && said.activated === asked.activate
    const how = said.activated ? 'with' : 'without'
    return isIt ? `transaction ${said.transactionId} charges ${how} priority` : undefined
  }),
  SendLocalList: {
    by: 'reading',
    ask: () => ['GetLocalListVersion', {}],
    seen: ({ listVersion, versionNumber = listVersion }, asked) =>
      versionNumber === (asked.versionNumber ?? asked.listVersion)
        ? `the list has version ${versionNumber}`
        : undefined,
  },
  GetBaseReport: reported('NotifyReport'),
  GetReport: reported('NotifyReport'),
  GetChargingProfiles: reported('ReportChargingProfiles'),
}

function heard(
  action: string,
  seen: (said: Members, asked: Members, answer: Members) => Verdict,
): Effect {
  return {
    by: 'message',
    seen: (one, asked) =>
      one.action === action ? seen(one.request, asked, one.answer) : undefined,
  }
}

/**
 * The connector shows it, or has shown it before, where the reservation is only another one's
 * successor. One of any EVSE shows nowhere as long as there is a choice.
 */
function reserved({ evseId, connectorId = evseId }: Members, { evses, isRenewed }: Known): Effect {
  const [only, ...others] = (evses ?? []).filter((id) => id !== 0)
  const isAny = connectorId === undefined || connectorId === 0
  const meant = isAny && others.length === 0 ? only : connectorId
  if (meant === undefined || meant === 0) return { by: 'nothing', why: 'and no EVSE need show it as long as there are several' } // biome-ignore format: one line
  const text = `EVSE ${meant} is Reserved`
  return {
    by: 'message',
    seen: ({ action, request: said }) => {
      const isIt = (said.evseId ?? said.connectorId) === meant
      const word = said.status ?? said.connectorStatus
      return action === 'StatusNotification' && isIt && word === 'Reserved' ? text : undefined
    },
    ...(isRenewed && {
      already: (connectors) =>
        connectors.some((one) => one.evseId === meant && one.status === 'Reserved') ? text : undefined, // biome-ignore format: one line
    }),
  }
}

/** The connector shows the reservation no longer; where none showed it, the answer is all there is. */
function freed({ reservedEvses = [] }: Known): Effect {
  if (reservedEvses.length === 0) return ANSWER
  return heard('StatusNotification', (said) => {
    const word = said.status ?? said.connectorStatus
    const evse = Number(said.evseId ?? said.connectorId)
    return reservedEvses.includes(evse) && word !== 'Reserved' ? `EVSE ${evse} is ${word}` : undefined // biome-ignore format: one line
  })
}

/** Status words by which a connector has let go of the plug. */
const RELEASED: ReadonlySet<unknown> = new Set(['Available', 'Finishing'])

/**
 * What a station says when a plug can be pulled: the state of the lock, in 2.x by its component, or
 * what came of it.
 */
function unlocked(action: string, said: Members, { connectorId, evseId = connectorId }: Members) {
  if (action === 'StopTransaction' && said.reason === 'UnlockCommand') {
    return `transaction ${said.transactionId} has ended by it`
  }
  if (action === 'NotifyEvent') {
    const open = (said.eventData as Members[]).some((event) => isOpenLock(event, evseId))
    return open ? `the lock of EVSE ${evseId} is open` : undefined
  }
  const word = said.status ?? said.connectorStatus
  if (action !== 'StatusNotification' || (said.evseId ?? said.connectorId) !== evseId)
    return undefined
  const isOpen = RELEASED.has(word) || said.info === UNLOCKED_INFO
  return isOpen ? `EVSE ${evseId} is ${word}, and its connector unlocked` : undefined
}

function isOpenLock({ component, variable, actualValue }: Members, evseId: unknown): boolean {
  const { name, evse } = component as { name: string; evse?: { id: number } }
  const isLock = name === 'ConnectorPlugRetentionLock' && (variable as Members).name === 'Active'
  return isLock && evse?.id === evseId && String(actualValue).toLowerCase() === 'false'
}

/** The last part of a report that was asked for by number. */
function reported(action: string): Effect {
  return heard(action, (said, asked) =>
    said.requestId === asked.requestId && said.tbc !== true ? 'the report is complete' : undefined,
  )
}

/** What was triggered came, from where it was asked for. */
function triggered(asked: Members): Effect {
  const { requestedMessage } = asked
  return {
    by: 'message',
    seen: ({ action, request: said }) => {
      const isIt = isDeepStrictEqual(action, TRIGGERED[String(requestedMessage)] ?? requestedMessage) // biome-ignore format: one line
      return isIt && isFrom(said, asked) ? `${action} came` : undefined
    },
  }
}

/** Whether a message is of the place that was asked for; one that names no place is of any. */
function isFrom(said: Members, asked: Members): boolean {
  const meant = (asked.evse ?? { id: asked.connectorId }) as Members
  if (meant.id === undefined) return true
  const { connectorId, evseId } = said
  const { id = evseId ?? connectorId, connectorId: of = connectorId } = (said.evse ?? {}) as Members
  // A transaction has told before where it is; that it was triggered is all it says now.
  if (id === undefined) return said.triggerReason === undefined || said.triggerReason === 'Trigger'
  return id === meant.id && (of === undefined || agrees({ connectorId: of }, meant, 'connectorId'))
}

const TRIGGERED: Readonly<Record<string, string>> = {
  SignChargePointCertificate: 'SignCertificate',
  SignChargingStationCertificate: 'SignCertificate',
  LogStatusNotification: 'LogStatusNotification',
}

function agrees(said: Members, asked: Members, member: string): boolean {
  return asked[member] === undefined || said[member] === asked[member]
}

function isSameToken(a: unknown, b: unknown): boolean {
  return String(a).toUpperCase() === String(b).toUpperCase()
}
