import type { Role } from '../storage/account-store.ts'

/** What a route answers where all is well. */
interface Answer {
  /** Default 200. */
  readonly status?: number
  /** Name of the shape of the JSON; undefined where the summary says what it is. */
  readonly shape?: string
  /** Default `application/json`. */
  readonly type?: string
}

const json = (shape: string, status = 200): Answer => ({ shape, status })
const ACCEPTED = json('OperationView', 202)
const DONE: Answer = { status: 204 }

/** The shapes are types of `live-api.ts` and `account-views.ts`. */
const ANSWERS: ReadonlyMap<string, Answer> = new Map([
  ['GET /api/overview', json('OverviewView')],
  ['GET /api/live', { shape: 'LiveEvent', type: 'text/event-stream' }],
  ['GET /api/frames', json('FramePage')],
  ['GET /api/frames/{sequence}', json('FrameDetail')],
  ['GET /api/trace', { type: 'application/x-ndjson' }],
  ['GET /api/transactions', json('TransactionPage')],
  ['GET /api/transactions/{number}', json('TransactionDetail')],
  ['GET /api/transactions/{number}/meter-values', json('ReadingPage')],
  ['GET /api/transactions/{number}/events', json('TransactionEventPage')],
  ['POST /api/simulated-stations', { status: 201 }],
  ['GET /api/session', json('SessionView')],
  ['POST /api/session', json('SessionView')],
  ['DELETE /api/session', DONE],
  ['DELETE /api/users/{name}', DONE],
  ['POST /api/api-tokens', { status: 201 }],
  ['DELETE /api/api-tokens/{id}', DONE],
  ['POST /api/stations/{station}/operations/{action}', ACCEPTED],
  ['GET /api/operations', json('OperationPage')],
  ['GET /api/operations/{id}', json('OperationView')],
  ['GET /api/reservations', json('ReservationPage')],
  ['POST /api/stations/{station}/reservations', ACCEPTED],
  ['DELETE /api/stations/{station}/reservations/{id}', ACCEPTED],
  ['GET /api/profiles', json('ProfilePage')],
  ['POST /api/stations/{station}/profiles', ACCEPTED],
  ['DELETE /api/stations/{station}/profiles/{id}', ACCEPTED],
  ['GET /api/stations/{station}/local-list', json('LocalListView')],
  ['PUT /api/stations/{station}/local-list', ACCEPTED],
  ['GET /api/security-events', json('SecurityEventPage')],
  ['GET /api/tokens', json('TokenPage')],
  ['GET /api/tokens/{id}', json('TokenView')],
  ['POST /api/tokens', json('TokenView', 201)],
  ['PATCH /api/tokens/{id}', json('TokenView')],
  ['DELETE /api/tokens/{id}', DONE],
  ['GET /api/stations', json('StationPage')],
  ['GET /api/stations/{station}', json('StationDetail')],
  ['PUT /api/stations/{station}', json('StationView')],
  ['GET /api/stations/{station}/messages', json('MessagePage')],
  ['GET /metrics', { type: 'text/plain' }],
])
const OTHER: Answer = {}

/** The parts of a description that are read and added to here. */
interface Operation {
  summary?: string
  parameters?: { in: string }[]
  requestBody?: unknown
  responses?: object
}
interface Description {
  paths?: object
  components?: object
}

/**
 * Adds to a description what each operation answers, in success and otherwise.
 *
 * @param roleOf The least role for an operation, such as `GET /api/users`.
 */
export function withAnswers<D extends Description>(
  description: D,
  roleOf: (operation: string) => Role | 'anybody',
): D {
  const shapes = [...ANSWERS.values()].flatMap(({ shape }) => shape ?? [])
  const named = shapes.map((shape) => [shape, { type: 'object', title: shape }])
  const paths = Object.entries(description.paths ?? {}).map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods as Record<string, Operation>).map(([method, operation]) => {
        const key = `${method.toUpperCase()} ${path}`
        return [method, { ...operation, responses: responsesOf(key, operation, roleOf(key)) }]
      }),
    ),
  ])
  return {
    ...description,
    paths: Object.fromEntries(paths),
    components: {
      ...description.components,
      schemas: { ...Object.fromEntries(named), Problem: PROBLEM },
    },
  }
}

function responsesOf(key: string, operation: Operation, role: Role | 'anybody'): object {
  const { status = 200, ...answer } = ANSWERS.get(key) ?? OTHER
  const { parameters = [], requestBody } = operation
  const isAsked = parameters.length > 0 || requestBody !== undefined
  const isOfOne = parameters.some((parameter) => parameter.in === 'path')
  return {
    [status]: success(status, answer, operation.summary),
    ...(isAsked && { 400: problem('A parameter or the body is wrong; `detail` says which and why.') }), // biome-ignore format: one line
    ...(role !== 'anybody' && {
      401: problem('Nobody is logged in, and no valid API token came with it.'),
      403: problem(`This needs the role ${role}.`),
    }),
    ...(isOfOne && { 404: problem('There is no such thing here.') }),
    ...(status === 202 && {
      422: problem('The request is not valid for the version of the station.'),
    }),
    ...(key === 'POST /api/simulated-stations' && { 409: problem('No more can be started.') }),
    ...(key === 'GET /ready' && { 503: { description: 'Not ready; the body says why.' } }),
    429: problem('Too many requests of this address; `retry-after` says when to come back.'),
  }
}

function success(status: number, answer: Answer, summary = 'As asked'): object {
  const { shape, type = 'application/json' } = answer
  if (status === 204) return { description: 'Done; there is nothing to say of it.' }
  const schema = shape === undefined ? {} : { $ref: `#/components/schemas/${shape}` }
  const description = status === 202 ? 'Begun; what becomes of it stands at the address in `location`.' : summary // biome-ignore format: one line
  return { description, content: { [type]: { schema } } }
}

function problem(description: string): object {
  const schema = { $ref: '#/components/schemas/Problem' }
  return { description, content: { 'application/problem+json': { schema } } }
}

/** @spec RFC 9457 */
const PROBLEM = {
  type: 'object',
  required: ['status', 'title', 'detail'],
  properties: {
    status: { type: 'integer' },
    title: { type: 'string' },
    detail: { type: 'string', description: 'A sentence for whoever asked' },
    pointer: { type: 'string', description: 'JSON pointer to what is wrong in the body' },
  },
} as const
