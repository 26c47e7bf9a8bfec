import { CONTEXT_FINDINGS } from '../security/context/context-facts.ts'
import {
  anything,
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
  text,
  word,
} from './shape-parts.ts'
import { ALERTS, INSECURE_RULES, TRUST_STATE } from './trust-shapes.ts'

const STATE = word(['up', 'down'])
const FORM = word(['overlay', 'standard'], 'Of its frames: with a route in them, or as in OCPP')
const SINCE = moment('When `state` last changed')
const ID = text('Id of a node or station')

const NODE: Members = {
  id: ID,
  role: word(['csms', 'networking-node', 'charging-station', 'unknown']),
  'protocol?': text('OCPP version that a station speaks, such as `ocpp2.1`'),
  self: flag('It is the node that answers'),
  services: list(text(), 'Services that it is'),
  simulated: flag(),
  state: STATE,
  since: SINCE,
  'vendor?': text('Maker, by its BootNotification'),
  'model?': text('Model, by its BootNotification'),
  evses: list(shape('EvseView')),
}

const EVSE: Members = {
  evseId: integer(),
  connectorId: integer(),
  status: word(['Available', 'Occupied', 'Charging', 'Reserved', 'Unavailable', 'Faulted']),
  'transactionId?': text('Of the transaction that runs on it'),
  'powerW?': decimal('Active power in W, last reported'),
  'energyWh?': decimal('Energy register in Wh, last reported in its transaction'),
}

const LINK: Members = {
  id: text('`from>to`'),
  from: text('Id of the end farther from the CSMS'),
  to: text('Id of the end nearer to the CSMS'),
  form: FORM,
  state: STATE,
  since: SINCE,
  'nextTry?': moment('When this node dials it again'),
  sharedBy: count('Originators that were seen or announced on it'),
  framesPerSecond: decimal('Over the last 10 s, both directions'),
  'roundTripMs?': decimal('Smoothed round trip of a ping in ms'),
  transport: word(['plain', 'tls', 'unknown']),
  credential: word(['none', 'basic', 'certificate', 'unknown']),
  own: flag('This node itself ends it; others are known by announcement'),
  'held?': object({
    count: count('Calls kept back until the peer has answered the one before'),
    since: moment('When the oldest of them came'),
  }),
  'queuedBytes?': count('Bytes handed to it and not taken by the network yet'),
}

const OVERVIEW: Members = {
  asOf: moment('When this was true'),
  nodeId: ID,
  version: text('Of the program'),
  stationUrls: list(text(), 'Where stations may connect'),
  insecure: flag('By its configuration; rules that take too much stand in `insecureRules`'),
  'insecureRules?': INSECURE_RULES,
  'alerts?': ALERTS,
  'keys?': TRUST_STATE,
  'attacks?': flag('In the demo: there is a controller that lies, see `GET /api/attacks`'),
  'simulation?': object({ started: count(), max: count() }),
  nodes: list(shape('NodeView')),
  'storedStations?': count('Stations that have ever connected to this CSMS'),
  links: list(shape('LinkView')),
  counters: object({
    frames: count(),
    refused: count('Frames'),
    refusedByCode: {
      type: 'object',
      additionalProperties: count('Frames'),
      description: 'By error code, those that occurred',
    },
    queuedBytes: count('Bytes'),
  }),
}

const FRAME: Members = {
  sequence: count('Rises by one per frame of this process'),
  time: moment('When it passed here'),
  direction: word(['received', 'sent']),
  link: text('Neighbour it came from or went to'),
  kind: word(['CALL', 'CALLRESULT', 'CALLERROR', 'CALLRESULTERROR', 'SEND', 'undecodable']),
  encoding: word(['text', 'binary']),
  form: FORM,
  destination: text('As addressed; empty where it cannot be read'),
  networkPath: list(text(), 'Nodes passed so far, source first'),
  messageId: text(),
  'trace?': text('One per message on all its hops'),
  action: text('Of an answer: the action it answers, where known'),
  priority: word(['control', 'command', 'transaction', 'telemetry', 'bulk']),
  bytes: count('Length of the frame in bytes'),
  reaction: word(['handled', 'forwarded', 'originated', 'refused', 'dropped']),
  'forwardedTo?': text('Neighbour it was forwarded to'),
  'errorCode?': text('Of a refused or dropped frame, ERR_…'),
  'errorText?': text('The sentence for it'),
  'verdict?': shape('VerdictView'),
}

const VERDICT: Members = {
  level: word(['end-to-end', 'attested', 'unsigned', 'refused'], 'How sure it is who said it'),
  'reason?': text('Why it was not obeyed: a code that stays'),
  'sentence?': text('The same for people'),
  signers: list(
    object({
      kid: text('Thumbprint of the key, RFC 7638'),
      owner: ID,
      roles: list(text()),
      as: word(['originator', 'edge', 'other'], 'Says so itself, saw it come, or neither'),
    }),
    'Keys that are known here and verifiably signed it',
  ),
  unknownKeys: count('Signatures by keys that are not known here'),
  findings: list(
    word(Object.keys(CONTEXT_FINDINGS)),
    'What cannot be so after what was said before, whether or not a rule asks',
  ),
  'rule?': object({
    policy: text(),
    version: count(),
    list: word(['in', 'out', 'forward']),
    'index?': count('From 0'),
    'name?': text('While the policy is the same; of a frame alone'),
  }),
}

const FRAME_DETAIL: Members = {
  ...FRAME,
  envelope: list(
    object({ name: text(), value: text(), start: count(), end: count() }),
    'Fields in wire order with their place in `raw`: `end` is exclusive',
  ),
  'payload?': anything('The payload, with id tokens and secrets as fingerprints'),
  problems: list(
    object({ pointer: text('JSON pointer'), code: text(), problem: text() }),
    'What the schema of the version says of the payload',
  ),
  'protocol?': text('OCPP version'),
  raw: text('Text as received, with fingerprints; of a binary frame in hex'),
  truncated: flag('The log kept only the beginning'),
  'counterpart?': count('Sequence of the other half of the exchange'),
  hops: list(object({ from: text(), to: text(), 'time?': moment('When it went through here') })),
}

const event = (type: string, data: Schema) => object({ type: { const: type }, data })

/** Of the overlay, its frames, and what is told live. */
export const OVERLAY_SHAPES: Readonly<Record<string, Schema>> = {
  NodeView: object(NODE),
  EvseView: object(EVSE),
  LinkView: object(LINK),
  OverviewView: object(OVERVIEW),
  FrameView: object(FRAME),
  VerdictView: object(VERDICT),
  FramePage: object({ frames: list(shape('FrameView'), 'Oldest first') }),
  FrameDetail: object(FRAME_DETAIL),
  LiveEvent: {
    description:
      'By Server-Sent Events `type` is the name of the event and `data` is sent; a WebSocket gets the whole as a message.',
    oneOf: [
      event('overview', shape('OverviewView')),
      event(
        'frames',
        object({
          frames: list(shape('FrameView')),
          skipped: count('Frames that were left out, more than anyone can read'),
        }),
      ),
      event('operation', shape('OperationView')),
      event('heartbeat', object({ asOf: moment('When it was sent, every 5 s') })),
    ],
  },
  SimulatedStationView: object({ id: text('Of the station that was started') }),
}
