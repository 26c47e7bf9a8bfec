import type { FastifyInstance } from 'fastify'
import type { Protocol } from '../messages/protocols.ts'
import type { Csms } from '../roles/csms/csms.ts'
import { replaceLocalList } from '../roles/csms/local-lists.ts'
import {
  clearChargingProfile,
  type ProfileWish,
  reserveNow,
  setChargingProfile,
} from '../roles/csms/requests.ts'
import type { CsmsStore } from '../storage/csms-store.ts'
import type { ReservationState } from '../storage/csms-tables.ts'
import { type ProfilePlace, profilePlace } from '../storage/profile-rows.ts'
import { type ReservationPlace, reservationPlace } from '../storage/reservation-rows.ts'
import type { TokenRow } from '../storage/token-rows.ts'
import { pageOf, placeOf } from './cursors.ts'
import { fingerprint, withFingerprints } from './fingerprints.ts'
import type {
  LocalListOperationView,
  LocalListView,
  OperationView,
  ProfileOperationView,
  ProfilePage,
  ReservationPage,
  SecurityEventPage,
} from './live-api.ts'
import { roleForOperation } from './operation-roles.ts'
import { askerOf, sendOperation, submitted } from './operations.ts'
import { RequestProblem } from './problems.ts'
import { readerOf, securityEventView } from './reported.ts'
import { maySee } from './tokens.ts'

const STATION = { type: 'string', minLength: 1, maxLength: 255 } as const
const PARAMS = { type: 'object', properties: { station: STATION } } as const
const INT32 = { type: 'integer', minimum: 0, maximum: 2_147_483_647 } as const
const WITH_ID = { type: 'object', properties: { station: STATION, id: INT32 } } as const
const LIMIT = { type: 'integer', minimum: 1, maximum: 500, default: 100 } as const
/** What the page before gave as `next`. */
const AFTER = { type: 'string', minLength: 1, maxLength: 4_096 } as const
const RESERVATION_PLACE = ['number', 'string', 'string', 'number'] as const
const PROFILE_PLACE = ['string', 'number', 'string', 'number', 'number'] as const
const TIME = { type: 'string', format: 'date-time' } as const
const STATES: readonly ReservationState[] = ['reserved', 'used', 'cancelled', 'expired', 'removed']
interface List {
  readonly station?: string
  readonly after?: string
  readonly limit: number
}
/** What an answer says beside the operation that was begun. */
type More<V extends OperationView> = Omit<V, keyof OperationView>
type OfStation<T = object> = { Params: { station: string } & T }

/**
 * What stations hold: reservations, charging profiles, local lists. To change it is an operation
 * towards the station: 202, and what is listed here changes when the station has accepted it.
 */
export function serveInstalled(app: FastifyInstance, { operations }: Csms, store: CsmsStore): void {
  serveReservations(app, operations, store)
  serveProfiles(app, operations, store)
  serveLocalLists(app, operations, store)
  serveSecurityEvents(app, store)
}

type Operations = Csms['operations']

function serveReservations(app: FastifyInstance, operations: Operations, store: CsmsStore): void {
  const tags = ['reservations']
  app.get<{ Querystring: List & { state?: ReservationState } }>(
    '/api/reservations',
    {
      schema: {
        summary:
          'Reservations that stations have accepted; open ones first, of these those that end first',
        tags,
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: { station: STATION, state: { enum: STATES }, after: AFTER, limit: LIMIT },
        },
      },
    },
    async ({ query: { after: cursor, limit, ...of } }): Promise<ReservationPage> => {
      const after = placeOf<ReservationPlace>(cursor, RESERVATION_PLACE)
      await store.write(() => store.reservations.expire(new Date().toISOString()))
      const found = store.reservations.page({ ...of, after, limit: limit + 1 })
      const { rows, ...next } = pageOf(found, limit, reservationPlace)
      return {
        reservations: rows.map(({ idToken, ...row }) => ({ ...row, token: fingerprint(idToken) })),
        ...next,
      }
    },
  )
  app.post<OfStation & { Body: { evseId?: number; tokenId: number; expiresAt: string } }>(
    '/api/stations/:station/reservations',
    {
      config: roleOf('ReserveNow'),
      schema: {
        summary: 'Reserve an EVSE, or any, for a token',
        tags,
        params: PARAMS,
        body: {
          type: 'object',
          additionalProperties: false,
          required: ['tokenId', 'expiresAt'],
          properties: {
            evseId: { ...INT32, minimum: 1 },
            tokenId: { type: 'integer', minimum: 1 },
            expiresAt: TIME,
          },
        },
      },
    },
    async (request, reply) => {
      const { evseId, tokenId, expiresAt } = request.body
      const { station } = request.params
      const askedBy = askerOf(request, 'ReserveNow')
      const token = tokenOf(store, tokenId)
      if (Date.parse(expiresAt) <= Date.now()) {
        throw new RequestProblem(422, 'a reservation must end in the future', '/expiresAt')
      }
      const { groupId } = token
      const protocol = await submitted(protocolOf(operations, station))
      const id = await store.write(() => store.reservations.nextId())
      const wish = { id, evseId, groupId, expiresAt }
      const of = reserveNow(protocol, { ...wish, token: { idToken: token.idToken, type: token.type } }) // biome-ignore format: one line
      const asked = operations.submit({ station, action: 'ReserveNow', request: of, askedBy })
      return sendOperation(reply, await submitted(asked), { store })
    },
  )
  app.delete<OfStation<{ id: number }>>(
    '/api/stations/:station/reservations/:id',
    {
      config: roleOf('CancelReservation'),
      schema: { summary: 'Cancel a reservation', tags, params: WITH_ID },
    },
    async (request, reply) => {
      const { station, id: reservationId } = request.params
      const askedBy = askerOf(request, 'CancelReservation')
      const of = { reservationId }
      const asked = operations.submit({ station, action: 'CancelReservation', request: of, askedBy }) // biome-ignore format: one line
      return sendOperation(reply, await submitted(asked), { store })
    },
  )
}

function serveProfiles(app: FastifyInstance, operations: Operations, store: CsmsStore): void {
  const tags = ['profiles']
  app.get<{ Querystring: List }>(
    '/api/profiles',
    {
      schema: {
        summary:
          'Charging profiles that stations have taken or reported, by station, EVSE, purpose and level',
        tags,
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: { station: STATION, after: AFTER, limit: LIMIT },
        },
      },
    },
    async ({ query: { station, after: cursor, limit } }): Promise<ProfilePage> => {
      const after = placeOf<ProfilePlace>(cursor, PROFILE_PLACE)
      const found = store.profiles.page(station, limit + 1, after)
      const { rows, ...next } = pageOf(found, limit, profilePlace)
      const profiles = rows.map((row) => ({ ...row, profile: hidden(row.profile) }))
      return { profiles, ...next }
    },
  )
  app.post<OfStation & { Body: Omit<ProfileWish, 'id'> & { id?: number } }>(
    '/api/stations/:station/profiles',
    {
      config: roleOf('SetChargingProfile'),
      schema: {
        summary: 'Limit a station, an EVSE or a transaction; the same body for all versions',
        tags,
        params: PARAMS,
        body: PROFILE,
      },
    },
    async (request, reply) => {
      const { station } = request.params
      const askedBy = askerOf(request, 'SetChargingProfile')
      const protocol = await submitted(protocolOf(operations, station))
      const { id = await store.write(() => store.profiles.nextId()) } = request.body
      const of = setChargingProfile(protocol, { ...request.body, id })
      const asked = operations.submit({ station, action: 'SetChargingProfile', request: of, askedBy }) // biome-ignore format: one line
      const more: More<ProfileOperationView> = { profileId: id }
      return sendOperation(reply, await submitted(asked), { ...more, store })
    },
  )
  app.delete<OfStation<{ id: number }>>(
    '/api/stations/:station/profiles/:id',
    {
      config: roleOf('ClearChargingProfile'),
      schema: { summary: 'Remove a charging profile', tags, params: WITH_ID },
    },
    async (request, reply) => {
      const { station, id } = request.params
      const askedBy = askerOf(request, 'ClearChargingProfile')
      const of = clearChargingProfile(await submitted(protocolOf(operations, station)), id)
      const asked = operations.submit({ station, action: 'ClearChargingProfile', request: of, askedBy }) // biome-ignore format: one line
      return sendOperation(reply, await submitted(asked), { store })
    },
  )
}

const PROFILE = {
  type: 'object',
  additionalProperties: false,
  required: ['evseId', 'purpose', 'stackLevel', 'kind', 'unit', 'periods'],
  properties: {
    id: INT32,
    evseId: INT32,
    purpose: { enum: ['ChargingStationMaxProfile', 'TxDefaultProfile', 'TxProfile'] },
    stackLevel: INT32,
    kind: { enum: ['Absolute', 'Recurring', 'Relative'] },
    recurrency: { enum: ['Daily', 'Weekly'] },
    transactionId: { type: 'string', minLength: 1, maxLength: 36 },
    validFrom: TIME,
    validTo: TIME,
    startsAt: TIME,
    durationS: INT32,
    unit: { enum: ['A', 'W'] },
    periods: {
      type: 'array',
      minItems: 1,
      maxItems: 1_024,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['startS', 'limit'],
        properties: {
          startS: INT32,
          limit: { type: 'number', minimum: 0 },
          phases: { type: 'integer', minimum: 1, maximum: 3 },
        },
      },
    },
  },
} as const

function serveLocalLists(app: FastifyInstance, operations: Operations, store: CsmsStore): void {
  const tags = ['local lists']
  const path = '/api/stations/:station/local-list'
  app.get<OfStation>(
    path,
    { schema: { summary: 'The local list as the station has taken it', tags, params: PARAMS } },
    async (request): Promise<LocalListView> => {
      const { station } = request.params
      if (!store.stationRow(station))
        throw new RequestProblem(404, `there is no station ${station}`)
      const { entries, ...list } = store.localLists.of(station) ?? { version: 0, entries: [] }
      const job = store.listJobs.of(station)
      const view = entries?.map(({ idToken, groupId, ...entry }) => ({
        ...entry,
        // A group is an id token, too.
        ...(groupId !== undefined && maySee(request) && { groupId }),
        token: fingerprint(idToken),
      }))
      return { ...list, ...(view && { entries: view }), ...(job && { job }) }
    },
  )
  app.put<OfStation & { Body: { tokenIds?: number[] } }>(
    path,
    {
      config: roleOf('SendLocalList'),
      schema: {
        summary: 'Give a station a new local list: these tokens, or all that there are',
        tags,
        params: PARAMS,
        body: {
          type: 'object',
          additionalProperties: false,
          properties: {
            tokenIds: { type: 'array', maxItems: 10_000, uniqueItems: true, items: { type: 'integer', minimum: 1 } }, // biome-ignore format: one line
          },
        },
      },
    },
    async (request, reply) => {
      const { station } = request.params
      const { tokenIds } = request.body
      const askedBy = askerOf(request, 'SendLocalList')
      const entries = tokenIds?.map((id) => tokenOf(store, id)) ?? store.tokens.all()
      const asked = replaceLocalList(operations, store, station, entries, askedBy)
      const { operation, ...more } = await submitted(asked)
      return sendOperation(reply, operation, {
        ...(more satisfies More<LocalListOperationView>),
        store,
      })
    },
  )
}

function serveSecurityEvents(app: FastifyInstance, store: CsmsStore): void {
  app.get<{ Querystring: { station?: string; type?: string; before?: number; limit: number } }>(
    '/api/security-events',
    {
      schema: {
        summary: 'What stations reported of their security, newest first',
        tags: ['security events'],
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            station: STATION,
            type: { type: 'string', minLength: 1, maxLength: 50 },
            before: { type: 'integer', minimum: 1 },
            limit: LIMIT,
          },
        },
      },
    },
    async (request): Promise<SecurityEventPage> => {
      const { query } = request
      const reader = readerOf(request, store)
      const rows = store.securityEvents.page(query)
      const events = rows.map((event) => securityEventView(event, reader))
      const last = events.length === query.limit ? events.at(-1) : undefined
      return { events, ...(last && { older: last.id }) }
    },
  )
}

/** Stations report profiles of others with whatever else they hold. */
function hidden<T>(profile: T): T {
  return JSON.parse(withFingerprints(JSON.stringify(profile))) as T
}

/** Whoever may ask a station for the action that a request becomes, may make the request. */
function roleOf(action: string) {
  return { role: roleForOperation(action) }
}

async function protocolOf(operations: Operations, station: string): Promise<Protocol> {
  return operations.protocolOf(station)
}

function tokenOf(store: CsmsStore, id: number): TokenRow {
  const token = store.tokens.byId(id)
  if (token) return token
  throw new RequestProblem(422, `there is no token ${id}`)
}
