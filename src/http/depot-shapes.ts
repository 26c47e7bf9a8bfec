import { PROTOCOLS } from '../messages/protocols.ts'
import {
  anything,
  count,
  flag,
  integer,
  list,
  type Members,
  moment,
  object,
  type Schema,
  shape,
  stationTime,
  text,
  word,
} from './shape-parts.ts'

const STATION_ID = text('Id of the station')
const CHANGED_AT = moment('When it last changed')
const FINGERPRINT = text('Fingerprint of the id token; equal tokens have equal ones')
const OLDER = count('Where there are older ones: what to ask for as `before`')
const next = (schema: Schema) => ({ ...schema, description: 'Where there are more: what to ask for as `after`' }) // biome-ignore format: one line

const MESSAGE_KINDS = ['CALL', 'CALLRESULT', 'CALLERROR', 'CALLRESULTERROR', 'SEND', 'unreadable']

const STATION: Members = {
  station: STATION_ID,
  protocol: text('OCPP version that it spoke last; empty where it never said anything'),
  known: flag('Somebody has entered it'),
  'vendor?': text(),
  'model?': text(),
  'serialNumber?': text(),
  'firmwareVersion?': text(),
  'bootedAt?': moment('When its last boot was accepted'),
  'seenAt?': moment('When it last said anything'),
  connectors: list(
    object({
      evseId: integer('0: the station as a whole'),
      connectorId: integer(),
      status: text('As the station told it'),
      state: word(
        ['Available', 'Occupied', 'Charging', 'Reserved', 'Unavailable', 'Faulted'],
        'The same in words that all versions of OCPP share',
      ),
      'chargingState?': text('Of the transaction that runs there, as OCPP 2.x tells it'),
      at: stationTime('When it came to that'),
    }),
  ),
  connected: flag('There is a way to it now'),
}

const VARIABLE: Members = {
  component: text('Such as `EVSE/1`, `Connector/1.2` or `SampledDataCtrlr`; instance behind `#`'),
  variable: text('Instance behind `#`'),
  attribute: text('Actual, Target, MinSet or MaxSet'),
  'value?': text(
    'Missing where it cannot be read; of passwords and whatever is WriteOnly a fingerprint',
  ),
  'mutability?': text('ReadOnly, WriteOnly or ReadWrite'),
  'characteristics?': anything('VariableCharacteristicsType of OCPP 2.x, with the unit'),
  reportedAt: stationTime('When it was reported'),
}

const TOKEN: Members = {
  id: count('What addresses name it by'),
  type: text('IdTokenEnumType of OCPP 2.x'),
  status: word(['Accepted', 'Blocked']),
  'expiresAt?': moment('Until when it may charge; missing: for ever'),
  'groupId?': text('Tokens of one group may stop each other; with `tokens:read`'),
  'groupTooLongFor?': list(word(PROTOCOLS), 'Versions whose stations are not told of the group'),
  'note?': text('With `tokens:read`'),
  concurrent: flag('It may charge at several EVSEs at once'),
  changedAt: CHANGED_AT,
  fingerprint: FINGERPRINT,
  'idToken?': text('The token itself, with `tokens:read`'),
}

const BEGUN: Members = {
  id: text('UUIDv7'),
  station: STATION_ID,
  protocol: text('OCPP version it was asked in'),
  action: text(),
  request: anything('Payload of the request, with id tokens and secrets as fingerprints'),
  state: word(
    ['sent', 'accepted', 'refused', 'failed', 'effect-seen', 'no-effect'],
    'accepted and refused: by the word of the station; effect-seen: something else has shown it',
  ),
  askedBy: text('The user or API token'),
  askedAt: moment('When it was asked for'),
  showsEffect: flag('False: accepted is the most that can become of it'),
}

const OPERATION: Members = {
  ...BEGUN,
  'answeredAt?': moment('When the station answered'),
  'answer?': anything('Payload of the answer, with id tokens and secrets as fingerprints'),
  'effectAt?': moment('When the effect was seen'),
  'effect?': text('What has shown it'),
  'problem?': text('Why it failed, was refused or shows no more than that it is accepted'),
}

const RESERVATION: Members = {
  station: STATION_ID,
  reservationId: integer(),
  'evseId?': integer('Missing: any EVSE'),
  token: FINGERPRINT,
  expiresAt: moment('Until when it is held'),
  state: word(['reserved', 'used', 'cancelled', 'expired', 'removed']),
  changedAt: CHANGED_AT,
}

const PROFILE: Members = {
  station: STATION_ID,
  profileId: integer('Of limits of others as the station numbers them'),
  evseId: integer('0: the station'),
  purpose: text('In the words of OCPP 2.x'),
  stackLevel: integer('Of several the highest counts'),
  'transactionId?': text('Of a TxProfile'),
  source: text('ChargingLimitSourceEnumType of OCPP 2.x; `CSO` is this CSMS'),
  profile: {
    type: 'object',
    description: 'ChargingProfile in the form of the version of the station; limits in A or W, as it says', // biome-ignore format: one line
  },
  changedAt: CHANGED_AT,
}

const SECURITY_EVENT: Members = {
  id: count('Rises with each one that comes'),
  station: STATION_ID,
  type: text('SecurityEventNotification.type of OCPP'),
  timestamp: stationTime('When it happened'),
  'techInfo?': text('Without secrets; for those who may not read them without id tokens'),
  receivedAt: moment('When it came'),
}

/** Of stations, what they hold and what they are asked for, and of id tokens. */
export const DEPOT_SHAPES: Readonly<Record<string, Schema>> = {
  StationView: object(STATION),
  StationPage: object({
    stations: list(shape('StationView'), 'In the order of their ids'),
    'next?': next(text()),
  }),
  StationDetail: object({
    ...STATION,
    variables: list(shape('VariableRow'), 'The device model as last reported'),
    securityEvents: list(shape('SecurityEventRow'), 'The newest 100, newest first'),
  }),
  VariableRow: object(VARIABLE),
  SecurityEventRow: object(SECURITY_EVENT),
  SecurityEventPage: object({
    events: list(shape('SecurityEventRow'), 'Newest first'),
    'older?': OLDER,
  }),
  MessagePage: object({
    messages: list(
      object({
        id: count(),
        protocol: text('OCPP version'),
        kind: word(MESSAGE_KINDS),
        action: text('Of an answer, that of its request; empty where nobody knows'),
        'messageId?': text('As in the message'),
        'frame?': text(
          'The whole message, likewise; absent where an earlier version has kept the payload only',
        ),
        'refused?': text('Why it was not obeyed: a code of docs/errors.md'),
        receivedAt: moment('When it came'),
        payload: text('As the station wrote it, with id tokens and secrets as fingerprints'),
        repeated: flag('It came before, and had no effect this time'),
        conflict: flag('It says something else than the one that came before'),
      }),
      'Newest first',
    ),
    'older?': OLDER,
  }),
  TokenView: object(TOKEN),
  TokenPage: object({
    count: count('How many there are'),
    tokens: list(shape('TokenView'), 'In their order'),
    'next?': next(count()),
  }),
  OperationView: object(OPERATION),
  ProfileOperationView: object({ ...BEGUN, profileId: count('Of the profile it sets') }),
  LocalListOperationView: object({
    ...BEGUN,
    messages: count('How many it takes to send the list'),
    leftOut: count('Tokens too long for the version of the station, or of a type it does not know'),
    groupsLeftOut: count('Tokens in the list without their group, which is too long for it'),
  }),
  OperationPage: object({
    operations: list(shape('OperationView'), 'Newest first'),
    'older?': text('Where there are older ones: what to ask for as `before`'),
  }),
  ReservationView: object(RESERVATION),
  ReservationPage: object({
    reservations: list(shape('ReservationView'), 'Open ones first, of these those that end first'),
    'next?': next(text()),
  }),
  ProfileRow: object(PROFILE),
  ProfilePage: object({
    profiles: list(shape('ProfileRow'), 'By station, EVSE, purpose and level'),
    'next?': next(text()),
  }),
  LocalListView: object({
    version: integer('0: it was never sent one'),
    'changedAt?': CHANGED_AT,
    'entries?': list(
      object({
        status: text('AuthorizationStatus of the version of the station'),
        'expiresAt?': text('RFC 3339'),
        'groupId?': text('With `tokens:read`'),
        token: FINGERPRINT,
      }),
      'Left out where nobody knows what is in the version that the station has',
    ),
    'job?': {
      ...object({
        messages: count('How many it takes to send the list'),
        taken: count('How many of them the station has taken'),
        'problem?': text('Why no more are sent; send the list again. Left out while it goes on'),
      }),
      description: 'A list that is on its way, or ended before its last message',
    },
  }),
}
