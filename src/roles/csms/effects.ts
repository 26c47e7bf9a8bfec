import { isDeepStrictEqual } from 'node:util'
import type { Heard } from './heard.ts'

type Members = Record<string, unknown>

/** How it is seen that a station has done what it was asked for. */
export type Effect =
  /** The answer itself is what was wanted. */
  | { readonly by: 'answer' }
  /** The station says something that shows it; the text says what. */
  | {
      readonly by: 'message'
      readonly seen: (heard: Heard, request: Members, answer: Members) => string | undefined
    }
  /** Asked in return, the station says the same. */
  | {
      readonly by: 'reading'
      readonly ask: (
        request: Members,
        answer: Members,
      ) => readonly [action: string, request: object]
      readonly seen: (reading: Members, request: Members) => string | undefined
    }
  /** Nothing that a station can say shows it. */
  | { readonly by: 'nothing' }

const ANSWER: Effect = { by: 'answer' }
const NOTHING: Effect = { by: 'nothing' }

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
export function effectOf(action: string, request: Members): Effect {
  if (QUERIES.has(action)) return ANSWER
  if (action === 'SetChargingProfile') return isInForce(request) ? LIMITED : NOTHING
  if (action === 'TriggerMessage' || action === 'ExtendedTriggerMessage') return triggered(request)
  return EFFECTS[action] ?? NOTHING
}

const QUERIES: ReadonlySet<string> = new Set([
  'GetConfiguration',
  'GetVariables',
  'GetLocalListVersion',
  'GetCompositeSchedule',
  'GetTransactionStatus',
  'UnlockConnector',
  'DataTransfer',
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
    const isIt = said.eventType === 'Ended' && transactionId === asked.transactionId
    return isIt ? `transaction ${transactionId} has ended` : undefined
  }),
  Reset: {
    by: 'message',
    seen: ({ action, request: said }, asked) => {
      if (asked.evseId === undefined) return action === 'BootNotification' ? 'it has booted' : undefined // biome-ignore format: one line
      const isIt = action === 'StatusNotification' && said.evseId === asked.evseId
      return isIt ? `EVSE ${said.evseId} is ${said.connectorStatus}` : undefined
    },
  },
  ChangeAvailability: status((word, { type, operationalStatus = type }) =>
    operationalStatus === 'Inoperative' ? word === 'Unavailable' : word !== 'Unavailable',
  ),
  ReserveNow: status((word) => word === 'Reserved'),
  ChangeConfiguration: {
    by: 'reading',
    ask: ({ key }) => ['GetConfiguration', { key: [key] }],
    seen: (reading, { key, value }) => {
      const [found] = (reading.configurationKey ?? []) as Members[]
      return found?.value === value ? `${key} reads ${value}` : undefined
    },
  },
  SetVariables: {
    by: 'reading',
    ask: ({ setVariableData }) => [
      'GetVariables',
      { getVariableData: (setVariableData as Members[]).map(({ attributeValue: _, ...item }) => item) }, // biome-ignore format: one line
    ],
    seen: ({ getVariableResult }, { setVariableData }) => {
      const asked = setVariableData as Members[]
      const found = getVariableResult as Members[]
      const isSame = asked.every(
        ({ attributeValue }, i) => found[i]?.attributeValue === attributeValue,
      )
      return isSame ? asked.map((item) => `${nameOf(item)} reads ${item.attributeValue}`).join(', ') : undefined // biome-ignore format: one line
    },
  },
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

/** The station itself says what it is limited to now, by all its profiles together. */
const LIMITED: Effect = {
  by: 'reading',
  ask: (asked) => {
    const { chargingRateUnit } = scheduleOf(asked)
    const { connectorId, evseId } = asked
    const place = evseId === undefined ? { connectorId } : { evseId }
    return ['GetCompositeSchedule', { ...place, duration: 60, chargingRateUnit }]
  },
  seen: (reading, asked) => {
    const { chargingRateUnit: unit, chargingSchedulePeriod: wanted = [] } = scheduleOf(asked)
    const { chargingSchedule, schedule = chargingSchedule } = reading
    const [now] = ((schedule as Schedule | undefined)?.chargingSchedulePeriod ?? []) as Period[]
    const most = Math.max(...wanted.map(({ limit }) => limit))
    return now && now.limit <= most ? `it is limited to ${now.limit} ${unit}` : undefined
  },
}

interface Period {
  readonly limit: number
}
interface Schedule {
  readonly chargingRateUnit?: string
  readonly startSchedule?: string
  readonly chargingSchedulePeriod?: readonly Period[]
}

function profileOf({ chargingProfile, csChargingProfiles = chargingProfile }: Members): Members {
  return csChargingProfiles as Members
}

function scheduleOf(asked: Members): Schedule {
  const [schedule] = [profileOf(asked).chargingSchedule].flat()
  return schedule as Schedule
}

/** Of one that begins later, or comes and goes, nothing shows yet. */
function isInForce(asked: Members): boolean {
  const { validFrom, chargingProfileKind } = profileOf(asked)
  const begins = [validFrom, scheduleOf(asked).startSchedule].map((at) => Date.parse(`${at}`))
  return chargingProfileKind !== 'Recurring' && !begins.some((at) => at > Date.now())
}

function heard(
  action: string,
  seen: (said: Members, asked: Members, answer: Members) => string | undefined,
): Effect {
  return {
    by: 'message',
    seen: (one, asked) =>
      one.action === action ? seen(one.request, asked, one.answer) : undefined,
  }
}

/** A StatusNotification of the connector that was meant; 0 or none means any. */
function status(isIt: (word: unknown, asked: Members) => boolean): Effect {
  return heard('StatusNotification', (said, asked) => {
    const word = said.status ?? said.connectorStatus
    const evse = said.evseId ?? said.connectorId
    const meant = (asked.evse as Members | undefined)?.id ?? asked.evseId ?? asked.connectorId
    const isThere = meant === undefined || meant === 0 || meant === evse
    return isThere && isIt(word, asked) ? `EVSE ${evse} is ${word}` : undefined
  })
}

/** The last part of a report that was asked for by number. */
function reported(action: string): Effect {
  return heard(action, (said, asked) =>
    said.requestId === asked.requestId && said.tbc !== true ? 'the report is complete' : undefined,
  )
}

/** What was triggered came. */
function triggered({ requestedMessage }: Members): Effect {
  return {
    by: 'message',
    seen: ({ action }) =>
      isDeepStrictEqual(action, TRIGGERED[String(requestedMessage)] ?? requestedMessage)
        ? `${action} came`
        : undefined,
  }
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

function nameOf({ component, variable }: Members): string {
  return [component, variable].map((part) => (part as Members | undefined)?.name).join('.')
}
