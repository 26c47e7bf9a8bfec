import { WEAKNESSES } from '../security/policies/weaknesses.ts'
import {
  anything,
  count,
  flag,
  list,
  type Members,
  moment,
  object,
  type Schema,
  shape,
  text,
  word,
} from './shape-parts.ts'

const REVOCATION_STATE = word(
  ['none', 'current', 'stale', 'overdue'],
  'What the newest revocation list is worth: stale after its time, overdue a week later',
)
const KID = text('RFC 7638 thumbprint of the key')
const VERSION = count('Missing: it is deleted')
const DIGEST = text('base64url of SHA-256 of the canonical document')
const DOCUMENT: Schema = { type: 'object', description: 'The document as it was written' }

/** Of the overview. */
export const ALERTS = object({
  count: count('Messages that rules have let through since the start though they fail them'),
  byReason: {
    type: 'object',
    additionalProperties: count('Messages'),
    description: 'By reason, those that occurred',
  },
  newest: object({
    time: moment('When it passed here'),
    link: text('The neighbour it came from'),
    source: text('Its originator'),
    destination: text(),
    action: text('Of an answer: the action it answers'),
    rule: text('The rule that it fails'),
    reason: text('A code that stays'),
    sentence: text(),
  }),
})

/** Of the overview. */
export const INSECURE_RULES = list(
  object({
    policy: text(),
    version: count(),
    list: word(['in', 'forward']),
    index: count('Counts from 0'),
    'name?': text(),
    why: word(Object.keys(WEAKNESSES)),
    sentence: text(),
    'action?': text('Of commands: one that it takes'),
    'until?': moment('When a rule ends that lets through what fails it'),
  }),
  'Rules by which messages may be obeyed that the default policy refuses, at most 20',
)

/** Of the overview. */
export const TRUST_STATE = object({
  ownKeyEndsAt: moment('Until when the own key counts'),
  revocations: REVOCATION_STATE,
  'lacksRevocations?': flag(
    'Its key has counted for a day, and it has heard of no revocation list',
  ),
  'trialEndsAt?': moment('When rules that are on trial undo themselves'),
  held: count('Frames in quarantine'),
  clocks: list(
    object({
      id: text('Of the node'),
      offsetS: {
        type: 'integer',
        description: 'Seconds that its clock is ahead of that here; behind where negative',
      },
      at: moment('When its last signed message came'),
    }),
    'Clocks of others as their signed messages show them, the furthest off first; at most 50',
  ),
})

const KEY: Members = {
  kid: KID,
  owner: text('Id of the node, station or driver'),
  'organisation?': text(),
  algorithm: text(),
  usages: list(text(), 'What it may be used for'),
  roles: list(text(), 'User roles that its messages may claim'),
  notBefore: moment('Since when it counts'),
  notAfter: moment('Until when it counts'),
  'replaces?': text('kid of the key whose place it takes'),
  'delegable?': list(text(), 'Those of its roles that its holder may hand on'),
  'delegatedBy?': text('kid of the key whose holder has handed its roles on'),
  status: word(['usable', 'not-yet', 'expired', 'revoked']),
  own: flag('It is that of the node that answers'),
  anchor: flag('It is believed as it stands: nobody has signed its record'),
  endorsers: list(object({ kid: KID, owner: text() }), 'Whose signatures its record has'),
  'entitlement?': object({
    ids: list(text(), 'Stations it may vouch for, with *'),
    services: list(text(), 'What it may answer for'),
    groups: list(text()),
    actions: list(text(), 'Of its services only these; none: all'),
    notBefore: moment('Since when it counts'),
    notAfter: moment('Until when it counts'),
  }),
  'revocation?': object({
    since: moment('What was signed before counts as of its time'),
    reason: text(),
  }),
}

const INVITATION: Members = {
  id: text('Of the node that is invited'),
  roles: list(text(), 'User roles that its key gets'),
  goodUntil: moment('Until when the code can be used'),
}

const QUARANTINED: Members = {
  id: count(),
  since: moment('When it was held'),
  link: text('The link it came by'),
  source: text(),
  destination: text('As addressed'),
  action: text('Of an answer: what it answers'),
  reason: text('Why: a code that stays'),
  sentence: text('The same for people'),
  'payload?': anything(
    'Without signatures, with id tokens and secrets as fingerprints; missing where it is no JSON',
  ),
  bytes: count('Length of the payload'),
}

const RULE: Members = {
  name: text(),
  version: count(),
  digest: DIGEST,
  onTrial: flag('It undoes itself unless an owner confirms it'),
  'description?': text(),
}

const CHANGED: Members = {
  kind: word(['policy', 'role']),
  name: text(),
  'version?': VERSION,
  'digest?': DIGEST,
}

const DECISION = object({
  outcome: word(['accept', 'allow-and-alert', 'quarantine', 'drop', 'reject']),
  'reason?': text('Missing where it is accepted'),
})

/** Of keys, signature policies and user roles. */
export const TRUST_SHAPES: Readonly<Record<string, Schema>> = {
  QuarantinedView: object(QUARANTINED),
  QuarantinePage: object({ frames: list(shape('QuarantinedView'), 'Oldest first') }),
  KeyView: object(KEY),
  KeyPage: object({
    own: shape('KeyView'),
    count: count('How many there are'),
    keys: list(shape('KeyView'), 'The own one first, then by owner'),
    'next?': text('Where there are more: what to ask for as `after`'),
    revocations: shape('RevocationsView'),
    mayInvite: flag('The key of this node may let others in'),
    mayRevoke: flag('The key of this node may take others back'),
    grantable: list(text(), 'User roles that can be given to whoever is invited'),
  }),
  RevocationsView: object({
    state: REVOCATION_STATE,
    'version?': count(),
    'nextUpdate?': moment('Until then there is to be a newer one'),
    count: count('How many keys are on it'),
  }),
  InvitationView: object(INVITATION),
  NewInvitation: object({ ...INVITATION, code: text('Shown only now') }),
  InvitationList: object({ invitations: list(shape('InvitationView')) }),
  RuleView: object(RULE),
  RulePage: object({
    documents: list(shape('RuleView')),
    confirmers: list(text(), 'Whose messages can confirm a change: other nodes with a key that is an owner’s'), // biome-ignore format: one line
    'trial?': shape('RuleTrial'),
  }),
  RuleDetail: object({
    ...RULE,
    document: DOCUMENT,
    nextVersion: count('The lowest version that its successor may have'),
    'trial?': shape('RuleTrial'),
  }),
  RuleTrial: object({
    since: moment('When the rules were changed'),
    endsAt: moment('From then on the former rules hold again'),
    documents: list(shape('ChangedRule')),
  }),
  ChangedRule: object(CHANGED),
  RuleChangeView: object({
    documents: list(shape('ChangedRule'), 'What was changed, or would be'),
    'trialEndsAt?': moment('From then on the former rules hold again, unless an owner has signed something later that these accept'), // biome-ignore format: one line
    'differences?': list(
      object({
        kind: word(['CALL', 'CALLRESULT', 'CALLERROR', 'CALLRESULTERROR', 'SEND']),
        action: text(),
        from: text(),
        to: text(),
        count: count('How many messages alike'),
        before: DECISION,
        after: DECISION,
      }),
      'Of what was only tried: messages of lately that would be decided differently',
    ),
  }),
  RuleHistory: object({
    entries: list(shape('RuleEvent'), 'Newest first'),
    'older?': count('Where there are older ones: what to ask for as `before`'),
  }),
  RuleEvent: object({
    seq: count('Its number in the audit log'),
    time: moment('When it happened'),
    event: word(['changed', 'confirmed', 'rolled-back']),
    'by?': text('The node whose key has asked for it'),
    'user?': text('Who has asked for it over this API'),
    'version?': VERSION,
    'digest?': DIGEST,
    'document?': DOCUMENT,
  }),
}
