import { PERMISSIONS, ROLES } from '../storage/account-store.ts'
import {
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

const ROLE = word(ROLES, 'Each may all that those before it may')
const GIVEN = list(word(PERMISSIONS), 'What it may beside what the role lets it; `tokens:read`: read id tokens, which others see as fingerprints') // biome-ignore format: one line
const NAME = text('Of the user')

const API_TOKEN: Members = { id: count(), name: text(), role: ROLE, permissions: GIVEN }

const AUDIT_ENTRY: Members = {
  id: count(),
  at: moment('When it was done'),
  who: text('The user or API token'),
  what: text('Method and route, or `log in`'),
  object: text('Parameters of the route and what was made or set, or the address of who logged in'),
  outcome: count('HTTP status'),
}

/** @spec RFC 9457 */
const PROBLEM: Members = {
  status: count('HTTP status'),
  title: text('What this status means'),
  detail: text('A sentence for whoever asked'),
  'pointer?': text('JSON pointer to what is wrong in the body'),
}

/** Of who asks, and of answers that are about asking. */
export const ACCOUNT_SHAPES: Readonly<Record<string, Schema>> = {
  SessionView: object({
    needsLogin: flag(),
    'user?': shape('UserView'),
    'csrf?': text('What the page sends as `x-csrf-token` with each change'),
  }),
  UserView: object({ name: NAME, role: ROLE, permissions: GIVEN }),
  UserList: object({ users: list(shape('UserView')) }),
  ApiTokenList: object({
    apiTokens: list(
      object({
        ...API_TOKEN,
        createdAt: moment('When it was made'),
        'expiresAt?': moment('Until when it is valid'),
      }),
    ),
  }),
  NewApiToken: object({ ...API_TOKEN, token: text('What is sent as `Bearer`; shown only now') }),
  AuditPage: object({
    entries: list(object(AUDIT_ENTRY), 'Newest first'),
    'older?': count('Where there are older ones: what to ask for as `before`'),
  }),
  Health: object({ status: { const: 'up' } }),
  Readiness: object({
    status: word(['ready', 'not ready']),
    'missing?': list(text(), 'What is not there, in words'),
  }),
  Problem: object(PROBLEM),
}
