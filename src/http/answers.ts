import type { Role } from '../storage/account-store.ts'
import { ACCOUNT_SHAPES } from './account-shapes.ts'
import { ATTACK_SHAPES } from './attack-shapes.ts'
import { DEPOT_SHAPES } from './depot-shapes.ts'
import { OPERATION_ROLES } from './operation-roles.ts'
import { OVERLAY_SHAPES } from './overlay-shapes.ts'
import { object, type Schema, shape, text } from './shape-parts.ts'
import { TRANSACTION_SHAPES } from './transaction-shapes.ts'
import { TRUST_SHAPES } from './trust-shapes.ts'

/** What a route answers where all is well. */
interface Answer {
  /** Default 200. */
  readonly status?: number
  /** Undefined where there is nothing in it. */
  readonly schema?: Schema
  /** Default `application/json`. */
  readonly type?: string
}

const json = (name: string, status = 200): Answer => ({ schema: shape(name), status })
const ACCEPTED = json('OperationView', 202)
const DONE: Answer = { status: 204 }
const DESCRIPTION = {
  ...object({
    openapi: { const: '3.1.0' },
    info: { type: 'object' },
    paths: { type: 'object' },
    components: { type: 'object' },
  }),
  additionalProperties: true,
}
const LINES = text('Open OCPP Trace v1.1, one JSON object per line')

/** Under the names of the types in `live-api.ts` and `account-views.ts` where there is one. */
const SHAPES: Readonly<Record<string, Schema>> = {
  ...OVERLAY_SHAPES,
  ...TRANSACTION_SHAPES,
  ...DEPOT_SHAPES,
  ...ACCOUNT_SHAPES,
  ...ATTACK_SHAPES,
  ...TRUST_SHAPES,
}

const ANSWERS: ReadonlyMap<string, Answer> = new Map([
  ['GET /api/overview', json('OverviewView')],
  ['GET /api/live', { schema: shape('LiveEvent'), type: 'text/event-stream' }],
  ['GET /api/frames', json('FramePage')],
  ['GET /api/frames/{sequence}', json('FrameDetail')],
  ['GET /api/trace', { schema: LINES, type: 'application/x-ndjson' }],
  ['GET /api/transactions', json('TransactionPage')],
  ['GET /api/transactions/{number}', json('TransactionDetail')],
  ['GET /api/transactions/{number}/meter-values', json('ReadingPage')],
  ['GET /api/transactions/{number}/events', json('TransactionEventPage')],
  ['POST /api/transactions/{number}/close', json('TransactionView')],
  ['POST /api/simulated-stations', json('SimulatedStationView', 201)],
  ['POST /api/rules/confirmation', DONE],
  ['GET /api/quarantine', json('QuarantinePage')],
  ['POST /api/quarantine/{id}/release', DONE],
  ['DELETE /api/quarantine/{id}', DONE],
  ['GET /api/attacks', json('AttacksView')],
  ['PUT /api/attacks/{attack}', json('AttacksView')],
  ['GET /api/session', json('SessionView')],
  ['POST /api/session', json('SessionView')],
  ['DELETE /api/session', DONE],
  ['GET /api/users', json('UserList')],
  ['PUT /api/users/{name}', json('UserView')],
  ['DELETE /api/users/{name}', DONE],
  ['GET /api/api-tokens', json('ApiTokenList')],
  ['POST /api/api-tokens', json('NewApiToken', 201)],
  ['DELETE /api/api-tokens/{id}', DONE],
  ['GET /api/audit', json('AuditPage')],
  ['POST /api/stations/{station}/operations/{action}', ACCEPTED],
  ['GET /api/operations', json('OperationPage')],
  ['GET /api/operations/{id}', json('OperationView')],
  ['GET /api/reservations', json('ReservationPage')],
  ['POST /api/stations/{station}/reservations', ACCEPTED],
  ['DELETE /api/stations/{station}/reservations/{id}', ACCEPTED],
  ['GET /api/profiles', json('ProfilePage')],
  ['POST /api/stations/{station}/profiles', json('ProfileOperationView', 202)],
  ['DELETE /api/stations/{station}/profiles/{id}', ACCEPTED],
  ['GET /api/stations/{station}/local-list', json('LocalListView')],
  ['PUT /api/stations/{station}/local-list', json('LocalListOperationView', 202)],
  ['GET /api/security-events', json('SecurityEventPage')],
  ['GET /api/tokens', json('TokenPage')],
  ['GET /api/tokens/{id}', json('TokenView')],
  ['POST /api/tokens', json('TokenView', 201)],
  ['PATCH /api/tokens/{id}', json('TokenView')],
  ['DELETE /api/tokens/{id}', DONE],
  ['GET /api/stations', json('StationPage')],
  ['GET /api/stations/{station}', json('StationDetail')],
  ['PUT /api/stations/{station}', json('StationView')],
  ['DELETE /api/stations/{station}', DONE],
  ['GET /api/stations/{station}/messages', json('MessagePage')],
  ['GET /api/keys', json('KeyPage')],
  ['GET /api/keys/{kid}', json('KeyView')],
  ['GET /api/keys/invitations', json('InvitationList')],
  ['POST /api/keys/invitations', json('NewInvitation', 201)],
  ['POST /api/keys/{kid}/revocation', json('KeyView')],
  ['POST /api/keys/revocation-list', json('RevocationsView')],
  ...['policies', 'roles'].flatMap((list): [string, Answer][] => [
    [`GET /api/${list}`, json('RulePage')],
    [`GET /api/${list}/{name}`, json('RuleDetail')],
    [`GET /api/${list}/{name}/history`, json('RuleHistory')],
    [`PUT /api/${list}/{name}`, json('RuleChangeView')],
    [`DELETE /api/${list}/{name}`, json('RuleChangeView')],
  ]),
  ['GET /api/openapi.json', { schema: DESCRIPTION }],
  ['GET /metrics', { schema: text('Metrics as Prometheus reads them'), type: 'text/plain' }],
  ['GET /health', json('Health')],
  ['GET /ready', json('Readiness')],
])
/** The console, where it is built. */
const OTHER: Answer = { schema: text('A page or a part of it'), type: 'text/html' }

/** What not every node has: it is kept at the CSMS, or where messages are signed. */
const NOT_EVERYWHERE = new Set([
  'GET /api/transactions',
  'GET /api/keys',
  'GET /api/keys/invitations',
  'POST /api/keys/invitations',
  'POST /api/keys/revocation-list',
  'POST /api/rules/confirmation',
  'GET /api/policies',
  'GET /api/roles',
])

/** Who may is looked up by the action. */
const OPERATE = 'POST /api/stations/{station}/operations/{action}'
const NOT_BOOTED = 'The station is entered and has not booted since.'
const LIST_CONFLICT = 'A local list is on its way to the station.'
const CHANGE_CONFLICT =
  'It has another version, another change is on trial, or no owner could change the rules any more.'

/** Why what is asked for cannot be as things are. */
const CONFLICTS: ReadonlyMap<string, string> = new Map([
  ['POST /api/simulated-stations', 'No more can be started.'],
  ['PUT /api/users/{name}', 'It is the last admin.'],
  ['DELETE /api/users/{name}', 'It is the last admin.'],
  ['POST /api/tokens', 'The token is there already.'],
  ['DELETE /api/stations/{station}', 'The station is connected.'],
  ['PUT /api/stations/{station}/local-list', LIST_CONFLICT],
  [OPERATE, `${LIST_CONFLICT} Only of SendLocalList.`],
  ['POST /api/transactions/{number}/close', 'The transaction does not run.'],
  ['POST /api/keys/invitations', 'The key of this node may not let that one in.'],
  ['POST /api/keys/{kid}/revocation', 'It was revoked already, no owner would be left, or the key of this node may not.'], // biome-ignore format: one line
  ['POST /api/keys/revocation-list', 'The key of this node may not sign it.'],
  ['POST /api/quarantine/{id}/release', 'It is refused now, and gone.'],
  ['POST /api/rules/confirmation', 'Nothing is on trial, or an owner elsewhere can confirm it.'],
  ...['policies', 'roles'].flatMap((list): [string, string][] => [
    [`PUT /api/${list}/{name}`, CHANGE_CONFLICT],
    [`DELETE /api/${list}/{name}`, CHANGE_CONFLICT],
  ]),
])

/** The parts of a description that are read and added to here. */
interface Operation {
  summary?: string
  parameters?: { in: string }[]
  requestBody?: object
  responses?: object
}
interface Description {
  paths?: object
  components?: object
}

/**
 * Adds to a description what each operation answers, in success and otherwise.
 *
 * @param known What is known of an operation, such as `GET /api/users`: the least role for it, and
 *   whether its body may be left out.
 */
export function withAnswers<D extends Description>(
  description: D,
  known: {
    readonly roleOf: (operation: string) => Role | 'anybody'
    readonly mayBeEmpty: ReadonlySet<string>
  },
): D {
  const paths = Object.entries(description.paths ?? {}).map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods as Record<string, Operation>).map(([method, operation]) => {
        const key = `${method.toUpperCase()} ${path}`
        const { requestBody } = operation
        const required = !known.mayBeEmpty.has(key)
        const described = requestBody ? { requestBody: { ...requestBody, required } } : {}
        const responses = responsesOf(key, operation, known.roleOf(key))
        return [method, { ...operation, ...described, responses }]
      }),
    ),
  ])
  return {
    ...description,
    paths: Object.fromEntries(paths),
    components: { ...description.components, schemas: SHAPES },
  }
}

function responsesOf(key: string, operation: Operation, role: Role | 'anybody'): object {
  const { status = 200, ...answer } = ANSWERS.get(key) ?? OTHER
  const { parameters = [], requestBody } = operation
  const isAsked = parameters.length > 0 || requestBody !== undefined
  const isOfOne = parameters.some((parameter) => parameter.in === 'path')
  return {
    [status]: success(status, answer, operation.summary),
    ...(requestBody !== undefined && {
      413: problem('The body is longer than 1 MiB.'),
      415: problem('The body must be application/json.'),
    }),
    ...(isAsked && { 400: problem('A parameter or the body is wrong; `detail` says which and why.') }), // biome-ignore format: one line
    ...(key === 'POST /api/session' && { 401: problem('The password or the link is wrong.') }),
    ...(role !== 'anybody' && {
      401: problem('Nobody is logged in, and no valid API token came with it.'),
      403: problem(key === OPERATE ? OPERATION_ROLES : `This needs the role ${role}.`),
    }),
    ...((isOfOne || NOT_EVERYWHERE.has(key)) && { 404: problem('There is no such thing here.') }),
    ...(status === 202 && {
      422: problem('The request is not valid for the version of the station.'),
    }),
    ...(/^(PUT|DELETE) \/api\/(policies|roles)\//.test(key) && {
      422: problem('The document is not what it has to be; `pointer` says where.'),
    }),
    ...((CONFLICTS.has(key) || status === 202) && { 409: problem([CONFLICTS.get(key), status === 202 && NOT_BOOTED].filter(Boolean).join(' ')) }), // biome-ignore format: one line
    ...(key === 'GET /ready' && { 503: success(200, answer, 'Not ready; `missing` says why') }),
    429: problem('Too many requests of this address; `retry-after` says when to come back.'),
  }
}

function success(status: number, answer: Answer, summary = 'As asked'): object {
  const { schema, type = 'application/json' } = answer
  if (status === 204) return { description: 'Done; there is nothing to say of it.' }
  const content = { [type]: { schema } }
  if (status !== 202) return { description: summary, content }
  const description = 'Begun; what becomes of it stands at the address in `location`.'
  return { description, content, headers: { location: { schema: text('Where to ask') } } }
}

function problem(description: string): object {
  return { description, content: { 'application/problem+json': { schema: shape('Problem') } } }
}
