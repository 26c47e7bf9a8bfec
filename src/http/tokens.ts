import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PROTOCOLS, type Protocol } from '../messages/protocols.ts'
import { fittingGroup } from '../roles/csms/requests.ts'
import type { CsmsStore } from '../storage/csms-store.ts'
import type { TokenRow } from '../storage/token-rows.ts'
import { isPermitted } from './access.ts'
import { noPlace } from './cursors.ts'
import { fingerprint } from './fingerprints.ts'
import type { TokenPage, TokenView } from './live-api.ts'
import { RequestProblem } from './problems.ts'

/** IdTokenEnumType of OCPP 2.x, as far as this CSMS knows it. */
export const TOKEN_TYPES = ['Central', 'DirectPayment', 'eMAID', 'EVCCID', 'ISO14443', 'ISO15693', 'KeyCode', 'Local', 'MacAddress', 'NoAuthorization', 'VIN'] // biome-ignore format: one line
/** What OCPP 2.x allows in an identifier; 1.6 takes 20 of them at most. */
export const ID_TOKEN = { type: 'string', pattern: '^[\\w*\\-:=+|@.]{1,255}$' } as const
const NULLABLE_TIME = { type: ['string', 'null'], format: 'date-time' } as const
const FIELDS = {
  type: {
    enum: TOKEN_TYPES,
    description: 'Default ISO14443. To stations of OCPP 2.x it is only known by this type', // biome-ignore format: one line
  },
  status: { enum: ['Accepted', 'Blocked'] },
  expiresAt: NULLABLE_TIME,
  groupId: {
    ...ID_TOKEN,
    type: ['string', 'null'],
    description: 'Stations of OCPP 1.6 are told of groups of at most 20 characters, of 2.0.1 of at most 36; longer ones are hidden from them', // biome-ignore format: one line
  },
  note: { type: 'string', maxLength: 200 },
  concurrent: { type: 'boolean' },
} as const
const tags = ['tokens']
const BY_ID = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } } as const

/** What is said of a token; null takes something away. */
export interface TokenFields {
  readonly type?: string
  readonly status?: TokenRow['status']
  readonly expiresAt?: string | null
  readonly groupId?: string | null
  readonly note?: string
  readonly concurrent?: boolean
}

/** `/api/tokens`: who may charge. To read them takes `tokens:read`, others see fingerprints; operators change them. */
export function serveTokens(app: FastifyInstance, store: CsmsStore): void {
  const { tokens } = store
  const config = { role: 'operator' } as const

  app.get<{ Querystring: { search?: string; after?: number; limit: number } }>(
    '/api/tokens',
    {
      schema: {
        summary: 'Id tokens, in their order',
        tags,
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            search: { type: 'string', minLength: 1, maxLength: 100 },
            after: { type: 'integer', minimum: 1 },
            limit: { type: 'integer', minimum: 1, maximum: 500, default: 100 },
          },
        },
      },
    },
    async (request): Promise<TokenPage> => {
      const { search, after, limit } = request.query
      if (search !== undefined && !maySee(request)) {
        // Whoever may not see tokens could find them out letter by letter.
        throw new RequestProblem(403, 'to search tokens needs the permission tokens:read')
      }
      // The place is a token's, which not everybody may know: only its number is told and asked for.
      const before = after === undefined ? undefined : tokens.byId(after)
      if (after !== undefined && !before) throw noPlace()
      const rows = tokens.page({ search, after: before?.idToken, limit })
      const last = rows.length === limit ? rows.at(-1) : undefined
      return {
        count: tokens.count(),
        tokens: rows.map((row) => tokenView(row, maySee(request))),
        ...(last && { next: last.id }),
      }
    },
  )
  app.get<{ Params: { id: number } }>(
    '/api/tokens/:id',
    { schema: { summary: 'One token', tags, params: BY_ID } },
    async (request) => tokenView(known(tokens.byId(request.params.id)), maySee(request)),
  )
  app.post<{ Body: TokenFields & { idToken: string } }>(
    '/api/tokens',
    {
      config,
      schema: {
        summary: 'Enter a token',
        tags,
        body: {
          type: 'object',
          additionalProperties: false,
          required: ['idToken'],
          properties: { idToken: ID_TOKEN, ...FIELDS },
        },
      },
    },
    async (request, reply) => {
      const { idToken, ...fields } = request.body
      request.audited = auditOf(idToken, fields)
      if (tokens.find(idToken)) throw new RequestProblem(409, 'this token is there already')
      await put(undefined, idToken, fields)
      const entered = known(tokens.find(idToken))
      request.audited = { id: entered.id, ...request.audited }
      return reply.code(201).send(tokenView(entered, maySee(request)))
    },
  )
  app.patch<{ Params: { id: number }; Body: TokenFields }>(
    '/api/tokens/:id',
    {
      config,
      schema: {
        summary: 'Change a token',
        tags,
        params: BY_ID,
        body: { type: 'object', additionalProperties: false, properties: FIELDS },
      },
    },
    async (request) => {
      const { id } = request.params
      const row = known(tokens.byId(id))
      request.audited = auditOf(row.idToken, request.body)
      await put(row, row.idToken, request.body)
      return tokenView(known(tokens.byId(id)), maySee(request))
    },
  )
  app.delete<{ Params: { id: number } }>(
    '/api/tokens/:id',
    { config, schema: { summary: 'Remove a token', tags, params: BY_ID } },
    async (request, reply) => {
      const { id } = request.params
      const row = tokens.byId(id)
      if (row) request.audited = auditOf(row.idToken, {})
      const isGone = await store.write(() => tokens.remove(id))
      if (!isGone) throw new RequestProblem(404, `there is no token ${id}`)
      return reply.code(204).send()
    },
  )

  function put(row: TokenRow | undefined, idToken: string, fields: TokenFields): Promise<void> {
    return store.write(() => tokens.put(changedToken(row, idToken, fields)))
  }
}

/** A token that is there, or a new one, with only that changed which is said. */
export function changedToken(
  row: TokenRow | undefined,
  idToken: string,
  { expiresAt, groupId, ...fields }: TokenFields,
): Omit<TokenRow, 'id'> {
  return {
    ...(row ?? { ...NEW, idToken }),
    ...fields,
    ...(expiresAt !== undefined && { expiresAt: expiresAt ?? undefined }),
    ...(groupId !== undefined && { groupId: groupId ?? undefined }),
    changedAt: new Date().toISOString(),
  }
}

const NEW = { type: 'ISO14443', status: 'Accepted', note: '', concurrent: false, changedAt: '' } as const // biome-ignore format: one row

/** Which token, and what became of it; groups and notes may be of persons, so only that they changed. */
export function auditOf(idToken: string, { groupId, note, ...fields }: TokenFields) {
  return {
    token: fingerprint(idToken),
    ...fields,
    ...(groupId !== undefined && { groupIsSet: groupId !== null }),
    ...(note !== undefined && { noteIsSet: note !== '' }),
  }
}

/** Whether whoever asks may read id tokens. */
export function maySee(request: Pick<FastifyRequest, 'principal'>): boolean {
  return isPermitted(request, 'tokens:read')
}

function known(row: TokenRow | undefined): TokenRow {
  if (row) return row
  throw new RequestProblem(404, 'there is no such token')
}

/** @param isSeen Whoever may not read tokens may not read who they belong to either. */
function tokenView({ idToken, groupId, note, ...row }: TokenRow, isSeen: boolean): TokenView {
  const isHidden = (protocol: Protocol) => fittingGroup(protocol, groupId) === undefined
  const groupTooLongFor = groupId === undefined ? [] : PROTOCOLS.filter(isHidden)
  return {
    ...row,
    fingerprint: fingerprint(idToken),
    ...(isSeen && groupTooLongFor.length > 0 && { groupTooLongFor }),
    ...(isSeen && groupId !== undefined && { groupId }),
    ...(isSeen && { idToken, note }),
  }
}
