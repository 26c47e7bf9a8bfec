import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Csms } from '../roles/csms/csms.ts'
import { effectOf } from '../roles/csms/effects.ts'
import { assertNoList } from '../roles/csms/local-lists.ts'
import { OperationError } from '../roles/csms/operations.ts'
import { includesRole } from '../storage/account-store.ts'
import type { CsmsStore } from '../storage/csms-store.ts'
import type { OperationState } from '../storage/csms-tables.ts'
import type { OperationRow } from '../storage/operation-rows.ts'
import type { OperationPage, OperationView } from './live-api.ts'
import { roleForOperation } from './operation-roles.ts'
import { RequestProblem } from './problems.ts'
import { reportedJson, reportedText, strangerTo } from './reported.ts'

const STATES: readonly OperationState[] = ['sent', 'accepted', 'refused', 'failed', 'effect-seen', 'no-effect'] // biome-ignore format: one line
const STATUS_OF = { 'unknown-station': 404, 'not-an-operation': 404, 'not-valid': 422, 'not-booted': 409, busy: 409 } as const // biome-ignore format: one line
const STATION = { type: 'string', minLength: 1, maxLength: 255 } as const
const tags = ['operations']

interface Query {
  readonly station?: string
  readonly state?: OperationState
  readonly before?: string
  readonly limit: number
}

/** Operations towards stations, and what becomes of them. */
export function serveOperations(app: FastifyInstance, { operations }: Csms, store: CsmsStore) {
  app.post<{ Params: { station: string; action: string }; Body: Record<string, unknown> }>(
    '/api/stations/:station/operations/:action',
    {
      // Who may is looked up by the action.
      config: { role: 'operator', mayBeEmpty: true },
      schema: {
        summary: 'Let a station do something; the body is the OCPP request of its version',
        description: 'A request without members may be left out. Answers 202 with the operation. GET its address, or listen, to see it become accepted and its effect seen.', // biome-ignore format: one line
        tags,
        params: {
          type: 'object',
          properties: { station: STATION, action: { type: 'string', pattern: '^[A-Za-z]{1,50}$' } },
        },
        body: { type: 'object' },
      },
    },
    async (asked, reply) => {
      const { station, action } = asked.params
      const askedBy = askerOf(asked, action)
      const request = asked.body
      const submit = async () => {
        if (action === 'SendLocalList') assertNoList(store, station)
        return operations.submit({ station, action, request, askedBy })
      }
      const operation = await submitted(submit())
      return sendOperation(reply, operation, { store })
    },
  )
  app.get<{ Querystring: Query }>(
    '/api/operations',
    {
      schema: {
        summary: 'Operations, newest first',
        tags,
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            station: STATION,
            state: { enum: STATES },
            before: { type: 'string', maxLength: 36 },
            limit: { type: 'integer', minimum: 1, maximum: 500, default: 100 },
          },
        },
      },
    },
    async ({ query }): Promise<OperationPage> => {
      const rows = store.operations.page(query)
      const last = rows.length === query.limit ? rows.at(-1) : undefined
      return {
        operations: rows.map((row) => operationView(row, store)),
        ...(last && { older: last.id }),
      }
    },
  )
  app.get<{ Params: { id: string } }>(
    '/api/operations/:id',
    {
      schema: {
        summary: 'One operation',
        tags,
        params: { type: 'object', properties: { id: { type: 'string', maxLength: 36 } } },
      },
    },
    async ({ params: { id } }) => {
      const row = store.operations.find(id)
      if (!row) throw new RequestProblem(404, `there is no operation ${id}`)
      return operationView(row, store)
    },
  )
}

/** Who asks for an action. @throws {RequestProblem} when that one may not. */
export function askerOf({ principal }: FastifyRequest, action: string): string {
  const needed = roleForOperation(action)
  if (principal && includesRole(principal.role, needed)) return principal.name
  throw new RequestProblem(403, `${action} needs the role ${needed}`)
}

/** @throws {RequestProblem} when the station cannot be asked for that, or not so. */
export async function submitted<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    throw new RequestProblem(STATUS_OF[error.reason], error.message, error.pointer)
  }
}

/** 202 with the operation that was begun, and what else is to be said of it. */
export function sendOperation(
  reply: FastifyReply,
  operation: OperationRow,
  { store, ...more }: { readonly store: CsmsStore },
) {
  reply.request.audited = { ...reply.request.audited, operation: operation.id }
  return reply
    .code(202)
    .header('location', `/api/operations/${operation.id}`)
    .send({ ...operationView(operation, store), ...more })
}

/** Id tokens and secrets in requests and answers are shown as fingerprints, to everybody. */
export function operationView(row: OperationRow, store: CsmsStore): OperationView {
  const { request, answer, problem, effect, ...rest } = row
  const { by } = effectOf(row.action, request as Record<string, unknown>)
  const isOver = row.state === 'accepted' && problem !== undefined
  const reader = strangerTo(store)
  const hidden = (value: unknown): unknown =>
    JSON.parse(reportedJson(JSON.stringify(value), reader))
  return {
    ...rest,
    request: hidden(request),
    showsEffect: by !== 'nothing' && !isOver,
    ...(answer !== undefined && { answer: hidden(answer) }),
    ...(effect !== undefined && { effect }),
    ...(problem !== undefined && { problem: reportedText(problem, reader) }),
  }
}
