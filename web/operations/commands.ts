import { text } from '../text/text.ts'

const words = text.commands

/** What a field of a command asks for. */
export interface Field {
  readonly name: keyof typeof words.fields
  readonly kind: 'text' | 'token' | 'number' | 'choice' | 'moment' | 'running' | 'json'
  /** Of a choice; what is sent and shown, because these are OCPP's own words. */
  readonly options?: readonly string[]
  /** Where in the request it stands; a problem that is told of this or below stands at the field. */
  readonly pointer: string
  readonly isOptional?: true
}

export type Values = Readonly<Partial<Record<Field['name'], string>>>

/** What a question about a command can tell of the station. */
export interface Circumstances {
  readonly station: string
  readonly running: readonly {
    readonly transactionId: string
    readonly number: number
    readonly evseId?: number
  }[]
}

/** An operation with proper fields. */
export interface Command {
  readonly name: keyof typeof words.names
  readonly action: string
  readonly fields: readonly Field[]
  readonly request: (values: Values) => object
  /** Where it may do harm: the effect, as a question. */
  readonly question?: (values: Values, circumstances: Circumstances) => string | undefined
}

const TRIGGERS_16 = ['StatusNotification', 'MeterValues', 'Heartbeat', 'BootNotification', 'DiagnosticsStatusNotification', 'FirmwareStatusNotification'] // biome-ignore format: one line
const TRIGGERS_2 = ['StatusNotification', 'MeterValues', 'TransactionEvent', 'Heartbeat', 'BootNotification', 'LogStatusNotification', 'FirmwareStatusNotification'] // biome-ignore format: one line
const TOKEN_TYPES = ['ISO14443', 'ISO15693', 'Central', 'eMAID', 'KeyCode', 'Local', 'MacAddress', 'NoAuthorization'] // biome-ignore format: one line

const idTag: Field = { name: 'token', kind: 'token', pointer: '/idTag' }
const idToken: Field = { name: 'token', kind: 'token', pointer: '/idToken/idToken' }
const tokenType: Field = { name: 'tokenType', kind: 'choice', options: TOKEN_TYPES, pointer: '/idToken/type' } // biome-ignore format: one line
const evse = (pointer: string): Field => ({ name: 'evse', kind: 'number', pointer })
const connector = (pointer: string): Field => ({ name: 'connector', kind: 'number', pointer })
const optional = (field: Field): Field => ({ ...field, isOptional: true })
const operative = (pointer: string): Field => ({ name: 'availability', kind: 'choice', options: ['Inoperative', 'Operative'], pointer }) // biome-ignore format: one line
const trigger = (options: readonly string[]): Field => ({ name: 'message', kind: 'choice', options, pointer: '/requestedMessage' }) // biome-ignore format: one line
const reservation = (pointer: string): Field => ({ name: 'reservation', kind: 'number', pointer })

const clearCache: Command = {
  name: 'clearCache',
  action: 'ClearCache',
  fields: [],
  request: () => ({}),
  question: (_, { station }) => words.asks.clearCache(station),
}

const cancelReservation: Command = {
  name: 'cancelReservation',
  action: 'CancelReservation',
  fields: [reservation('/reservationId')],
  request: ({ reservation }) => ({ reservationId: toNumber(reservation) }),
}

const OF_1_6: readonly Command[] = [
  {
    name: 'start',
    action: 'RemoteStartTransaction',
    fields: [idTag, optional(connector('/connectorId'))],
    request: ({ token, connector }) => ({
      idTag: token,
      ...(connector && { connectorId: toNumber(connector) }),
    }),
  },
  {
    name: 'stop',
    action: 'RemoteStopTransaction',
    fields: [{ name: 'transaction', kind: 'running', pointer: '/transactionId' }],
    request: ({ transaction }) => ({ transactionId: toNumber(transaction) }),
    question: ({ transaction }, { station }) => words.asks.stop(transaction ?? '', station),
  },
  {
    name: 'unlock',
    action: 'UnlockConnector',
    fields: [connector('/connectorId')],
    request: ({ connector }) => ({ connectorId: toNumber(connector) }),
    question: ({ connector }, now) => unlockQuestion(connector, now),
  },
  {
    name: 'reset',
    action: 'Reset',
    fields: [{ name: 'reset', kind: 'choice', options: ['Soft', 'Hard'], pointer: '/type' }],
    request: ({ reset }) => ({ type: reset }),
    question: (_, { station, running }) => words.asks.reset(station, running.length),
  },
  {
    name: 'availability',
    action: 'ChangeAvailability',
    fields: [operative('/type'), connector('/connectorId')],
    request: ({ availability, connector }) => ({
      connectorId: toNumber(connector),
      type: availability,
    }),
    question: ({ availability, connector }, now) =>
      availability === 'Inoperative'
        ? inoperativeQuestion(connector === '0' ? undefined : connector, now)
        : undefined,
  },
  {
    name: 'reserve',
    action: 'ReserveNow',
    fields: [
      idTag,
      connector('/connectorId'),
      { name: 'until', kind: 'moment', pointer: '/expiryDate' },
      reservation('/reservationId'),
    ],
    request: ({ token, connector, until, reservation }) => ({
      idTag: token,
      connectorId: toNumber(connector),
      expiryDate: toMoment(until),
      reservationId: toNumber(reservation),
    }),
  },
  cancelReservation,
  {
    name: 'changeConfiguration',
    action: 'ChangeConfiguration',
    fields: [
      { name: 'key', kind: 'text', pointer: '/key' },
      { name: 'value', kind: 'text', pointer: '/value' },
    ],
    request: ({ key, value }) => ({ key, value }),
  },
  {
    name: 'getConfiguration',
    action: 'GetConfiguration',
    fields: [optional({ name: 'key', kind: 'text', pointer: '/key' })],
    request: ({ key }) => (key ? { key: key.split(/[\s,]+/) } : {}),
  },
  {
    name: 'trigger',
    action: 'TriggerMessage',
    fields: [trigger(TRIGGERS_16), optional(connector('/connectorId'))],
    request: ({ message, connector }) => ({
      requestedMessage: message,
      ...(connector && { connectorId: toNumber(connector) }),
    }),
  },
  clearCache,
]

const component = { name: 'component', kind: 'text' } as const
const variable = { name: 'variable', kind: 'text' } as const

const OF_2: readonly Command[] = [
  {
    name: 'start',
    action: 'RequestStartTransaction',
    fields: [idToken, tokenType, optional(evse('/evseId'))],
    request: ({ token, tokenType, evse }) => ({
      idToken: { idToken: token, type: tokenType },
      remoteStartId: newNumber(),
      ...(evse && { evseId: toNumber(evse) }),
    }),
  },
  {
    name: 'stop',
    action: 'RequestStopTransaction',
    fields: [{ name: 'transaction', kind: 'running', pointer: '/transactionId' }],
    request: ({ transaction }) => ({ transactionId: transaction }),
    question: ({ transaction }, { station }) => words.asks.stop(transaction ?? '', station),
  },
  {
    name: 'unlock',
    action: 'UnlockConnector',
    fields: [evse('/evseId'), connector('/connectorId')],
    request: ({ evse, connector }) => ({
      evseId: toNumber(evse),
      connectorId: toNumber(connector),
    }),
    question: ({ evse }, now) => unlockQuestion(evse, now),
  },
  {
    name: 'reset',
    action: 'Reset',
    fields: [
      { name: 'reset', kind: 'choice', options: ['OnIdle', 'Immediate'], pointer: '/type' },
      optional(evse('/evseId')),
    ],
    request: ({ reset, evse }) => ({ type: reset, ...(evse && { evseId: toNumber(evse) }) }),
    question: ({ reset, evse }, { station, running }) => {
      const count = runningAt(running, evse).length
      const what = evse ? words.evseOf(evse, station) : station
      return reset === 'OnIdle'
        ? words.asks.resetOnIdle(what, count)
        : words.asks.reset(what, count)
    },
  },
  {
    name: 'availability',
    action: 'ChangeAvailability',
    fields: [
      operative('/operationalStatus'),
      optional(evse('/evse/id')),
      optional(connector('/evse/connectorId')),
    ],
    request: ({ availability, evse, connector }) => ({
      operationalStatus: availability,
      ...(evse && { evse: placeOf(evse, connector) }),
    }),
    question: ({ availability, evse }, now) =>
      availability === 'Inoperative' ? inoperativeQuestion(evse, now) : undefined,
  },
  {
    name: 'reserve',
    action: 'ReserveNow',
    fields: [
      idToken,
      tokenType,
      optional(evse('/evseId')),
      { name: 'until', kind: 'moment', pointer: '/expiryDateTime' },
      reservation('/id'),
    ],
    request: ({ token, tokenType, evse, until, reservation }) => ({
      id: toNumber(reservation),
      idToken: { idToken: token, type: tokenType },
      expiryDateTime: toMoment(until),
      ...(evse && { evseId: toNumber(evse) }),
    }),
  },
  cancelReservation,
  {
    name: 'setVariable',
    action: 'SetVariables',
    fields: [
      { ...component, pointer: '/setVariableData/0/component' },
      { ...variable, pointer: '/setVariableData/0/variable' },
      { name: 'value', kind: 'text', pointer: '/setVariableData/0/attributeValue' },
    ],
    request: ({ component, variable, value }) => ({
      setVariableData: [{ ...variableOf(component, variable), attributeValue: value }],
    }),
  },
  {
    name: 'getVariable',
    action: 'GetVariables',
    fields: [
      { ...component, pointer: '/getVariableData/0/component' },
      { ...variable, pointer: '/getVariableData/0/variable' },
    ],
    request: ({ component, variable }) => ({ getVariableData: [variableOf(component, variable)] }),
  },
  {
    name: 'getBaseReport',
    action: 'GetBaseReport',
    fields: [
      {
        name: 'report',
        kind: 'choice',
        options: ['FullInventory', 'ConfigurationInventory', 'SummaryInventory'],
        pointer: '/reportBase',
      },
    ],
    request: ({ report }) => ({ requestId: newNumber(), reportBase: report }),
  },
  {
    name: 'trigger',
    action: 'TriggerMessage',
    fields: [
      trigger(TRIGGERS_2),
      optional(evse('/evse/id')),
      optional(connector('/evse/connectorId')),
    ],
    request: ({ message, evse, connector }) => ({
      requestedMessage: message,
      ...(evse && { evse: placeOf(evse, connector) }),
    }),
  },
  clearCache,
]

/** The operations with fields of a version; the first is the one most asked for. */
export function commandsOf(protocol: string): readonly Command[] {
  return protocol === 'ocpp1.6' ? OF_1_6 : OF_2
}

/** Any action, with its request as JSON. */
export function anyAction(action: string): Command {
  return {
    name: 'any',
    action,
    fields: [{ name: 'request', kind: 'json', pointer: '' }],
    request: ({ request }) => JSON.parse(request ?? '{}') as object,
    question: (_, { station, running }) =>
      HARMLESS.test(action) ? undefined : words.asks.any(action, station, running.length),
  }
}

const HARMLESS = /^Get|^TriggerMessage$|^ExtendedTriggerMessage$/

/** The field a problem is about: the one whose place in the request is nearest around `pointer`. */
export function fieldAt(command: Command, pointer: string | undefined): Field | undefined {
  if (pointer === undefined) return undefined
  const isAround = (field: Field) =>
    field.pointer === pointer ||
    pointer.startsWith(`${field.pointer}/`) ||
    field.pointer.startsWith(`${pointer}/`)
  const around = command.fields.filter(isAround)
  return around.sort((a, b) => b.pointer.length - a.pointer.length)[0]
}

function runningAt(running: Circumstances['running'], evse: string | undefined) {
  return evse ? running.filter(({ evseId }) => evseId === toNumber(evse)) : running
}

function unlockQuestion(place: string | undefined, { station, running }: Circumstances) {
  const [one] = runningAt(running, place ?? '0')
  return one && words.asks.unlock(place ?? '', station, one.transactionId)
}

function inoperativeQuestion(place: string | undefined, { station, running }: Circumstances) {
  const what = place ? words.evseOf(place, station) : station
  return words.asks.inoperative(what, runningAt(running, place).length)
}

/** What is no number is sent as it was written, so that the node says what is wrong with it. */
function toNumber(value: string | undefined): number | string | undefined {
  if (value === undefined || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isNaN(number) ? value : number
}

function toMoment(value: string | undefined): string | undefined {
  const moment = new Date(value ?? '')
  return Number.isNaN(moment.getTime()) ? value : moment.toISOString()
}

function newNumber(): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1))
  return random >>> 1
}

function placeOf(evse: string, connector: string | undefined): object {
  return { id: toNumber(evse), ...(connector && { connectorId: toNumber(connector) }) }
}

/** Component and variable as the table writes them: `EVSE/1`, `Connector/1.2`, `Name#instance`. */
function variableOf(component = '', variable = ''): object {
  const [, rest = '', id, connectorId] = /^(.*?)(?:\/(\d+)(?:\.(\d+))?)?$/.exec(component) ?? []
  const evse = id && { id: Number(id), ...(connectorId && { connectorId: Number(connectorId) }) }
  return {
    component: { ...instanceOf(rest), ...(evse && { evse }) },
    variable: instanceOf(variable),
  }
}

function instanceOf(text: string): object {
  const [name = '', instance] = text.split('#')
  return { name: name.trim(), ...(instance && { instance }) }
}
