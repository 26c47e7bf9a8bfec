import {
  count,
  decimal,
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

const TRANSACTION: Members = {
  number: count('Rises with each transaction of this CSMS; the transactionId it gives in OCPP 1.6'),
  station: text('Id of the station'),
  transactionId: text('As the station names it, in OCPP 1.6 the CSMS'),
  state: word(
    ['running', 'ended', 'unfinished'],
    'unfinished: its end was never told, but another one has begun there, its station was removed, or an operator has closed it',
  ),
  'problems?': list(
    word([
      'above-rating',
      'in-the-future',
      'no-end',
      'no-start',
      'ends-before-start',
      'register-backwards',
      'overlaps',
      'missing-events',
      'after-its-end',
    ]),
    'What was told of it that cannot all be true, or not at all; no-start: nobody told its start',
  ),
  simulated: flag(),
  'protocol?': text('OCPP version that its station spoke last'),
  'evseId?': integer(),
  'token?': text('Fingerprint of the id token; equal tokens have equal ones'),
  'idToken?': text('The id token itself, with `tokens:read`'),
  'startedAt?': stationTime('When it began; missing where nobody told its start'),
  'endedAt?': stationTime('When it ended'),
  'reason?': text('Why it ended, as the station says'),
  'powerW?': decimal('Active power in W, last reported'),
  'meterStartWh?': decimal('Energy register at the start in Wh'),
  'meterStopWh?': decimal('Energy register at the end in Wh'),
  'energyWh?': decimal('Energy since the start in Wh, last reported'),
}

const READING: Members = {
  timestamp: stationTime('When it was measured'),
  measurand: text('MeasurandEnumType of OCPP'),
  'phase?': text('Missing: of all phases'),
  'context?': text('ReadingContextEnumType of OCPP'),
  value: decimal('In `unit`'),
  unit: text('Energy in Wh and power in W, whatever multiple the station wrote; others as told'),
}

const EVENT: Members = {
  seqNo: integer(),
  eventType: text('Started, Updated or Ended'),
  triggerReason: text(),
  timestamp: stationTime('When it happened'),
}

const OLDER = count('Where there are older ones: what to ask for as `before`')
const AS_OF = moment('When this was true')

/** Of transactions with their readings and events. */
export const TRANSACTION_SHAPES: Readonly<Record<string, Schema>> = {
  TransactionView: object(TRANSACTION),
  TransactionPage: object({
    asOf: AS_OF,
    transactions: list(shape('TransactionView'), 'Newest first'),
    'older?': OLDER,
  }),
  TransactionDetail: object({
    ...TRANSACTION,
    asOf: AS_OF,
    readings: list(shape('ReadingView'), 'The newest 400, newest first'),
    readingCount: count('How many there are'),
    'course?': list(shape('ReadingView'), 'With `thin`: evenly from the first to the last'),
    events: list(shape('EventView'), 'The newest 400, newest first; OCPP 1.6 has none'),
    eventCount: count('How many there are'),
  }),
  ReadingView: object(READING),
  ReadingPage: object({
    readings: list(shape('ReadingView'), 'Newest first'),
    'older?': OLDER,
  }),
  EventView: object(EVENT),
  TransactionEventPage: object({
    events: list(shape('EventView'), 'Newest first'),
    'older?': OLDER,
  }),
}
